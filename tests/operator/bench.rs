//! A served cloud, settings for every host of it, and `onerescue` started against it.

use onerescue::model::{ClusterId, Epoch};
use onerescue::model::{Disarmed, HostId, Incident, Memory, Progress, SeenOn};
use onerescue::sim::{Clock, Cloud, Scenario, Server};
use onerescue::wire::record::{Record, TYPE};
use onerescue::wire::xmlrpc::{Call, Reply, Value};
use onerescue::world::Zone;
use onerescue::world::oned::{Credentials, Http, Oned, Patience, Session};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

pub(super) const ONERESCUE: &str = env!("CARGO_BIN_EXE_onerescue");

/// Two hosts in each of two clusters, all well.
pub(super) const WELL: &str = r#"
title = "all is well"
call = "-m"
host = "node0"
clusters = ["east"]
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2", cluster = "east" }, { name = "node3", cluster = "east" }]
"#;

/// A host that is asked says that it hears any other.
pub(super) const HEARD: &str = "[witness]\npeers = 1\nssh = [\"/bin/true\"]\n";

/// What the whole file has to keep to itself.
pub(super) const PASSWORD: &str = "s3cr3t-Passw0rd";

pub(super) struct Bench {
    pub(super) cloud: Arc<Mutex<Cloud>>,
    pub(super) folder: TempDir,
    /// Where the settings say nothing else: no host can be asked about another one.
    pub(super) witness: &'static str,
    server: Server,
}

impl Bench {
    /// Every host has the device `machine`, and the hook is registered.
    pub(super) fn new(scenario: &str) -> Bench {
        let scenario = Scenario::parse(scenario).unwrap();
        let cloud = scenario.world.transport().shared_cloud();
        cloud.lock().unwrap().set_session(&format!("oneadmin:{PASSWORD}"));
        let clock = Clock::Jumping(Duration::from_millis(100));
        let server = Server::start(Arc::clone(&cloud), 0, 0, clock).unwrap();
        let folder = TempDir::new().unwrap();
        let bench = Bench { cloud, folder, witness: "[witness]\npeers = 0\n", server };
        write(&bench.path("one_auth"), &format!("oneadmin:{PASSWORD}\n"), 0o600);
        let script =
            format!("#!/bin/sh\nexec {ONERESCUE} drill-power --port {} \"$1\"\n", bench.server.port());
        write(&bench.path("fence"), &script, 0o755);
        bench.settings("", &hosts());
        // A scenario's devices were seen ON already; here that is what is looked at.
        bench.every_document("one.document.delete", &[]);
        bench.hook("host_error", "/usr/lib/onerescue/host_error", "");
        bench
    }

    /// The same of a cloud that is well, in which each host says that it hears any other.
    pub(super) fn well() -> Bench {
        Bench::well_as(WELL)
    }

    pub(super) fn well_as(scenario: &str) -> Bench {
        let mut bench = Bench::new(scenario);
        bench.witness = HEARD;
        bench.settings("", &hosts());
        bench
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `device` as the settings declare it, with this status program.
    pub(super) fn device(&self, name: &str, status: &str) -> String {
        let off = self.path("fence");
        format!(
            "[device.{name}]\ndriver = \"command\"\noff = [\"{}\", \"off\"]\nstatus = [\"{}\", \"status\"]\n",
            off.display(),
            self.path(status).display()
        )
    }

    /// `more` comes first, so it may set the top's keys or begin a section.
    pub(super) fn settings(&self, more: &str, hosts: &str) {
        let witness = if more.contains("[witness]") { "" } else { self.witness };
        let text = format!(
            "log = \"{0}/host_error.log\"\nrun_dir = \"{0}\"\n{more}\n{witness}{1}\n{hosts}",
            self.folder.path().display(),
            self.device("machine", "fence")
        );
        write(&self.path("onerescue.toml"), &text, 0o600);
    }

    /// A program that answers like this instead of the machine.
    pub(super) fn answers(&self, name: &str, shell: &str) {
        write(&self.path(name), &format!("#!/bin/sh\n{shell}\n"), 0o755);
    }

    /// A call of oned by somebody else.
    pub(super) fn oned(&self, method: &str, mut params: Vec<Value>) -> Reply {
        params.insert(0, Value::Text(format!("oneadmin:{PASSWORD}")));
        self.cloud.lock().unwrap().call(0, &Call { method: method.to_owned(), params })
    }

    /// Register a hook as `templates/host_error.tmpl` has it, with another name and command, and more lines.
    pub(super) fn hook(&self, name: &str, command: &str, more: &str) {
        let template = include_str!("../../templates/host_error.tmpl");
        let lines = template.lines().filter(|line| !line.starts_with('#'));
        let replaced = |line: &&str| {
            let key = line.split('=').next().unwrap_or_default().trim();
            ["NAME", "COMMAND"].contains(&key)
                || more.lines().any(|other| other.split('=').next() == Some(key))
        };
        let kept: Vec<_> = lines.filter(|line| !replaced(line)).collect();
        let text = format!("{}\nNAME=\"{name}\"\nCOMMAND=\"{command}\"\n{more}\n", kept.join("\n"));
        let reply = self.oned("one.hook.allocate", vec![Value::Text(text)]);
        assert!(matches!(reply, Reply::Value(_)), "{reply:?}");
    }

    /// A call about each document there may be.
    pub(super) fn every_document(&self, method: &str, more: &[Value]) -> usize {
        let call = |id| self.oned(method, [&[Value::Int(id)], more].concat());
        (0..20).map(call).filter(|reply| matches!(reply, Reply::Value(_))).count()
    }

    /// Nobody can write to what is there now.
    pub(super) fn lock_documents(&self) {
        let (use_and_above, test) = (Value::Int(1), Value::Bool(false));
        assert!(self.every_document("one.document.lock", &[use_and_above, test]) > 0);
    }

    pub(super) fn without_hooks(&self) {
        for id in 0..10 {
            self.oned("one.hook.delete", vec![Value::Int(id)]);
        }
    }

    pub(super) fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    pub(super) fn start(&self) -> Command {
        self.start_program(ONERESCUE)
    }

    pub(super) fn start_program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("ONE_XMLRPC", self.server.endpoint())
            .env("ONE_AUTH", self.path("one_auth"))
            .env("ONERESCUE_CONFIG", self.path("onerescue.toml"))
            .env("SUDO_USER", "alice")
            .current_dir("/")
            .stdin(Stdio::null());
        command
    }

