//! `onerescue setup hosts --scan`: real controllers, `ipmi_sim`, and hosts that are asked over a real sshd.

use super::bench::{Bench, err, out, write};
use crate::fence_real::lab::Lab;
use crate::witness_real::peers::Peers;
use onerescue::model::HostId;
use onerescue::wire::xmlrpc::Value;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::MetadataExt as _;
use std::process::Output;
use std::time::Instant;

pub(super) const A: &str = "4c4c4544-0037-4210-8054-b7c04f383431";
pub(super) const B: &str = "4c4c4544-0037-4210-8054-b7c04f383432";
const A_TURNED: &str = "44454c4c-3700-1042-8054-b7c04f383431";

/// Whoever sees this in a text has found a leak.
pub(super) const SECRET: &str = crate::fence_real::bay::PASSWORD;

const CLOUD: &str = r#"
title = "all is well"
call = "-m"
host = "peer1"
hosts = [{ name = "peer1" }, { name = "peer2" }]
"#;

/// Two hosts of a cloud, and the machines that they are.
pub(super) struct Hall {
    pub(super) bench: Bench,
    peers: Peers,
}

impl Hall {
    /// Both say which machine they are: UUID, serial number.
    pub(super) fn new(said: [(&str, &str); 2]) -> Self {
        Self::of(CLOUD, said)
    }

    pub(super) fn of(cloud: &str, said: [(&str, &str); 2]) -> Self {
        let (bench, peers) = (Bench::new(cloud), Peers::start(2));
        for (number, (uuid, serial)) in (1..).zip(said) {
            let folder = peers.path(&format!("bin{number}"));
            fs::create_dir(&folder).unwrap();
            let sudo = format!(
                "#!/bin/sh\n[ \"$1 $2 $3\" = \"-n dmidecode -s\" ] || exit 1\n\
                 case $4 in system-uuid) echo '{uuid}' ;; system-serial-number) echo '{serial}' ;; *) exit 1 ;; esac\n"
            );
            peers.install(&format!("bin{number}/sudo"), &sudo);
            let shell = format!(
                "#!/bin/sh\nPATH={}:/usr/bin:/bin exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n",
                folder.display()
            );
            let shell = peers.install(&format!("shell{number}"), &shell);
            peers.force(number, shell.to_str().unwrap());
        }
        fs::write(peers.path("authorized_keys"), "").unwrap();
        write(&bench.path("secret"), &format!("{SECRET}\n"), 0o600);
        let hall = Self { bench, peers };
        hall.settings("");
        hall
    }

    /// The settings, as they are at the beginning, with these lines.
    pub(super) fn settings(&self, lines: &str) {
        let witness = format!("# rack 1\n[witness]\npeers = 0\ntimeout = \"20s\"\n{}\n", self.peers.ssh());
        self.bench.settings(&witness, &format!("{}{lines}", self.ipmi()));
        write(&self.bench.path("onerescue.toml"), &self.text(), 0o640);
    }

    /// The emulator is quick with this cipher only.
    fn ipmi(&self) -> String {
        format!(
            "[device.bmcs]\ndriver = \"agent\"\nagent = \"fence_ipmilan\"\n\
             params = {{ lanplus = \"1\", cipher = \"3\", username = \"fence\" }}\nsecrets = {{ password = \"{}\" }}\n",
            self.secret()
        )
    }

    pub(super) fn secret(&self) -> String {
        self.bench.path("secret").display().to_string()
    }

    pub(super) fn text(&self) -> String {
        fs::read_to_string(self.bench.path("onerescue.toml")).unwrap()
    }

    /// Scan these; nothing in what is said or written shows the secret.
    pub(super) fn run(&self, places: &[String], more: &[&str]) -> Output {
        let secret = self.secret();
        let places = places.iter().map(String::as_str);
        let words: Vec<_> = ["setup", "hosts", "--secret-file", &secret]
            .into_iter()
            .chain(more.iter().copied())
            .chain(["--scan"])
            .chain(places)
            .collect();
        let output = self.bench.run(&words);
        let all = out(&output) + &err(&output) + &self.bench.log() + &self.text();
        assert!(!all.contains(SECRET), "{all}");
        output
    }

    /// This host cannot be asked any more.
    fn peers_stop(&mut self, number: usize) {
        self.peers.stop(number);
    }

    /// What a scan says that writes.
    #[track_caller]
    pub(super) fn scan(&self, places: &[String]) -> String {
        let output = self.run(places, &["--yes"]);
        assert!(output.status.success(), "{}{}", out(&output), err(&output));
        out(&output)
    }

