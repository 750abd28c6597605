//! A real `sushy-emulator` over TLS: one controller with two machines.

use super::bay::{Bay, PASSWORD, fence, off, status};
use super::certificates;
use super::processes::{kill, within};
use onerescue::model::PowerState;
use onerescue::world::fence::Fence;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// The machines of the controller.
pub(crate) const HOST1: &str = "00000000-0000-0000-0000-000000000001";
pub(crate) const HOST2: &str = "00000000-0000-0000-0000-000000000002";

/// The emulator, and the folder that it lives in.
pub(crate) struct Sushy {
    emulator: Emulator,
    pub(crate) bay: Bay,
    port: u16,
}

/// It ends when it is dropped.
struct Emulator(Child);

impl Sushy {
    /// `more` are lines of its settings. Nothing, said loudly, if it is not installed.
    pub(crate) fn start(more: &str) -> Option<Self> {
        let python = python();
        let program = python.with_file_name("sushy-emulator");
        if !program.exists() {
            // Not by a macro: the test harness would keep what a test says that passes.
            let _ = writeln!(
                std::io::stderr(),
                "NOT CHECKED: {} is missing (tests/run installs it): Redfish against sushy-emulator",
                program.display()
            );
            return None;
        }
        let bay = Bay::new(&format!("/redfish/v1/Systems/{HOST1}"), ("uuid", HOST1)).trusting("ca.pem");
        certificates::authority(bay.folder(), "ca");
        certificates::signed(bay.folder(), "127.0.0.1");
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let emulator = Emulator(start(&bay, &python, &program, port, more));
        let sushy = Self { emulator, bay, port };
        let up = within(Duration::from_secs(60), || TcpStream::connect(("127.0.0.1", port)).is_ok());
        assert!(up, "{}", fs::read_to_string(sushy.bay.folder().join("log")).unwrap_or_default());
        Some(sushy)
    }

    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Our driver for the first machine.
    pub(crate) fn native(&self) -> Fence {
        self.bay.fence(&self.url())
    }

    /// Our driver for one of the machines, whatever the bay says.
    pub(crate) fn power(&self, machine: &str) -> PowerState {
        let system = format!("/redfish/v1/Systems/{machine}");
        let own = format!("url = \"{}\"\nsystem = \"{system}\"\nuuid = \"{machine}\"\n", self.url());
        status(&self.declared("driver = \"redfish\"", &self.ca_file("params.ca_file"), &own))
    }

    /// The real `fence_redfish` for the first machine; `ca_file` is a line of the device, or nothing.
    pub(crate) fn agent(&self, timeout: &str, ca_file: &str) -> Fence {
        let driver = format!("driver = \"agent\"\nagent = \"fence_redfish\"\ntimeout = \"{timeout}\"");
        let own = format!(
            "ip = \"127.0.0.1\"\nipport = \"{}\"\nsystems_uri = \"/redfish/v1/Systems/{HOST1}\"\n\
             power_timeout = \"1\"\n",
            self.port
        );
        self.declared(&driver, ca_file, &own)
    }

    /// `ca_file = "…"`, under a name.
    pub(crate) fn ca_file(&self, name: &str) -> String {
        format!("{name} = {:?}", self.bay.folder().join("ca.pem"))
    }

    fn declared(&self, driver: &str, ca_file: &str, own: &str) -> Fence {
        let folder = self.bay.folder();
        let devices = format!(
            "[device.bmc]\n{driver}\n{ca_file}\nparams.username = \"fence\"\n\
             secrets = {{ password = \"{}/secret\" }}\n\
             [[host]]\nid = 0\nname = \"node0\"\ndevices = [\"bmc\"]\n[host.params.bmc]\n{own}",
            folder.display()
        );
        fence(folder, &devices)
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(kill(signal, &self.emulator.0.id().to_string()), "the emulator is not there");
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "CI may have its Python elsewhere")]
fn python() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.venv/bin/python");
    std::env::var_os("ONERESCUE_PYTHON").map_or(here, PathBuf::from)
}

fn start(bay: &Bay, python: &Path, program: &Path, port: u16, more: &str) -> Child {
    let folder = bay.folder();
    fs::write(folder.join("auth"), format!("fence:{}\n", hashed(python, PASSWORD))).unwrap();
    fs::create_dir(folder.join("state")).unwrap();
    let machine = |uuid: &str| {
        format!(
            "{{'uuid': '{uuid}', 'name': 'host{}', 'power_state': 'On', 'external_notifier': False, 'nics': []}}",
            &uuid[uuid.len() - 1..]
        )
    };
    let settings = format!(
        "SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'\nSUSHY_EMULATOR_LISTEN_PORT = {port}\n\
         SUSHY_EMULATOR_SSL_CERT = '{0}/bmc.pem'\nSUSHY_EMULATOR_SSL_KEY = '{0}/bmc.key'\n\
         SUSHY_EMULATOR_AUTH_FILE = '{0}/auth'\nSUSHY_EMULATOR_STATE_DIR = '{0}/state'\n\
         SUSHY_EMULATOR_FAKE_DRIVER = True\nSUSHY_EMULATOR_FEATURE_SET = 'minimum'\n\
         SUSHY_EMULATOR_FAKE_SYSTEMS = [{1}, {2}]\n{more}\n",
        folder.display(),
        machine(HOST1),
        machine(HOST2),
    );
    let file = folder.join("sushy.conf");
    fs::write(&file, settings).unwrap();
    let log = fs::File::create(folder.join("log")).unwrap();
    Command::new(program)
        .arg("--config")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// As the emulator wants passwords.
fn hashed(python: &Path, password: &str) -> String {
    let script =
        "import bcrypt,sys;print(bcrypt.hashpw(sys.stdin.read().encode(),bcrypt.gensalt(4)).decode())";
    let mut hash = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    hash.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    let output = hash.wait_with_output().unwrap();
    assert!(output.status.success(), "bcrypt is missing beside sushy-emulator");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Switch off, and wait until that was seen three times in a row, as the procedure does.
pub(crate) fn off_and_seen(fence: &Fence) {
    // What an agent says after one second is information; the emulator takes up to eleven.
    let _ = off(fence);
    let mut seen = 0;
    let done = within(Duration::from_secs(60), || {
        thread::sleep(Duration::from_millis(200));
        seen = if status(fence) == PowerState::Off { seen + 1 } else { 0 };
        seen == 3
    });
    assert!(done, "it is {}", status(fence));
}
