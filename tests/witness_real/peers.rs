//! Other hosts of the cluster: each an `sshd` on a loopback address, with a key of its own making.
//!
//! Whoever runs the tests logs in as himself. Everything is taken down when it is dropped.

use crate::fence_real::lab;
use crate::fence_real::processes::eventually;
use onerescue::config::{Config, Environment};
use onerescue::model::{Host, HostId, Peer};
use onerescue::world::witness::Witness;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use tempfile::TempDir;

/// The host that is asked about: host 9.
pub(crate) fn suspect(name: &str) -> Host {
    Host { id: HostId(9), name: name.to_owned(), ..lab::host() }
}

/// A host that is asked: `peer1 (host 1)`.
pub(crate) fn peer(number: u32) -> Peer {
    Peer { id: HostId(number), name: format!("peer{number}") }
}

/// Some hosts, `peer1` and so on, and the settings that reach them.
pub(crate) struct Peers {
    dir: TempDir,
    daemons: Vec<Child>,
    /// Where they listen.
    places: Vec<(String, u16)>,
}

impl Peers {
    /// So many hosts.
    pub(crate) fn start(count: u32) -> Peers {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let mut peers = Peers { dir: tempfile::tempdir().unwrap(), daemons: Vec::new(), places: Vec::new() };
        for key in ["host_key", "key", "other_key"] {
            let file = peers.path(key);
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file));
        }
        let known = fs::read_to_string(peers.path("host_key.pub")).unwrap();
        fs::write(peers.path("known_hosts"), format!("peers {known}")).unwrap();
        peers.authorize("");
        let mut hosts = Vec::new();
        for number in 1..=count {
            let address = format!("127.0.20.{}", NEXT.fetch_add(1, Ordering::Relaxed));
            let port = peers.start_daemon(number, &address);
            hosts.push(format!("Host peer{number}\n  HostName {address}\n  Port {port}\n"));
            peers.places.push((address, port));
        }
        let folder = peers.folder();
        let config = format!(
            "{}Host *\n  HostKeyAlias peers\n  UserKnownHostsFile {folder}/known_hosts\n  \
             GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  BatchMode yes\n  \
             IdentitiesOnly yes\n  IdentityAgent none\n  LogLevel ERROR\n  ConnectTimeout 15\n",
            hosts.concat()
        );
        fs::write(peers.path("ssh_config"), config).unwrap();
        peers
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn folder(&self) -> String {
        self.dir.path().display().to_string()
    }

    /// Let the key in everywhere, with these options of `authorized_keys`.
    pub(crate) fn authorize(&self, options: &str) {
        let key = fs::read_to_string(self.path("key.pub")).unwrap();
        fs::write(self.path("authorized_keys"), format!("{options}{key}")).unwrap();
    }

    /// Let the key run nothing but this program on one host.
    pub(crate) fn force(&self, number: u32, program: &str) {
        let key = fs::read_to_string(self.path("key.pub")).unwrap();
        let own = format!("command=\"{program}\" {key}");
        fs::write(self.path(&format!("authorized_keys{number}")), own).unwrap();
    }

    /// Other hosts have other keys: from now on each of them looks like an impostor.
    pub(crate) fn know_another_key(&self) {
        let known = fs::read_to_string(self.path("other_key.pub")).unwrap();
        fs::write(self.path("known_hosts"), format!("peers {known}")).unwrap();
    }

    /// End one host's daemon; connections are refused then.
    pub(crate) fn stop(&mut self, number: usize) {
        let daemon = &mut self.daemons[number - 1];
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    /// Address and port of one host.
    pub(crate) fn listens(&self, number: usize) -> (String, u16) {
        self.places[number - 1].clone()
    }

    /// The numbers of the processes that listen.
    pub(crate) fn daemons(&self) -> Vec<u32> {
        self.daemons.iter().map(Child::id).collect()
    }

    /// `ssh = …` of the settings.
    pub(crate) fn ssh(&self) -> String {
        let folder = self.folder();
        format!("ssh = [\"/usr/bin/ssh\", \"-F\", \"{folder}/ssh_config\", \"-i\", \"{folder}/key\"]")
    }

    /// A probe that leaves a trace of every run, and sees every host.
    pub(crate) fn traces(&self) -> String {
        let program = self.install("trace", "#!/bin/sh\necho >>\"$0.runs\"\n");
        format!("probe = [\"{}\", \"{{address}}\"]", program.display())
    }

    /// How often that probe ran.
    pub(crate) fn commands(&self) -> usize {
        fs::read_to_string(self.path("trace.runs")).map_or(0, |text| text.lines().count())
    }

    /// Settings with these lines of `[witness]`, and the rest.
    pub(crate) fn config(&self, witness: &str, rest: &str) -> Config {
        let text = format!("[witness]\n{}\n{witness}\n{rest}", self.ssh());
        Config::parse(&text, Path::new("onerescue.toml"), &Environment::default()).unwrap()
    }

    pub(crate) fn witness(&self, witness: &str, rest: &str) -> Witness {
        Witness::new(&self.config(witness, rest))
    }

    /// Write a program. Another process does it: a fork of ours would hold it open, so that it cannot start.
    pub(crate) fn install(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let mut install = Command::new("install")
            .args(["-m", "0755", "/dev/stdin"])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        install.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(install.wait().unwrap().success());
        path
    }

    fn start_daemon(&mut self, number: u32, address: &str) -> u16 {
        let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
        let folder = self.folder();
        let config = format!(
            "ListenAddress {address}\nPort {port}\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes no\n\
             AuthorizedKeysFile {folder}/authorized_keys{number} {folder}/authorized_keys\nPrintMotd no\n"
        );
        let file = self.path(&format!("sshd_config{number}"));
        fs::write(&file, config).unwrap();
        // Where root runs the tests and no service has made it.
        if !Path::new("/run/sshd").exists() && fs::create_dir("/run/sshd").is_ok() {
            fs::set_permissions("/run/sshd", fs::Permissions::from_mode(0o755)).unwrap();
        }
        let log = self.path(&format!("sshd{number}.log"));
        let daemon = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .expect("sshd (Debian: openssh-server) is needed");
        self.daemons.push(daemon);
        assert!(
            eventually(|| TcpStream::connect((address, port)).is_ok()),
            "sshd does not listen on {address} {port}: {}",
            fs::read_to_string(&log).unwrap_or_default()
        );
        port
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

pub(crate) fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