    /// Why there is no entry.
    #[track_caller]
    pub(super) fn nothing(&self, places: &[String], reasons: &[&str]) {
        let before = self.text();
        let told = self.scan(places);
        for reason in reasons {
            assert!(told.contains(reason), "{reason}: {told}");
        }
        assert!(told.starts_with("proven: 0\n"), "{told}");
        assert!(told.ends_with("no entry follows from this; nothing was changed\n"), "{told}");
        assert_eq!(self.text(), before);
    }
}

fn lab(number: u8, guid: &str) -> Lab {
    Lab::showing(number, guid, None, SECRET)
}

/// The address of the controller in the entry of this host.
pub(super) fn entry<'a>(text: &'a str, name: &str) -> &'a str {
    let entry = text.split("[[host]]").find(|entry| entry.contains(&format!("name = \"{name}\"")));
    entry.unwrap_or_else(|| panic!("{name}: {text}"))
}

#[test]
fn two_controllers_that_were_swapped_are_found_by_what_they_show() {
    let hall = Hall::new([(A, "CZ1001"), (B, "CZ1002")]);
    // In the order of the hosts, and with the other one's identity; one sends its GUID from the last byte to the first.
    let reversed: String =
        A.replace('-', "").as_bytes().rchunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
    let labs = [lab(210, B), lab(211, &reversed)];
    let places: Vec<_> = labs.iter().map(Lab::place).collect();
    let before = hall.text();
    let told = hall.scan(&places);
    for (name, place, uuid) in [("peer1", &places[1], A), ("peer2", &places[0], B)] {
        let (ip, port) = place.split_once(':').unwrap();
        let expected =
            format!("devices = [\"bmcs\"]\n\n[host.params.bmcs]\nip = \"{ip}\"\nipport = \"{port}\"\n");
        assert!(entry(&hall.text(), name).contains(&expected), "{}", hall.text());
        let line = format!(
            ": ipmi at {place} shows the UUID {uuid}, which the host says of itself, and is on; fence_ipmilan asks"
        );
        assert!(told.contains(&line), "{line}: {told}");
    }
    assert!(before.lines().all(|line| hall.text().lines().any(|other| other == line)), "{}", hall.text());
    assert!(told.contains("+[[host]]\n") && told.contains("onerescue check\n"), "{told}");
    assert!(hall.bench.log().contains("was changed from a scan, by alice (as "), "{}", hall.bench.log());
    assert_eq!(fs::metadata(hall.bench.path("onerescue.toml")).unwrap().mode() & 0o777, 0o640);
    assert!(labs.iter().all(Lab::machine_runs) && labs.iter().all(|lab| lab.orders() == 0));
    // Once more: nothing is new.
    assert!(hall.scan(&places).ends_with("nothing is to do\n"));
}

/// Each controller has a password of its own, and the device has it by the name of the host.
#[test]
fn each_controller_may_have_a_secret_of_its_own() {
    let hall = Hall::new([(A, ""), (B, "")]);
    let file = |name: &str| hall.bench.path(name).display().to_string();
    hall.settings(&format!(
        "[device.own]\ndriver = \"agent\"\nagent = \"fence_ipmilan\"\n\
         params = {{ lanplus = \"1\", cipher = \"3\", username = \"fence\" }}\nsecrets = {{ password = \"{}\" }}\n",
        file("bmc-{host}")
    ));
    let labs = [Lab::showing(226, A, None, "first-s3cr3t"), Lab::showing(227, B, None, "second-s3cr3t")];
    for (name, password) in [("bmc-peer1", "first-s3cr3t"), ("bmc-peer2", "second-s3cr3t")] {
        write(&hall.bench.path(name), &format!("{password}\n"), 0o600);
    }
    let files =
        [format!("127.0.10.226={}", file("bmc-peer1")), format!("127.0.10.227:*={}", file("bmc-peer2"))];
    let places: Vec<_> = labs.iter().map(Lab::place).collect();
    // Nobody is asked where one has no secret.
    let words = ["setup", "hosts", "--secret-file", &files[0], "--scan", &places[0], &places[1]];
    let output = hall.bench.run(&words);
    let why = format!("nothing was scanned: no --secret-file is for {}", places[1]);
    assert!(err(&output).contains(&why), "{}", err(&output));
    let more = ["--secret-file", &files[0], "--secret-file", &files[1], "--yes"];
    let output = hall.run(&places, &more);
    assert!(out(&output).starts_with("proven: 2\n"), "{}{}", out(&output), err(&output));
    for (name, place) in [("peer1", &places[0]), ("peer2", &places[1])] {
        let (ip, port) = place.split_once(':').unwrap();
        let own = format!("devices = [\"own\"]\n\n[host.params.own]\nip = \"{ip}\"\nipport = \"{port}\"\n");
        assert!(entry(&hall.text(), name).contains(&own), "{}", hall.text());
    }
}

