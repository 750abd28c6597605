//! What the front-end sees of itself, what people write into documents, and what scenario files say of both.

use super::rehearsal::{incident, zone};
use super::*;
use onerescue::model::{ClusterId, Epoch, Progress, RaftState};
use onerescue::sim::{Event, Scenario, Seen};
use onerescue::world::World as _;

fn now(scenario: &Scenario) -> Duration {
    scenario.world.transport().cloud().now()
}

#[test]
fn an_outlook_shows_where_the_front_end_stands() {
    let more = "gateways = [\"10.0.0.2\"]\nchance = 3\noned_runs_for = \"2m\"\n\
        settings = \"[observer]\\ngateways = ['10.0.0.1']\"";
    let mut scenario = zone("dies node0 power_loss", more);
    let look = |scenario: &mut Scenario| scenario.world.outlook().unwrap();
    let outlook = look(&mut scenario);
    let gateways = |first: bool| vec![("10.0.0.1".to_owned(), first), ("10.0.0.2".to_owned(), true)];
    assert_eq!(outlook.observer.gateways, gateways(true));
    assert_eq!((outlook.chance, outlook.observer.raft), (3, Ok(RaftState::Solo)));
    assert!(outlook.observer.oned_runs_for.unwrap() < seconds(121));
    let start = now(&scenario);
    scenario.world.schedule(start + seconds(10), Event::GatewaySilent("10.0.0.1".to_owned()));
    scenario.world.schedule(start + seconds(10), Event::OnedRestarted);
    scenario.world.wait(seconds(40));
    let outlook = look(&mut scenario);
    assert_eq!(outlook.observer.gateways, gateways(false));
    assert_eq!(outlook.observer.oned_runs_for.unwrap().as_secs(), 30);
    let usual = look(&mut zone("dies node0 power_loss", ""));
    assert_eq!((usual.chance, usual.observer.gateways.len()), (7, 0));
    assert!(usual.observer.oned_runs_for.unwrap() > seconds(30 * 24 * 3600));
}

#[test]
fn the_front_end_s_clock_jumps_and_no_other() {
    let mut scenario = zone("dies node0 power_loss", "");
    let before = (scenario.world.memory().unwrap().now, scenario.world.now());
    for (jump, ahead) in [(3600, 3600), (-7200, -3600)] {
        let at = now(&scenario);
        scenario.world.schedule(at, Event::ClockJumps(jump));
        scenario.world.wait(Duration::ZERO);
        assert_eq!(scenario.world.memory().unwrap().now, Epoch(before.0.0 + ahead));
        assert!(scenario.world.now().since(before.1) < seconds(1));
    }
}

#[test]
fn people_disarm_and_arm() {
    let mut scenario = zone("dies node0 power_loss", "");
    let mut after = |event: Event| {
        let at = now(&scenario);
        scenario.world.schedule(at, event);
        scenario.world.wait(Duration::ZERO);
        let disarmed = scenario.world.memory().unwrap().disarmed;
        disarmed.into_iter().map(|entry| entry.cluster).collect::<Vec<_>>()
    };
    let cluster = Some(ClusterId(0));
    assert_eq!(after(Event::Disarmed(cluster)), [cluster]);
    assert_eq!(after(Event::Disarmed(None)), [cluster, None]);
    assert_eq!(after(Event::Disarmed(None)), [cluster, None], "twice is once");
    assert_eq!(after(Event::Armed(cluster)), [None]);
    assert_eq!(after(Event::Armed(cluster)), [None]);
    assert_eq!(after(Event::Armed(None)), []);
}

#[test]
fn a_confirmation_goes_into_the_open_incident_alone() {
    let mut scenario = zone("dies node0 power_loss", "");
    let confirm = |scenario: &mut Scenario| {
        let at = now(scenario);
        scenario.world.schedule(at, Event::ConfirmedOff(HostId(0)));
        scenario.world.wait(Duration::ZERO);
        scenario.world.memory().unwrap()
    };
    assert_eq!(confirm(&mut scenario).incidents, [], "there is nothing to confirm");
    let at = scenario.world.memory().unwrap().now;
    for (host, progress) in [(0, Progress::Closed), (0, Progress::Held), (1, Progress::Held)] {
        scenario.world.record(None, &incident(host, progress, at)).unwrap();
    }
    let memory = confirm(&mut scenario);
    let [word] = memory.confirmations.as_slice() else { panic!("{:?}", memory.confirmations) };
    assert_eq!((word.host, word.incident), (HostId(0), memory.incidents[1].0), "the open one of that host");
    assert_eq!((word.at, word.expires), (memory.now, memory.now.plus(seconds(600))));
}

