//! Does the audit see each rule that is broken? A lawful run is told word by word, then with one thing wrong.

use super::rehearsal::{incident, judged, zone};
use super::*;
use onerescue::model::{Epoch, Incident, Progress};
use onerescue::sim::{Event, Scenario};
use onerescue::wire::record::Record;

pub(super) const BEFORE_OFF: &str = "outlook, ask 1 2, note fencing, look";
const PROOF: &str = "power bmc, power bmc, power bmc, ask 1 2";
pub(super) const MOVE: &str = "survey, power bmc, order";

/// Witnesses are asked, and there are none but peers.
pub(super) const PEERS: &str = "settings = \"[witness]\\npeers = 2\"";

fn asking(death: &str, more: &str) -> Scenario {
    zone(death, &format!("{PEERS}\n{more}"))
}

pub(super) fn lawful() -> String {
    format!("{BEFORE_OFF}, off bmc, {PROOF}, {MOVE}")
}

/// Exactly these rules are broken, each known by a part of its text.
pub(super) fn expect(what: &str, scenario: &mut Scenario, script: &str, texts: &[&str]) {
    let broken = judged(scenario, script);
    let known =
        broken.len() == texts.len() && texts.iter().zip(&broken).all(|(text, rule)| rule.contains(text));
    assert!(known, "{what}: {script}\nexpected {texts:?}\n{broken:#?}");
}

#[test]
fn a_lawful_run_breaks_nothing() {
    expect("lawful", &mut asking("dies node0 hang", ""), &lawful(), &[]);
    let already_off = format!("outlook, look, {PROOF}, {MOVE}");
    expect("off already", &mut asking("dies node0 power_loss", ""), &already_off, &[]);
}

#[test]
fn no_off_against_witnesses() {
    let off = format!("{BEFORE_OFF}, off bmc");
    expect(
        "alive",
        &mut asking("dies node0 front_end_cut", ""),
        &off,
        &["1 witnesses said alive"].map(|_| "witnesses said alive"),
    );
    let liar = "witnesses = { node1 = \"lies_alive\" }";
    expect(
        "a liar is not known as one",
        &mut asking("dies node0 hang", liar),
        &off,
        &["1 witnesses said alive"],
    );
    let two = "settings = \"[witness]\\npeers = 2\\nalive = 2\"\nwitnesses = { node1 = \"lies_alive\" }";
    expect("one is not enough", &mut zone("dies node0 hang", two), &off, &[]);
    let asked_again = "outlook, ask 1 2, outlook, ask 2 3, note fencing, look, off bmc";
    expect("the last asking counts", &mut asking("dies node0 hang", liar), asked_again, &[]);
    let not_asked = "outlook, note fencing, look, off bmc";
    expect("nobody asked", &mut asking("dies node0 hang", ""), not_asked, &["nobody was asked"]);
    expect("nobody to ask", &mut zone("dies node0 hang", ""), not_asked, &[]);
    let needed = "settings = \"[witness]\\npeers = 2\\ndead = 2\"\nwitnesses = { node1 = \"silent\" }";
    expect("too few say dead", &mut zone("dies node0 hang", needed), &off, &["1 witnesses of 2"]);
}

#[test]
fn no_off_before_it_is_written_down() {
    let off = "outlook, ask 1 2, note open, look, off bmc";
    expect("open only", &mut asking("dies node0 hang", ""), off, &["S5"]);
    let mut refused = asking("dies node0 hang", "");
    let fault = Fault::Refused { code: 512, text: "no".to_owned() };
    refused.world.transport().add_fault(FaultRule::once("one.document.allocate", fault));
    expect("refused", &mut refused, &format!("{BEFORE_OFF}, off bmc"), &["S5"]);
    let mut earlier = asking("dies node0 hang", "");
    earlier.world.transport().cloud().add_record(&record(0, Progress::Fencing, |_| {}));
    expect("by an earlier run", &mut earlier, off, &[]);
}

fn record(host: u32, progress: Progress, change: impl Fn(&mut Incident)) -> Record {
    let mut incident = incident(host, progress, Epoch(onerescue::sim::EPOCH + 100));
    change(&mut incident);
    Record::Incident(Box::new(incident))
}