#[test]
fn without_an_exact_match_there_is_no_entry() {
    let hall = Hall::new([(A, ""), (B, "")]);
    let (one, other, dark) = (lab(212, A), lab(213, A), lab(214, B));
    dark.kill_machine();
    let twice = format!(
        "peer1 (host 0) is shown more than once: ipmi at {} and ipmi at {}\n",
        one.place(),
        other.place()
    );
    let off = format!(
        "peer2 (host 1): ipmi at {} shows its identity, but it says OFF while oned hears the host",
        dark.place()
    );
    hall.nothing(&[one.place(), other.place(), dark.place()], &[&twice, &off]);
    let stranger = lab(215, &A.replace('8', "9"));
    let shows = format!("ipmi at {}: it shows {}, and no host says", stranger.place(), A.replace('8', "9"));
    hall.nothing(&[stranger.place()], &[&shows, "peer1, peer2: no controller that was asked shows it\n"]);
    assert!([one, other, dark, stranger].iter().all(|lab| lab.orders() == 0));
}

#[test]
fn a_host_that_is_off_may_be_off_at_its_controller() {
    let mut hall = Hall::of(
        &CLOUD.replace("hosts =", "before = [\"dies peer2 power_loss\"]\nhosts ="),
        [(A, ""), (B, "")],
    );
    let attribute = format!("HA_UUID=\"{B}\"");
    hall.bench.oned("one.host.update", vec![Value::Int(1), Value::Text(attribute), Value::Int(1)]);
    hall.peers_stop(2);
    let dark = lab(216, B);
    dark.kill_machine();
    let told = hall.scan(&[dark.place()]);
    assert!(told.contains("peer2 (host 1): ipmi at ") && told.contains(" and is off; "), "{told}");
    assert!(hall.bench.cloud.lock().unwrap().host_xml(HostId(1)).unwrap().contains("HA_UUID"));
}

#[test]
fn turned_bytes_count_where_the_machine_says_on_and_its_host_is_monitored() {
    let hall = Hall::new([(A, ""), (B, "")]);
    let lab = lab(217, A_TURNED);
    let told = hall.scan(&[lab.place()]);
    assert!(
        told.contains(&format!("shows the UUID {A_TURNED}, its own with turned bytes, which the host says")),
        "{told}"
    );
    hall.settings("");
    hall.bench.oned("one.host.status", vec![Value::Int(0), Value::Int(1)]);
    hall.nothing(
        &[lab.place()],
        &["with turned bytes, which counts where it says ON while the host is MONITORED"],
    );
}

#[test]
fn a_serial_number_is_enough_where_there_is_no_uuid() {
    let hall = Hall::new([("Not Settable", "7XK2M03"), (B, "Default string")]);
    let lab = Lab::showing(218, "00000000000000000000000000000000", Some("7XK2M03"), SECRET);
    let told = hall.scan(&[lab.place()]);
    assert!(told.contains("shows the serial number 7XK2M03, which the host says"), "{told}");
    assert!(entry(&hall.text(), "peer1").contains("devices = [\"bmcs\"]"));
    let hall = Hall::new([("Not Settable", "Default string"), (B, "Default string")]);
    let lab = Lab::showing(219, "00000000000000000000000000000000", Some("Default string"), SECRET);
    hall.nothing(
        &[lab.place()],
        &[
            ": it does not say which machine it is\n",
            "peer1: which machine it is is not known: it has neither a UUID nor a serial number",
        ],
    );
}

