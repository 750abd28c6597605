//! A small zone whose node0 has just died, and a run told word by word instead of by the policy.

use onerescue::model::{ClusterId, DeviceName, Epoch, HostId, Incident, Peer, PowerState, Progress, VmId};
use onerescue::policy::{MigrationType, Order, Policy, Proof, Purpose};
use onerescue::run;
use onerescue::sim::{Scenario, SimWorld, audit_deeds};
use onerescue::world::World as _;
use std::fmt::Write as _;
use std::time::Duration;

/// Hosts node0 to node3 with `web` on node0, which dies like this; `more` goes on top of the file.
pub(crate) fn zone(death: &str, more: &str) -> Scenario {
    let mut file =
        format!("title = \"t\"\ncall = \"-m -p 0\"\nhost = \"node0\"\nbefore = [\"{death}\"]\n{more}\n");
    for number in 0..4 {
        let _ = writeln!(file, "[[hosts]]\nname = \"node{number}\"");
    }
    file.push_str("[[vms]]\nname = \"web\"\nhost = \"node0\"\nimage_datastore = \"default\"\n");
    Scenario::parse(&file).unwrap()
}

pub(crate) fn peer(number: u32) -> Peer {
    Peer { id: HostId(number), name: format!("node{number}") }
}

/// The failure of a host, as a run writes it down.
pub(crate) fn incident(host: u32, progress: Progress, at: Epoch) -> Incident {
    Incident {
        host: HostId(host),
        name: format!("node{host}"),
        cluster: ClusterId(0),
        owner: "front-end".to_owned(),
        opened: at,
        updated: at,
        progress,
        events: vec![at],
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

/// Only the policy makes one; it is about host 0.
pub(crate) fn proof() -> Proof {
    let Scenario { mut world, subject, policy, .. } = zone("dies node0 power_loss", "");
    run(&mut world, subject, Policy { purpose: Purpose::Fence, ..policy }).proof.unwrap()
}

/// Do these one after the other: `outlook`, `ask 1 2` (peers), `look`, `note fencing`, `off DEVICE [PEER]`,
/// `power DEVICE [PEER]`, `survey`, `order`, `wait SECONDS`. Each `power` that says on is a failure of the test
/// unless it is `on DEVICE`.
pub(crate) fn play(scenario: &mut Scenario, script: &str) {
    let world = &mut scenario.world;
    for line in script.split(',').map(str::trim) {
        let mut words = line.split(' ');
        let verb = words.next().unwrap();
        let words: Vec<&str> = words.collect();
        let numbers: Vec<u32> = words.iter().filter_map(|word| word.parse().ok()).collect();
        let device = DeviceName((*words.first().unwrap_or(&"")).to_owned());
        let via = numbers.first().map(|number| peer(*number));
        match verb {
            "outlook" => drop(world.outlook().unwrap()),
            "look" => drop(world.host(HostId(0)).unwrap()),
            "ask" => drop(world.witnesses(HostId(0), &numbers.iter().map(|n| peer(*n)).collect::<Vec<_>>())),
            "note" => note(world, words[0]),
            "off" => drop(world.tell_off(HostId(0), &device, via.as_ref())),
            "power" => {
                assert_eq!(world.power_state(HostId(0), &device, via.as_ref()), PowerState::Off, "{line}");
            }
            "on" => assert_eq!(world.power_state(HostId(0), &device, via.as_ref()), PowerState::On, "{line}"),
            "survey" => drop(world.survey(HostId(0), &[]).unwrap()),
            "order" => order(world),
            "wait" => world.wait(Duration::from_secs(numbers[0].into())),
            other => panic!("{other}"),
        }
    }
}

fn note(world: &mut SimWorld, how: &str) {
    let memory = world.memory().unwrap();
    let progress = match how {
        "open" => Progress::Open,
        "fencing" | "used" => Progress::Fencing,
        other => panic!("{other}"),
    };
    let old = memory.incidents.into_iter().rev().find(|(_, old)| old.host == HostId(0));
    let (document, mut incident) = match old {
        Some((document, old)) => (Some(document), old),
        None => (None, incident(0, progress, memory.now)),
    };
    incident.progress = progress;
    if how == "used" {
        incident.confirmation = memory.confirmations.last().cloned();
    }
    drop(world.record(document, &incident));
}

fn order(world: &mut SimWorld) {
    let order = Order::Migrate { vm: VmId(0), to: HostId(1), kind: MigrationType::Save };
    drop(world.act(&proof(), &[order]));
}

/// Play a script in a new zone; what the audit says of it.
pub(crate) fn judged(scenario: &mut Scenario, script: &str) -> Vec<String> {
    scenario.world.begin_again();
    play(scenario, script);
    audit_deeds(&scenario.world, &scenario.policy, HostId(0))
}
