//! Plays recorded requests against the simulated cloud and compares each answer with the recorded one:
//! the types in the envelope, the elements of documents with their order and counts, states, ids and texts.
//! Times, random ids and what depends on the lab's disks is left out.

mod compare;

use base64::Engine as _;
use compare::differences;
use onerescue::model::HostId;
use onerescue::sim::{Cloud, Death, HostSpec, PciSpec, Version, VmSpec};
use onerescue::wire::xml::{Element, Limits};
use onerescue::wire::xmlrpc::{Call, Reply, Value};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn corpus(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/recordings").join(part)
}

/// Every exchange of a folder in order: its name, the request, the reply.
fn exchanges(part: &str) -> Vec<(String, Call, Reply)> {
    let mut names: Vec<String> = fs::read_dir(corpus(part))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str().map(str::to_owned))
        .filter_map(|name| name.strip_suffix(".request.xml").map(str::to_owned))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no recordings in {part}");
    let read =
        |name: &str, kind: &str| fs::read_to_string(corpus(part).join(format!("{name}.{kind}.xml"))).unwrap();
    let exchange = |name: String| {
        let call = Call::read(&read(&name, "request"), Limits::REPLY).unwrap();
        let reply = Reply::read(&read(&name, "response"), Limits::REPLY).unwrap();
        (name, call, reply)
    };
    names.into_iter().map(exchange).collect()
}

const HOUR: Duration = Duration::from_secs(3600);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Four hosts as in the lab, two with a GPU; drivers answer at once even for dead hosts, as dummies do.
fn lab(version: Version) -> Cloud {
    let mut cloud = Cloud::new(version);
    cloud.timings.detection = seconds(5);
    cloud.timings.cleanup_stuck = Duration::ZERO;
    cloud.timings.ssh_timeout = Duration::ZERO;
    cloud.timings.vm_report = HOUR;
    cloud.timings.scheduler = HOUR;
    for number in 0..4 {
        let mut host = HostSpec::new(&format!("node{number}"));
        if number % 2 == 0 {
            host.pci.push(PciSpec::gpu("07:00.0"));
        }
        cloud.add_host(host);
    }
    cloud
}

/// What happened in the lab before the exchange of this number.
fn meanwhile(cloud: &mut Cloud, version: Version, number: &str) {
    match number {
        "29" | "32" | "54" | "67" | "68" | "70" => cloud.advance(seconds(3)),
        "48" => {
            cloud.host_dies(HostId(0), Death::PowerLoss);
            cloud.advance(seconds(10));
        }
        // The scheduler of 7.5 was quick enough to move `app`, the one of 6.10 was not.
        "63" if version == Version::V7_5 => cloud.timings.scheduler = seconds(1),
        "65" if version == Version::V7_5 => {
            cloud.timings.scheduler = HOUR;
            cloud.advance(seconds(5));
        }
        // 7.5 answered before the life-cycle manager had begun, 6.10 after.
        "66" if version == Version::V6_10 => cloud.advance(Duration::from_millis(25)),
        "87" => {
            cloud.host_returns(HostId(0));
            cloud.advance(seconds(31));
        }
        // The scheduler of 6.10 is a client of the API and says there why it did nothing.
        "93" if version == Version::V6_10 => {
            for vm in [1, 2] {
                write(
                    cloud,
                    "one.vm.update",
                    vec![Value::Int(vm), text("SCHED_MESSAGE=\"x\""), Value::Int(1)],
                );
            }
        }
        _ => {}
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn write(cloud: &mut Cloud, method: &str, params: Vec<Value>) {
    let params = [vec![text("oneadmin:password")], params].concat();
    let call = Call { method: method.to_owned(), params };
    let reply = cloud.call(0, &call);
    let done = matches!(&reply, Reply::Value(Value::Array(values)) if values[0] == Value::Bool(true));
    assert!(done, "{reply:?}");
}

fn play(part: &str, version: Version) {
    let mut cloud = lab(version);
    let mut wrong = Vec::new();
    for (name, call, recorded) in exchanges(part) {
        meanwhile(&mut cloud, version, &name[..2]);
        let ours = cloud.call(0, &call);
        let mut found = differences(&ours, &recorded);
        if call.method == "one.system.version" {
            found.clear();
        }
        wrong.extend(found.iter().map(|difference| format!("{part}/{name}: {difference}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_play_on_7_5() {
    play("7.5", Version::V7_5);
}

#[test]
fn the_play_on_6_10() {
    play("6.10", Version::V6_10);
}

#[test]
fn three_front_ends_and_a_dead_leader() {
    let mut cloud = Cloud::new(Version::V7_5);
    cloud.set_front_ends(3);
    let mut wrong = Vec::new();
    for (name, call, recorded) in exchanges("raft") {
        match &name[..2] {
            "05" => {
                prepare_document(&mut cloud);
                cloud.server_dies(0);
            }
            "06" => cloud.advance(seconds(3)),
            "07" => cloud.advance(seconds(10)),
            _ => cloud.advance(seconds(1)),
        }
        let server = match &name[..2] {
            "00" | "01" => 0,
            _ => 1,
        };
        let ours = cloud.call(server, &call);
        let found = differences(&ours, &recorded);
        wrong.extend(found.iter().map(|difference| format!("raft/{name}: {difference}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cloud.leader(), Some(1));
}

/// The recorded document was locked and written fifty times before the leader died.
fn prepare_document(cloud: &mut Cloud) {
    write(cloud, "one.document.lock", vec![Value::Int(0), Value::Int(3), Value::Bool(true)]);
    write(cloud, "one.document.update", vec![Value::Int(0), text("BODY=\"49\""), Value::Int(1)]);
}

/// The document in a file of the hook folder.
fn hook_document(file: &str) -> Element {
    let argument = fs::read_to_string(corpus("hook").join(file)).unwrap();
    let word = argument.split_whitespace().next().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(word).unwrap();
    Element::parse(&String::from_utf8(bytes).unwrap(), Limits::HOOK).unwrap()
}

#[test]
fn what_a_hook_is_handed() {
    let mut cloud = lab(Version::V7_5);
    let host = HostId(2);
    let vms: Vec<_> = (0..11).map(|_| cloud.add_vm(VmSpec::new("vm", HostId(3)))).collect();
    cloud.host_dies(HostId(3), Death::PowerLoss);
    cloud.host_dies(host, Death::PowerLoss);
    cloud.advance(seconds(10));
    let mut found = Vec::new();
    for (ours, file) in
        [(cloud.host_xml(host), "host-error.argv"), (cloud.vm_xml(vms[1]), "vm-unknown.stdin")]
    {
        let ours = Element::parse(&ours.unwrap(), Limits::HOOK).unwrap();
        let recorded = hook_document(file);
        for name in ["STATE", "PREV_STATE", "LCM_STATE", "PREV_LCM_STATE"] {
            assert_eq!(ours.text_of(name), recorded.text_of(name), "{file} {name}");
        }
        let names =
            |element: &Element| element.children.iter().map(|child| child.name.clone()).collect::<Vec<_>>();
        if names(&ours) != names(&recorded) {
            found.push(format!("{file}: {:?}, recorded {:?}", names(&ours), names(&recorded)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
