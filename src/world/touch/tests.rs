use super::*;
use crate::config::Environment;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;

/// Long enough for what a busy machine does on its loopback addresses.
const ROUND: Duration = Duration::from_millis(300);

fn ports(port: u16, more: &str) -> Ports {
    let text = format!("[watch]\nport = {port}\nevery = \"1s\"\nsilence = \"3s\"\n{more}");
    Ports::new(&Config::parse(&text, Path::new("onerescue.toml"), &Environment::default()).unwrap())
}

fn host(id: u32, name: &str) -> Peer {
    Peer { id: HostId(id), name: name.to_owned() }
}

/// Somebody who takes every connection and says this, if it is anything, or ends it.
fn says(address: &str, port: u16, text: Option<&'static [u8]>) -> u16 {
    let listener = TcpListener::bind((address, port)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            match text {
                Some(text) => {
                    let _ = stream.write_all(text);
                    kept.push(stream);
                }
                None => drop(stream),
            }
        }
    });
    port
}

#[test]
fn a_banner_a_closed_port_and_silence_are_told_apart() {
    let port = says("127.0.41.1", 0, Some(b"SSH-2.0-OpenSSH_9.2p1\r\n"));
    says("127.0.41.3", port, None);
    says("127.0.41.4", port, Some(b"HTTP/1.1 400 Bad Request\r\n"));
    says("127.0.41.5", port, Some(b""));
    let hosts: Vec<_> = (1..=5).map(|id| host(id, &format!("127.0.41.{id}"))).collect();
    let heard = ports(port, "").round(&hosts, ROUND);
    let of = |id| heard.iter().find(|(host, _)| *host == HostId(id)).map(|(_, heard)| heard.clone());
    assert_eq!(of(1), Some(Heard::Banner));
    for refused in [2, 3, 4] {
        assert_eq!(of(refused), Some(Heard::Refused), "{refused}");
    }
    assert_eq!(of(5), None, "it was taken, and nothing is said");
}

#[test]
fn a_banner_that_comes_in_pieces_or_in_a_later_round_is_heard() {
    let listener = TcpListener::bind("127.0.42.1:0").unwrap();
    let mut ports = ports(listener.local_addr().unwrap().port(), "");
    let hosts = [host(1, "127.0.42.1")];
    assert_eq!(ports.round(&hosts, ROUND), []);
    let (mut first, _) = listener.accept().unwrap();
    first.write_all(b"SS").unwrap();
    assert_eq!(ports.round(&hosts, ROUND), []);
    // The second round has begun another connection beside the first.
    assert_eq!(ports.open[&HostId(1)].len(), 2);
    first.write_all(b"H-2.0").unwrap();
    assert_eq!(ports.round(&hosts, ROUND), [(HostId(1), Heard::Banner)]);
    assert!(ports.open[&HostId(1)].is_empty());
}

#[test]
fn no_host_has_more_than_two_connections_and_one_that_is_gone_has_none() {
    let listener = TcpListener::bind("127.0.43.1:0").unwrap();
    let mut ports = ports(listener.local_addr().unwrap().port(), "");
    let hosts = [host(1, "127.0.43.1")];
    for _ in 0..4 {
        ports.round(&hosts, Duration::from_millis(50));
    }
    assert_eq!(ports.open[&HostId(1)].len(), 2);
    ports.round(&[], Duration::from_millis(10));
    assert!(ports.open.is_empty());
}

#[test]
fn a_name_without_an_address_says_nothing_about_the_host_and_an_entry_s_address_wins() {
    let port = says("127.0.44.1", 0, Some(b"SSH-2.0-x"));
    let entry = "[device.own]\ndriver = \"command\"\noff = [\"/bin/false\"]\n\
                 [[host]]\nid = 1\nname = \"kvm1\"\ndevices = [\"own\"]\naddress = \"127.0.44.1\"\n";
    let mut ports = ports(port, entry);
    let hosts = [host(1, "kvm1"), host(2, "no-such-host.invalid"), host(3, "-oProxyCommand=x")];
    let heard: BTreeMap<_, _> = ports.round(&hosts, ROUND * 10).into_iter().collect();
    assert_eq!(heard.get(&HostId(1)), Some(&Heard::Banner));
    for id in [2, 3] {
        assert!(matches!(heard.get(&HostId(id)), Some(Heard::NotAsked(_))), "{heard:?}");
    }
}

#[test]
fn of_several_addresses_each_is_tried_in_turn() {
    let mut names = Names::new("/bin/false".into());
    let until = now() + Duration::from_secs(10);
    let (host, address) = (Name::Host("localhost".to_owned()), Name::Address("::1".to_owned()));
    names.ask([&host, &address].into_iter(), until);
    let found = names.find(&host, 22, 0).unwrap();
    assert!(found.ip().is_loopback());
    assert_eq!(names.find(&address, 22, 0).unwrap().to_string(), "[::1]:22");
    assert!(names.find(&Name::Host("never-asked".to_owned()), 22, 0).is_err());
}

#[test]
fn hosts_are_where_the_settings_of_ssh_have_them() {
    let folder = tempfile::tempdir().unwrap();
    let ssh = folder.path().join("ssh");
    let config = "Host kvm1\n HostName 127.0.0.9\n Port 2222\nHost kvm2\n ProxyJump gate\nHost kvm3\n HostName 127.0.0.3\n";
    std::fs::write(folder.path().join("config"), config).unwrap();
    let text = format!("#!/bin/sh\nexec /usr/bin/ssh -F {}/config \"$@\"\n", folder.path().display());
    std::fs::write(&ssh, text).unwrap();
    std::fs::set_permissions(&ssh, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut names = Names::new(ssh);
    let host = |name: &str| Name::Host(name.to_owned());
    let (all, declared) = (["kvm1", "kvm2", "kvm3"].map(host), Name::Address("127.0.0.1".to_owned()));
    names.ask(all.iter().chain([&declared]), now() + Duration::from_secs(20));
    let found = |name: &Name, port| names.find(name, port, 0).map(|found| found.to_string());
    assert_eq!(found(&host("kvm1"), 22).unwrap(), "127.0.0.9:2222");
    assert_eq!(found(&host("kvm1"), 2022).unwrap(), "127.0.0.9:2022");
    assert_eq!(found(&host("kvm3"), 22).unwrap(), "127.0.0.3:22");
    assert_eq!(found(&declared, 22).unwrap(), "127.0.0.1:22");
    assert!(found(&host("kvm2"), 22).unwrap_err().contains("through another host (proxyjump)"));
}
