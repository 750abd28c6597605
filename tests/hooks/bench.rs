//! A served cloud, its settings, and the programs started against it.

use onerescue::model::HostId;
use onerescue::sim::{Clock, Cloud, Power, Scenario, Server};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const HOST_ERROR: &str = env!("CARGO_BIN_EXE_host_error");
pub(crate) const HOST_BACK: &str = env!("CARGO_BIN_EXE_host_back");
pub(crate) const VM_DOWN: &str = env!("CARGO_BIN_EXE_vm_down");
pub(crate) const FENCE_HOST: &str = env!("CARGO_BIN_EXE_fence_host");

/// Four hosts; node0 is in ERROR without power, with three VMs.
pub(crate) const DEAD_NODE0: &str = r#"
title = "node0 is dead"
call = "-m"
host = "node0"
before = ["dies node0 power_loss"]
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }, { name = "node3" }]
vms = [{ name = "web", host = "node0", count = 2 }, { name = "locked", host = "node0", lock = 1 }]
"#;

pub(crate) struct Bench {
    pub(crate) cloud: Arc<Mutex<Cloud>>,
    pub(crate) folder: TempDir,
    server: Server,
}

impl Bench {
    pub(crate) fn new(scenario: &str) -> Bench {
        Bench::with_settings(scenario, "")
    }

    /// A program of its own switches the simulated machines.
    pub(crate) fn with_settings(scenario: &str, more: &str) -> Bench {
        let bench = Bench::without_devices(scenario);
        let script = format!("#!/bin/sh\nexec {} \"$1\"\n", bench.power_switch());
        write(&bench.fence_program(), &script, 0o755);
        bench.settings(&format!(
            "{more}\n[device.machine]\ndriver = \"command\"\n\
             off = [\"{0}\", \"off\"]\nstatus = [\"{0}\", \"status\"]\n\
             [[host]]\nid = 0\nname = \"node0\"\ndevices = [\"machine\"]\n",
            bench.fence_program().display()
        ));
        bench
    }

    /// A cloud whose machines nobody can switch until the test writes the [`Bench::settings`].
    pub(crate) fn without_devices(scenario: &str) -> Bench {
        // Each call moves the simulated clock, so that nothing has to be waited for.
        Bench::jumping(scenario, Duration::from_millis(400))
    }

    /// A cloud whose clock each call moves by this much, without settings.
    pub(crate) fn jumping(scenario: &str, step: Duration) -> Bench {
        let scenario = Scenario::parse(scenario).unwrap();
        let cloud = scenario.world.transport().shared_cloud();
        let server = Server::start(Arc::clone(&cloud), 0, 0, Clock::Jumping(step)).unwrap();
        let folder = TempDir::new().unwrap();
        write(&folder.path().join("one_auth"), "oneadmin:password\n", 0o600);
        Bench { cloud, folder, server }
    }

    /// Make it a zone of three front-ends, of which the first leads and is the one that programs ask. The others listen
    /// until they are dropped.
    pub(crate) fn of_three(&self) -> Vec<Server> {
        {
            let mut cloud = self.cloud.lock().unwrap();
            cloud.set_front_ends(3);
            cloud.set_endpoint(0, &self.server.endpoint());
        }
        let clock = Clock::Jumping(Duration::from_millis(400));
        let listen = |server| Server::start(Arc::clone(&self.cloud), server, 0, clock).unwrap();
        [1, 2].map(listen).into()
    }

    /// Times are short, because here they are real, nothing is held for later, and no check was made by day. `more`
    /// begins inside the section `[fence]`.
    pub(crate) fn settings(&self, more: &str) {
        self.settings_with_hold("deadline = \"0s\"", more);
    }

    /// The same with lines of `[hold]`: without them what is held ends at once.
    pub(crate) fn settings_with_hold(&self, hold: &str, more: &str) {
        let text = format!(
            "log = \"{0}/host_error.log\"\nrun_dir = \"{0}\"\n[wait]\ncycles = 0\nlook = \"100ms\"\n\
             [witness]\npeers = 0\n[hold]\n{hold}\n[fence]\nseen_on = \"waived\"\ninterval = \"100ms\"\n{more}",
            self.folder.path().display()
        );
        write(&self.folder.path().join("onerescue.toml"), &text, 0o600);
    }

    /// Where oned listens: `127.0.0.1:40123`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.server.port())
    }

    pub(crate) fn fence_program(&self) -> PathBuf {
        self.folder.path().join("fence")
    }

    /// The command, but for its last word `off` or `status`, that switches the machine of the HOST document on
    /// its standard input.
    pub(crate) fn power_switch(&self) -> String {
        format!("{} drill-power --port {}", env!("CARGO_BIN_EXE_onerescue"), self.server.port())
    }

    /// What the hook manager would hand over for node0 now: base64 without line breaks.
    pub(crate) fn template(&self) -> String {
        use base64::Engine as _;
        let xml = self.cloud.lock().unwrap().host_xml(HostId(0)).unwrap();
        base64::engine::general_purpose::STANDARD.encode(xml)
    }

    /// The same for a VM.
    pub(crate) fn vm_template(&self, vm: u32) -> String {
        use base64::Engine as _;
        let xml = self.cloud.lock().unwrap().vm_xml(onerescue::model::VmId(vm)).unwrap();
        base64::engine::general_purpose::STANDARD.encode(xml)
    }

    pub(crate) fn power(&self) -> Power {
        self.cloud.lock().unwrap().power(HostId(0))
    }

    pub(crate) fn run(&self, program: &str, arguments: &[&str], stdin: &str) -> Output {
        self.start(program, arguments, stdin).wait_with_output().unwrap()
    }

    /// As the hook manager does it: its own environment, stdin, then the end of stdin.
    pub(crate) fn start(&self, program: &str, arguments: &[&str], stdin: &str) -> Child {
        self.start_at(&self.server.endpoint(), program, arguments, stdin)
    }

    /// The same with oned at another address than its own.
    pub(crate) fn start_at(&self, endpoint: &str, program: &str, arguments: &[&str], stdin: &str) -> Child {
        // A shell lets what it starts in the background ignore these signals, and this test may be that.
        let mut child = Command::new("/usr/bin/env")
            .args(["--default-signal=INT,HUP", program])
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("ONE_XMLRPC", endpoint)
            .env("ONE_AUTH", self.folder.path().join("one_auth"))
            .env("ONERESCUE_CONFIG", self.folder.path().join("onerescue.toml"))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        child
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("host_error.log")).unwrap_or_default()
    }
}

pub(crate) fn write(path: &Path, text: &str, mode: u32) {
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    drop(file);
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
