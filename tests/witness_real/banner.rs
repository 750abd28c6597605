//! The probe that holds without a setting: does the host's sshd answer with its banner?

use super::opinions;
use super::peers::{Peers, peer, suspect};
use crate::fence_real::processes::kill;
use onerescue::config::WitnessSettings;
use onerescue::model::Opinion;
use std::io::Write as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// The default probe, at the port of one of the hosts.
fn probe(port: u16) -> String {
    let mut words = WitnessSettings::default().probe;
    assert_eq!(words.pop().as_deref(), Some("22"), "OpenNebula's ssh port is the last word");
    words.push(port.to_string());
    format!("probe = {words:?}")
}

/// What peer 1 says of this address and port, and how long that takes.
fn said(peers: &Peers, address: &str, port: u16) -> (Opinion, String, Duration) {
    let begin = Instant::now();
    let said = peers.witness(&probe(port), "").ask(&suspect(address), &[peer(1)]);
    (opinions(&said)[0], said[0].said.clone(), begin.elapsed())
}

#[test]
fn an_sshd_that_sends_its_banner_is_alive_and_one_that_hangs_or_is_gone_is_not() {
    let mut peers = Peers::start(2);
    let (address, port) = peers.listens(2);
    let (opinion, text, took) = said(&peers, &address, port);
    assert_eq!((opinion, text.as_str()), (Opinion::Alive, "exit code 0"));
    assert!(took < Duration::from_secs(5), "{took:?}");

    // Its kernel still takes the connection, as that of a host whose programs do not run any more.
    let daemon = peers.daemons()[1].to_string();
    assert!(kill("STOP", &daemon));
    let (opinion, text, took) = said(&peers, &address, port);
    assert_eq!((opinion, text.as_str()), (Opinion::Dead, "exit code 1: no answer within 5 s"));
    assert!(took >= Duration::from_secs(5) && took < Duration::from_secs(15), "{took:?}");
    assert!(kill("CONT", &daemon));
    assert_eq!(said(&peers, &address, port).0, Opinion::Alive);

    peers.stop(2);
    let (opinion, text, _) = said(&peers, &address, port);
    assert_eq!((opinion, text.as_str()), (Opinion::Dead, "exit code 1: Connection refused"));
}

#[test]
fn what_is_not_ssh_is_no_answer_and_what_could_not_look_is_no_opinion() {
    let peers = Peers::start(1);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH", ""];
    std::thread::spawn(move || {
        for (answer, stream) in answers.iter().zip(listener.incoming()) {
            let _ = stream.unwrap().write_all(answer.as_bytes());
        }
    });
    for answer in answers {
        let (opinion, text, _) = said(&peers, "127.0.0.1", port);
        assert_eq!((opinion, text.as_str()), (Opinion::Dead, "exit code 1: no banner of ssh"), "{answer:?}");
    }
    let (opinion, text, _) = said(&peers, "refused.invalid", port);
    assert_eq!(opinion, Opinion::None, "{text}");
    assert!(text.starts_with("exit code 2: ") && text.contains("refused.invalid"), "{text}");
}