    /// Run it at a terminal with these variables set; somebody types this.
    pub(super) fn at_a_terminal(&self, arguments: &str, set: &[(&str, &str)], typed: &str) -> Output {
        let mut terminal = self.start_program("script");
        terminal.args(["-qec", &format!("{ONERESCUE} {arguments}"), "/dev/null"]).envs(set.iter().copied());
        let mut child = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Run it, and see that it keeps the password to itself.
    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.start().args(arguments).output().unwrap();
        self.keeps_secrets(&output);
        output
    }

    pub(super) fn keeps_secrets(&self, output: &Output) {
        for text in [out(output), err(output), self.log()] {
            assert!(!text.contains(PASSWORD), "{text}");
        }
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.path("host_error.log")).unwrap_or_default()
    }

    /// Every document of ours, as another process would read it.
    pub(super) fn memory(&self) -> Memory {
        let session = Session::new(format!("oneadmin:{PASSWORD}"));
        let credentials = Credentials { endpoint: self.server.endpoint(), session };
        let zone = Zone::new(Oned::new(Http::default(), credentials, Patience::default()), TYPE);
        zone.memory(Epoch(0), "test").unwrap()
    }

    pub(super) fn remember(&self, record: &Record) {
        self.cloud.lock().unwrap().add_record(record);
    }

    /// Another process writes over a document.
    pub(super) fn replace(&self, document: &str, record: &Record) {
        let (id, template) = (document.parse().unwrap(), Value::Text(record.write().unwrap()));
        let reply = self.oned("one.document.update", vec![Value::Int(id), template, Value::Int(0)]);
        assert!(matches!(reply, Reply::Value(_)), "{reply:?}");
    }

    pub(super) fn seen_on(&self, host: u32, target: &str, at: i64) {
        let (host, device) = (HostId(host), onerescue::model::DeviceName("machine".to_owned()));
        let seen = SeenOn { host, device, target: target.to_owned(), turned: None, at: Epoch(at) };
        self.remember(&Record::SeenOn { devices: vec![seen] });
    }
}

/// An entry for each host.
pub(super) fn hosts() -> String {
    let entry = |id| {
        format!(
            "[[host]]\nid = {id}\nname = \"node{id}\"\ndevices = [\"machine\"]\nsame_power_accepted = true\n"
        )
    };
    (0..4).map(entry).collect()
}

pub(super) fn incident(host: u32, progress: Progress) -> Incident {
    Incident {
        host: HostId(host),
        name: format!("node{host}"),
        cluster: ClusterId(0),
        owner: "fe1 4711 1795165661".to_owned(),
        opened: Epoch(1_795_165_661),
        updated: Epoch(1_795_165_661),
        progress,
        events: Vec::new(),
        error: None,
        fenced: None,
        on: None,
        held: None,
        began: None,
        proof: None,
        confirmation: None,
        outcome: None,
        ..Incident::default()
    }
}

pub(super) fn disarmed(cluster: Option<u32>) -> Record {
    let (reason, by) = ("switches".to_owned(), "bob".to_owned());
    Record::Control { disarmed: vec![Disarmed { cluster: cluster.map(ClusterId), reason, by, at: Epoch(7) }] }
}

pub(super) fn write(path: &Path, text: &str, mode: u32) {
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    drop(file);
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(super) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(super) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
