//! A real Consul cluster on loopback addresses, fast enough for a test.
//!
//! Everything is taken down when it is dropped.

use super::not_checked;
use super::peers::run;
use crate::fence_real::processes::within;
use onerescue::config::{Config, Environment};
use onerescue::world::witness::Witness;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Consul's own program: what `tests/run` has put beside the tests, else the system's.
pub(crate) fn program() -> Option<PathBuf> {
    let places = [concat!(env!("CARGO_MANIFEST_DIR"), "/tests/.consul/usr/bin/consul"), "/usr/bin/consul"];
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    if found.is_none() {
        not_checked("there is no Consul here (Debian 11: consul); what it says of a host is untested");
    }
    found
}

/// A cluster.
pub(crate) struct Nodes {
    dir: TempDir,
    program: PathBuf,
    agents: Vec<Agent>,
}

/// One agent; `node1` is the first.
struct Agent {
    process: Child,
    address: String,
    http: u16,
    https: u16,
    gossip: u16,
}

/// What an agent is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// One of so many servers.
    Server(u32),
    Client,
}

impl Nodes {
    pub(crate) fn new(program: PathBuf) -> Nodes {
        Nodes { dir: tempfile::tempdir().unwrap(), program, agents: Vec::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A secret in a file of its own.
    pub(crate) fn secret(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        file
    }

    /// A certificate for these addresses, and the authority that signed it: `ca.pem`, `cert.pem`, `cert.key`.
    pub(crate) fn certify(&self, address: &str) {
        let request = |name: &str, more: &[&str]| {
            run(Command::new("openssl")
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
                .args(["-days", "2", "-subj", &format!("/CN={name}")])
                .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
                .args(more)
                .current_dir(self.dir.path()));
        };
        request("ca", &[]);
        let names = format!("subjectAltName=IP:{address}");
        let leaf = "basicConstraints=critical,CA:FALSE";
        request("cert", &["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", leaf, "-addext", &names]);
    }

    /// The address of the next agent.
    pub(crate) fn next_address() -> String {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        format!("127.0.23.{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// One more agent on this address, with these lines of settings. One that ends at once has met somebody at one of
    /// its ports, and gets others.
    pub(crate) fn add(&mut self, role: Role, address: &str, settings: &str) {
        let number = self.agents.len() + 1;
        let started = (0..5).find_map(|_| self.start(number, role, address, settings));
        self.agents.push(started.unwrap_or_else(|| panic!("consul does not start: {}", self.log(number))));
    }

    fn start(&self, number: usize, role: Role, address: &str, settings: &str) -> Option<Agent> {
        let [http, https, gossip, server] = [(); 4].map(|()| free_port(address));
        let server_lines = match role {
            Role::Server(count) => format!("server = true\nbootstrap_expect = {count}\n"),
            Role::Client => String::new(),
        };
        let join = |first: &Agent| format!("retry_join = [\"{}:{}\"]\n", first.address, first.gossip);
        let join = self.agents.first().map(join).unwrap_or_default();
        let text = format!(
            "node_name = \"node{number}\"\nbind_addr = \"{address}\"\nclient_addr = \"{address}\"\n\
             data_dir = \"{}\"\ndisable_host_node_id = true\ndisable_update_check = true\nretry_interval = \"300ms\"\n\
             performance {{ raft_multiplier = 1 }}\n\
             gossip_lan {{ probe_interval = \"400ms\" probe_timeout = \"250ms\" gossip_interval = \"100ms\" suspicion_mult = 3 }}\n\
             ports {{ dns = -1 grpc = -1 serf_wan = -1 http = {http} https = {https} serf_lan = {gossip} server = {server} }}\n\
             {server_lines}{join}{settings}\n",
            self.path(&format!("data{number}")).display(),
        );
        let file = self.path(&format!("node{number}.hcl"));
        fs::write(&file, text).unwrap();
        let log = fs::File::create(self.path(&format!("node{number}.log"))).unwrap();
        let mut process = Command::new(&self.program)
            .args(["agent", "-config-file"])
            .arg(file)
            .stdin(Stdio::null())
            .stderr(log.try_clone().unwrap())
            .stdout(log)
            .spawn()
            .unwrap();
        let mut ended = || process.try_wait().unwrap().is_some();
        assert!(soon(|| ended() || TcpStream::connect((address, http)).is_ok()), "{}", self.log(number));
        if ended() {
            eprintln!("node{number} ended at once: {}", self.log(number));
            return None;
        }
        Some(Agent { process, address: address.to_owned(), http, https, gossip })
    }

    /// The process of an agent.
    pub(crate) fn pid(&self, number: usize) -> String {
        self.agents[number - 1].process.id().to_string()
    }

    /// End an agent as a power cut would.
    pub(crate) fn kill(&mut self, number: usize) {
        let process = &mut self.agents[number - 1].process;
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub(crate) fn wait_for_end(&mut self, number: usize) {
        self.agents[number - 1].process.wait().unwrap();
    }

    pub(crate) fn url(&self, number: usize) -> String {
        let agent = &self.agents[number - 1];
        format!("http://{}:{}", agent.address, agent.http)
    }

    pub(crate) fn https_url(&self, number: usize) -> String {
        let agent = &self.agents[number - 1];
        format!("https://{}:{}", agent.address, agent.https)
    }

    /// What an agent answers to anybody who asks like this; all of it, as text.
    pub(crate) fn get(&self, number: usize, path: &str) -> String {
        let agent = &self.agents[number - 1];
        let mut reply = Vec::new();
        if let Ok(mut stream) = TcpStream::connect((agent.address.as_str(), agent.http)) {
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let request = format!("GET {path} HTTP/1.0\r\n\r\n");
            let _ =
                stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut reply).map(drop));
        }
        String::from_utf8_lossy(&reply).into_owned()
    }

    /// The last words of every agent, for a test that fails.
    pub(crate) fn logs(&self) -> String {
        (1..=self.agents.len()).map(|number| self.log(number)).collect()
    }

    fn log(&self, number: usize) -> String {
        let text = fs::read_to_string(self.path(&format!("node{number}.log"))).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(40).collect();
        format!("node{number}:\n{}\n", lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for agent in &mut self.agents {
            let _ = agent.process.kill();
            let _ = agent.process.wait();
        }
    }
}

/// A witness that asks one agent. `consul` are more lines of `[witness.consul]`, and the rest.
pub(crate) fn through(url: &str, consul: &str) -> Witness {
    let text = format!("[witness]\ntimeout = \"3s\"\n[witness.consul]\nurl = \"{url}\"\n{consul}");
    Witness::new(&Config::parse(&text, Path::new("onerescue.toml"), &Environment::default()).unwrap())
}

/// A port that is free for TCP and for UDP: gossip uses both.
fn free_port(address: &str) -> u16 {
    loop {
        let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
        if UdpSocket::bind((address, port)).is_ok() {
            return port;
        }
    }
}

/// A Consul takes its time on a busy machine: servers that miss each other while they start try again after 1, 2, 4 …
/// seconds.
pub(crate) fn soon(condition: impl FnMut() -> bool) -> bool {
    within(Duration::from_secs(120), condition)
}