/// Each of these stands in the last outlook.
#[test]
fn no_off_that_the_outlook_forbids() {
    let off = format!("{BEFORE_OFF}, off bmc");
    let case = |what: &str, rule: &str, prepare: &dyn Fn(&mut Cloud)| {
        let mut scenario = asking("dies node0 hang", "gateways = [\"10.0.0.1\"]");
        prepare(&mut scenario.world.transport().cloud());
        expect(what, &mut scenario, &off, &[rule]);
    };
    case("zone disarmed", "disarmed", &|cloud| cloud.disarm(None));
    case("cluster disarmed", "disarmed", &|cloud| cloud.disarm(Some(onerescue::model::ClusterId(0))));
    case("no gateway", "no gateway", &|cloud| cloud.gateway_silent("10.0.0.1"));
    case("oned is young", "just started", &|cloud| cloud.set_oned_runs_for(seconds(200)));
    case("cluster", "HA = NO", &|cloud| {
        cloud.set_cluster_attribute(onerescue::model::ClusterId(0), "HA", "no");
    });
    case("flaps", "failed 3 times", &|cloud| {
        let events = |incident: &mut Incident| incident.events.extend([incident.opened.plus(seconds(9))]);
        cloud.add_record(&record(0, Progress::Closed, events));
        cloud.add_record(&record(0, Progress::Fencing, |incident| {
            incident.events[0] = Epoch(onerescue::sim::EPOCH);
        }));
    });
    case("window", "3 other hosts were fenced in 900 s", &|cloud| {
        for host in 1..4 {
            cloud.add_record(&record(host, Progress::Closed, |incident| {
                incident.fenced = Some(incident.opened);
            }));
        }
    });
}

#[test]
fn what_an_outlook_does_not_forbid() {
    let off = format!("{BEFORE_OFF}, off bmc");
    let mut elsewhere = zone("dies node0 hang", &format!("clusters = [\"other\"]\n{PEERS}"));
    elsewhere.world.transport().cloud().disarm(Some(onerescue::model::ClusterId(100)));
    expect("another cluster is disarmed", &mut elsewhere, &off, &[]);
    let mut old = asking("dies node0 hang", "");
    for host in 1..4 {
        let fenced = |incident: &mut Incident| incident.fenced = Some(Epoch(onerescue::sim::EPOCH - 7200));
        old.world.transport().cloud().add_record(&record(host, Progress::Closed, fenced));
    }
    expect("fenced long ago", &mut old, &off, &[]);
}

#[test]
fn no_off_in_a_storm_that_nobody_has_ended() {
    let off = "outlook, ask 3, note fencing, look, off bmc";
    let storm = |fenced: &[u32]| {
        let mut scenario = asking("dies node0 hang", "");
        for host in [1, 2] {
            scenario.world.transport().cloud().host_dies(HostId(host), Death::PowerLoss);
        }
        onerescue::world::World::wait(&mut scenario.world, seconds(300));
        for host in fenced {
            scenario.world.transport().cloud().recorded(HostId(*host), Progress::Off, seconds(10));
        }
        scenario
    };
    let rules = ["3 of 4 hosts fail in the zone", "3 of 4 hosts fail in its cluster"];
    expect("three of four", &mut storm(&[]), off, &rules);
    expect("one of them is fenced", &mut storm(&[2]), off, &[]);
}

#[test]
fn no_off_from_a_follower_that_must_lead() {
    let settings = |server: u32, leader: &str| {
        format!("front_ends = 3\nfront_end = {server}\nsettings = \"[observer]\\nleader = {leader}\"")
    };
    for (server, leader, rules) in
        [(0, "true", vec![]), (2, "true", vec!["does not lead"]), (2, "false", vec![])]
    {
        let mut scenario = zone("dies node0 hang", &settings(server, leader));
        expect(leader, &mut scenario, "outlook, note fencing, look, off bmc", &rules);
    }
}

#[test]
fn no_off_again_without_a_device_that_said_on() {
    let again = |between: &str| format!("{}, wait 60, {between}, outlook, ask 1 2, look, off bmc", lawful());
    let mut scenario = asking("dies node0 hang", "");
    expect("nothing said on", &mut scenario, &again("power bmc"), &["S2"]);
    let mut scenario = asking("dies node0 network_cut", "");
    let at = scenario.world.transport().cloud().now() + seconds(30);
    scenario.world.schedule(at, Event::PowerOn(HostId(0)));
    expect("a device said on", &mut scenario, &again("on bmc"), &[]);
    let mut scenario = asking("dies node0 hang", "");
    let at = scenario.world.transport().cloud().now() + seconds(30);
    scenario.world.schedule(at, Event::PowerOn(HostId(0)));
    let rules = ["was read as MONITORED", "witnesses said alive"];
    expect("it is back", &mut scenario, &again("on bmc"), &rules);
}

#[test]
fn a_device_is_not_reached_from_a_host_that_fails() {
    let pdu = "devices = [{ name = \"bmc\", route = \"peer\" }]";
    for (via, rules) in [("0", vec!["that host itself"]), ("3", vec![]), ("1", vec!["which fails as well"])] {
        let mut scenario = zone("dies node0 hang", pdu);
        scenario.world.transport().cloud().monitoring_fails(HostId(1), "some text");
        let script = format!("outlook, note fencing, look, off bmc {via}");
        expect(via, &mut scenario, &script, &rules);
    }
}