#[test]
fn who_cannot_be_asked_is_named_with_the_reason() {
    let mut hall = Hall::new([(A, ""), (B, "")]);
    let (good, bad) = (lab(220, B), Lab::showing(221, A, None, "another-one"));
    // Something that takes a connection and says nothing, and nobody at all.
    let (mute, mute_too) = (TcpListener::bind("127.0.10.222:0").unwrap(), "127.0.10.222");
    let port = mute.local_addr().unwrap().port();
    let _udp = UdpSocket::bind((mute_too, port)).unwrap();
    let (mute, nobody) = (format!("{mute_too}:{port}"), "127.0.10.223:9".to_owned());
    hall.peers_stop(2);
    let begun = Instant::now();
    let told = [good.place(), bad.place(), mute.clone(), nobody.clone()];
    hall.nothing(
        &told,
        &[
            &format!("ipmi at {}: it shows {B}, and no host says that this is its own\n", good.place()),
            &format!(
                "{}: IPMI: exit code 1: Error: Unable to establish IPMI v2 / RMCP+ session\n",
                bad.place()
            ),
            &format!("{mute}: it is no Redfish service, no answer in time; and no IPMI controller answers\n"),
            &format!("{nobody}: no answer: Connection refused"),
            "peer2: which machine it is is not known: exit code 255: ssh: connect to host 127.0.",
        ],
    );
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn what_was_proven_is_a_list_for_whoever_may_write_the_file() {
    let hall = Hall::new([(A, ""), (B, "")]);
    let lab = lab(224, A);
    let file = hall.bench.path("bmcs");
    fs::write(&file, format!("# rack 1\n{}\n", lab.place())).unwrap();
    let before = hall.text();
    let output = hall.run(&[file.display().to_string()], &["--list"]);
    assert!(output.status.success() && err(&output).contains("\nproven: 1\n"), "{}", err(&output));
    assert_eq!(hall.text(), before);
    let list = hall.bench.path("list.csv");
    fs::write(&list, out(&output)).unwrap();
    let written = hall.bench.run(&["setup", "hosts", "--yes", "--from", list.to_str().unwrap()]);
    assert!(written.status.success(), "{}", err(&written));
    assert!(entry(&hall.text(), "peer1").contains("devices = [\"bmcs\"]\n"), "{}", hall.text());
}

#[test]
fn a_pattern_that_gives_the_same_is_left_alone_and_one_that_differs_is_named() {
    let hall = Hall::new([(A, ""), (B, "")]);
    let lab = lab(225, A);
    let place = lab.place();
    let (ip, port) = place.split_once(':').unwrap();
    let pattern = |port: &str| {
        format!("[[host]]\nnames = \"peer*\"\ndevices = [\"bmcs\"]\n[host.params.bmcs]\nip = \"127.0.10.{{id+225}}\"\nipport = \"{port}\"\n")
            .replace("{id+225}", &format!("{{n+{}}}", ip.rsplit('.').next().unwrap().parse::<u32>().unwrap() - 1))
    };
    hall.settings(&pattern(port));
    let before = hall.text();
    let told = hall.scan(std::slice::from_ref(&place));
    assert!(
        told.contains("peer1 (host 0): [[host]] names = \"peer*\" (line ")
            && told.contains(" gives it exactly this, so nothing is written\n"),
        "{told}"
    );
    assert!(told.ends_with("nothing is to do\n"), "{told}");
    assert_eq!(hall.text(), before);
    hall.settings(&pattern("9"));
    let told = hall.scan(std::slice::from_ref(&place));
    assert!(
        told.contains("peer1 (host 0): its own entry wins over [[host]] names = \"peer*\" (line "),
        "{told}"
    );
    assert!(told.contains("which gave it bmcs: fence_ipmilan cipher=3 ip=127.0.10.225 ipport=9 "), "{told}");
    assert!(entry(&hall.text(), "peer1").contains(&format!("ipport = \"{port}\"")), "{}", hall.text());
}

#[test]
fn nobody_is_asked_with_what_cannot_be_used() {
    let hall = Hall::new([(A, ""), (B, "")]);
    let refused = |words: &[&str], why: &str| {
        let output = hall.bench.run(&[&["setup", "hosts"], words].concat());
        let told = err(&output);
        assert!(output.status.code() == Some(2) && told.contains(why), "{words:?}: {told}");
    };
    let secret = hall.secret();
    let with = |words: &[&'static str]| [&["--secret-file", secret.as_str(), "--scan"], words].concat();
    refused(&with(&["10.8.0.0/16"]), "nothing was scanned: 10.8.0.0/16: it has more than 1024 addresses");
    refused(&with(&["/nowhere/bmcs"]), "nothing was scanned: /nowhere/bmcs cannot be read");
    refused(&with(&["root:pw@10.8.0.1"]), "what has an @ is no address");
    refused(&["--scan", "10.8.0.1"], "--secret-file");
    refused(
        &["--secret-file", "hunter2", "--scan", "10.8.0.1"],
        "it is not shown because it may be the secret itself",
    );
    let open = hall.bench.path("open").display().to_string();
    write(&hall.bench.path("open"), "pw\n", 0o644);
    refused(&["--secret-file", &open, "--scan", "10.8.0.1"], "--user is needed");
    refused(&["--user", "x", "--secret-file", &open, "--scan", "10.8.0.1"], "group or others may use it");
}
