//! A machine with a management controller: a real process group, and an `ipmi_sim` that can kill it.
//!
//! Each lab has its own loopback address, port, directory and password, and takes everything down when it is
//! dropped.

use super::processes::{eventually, group_runs, kill};
use onerescue::config::{Config, Environment};
use onerescue::model::{DeviceName, Host, HostId, HostState, PowerState};
use onerescue::world::fence::Fence;
use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use tempfile::TempDir;

/// What `Fence` hands to an operator's program; agents do not get it.
pub(crate) const DOCUMENT: &str = "<HOST><ID>0</ID><NAME>node0</NAME></HOST>";

/// A machine, its controller, and the settings that fence it.
pub(crate) struct Lab {
    dir: TempDir,
    sim: Option<Child>,
    machine: u32,
    address: String,
    port: u16,
    /// The GUID that the controller shows, and the serial number, if it has one.
    identity: (String, Option<String>),
    /// The password of the controller, another one in every lab.
    pub(crate) password: String,
}

impl Lab {
    /// A machine that runs, and its controller on 127.0.10.`number`.
    pub(crate) fn start(number: u8) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let address = format!("127.0.10.{number}");
        let port = free_port(&address);
        let password = format!("s3cr3t-{number}-{port}");
        Self::starting(Self { dir, sim: None, machine: 0, address, port, identity: unnamed(), password })
    }

    /// The same, which shows that it is this machine, with this password.
    pub(crate) fn showing(number: u8, guid: &str, serial: Option<&str>, password: &str) -> Self {
        let (dir, address) = (tempfile::tempdir().unwrap(), format!("127.0.10.{number}"));
        let (port, password) = (free_port(&address), password.to_owned());
        let identity = (guid.replace('-', ""), serial.map(str::to_owned));
        Self::starting(Self { dir, sim: None, machine: 0, address, port, identity, password })
    }

    fn starting(mut lab: Self) -> Self {
        lab.machine = lab.start_machine();
        fs::write(lab.path("machine"), lab.machine.to_string()).unwrap();
        lab.set_secret(&lab.password.clone());
        lab.sim = Some(lab.start_sim());
        lab
    }

    /// A lab without a controller, for stand-ins of agents.
    pub(crate) fn without_controller() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let lab = Self {
            dir,
            sim: None,
            machine: 0,
            address: "127.0.10.250".to_owned(),
            port: 9623,
            identity: unnamed(),
            password: "s3cr3t".to_owned(),
        };
        lab.set_secret("s3cr3t");
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What the secret file says.
    pub(crate) fn set_secret(&self, password: &str) {
        let file = self.path("bmc-node0");
        fs::write(&file, format!("{password}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Make the controller a bad one.
    pub(crate) fn fault(&self, name: &str) {
        fs::write(self.path("fault"), name).unwrap();
    }

    /// How often the controller was told to power off.
    pub(crate) fn orders(&self) -> usize {
        fs::read_to_string(self.path("orders")).map_or(0, |text| text.lines().count())
    }

    /// Send the controller a signal, `STOP` or `KILL`.
    pub(crate) fn signal_controller(&self, signal: &str) {
        let pid = self.sim.as_ref().unwrap().id();
        assert!(kill(signal, &pid.to_string()), "ipmi_sim is not there");
    }

    /// The controller is there again, as it was set up.
    pub(crate) fn restart_controller(&mut self) {
        if let Some(mut dead) = self.sim.take() {
            dead.wait().unwrap();
        }
        self.sim = Some(self.start_sim());
    }

    /// Let the machine lose its power.
    pub(crate) fn kill_machine(&self) {
        let group = format!("-{}", self.machine);
        assert!(kill("KILL", &group));
        // For the controller a corpse that nobody reaped still has power.
        assert!(eventually(|| !kill("0", &group)));
    }

    /// Whether anything of the machine still runs.
    pub(crate) fn machine_runs(&self) -> bool {
        group_runs(self.machine)
    }

    /// Where the controller listens: `127.0.10.1:40123`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.address, self.port)
    }

    /// Write a program.
    pub(crate) fn install(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        install(&path, text);
        path
    }

    /// The real agent against this controller. `timeout` is the end of one call.
    pub(crate) fn fence(&self, timeout: &str) -> Fence {
        self.fence_with("fence_ipmilan", Path::new("/usr/sbin"), timeout)
    }

    /// An agent of `directory` against this controller.
    pub(crate) fn fence_with(&self, agent: &str, directory: &Path, timeout: &str) -> Fence {
        let devices = self.devices(agent, timeout, 4);
        let run_dir = self.dir.path();
        fence(&format!("run_dir = {run_dir:?}\n[fence]\nagents_dir = [{directory:?}]\n{devices}"))
    }

    /// The sections of the settings that declare this controller and its host. The agent itself waits
    /// `patience` seconds for the power to go.
    pub(crate) fn devices(&self, agent: &str, timeout: &str, patience: u32) -> String {
        format!(
            r#"
            [device.ipmi]
            driver = "agent"
            agent = "{agent}"
            timeout = "{timeout}"
            params = {{ lanplus = "1", cipher = "3", username = "fence", power_wait = "0", power_timeout = "{patience}" }}
            secrets = {{ password = "{dir}/bmc-{{host}}" }}
            [[host]]
            id = 0
            name = "node0"
            devices = ["ipmi"]
            [host.params.ipmi]
            ip = "{address}"
            ipport = "{port}"
            "#,
            dir = self.dir.path().display(),
            address = self.address,
            port = self.port,
        )
    }

    fn start_machine(&self) -> u32 {
        let program = self.install("machine.sh", include_str!("machine.sh"));
        let mut machine = Command::new(program)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let number = machine.id();
        // A corpse that nobody reaped would still count as a process of the group.
        thread::spawn(move || machine.wait());
        number
    }

    fn start_sim(&self) -> Child {
        let chassis = self.install("chassis.sh", include_str!("chassis.sh"));
        let state = self.path("state");
        fs::create_dir_all(&state).unwrap();
        let (address, port, password) = (&self.address, self.port, &self.password);
        let (guid, serial) = &self.identity;
        let lan = format!(
            "name \"node0\"\n\
             set_working_mc 0x20\n\
             startlan 1\n addr {address} {port}\n priv_limit admin\n\
             allowed_auths_callback md5\n allowed_auths_user md5\n\
             allowed_auths_operator md5\n allowed_auths_admin md5\n\
             guid {guid}\nendlan\n\
             chassis_control \"{} {}\"\n\
             user 1 false \"\" \"unused\" user 10 md5\n\
             user 2 true \"fence\" \"{password}\" admin 10 md5\n",
            chassis.display(),
            self.dir.path().display(),
        );
        fs::write(self.path("lan.conf"), lan).unwrap();
        let fru = serial.as_ref().map(|serial| fru(serial)).unwrap_or_default();
        let emu = format!(
            "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\n\
             sel_enable 0x20 1000 0x0a\n{fru}mc_enable 0x20\n"
        );
        fs::write(self.path("sim.emu"), emu).unwrap();
        let sim = Command::new("ipmi_sim")
            .arg("-n")
            .arg("-c")
            .arg(self.path("lan.conf"))
            .arg("-f")
            .arg(self.path("sim.emu"))
            .arg("-s")
            .arg(&state)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.path("sim.log")).unwrap())
            .spawn()
            .expect("ipmi_sim (Debian: openipmi) is needed");
        assert!(
            eventually(|| udp_port_is_open(port)),
            "ipmi_sim does not listen on {address} {port}: {}",
            fs::read_to_string(self.path("sim.log")).unwrap_or_default()
        );
        sim
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(sim) = &mut self.sim {
            let _ = sim.kill();
            let _ = sim.wait();
        }
        if self.machine != 0 {
            kill("KILL", &format!("-{}", self.machine));
        }
    }
}