#[test]
fn a_record_is_damaged_and_the_others_are_not() {
    let mut scenario = zone("dies node0 power_loss", "");
    let at = scenario.world.memory().unwrap().now;
    let first = scenario.world.record(None, &incident(0, Progress::Open, at)).unwrap();
    let second = scenario.world.record(None, &incident(1, Progress::Open, at)).unwrap();
    let mut damage = |host: Option<HostId>| {
        let at = now(&scenario);
        scenario.world.schedule(at, Event::DocumentDamaged(host));
        scenario.world.wait(Duration::ZERO);
        let memory = scenario.world.memory().unwrap();
        let bad = memory.unreadable.iter().map(|(document, _)| *document).collect::<Vec<_>>();
        (memory.incidents.len(), bad)
    };
    assert_eq!(damage(Some(HostId(0))), (1, vec![first]));
    assert_eq!(damage(None), (0, vec![second, first]));
}

#[test]
fn a_cluster_is_taken_out_and_an_incident_is_written_with_its_answer() {
    let mut scenario =
        zone("dies node0 power_loss", "[[event]]\nat = \"1s\"\ndo = \"cluster default HA NO\"\n");
    scenario.world.wait(seconds(1));
    let clusters = scenario.world.outlook().unwrap().clusters;
    assert_eq!(clusters[0].attributes.get("HA").map(String::as_str), Some("NO"));
    let refused = Fault::Refused { code: 512, text: "no".to_owned() };
    scenario.world.transport().add_fault(FaultRule::once("one.document.allocate", refused));
    let plan = incident(0, Progress::Open, Epoch(5));
    assert!(scenario.world.record(None, &plan).is_err());
    let document = scenario.world.record(None, &plan).unwrap();
    assert_eq!(scenario.world.record(Some(document), &plan), Ok(document));
    let written = scenario.world.seen().iter().filter_map(|seen| match seen {
        Seen::Record { document, incident, answer, .. } => {
            Some((*document, **incident == plan, answer.is_ok()))
        }
        _ => None,
    });
    assert_eq!(
        written.collect::<Vec<_>>(),
        [(None, true, false), (None, true, true), (Some(document), true, true)]
    );
}

#[test]
fn devices_are_remembered_as_seen_on_when_a_scenario_says() {
    let devices = "devices = [{ name = \"a\" }, { name = \"b\", seen_on = \"40d\" }, { name = \"c\", seen_on = \"never\" }]";
    let mut scenario = zone("dies node0 power_loss", devices);
    let memory = scenario.world.memory().unwrap();
    let seen: Vec<_> = memory
        .seen_on
        .iter()
        .map(|seen| (seen.device.0.as_str(), memory.now.since(seen.at).as_secs()))
        .collect();
    assert_eq!(seen, [("a", 3600), ("b", 40 * 24 * 3600)]);
}

#[test]
fn words_that_nobody_knows_are_errors() {
    let parse = |more: &str| {
        let file =
            format!("title = \"t\"\ncall = \"-m\"\nhost = \"node0\"\n{more}\n[[hosts]]\nname = \"node0\"\n");
        Scenario::parse(&file).map(drop).map_err(|error| error.chain())
    };
    assert_eq!(parse(""), Ok(()));
    for (more, says) in [
        ("before = [\"dies node0 of_old_age\"]", "of_old_age"),
        ("before = [\"disarmed nowhere\"]", "nowhere"),
        ("before = [\"cluster default HA\"]", "HA"),
        ("before = [\"clock_jumps often\"]", "often"),
        ("before = [\"gateway_silent\"]", "gateway_silent"),
        ("before = [\"confirmed_off node9\"]", "node9"),
        ("consul = \"sleepy\"", "sleepy"),
        ("consul = \"lagging much\"", "much"),
        ("witnesses = { node9 = \"silent\" }", "node9"),
        ("witnesses = { node0 = \"drunk\" }", "drunk"),
        ("devices = [{ name = \"a\", level = 0 }]", "levels begin with 1"),
        ("devices = [{ name = \"a\", scope = \"datastores\" }]", "needs some"),
        ("devices = [{ name = \"a\", datastores = [\"system\"] }]", "scope"),
        ("devices = [{ name = \"a\", scope = \"datastores\", datastores = [\"x\"] }]", "x"),
        ("devices = [{ name = \"a\", seen_on = \"once\" }]", "once"),
        ("devices = [{ name = \"a\", route = \"air\" }]", "air"),
    ] {
        let error = parse(more).unwrap_err();
        assert!(error.contains(says), "{more}: {error}");
    }
}
