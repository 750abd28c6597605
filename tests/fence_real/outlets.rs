//! A switched rack PDU: net-snmp's `snmpd`, whose outlets are `outlets.py`.

use super::lab::{free_port, udp_port_is_open};
use super::processes::eventually;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A PDU with 24 outlets, all on.
pub(crate) struct Pdu {
    dir: TempDir,
    snmpd: Child,
    pub(crate) address: String,
    pub(crate) port: u16,
    /// What one must know to switch it, another one for every PDU.
    pub(crate) community: String,
}

impl Pdu {
    /// On 127.0.12.`number`.
    pub(crate) fn start(number: u8) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let address = format!("127.0.12.{number}");
        let port = free_port(&address);
        let community = format!("c0mmun1ty-{number}-{port}");
        let path = |name| dir.path().join(name);
        fs::write(path("outlets.py"), include_str!("outlets.py")).unwrap();
        let text = format!(
            "agentAddress udp:{address}:{port}\nrwcommunity {community} 127.0.0.0/8\n\
             sysobjectid .1.3.6.1.4.1.318.1.3.4.5\n\
             pass_persist .1.3.6.1.4.1.318.1.1.12.3 /usr/bin/python3 {0}/outlets.py {0}\n",
            dir.path().display()
        );
        fs::write(path("snmpd.conf"), text).unwrap();
        let snmpd = Command::new("/usr/sbin/snmpd")
            .args(["-f", "-C", "-LE", "3", "-c"])
            .arg(path("snmpd.conf"))
            .env("SNMP_PERSISTENT_DIR", dir.path())
            .env("MIBS", "")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(path("snmpd.log")).unwrap())
            .spawn()
            .expect("snmpd (Debian: snmpd) is needed");
        let pdu = Self { dir, snmpd, address, port, community };
        pdu.set_secret(&pdu.community);
        let log = || fs::read_to_string(pdu.path("snmpd.log")).unwrap_or_default();
        assert!(eventually(|| udp_port_is_open(port)), "snmpd does not listen on {port}: {}", log());
        pdu
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What the secret file says.
    pub(crate) fn set_secret(&self, community: &str) {
        let file = self.path("community");
        fs::write(&file, format!("{community}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The section of the settings that declares it.
    pub(crate) fn device(&self, name: &str, timeout: &str, concurrency: u32) -> String {
        format!(
            "[device.{name}]\ndriver = \"agent\"\nagent = \"fence_apc_snmp\"\naccept_all_else_as_off = true\npower = \"external\"\n\
             timeout = \"{timeout}\"\nconcurrency = {concurrency}\n\
             params = {{ ip = \"{}\", ipport = \"{}\", snmp_version = \"2c\", power_timeout = \"2\" }}\n\
             secrets = {{ community = \"{}/community\" }}\n",
            self.address,
            self.port,
            self.dir.path().display()
        )
    }

    /// All the settings of a node0 that has nothing but outlet 5.
    pub(crate) fn settings(&self, timeout: &str) -> String {
        format!(
            "run_dir = {:?}\n{}[[host]]\nid = 0\nname = \"node0\"\ndevices = [\"ipmi\"]\n\
             [host.params.ipmi]\nplug = \"5\"\n",
            self.dir.path(),
            self.device("ipmi", timeout, 1)
        )
    }

    pub(crate) fn is_on(&self, outlet: u32) -> bool {
        let says = fs::read_to_string(self.path(&format!("outlet-{outlet}"))).unwrap_or("on\n".to_owned());
        says == "on\n"
    }

    /// How often it was told to switch an outlet.
    pub(crate) fn orders(&self) -> usize {
        self.requests().lines().filter(|line| line.starts_with("set ")).count()
    }

    /// A line for every request.
    pub(crate) fn requests(&self) -> String {
        fs::read_to_string(self.path("requests")).unwrap_or_default()
    }

    pub(crate) fn dies(&mut self) {
        self.snmpd.kill().unwrap();
        self.snmpd.wait().unwrap();
    }
}

impl Drop for Pdu {
    fn drop(&mut self) {
        let _ = self.snmpd.kill();
        let _ = self.snmpd.wait();
    }
}