/// Of a controller that nobody is to recognise.
fn unnamed() -> (String, Option<String>) {
    ("a123456789abcdefa123456789abcdef".to_owned(), None)
}

/// The line that gives a controller this serial number. Source: IPMI Platform Management FRU Information Storage Definition.
fn fru(serial: &str) -> String {
    let sum = |bytes: &[u8]| bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg();
    let mut product = vec![1, 0, 25];
    for text in ["Acme", "R650", "P1", "1", serial] {
        product.push(0xc0 | u8::try_from(text.len()).unwrap());
        product.extend(text.as_bytes());
    }
    product.extend([0xc0, 0xc0, 0xc1]);
    product.resize((product.len() + 8) / 8 * 8 - 1, 0);
    product[1] = u8::try_from((product.len() + 1) / 8).unwrap();
    product.push(sum(&product));
    let mut header = vec![1, 0, 0, 0, 1, 0, 0];
    header.push(sum(&header));
    let bytes: Vec<_> = header.iter().chain(&product).map(|byte| format!("0x{byte:02x}")).collect();
    format!("mc_add_fru_data 0x20 0 256 data {}\n", bytes.join(" "))
}

/// Write a program. Another process does it: a fork of ours would hold it open, so that it cannot start.
pub(crate) fn install(path: &Path, text: &str) {
    let mut install = Command::new("install")
        .args(["-m", "0755", "/dev/stdin"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    install.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(install.wait().unwrap().success());
}

/// The devices of these settings.
pub(crate) fn fence(settings: &str) -> Fence {
    let config = Config::parse(settings, Path::new("onerescue.toml"), &Environment::default());
    Fence::new(&config.unwrap())
}

/// A UDP port of this loopback address that nobody has now.
pub(crate) fn free_port(address: &str) -> u16 {
    UdpSocket::bind((address, 0)).unwrap().local_addr().unwrap().port()
}

pub(crate) fn udp_port_is_open(port: u16) -> bool {
    let table = fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let port = format!(":{port:04X}");
    table.lines().any(|line| line.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&port)))
}

/// The host of the settings, as oned has it.
pub(crate) fn host() -> Host {
    Host::new(HostId(0), "node0", HostState::Error)
}

pub(crate) fn device() -> DeviceName {
    DeviceName("ipmi".to_owned())
}

pub(crate) fn off(fence: &Fence) -> Result<(), String> {
    fence.off(&host(), DOCUMENT, &device(), None).map_err(|failed| failed.why().to_owned())
}

pub(crate) fn status(fence: &Fence) -> PowerState {
    fence.status(&host(), DOCUMENT, &device(), None)
}

/// The reason of an answer that must be unknown.
pub(crate) fn unknown(state: PowerState) -> String {
    match state {
        PowerState::Unknown(why) => why,
        PowerState::On | PowerState::Off => panic!("{state} is known"),
    }
}
