//! The front-end's look at itself, and peers that look with the real `ping`.
//!
//! `-I lo` keeps what is sent to nobody, to an address of the documentation, on this machine.

use super::peers::{Peers, peer, suspect};
use super::{not_checked, opinions};
use crate::fence_real::processes::eventually;
use onerescue::config::ObserverSettings;
use onerescue::model::{Opinion, RaftState};
use onerescue::world::{Lead, observer};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const NOBODY: &str = "192.0.2.1";

/// Whether `ping` is here and may send; says so where it may not.
fn ping() -> bool {
    let here = Path::new("/usr/bin/ping").exists()
        && Command::new("/usr/bin/ping")
            .args(["-c", "1", "-W", "2", "-I", "lo", "127.0.0.1"])
            .output()
            .is_ok_and(|ran| ran.status.success());
    if !here {
        not_checked("there is no ping that this user may use (Debian: iputils-ping)");
    }
    here
}

#[test]
fn rows_31_32_peers_look_with_ping() {
    if !ping() {
        return;
    }
    let peers = Peers::start(1);
    let probe =
        "probe = [\"/usr/bin/ping\", \"-4\", \"-c\", \"1\", \"-W\", \"1\", \"-I\", \"lo\", \"{address}\"]";
    let witness = peers.witness(probe, "");
    let said = |address| witness.ask(&suspect(address), &[peer(1)]);
    assert_eq!(opinions(&said("127.0.0.1")), [Opinion::Alive]);
    let silent = said(NOBODY);
    assert_eq!(opinions(&silent), [Opinion::Dead]);
    // It could not look at all: an address of the other family.
    let impossible = said("::1");
    assert_eq!(opinions(&impossible), [Opinion::None], "{impossible:?}");
    assert!(impossible[0].said.starts_with("exit code 2: "), "{}", impossible[0].said);
}

fn lead() -> Lead {
    Lead::new(Path::new("/nonexistent"))
}

#[test]
fn row_34_gateways_answer_a_front_end_that_is_connected() {
    if !ping() {
        return;
    }
    let words = ["/usr/bin/ping", "-c", "1", "-W", "1", "-I", "lo", "{address}"].map(str::to_owned).to_vec();
    let gateways = ["127.0.0.1", NOBODY].map(str::to_owned).to_vec();
    let seen = observer::look(Ok(None), &mut lead(), &[], &ObserverSettings { gateways, ping: words }, None);
    assert_eq!(seen.gateways, [("127.0.0.1".to_owned(), true), (NOBODY.to_owned(), false)]);
    assert_eq!(seen.raft, Ok(RaftState::Solo));
}

#[test]
fn an_oned_that_has_just_been_started_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    // The name of a process is that of its file.
    let oned = dir.path().join("oned");
    assert!(Command::new("cp").arg("/bin/sleep").arg(&oned).status().unwrap().success());
    let age = || {
        let settings = ObserverSettings { gateways: Vec::new(), ping: Vec::new() };
        observer::look(Ok(None), &mut lead(), &[], &settings, None).oned_runs_for
    };
    let mut process = Command::new(&oned).arg("600").spawn().unwrap();
    let comm = format!("/proc/{}/comm", process.id());
    assert!(eventually(|| fs::read_to_string(&comm).unwrap_or_default() == "oned\n"));
    let first = age().unwrap();
    assert!(first < Duration::from_secs(30), "{first:?}");
    assert!(eventually(|| age().is_some_and(|later| later > first)), "it does not grow older");
    process.kill().unwrap();
    process.wait().unwrap();
    // Unless another one, a real one, runs here.
    assert!(age().is_none_or(|other| other > first));
}
