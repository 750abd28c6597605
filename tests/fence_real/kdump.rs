//! A host that says that it saves its crash dump: the real `fence_kdump_send` to the real `fence_kdump`, on the loopback and
//! on the port that both have.

use super::bay::fence;
use super::lab::{Lab, host};
use super::rig::Rig;
use crate::hooks::bench::write;
use onerescue::model::Dump;
use onerescue::world::fence::Fence;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where distributions have it.
const SENDERS: [&str; 3] = [
    "/usr/libexec/fence-agents/fence_kdump_send",
    "/usr/lib/fence-agents/fence_kdump_send",
    "/usr/sbin/fence_kdump_send",
];

/// There is one port for all tests.
static PORT: Mutex<()> = Mutex::new(());

/// The sender, and the port for this test; nothing, said loudly, where agent and sender are not installed.
fn sender() -> Option<(&'static str, MutexGuard<'static, ()>)> {
    let sender = SENDERS.into_iter().find(|path| Path::new(path).exists());
    let sender = sender.filter(|_| Path::new("/usr/sbin/fence_kdump").exists());
    if sender.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "NOT CHECKED: fence_kdump is missing (tests/run installs it): hosts that save a crash dump"
        );
    }
    Some((sender?, PORT.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// It says so each second; it ends when this is dropped.
struct Dumping(Child);

impl Dumping {
    fn begin(sender: &str, times: u32) -> Self {
        let mut command = Command::new(sender);
        command.args(["-f", "ipv4", "-i", "1", "-c", &times.to_string(), "127.0.0.1"]);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Dumping {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn listener(folder: &Path, more: &str, address: &str) -> Fence {
    let text = format!(
        "{more}[device.x]\ndriver = \"command\"\noff = [\"/bin/true\"]\nstatus = [\"/bin/true\"]\n\
         [[host]]\nid = 0\nname = \"node0\"\ndevices = [\"x\"]\naddress = \"{address}\"\n"
    );
    fence(folder, &text)
}

/// What it hears within some seconds. Another test process of this machine may have the port.
fn hears(fence: &Fence, seconds: u64) -> Dump {
    let begin = Instant::now();
    loop {
        let heard = fence.dump(&host(), Duration::from_secs(seconds));
        if !matches!(heard, Dump::Unknown(_)) || begin.elapsed() > Duration::from_secs(60) {
            return heard;
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn row_62_a_host_is_heard_that_saves_its_crash_dump_and_no_other() {
    let Some((sender, _port)) = sender() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (here, other) = (listener(folder.path(), "", "127.0.0.1"), listener(folder.path(), "", "127.0.0.9"));
    assert_eq!(hears(&here, 1), Dump::Silent);
    let dumping = Dumping::begin(sender, 0);
    assert_eq!(hears(&here, 5), Dump::Saving);
    assert_eq!(hears(&other, 2), Dump::Silent, "another host says so");
    // One agent at a time has the port, and each host is heard.
    let both = std::thread::scope(|scope| {
        let two = [scope.spawn(|| hears(&here, 5)), scope.spawn(|| hears(&here, 5))];
        two.map(|one| one.join().unwrap())
    });
    assert_eq!(both, [Dump::Saving, Dump::Saving]);
    drop(dumping);
    assert_eq!(hears(&here, 2), Dump::Silent);
}

#[test]
fn row_62_who_cannot_listen_says_why() {
    let Some((_, _port)) = sender() else { return };
    let folder = tempfile::tempdir().unwrap();
    let why = |fence: &Fence| match fence.dump(&host(), Duration::from_secs(1)) {
        Dump::Unknown(why) => why,
        heard @ (Dump::Saving | Dump::Silent) => panic!("{heard:?}"),
    };
    let agents = format!("[fence]\nagents_dir = [{:?}]\n", folder.path());
    let missing = why(&listener(folder.path(), &agents, "127.0.0.1"));
    assert!(missing.contains("there is no program fence_kdump"), "{missing}");
    let nameless = why(&listener(folder.path(), "", "node0.invalid"));
    assert!(nameless.contains("node0.invalid"), "{nameless}");
}

/// The whole procedure: it is let alone for the six seconds that it has, and fenced then by a real controller.
#[test]
fn row_62_a_host_that_saves_its_crash_dump_is_fenced_when_its_time_is_over() {
    let Some((sender, _port)) = sender() else { return };
    let rig = Rig::new(Lab::start(71));
    let devices = rig.lab.devices("fence_ipmilan", "30s", 4);
    rig.bench.settings(&devices.replace("id = 0\n", "id = 0\naddress = \"127.0.0.1\"\n"));
    let file = rig.bench.folder.path().join("onerescue.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    write(&file, &settings.replace("[wait]\n", "[wait]\ndump = \"6s\"\n"), 0o600);
    let dumping = Dumping::begin(sender, 0);
    let ended = rig.recover();
    drop(dumping);
    rig.recovered(&ended);
    for text in [
        "it saves its crash dump, and is not fenced before that is done",
        "it has had its 6 s for a crash dump",
    ] {
        assert!(ended.said.contains(text), "{}", ended.said);
    }
    assert!(ended.took >= Duration::from_secs(6), "{:?}", ended.took);
    assert_eq!(rig.lab.orders(), 1);
}
