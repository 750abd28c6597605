//! A lock, or an unlock, that lands late while two front-ends take over the same incident: who wins, and nothing happens
//! twice.

use crate::turns::{Turn, take_turns, trails};
use onerescue::policy::Outcome;
use onerescue::run_steps;
use onerescue::sim::{Fault, FaultRule, Scenario, Seen, SimTransport, SimWorld};
use onerescue::wire::record;
use onerescue::world::Zone;
use onerescue::world::oned::{Credentials, Oned, Patience, Session};
use std::fmt::Write as _;
use std::time::Duration;

const STORY: &str = include_str!("race.toml");

/// Steps after which the first run is killed: it has locked its record and has not fenced yet.
const KILLED: usize = 8;

/// Longer than a lease and what clocks may differ by.
const LEASE_OVER: Duration = Duration::from_secs(800);

/// Which call is late: of the first or the second that takes over.
const LATE: [(&str, u32); 4] = [
    ("one.document.lock", 0),
    ("one.document.lock", 1),
    ("one.document.unlock", 0),
    ("one.document.unlock", 1),
];

/// A second front-end, with its own files and the same devices.
fn elsewhere(transport: &SimTransport, like: &SimWorld, scenario: &Scenario, name: &str) -> SimWorld {
    let endpoint = "http://localhost:2633/RPC2".to_owned();
    let credentials = Credentials { endpoint, session: Session::new("oneadmin:password".to_owned()) };
    let oned = Oned::new(transport.clone(), credentials, Patience::default());
    let mut world = SimWorld::new(transport.clone(), Zone::new(oned, record::TYPE));
    let host = scenario.subject.host;
    world.set_devices(host, like.devices(host).to_vec());
    world.begin_elsewhere(name);
    world
}

/// How it ends for both if this call is executed so much late and the second begins so much later; and what is wrong.
fn race((method, skip): (&str, u32), delay: Duration, later: Duration) -> (String, Vec<String>) {
    let mut scenario = Scenario::parse(STORY).unwrap();
    let killed = run_steps(&mut scenario.world, scenario.subject.clone(), scenario.policy.clone(), KILLED);
    assert!(killed.is_none(), "it ended before it was killed");
    scenario.world.advance(LEASE_OVER);
    let transport = scenario.world.transport().clone();
    transport.add_fault(FaultRule::once(method, Fault::Late(delay)).after(skip));
    let first = elsewhere(&transport, &scenario.world, &scenario, "fe2");
    let second = elsewhere(&transport, &scenario.world, &scenario, "fe3");
    let mut turns = vec![
        Turn::new(first, scenario.subject.clone(), &scenario.policy, Duration::ZERO),
        Turn::new(second, scenario.subject.clone(), &scenario.policy, later),
    ];
    take_turns(&mut turns, &[0, 1]);
    transport.cloud().advance(Duration::from_secs(600));
    let mut broken = Vec::new();
    let ends: Vec<_> = turns.iter().map(|turn| turn.report.as_ref().map(|report| &report.outcome)).collect();
    let recovered = |end: Option<&Outcome>| matches!(end, Some(Outcome::Recovered));
    let began = turns[0].world.began();
    let word = match (recovered(ends[0]), recovered(ends[1])) {
        (true, false) => "the first",
        (false, true) => "the second",
        (true, true) => "both",
        (false, false) => "neither",
    };
    let offs = |turn: &Turn| turn.world.seen().iter().any(|seen| matches!(seen, Seen::Off { .. }));
    if turns.iter().filter(|turn| offs(turn)).count() != 1 {
        broken.push("not one of the two has fenced".to_owned());
    }
    let cloud = transport.cloud();
    let carried =
        cloud.carried_out().iter().filter(|carried| carried.call.starts_with("one.vm.migrate")).count();
    if carried != scenario.vms.len() {
        broken.push(format!("{carried} migrations of {} VMs", scenario.vms.len()));
    }
    for vm in scenario.vms.values() {
        let (host, domains) = (cloud.vm_host(*vm), cloud.domain_hosts(*vm));
        if host == Some(scenario.subject.host) || domains != host.into_iter().collect::<Vec<_>>() {
            broken.push(format!("{vm} is on {host:?} and runs on {domains:?}"));
        }
    }
    if cloud.open_incident(scenario.subject.host).is_some() {
        broken.push("its record is still open".to_owned());
    }
    broken.extend(cloud.breaches().iter().map(ToString::to_string));
    if !matches!(word, "the first" | "the second") {
        broken.push(format!("ended as {ends:?}"));
    }
    drop(cloud);
    if !broken.is_empty() {
        broken.push(trails(&turns));
    }
    let ended = turns.iter().find(|turn| recovered(turn.report.as_ref().map(|report| &report.outcome)));
    let after = ended.map_or(Duration::ZERO, |turn| {
        let took = turn.report.as_ref().map_or(Duration::ZERO, |report| report.took.0);
        (turn.world.began() + took).saturating_sub(began)
    });
    (format!("{word} {} s", after.as_secs()), broken)
}

#[test]
fn a_lock_that_lands_late_has_one_winner() {
    let later = [0, 2, 31, 34].map(Duration::from_secs);
    let mut table = String::from(
        "Who recovers the VMs when two front-ends take over, and how long that takes, by\nwhen the second begins\n\n",
    );
    let _ = write!(table, "{:<40}", "");
    for later in later {
        let _ = write!(table, "{:<18}", format!("+{} s", later.as_secs()));
    }
    table.push('\n');
    let mut wrong = Vec::new();
    for late in LATE {
        for delay in [31, 33, 36, 38, 41, 60, 120].map(Duration::from_secs) {
            let _ = write!(
                table,
                "{:<40}",
                format!("{} {} lands after {} s", late.0, late.1 + 1, delay.as_secs())
            );
            for later in later {
                let (cell, broken) = race(late, delay, later);
                let _ = write!(table, "{cell:<18}");
                wrong.extend(broken.into_iter().map(|why| format!("{late:?} {delay:?} {later:?}: {why}")));
            }
            table.push('\n');
        }
    }
    let table: String = table.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    assert!(wrong.is_empty(), "{}\n{table}", wrong.join("\n"));
    insta::with_settings!({
        snapshot_path => ".",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("race", table) });
}
