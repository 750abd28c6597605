//! What witnesses say of a host, whether or not it is true.

use super::rehearsal::{peer, zone};
use super::*;
use onerescue::model::Opinion;
use onerescue::sim::{Scenario, Seen};
use onerescue::world::World as _;

fn opinions(scenario: &mut Scenario, peers: &[u32]) -> Vec<Opinion> {
    let peers: Vec<_> = peers.iter().map(|number| peer(*number)).collect();
    let heard = scenario.world.witnesses(HostId(0), &peers);
    heard.into_iter().map(|testimony| testimony.opinion).collect()
}

fn now(scenario: &Scenario) -> Duration {
    scenario.world.transport().cloud().now()
}

/// Simulated time since then.
fn passed(scenario: &Scenario, before: Duration) -> Duration {
    now(scenario).saturating_sub(before)
}

#[test]
fn peers_say_what_they_see_of_each_death() {
    for (death, sees) in [
        ("power_loss", Opinion::Dead),
        ("network_cut", Opinion::Dead),
        ("hang", Opinion::Dead),
        ("front_end_cut", Opinion::Alive),
    ] {
        let mut scenario = zone(&format!("dies node0 {death}"), "");
        let before = now(&scenario);
        assert_eq!(opinions(&mut scenario, &[1, 2]), [sees, sees], "{death}");
        assert_eq!(passed(&scenario, before), seconds(1), "both are asked at the same time");
        assert_eq!(host_state(scenario.world.transport(), 0), HostState::Error, "{death}");
        let runs = scenario.world.transport().cloud().domain_hosts(VmId(0));
        assert_eq!(runs.is_empty(), death == "power_loss", "{death}");
        let [Seen::Witness { peer: Some(HostId(1)), really_alive, testimony, .. }, _] = scenario.world.seen()
        else {
            panic!("{:?}", scenario.world.seen())
        };
        assert_eq!(*really_alive, sees == Opinion::Alive, "{death}");
        assert_eq!(testimony.witness, "node1 (host 1)");
    }
}

#[test]
fn a_host_that_only_the_front_end_does_not_reach_comes_back_with_its_vms() {
    let scenario = zone("dies node0 front_end_cut", "");
    let cloud = scenario.world.transport();
    cloud.pause(seconds(30));
    assert_eq!(state(cloud, 0), "UNKNOWN");
    cloud.cloud().host_returns(HostId(0));
    cloud.pause(seconds(120));
    assert_eq!((host_state(cloud, 0), state(cloud, 0)), (HostState::Monitored, "RUNNING".to_owned()));
}

#[test]
fn witnesses_lie_or_are_silent_as_a_scenario_says() {
    let lies = "witnesses = { node1 = \"lies_alive\", node2 = \"lies_dead\", node3 = \"silent\" }";
    for (death, honest) in [("power_loss", Opinion::Dead), ("front_end_cut", Opinion::Alive)] {
        let mut scenario = zone(&format!("dies node0 {death}"), lies);
        assert_eq!(opinions(&mut scenario, &[1, 2]), [Opinion::Alive, Opinion::Dead]);
        let before = now(&scenario);
        assert_eq!(opinions(&mut scenario, &[1, 2, 3]), [Opinion::Alive, Opinion::Dead, Opinion::None]);
        assert_eq!(passed(&scenario, before), seconds(20), "silence costs the time-out");
        let mut honest_ones = zone(&format!("dies node0 {death}"), "");
        assert_eq!(opinions(&mut honest_ones, &[1]), [honest]);
        honest_ones.world.transport().cloud().host_dies(HostId(1), Death::PowerLoss);
        honest_ones.world.transport().cloud().host_dies(HostId(2), Death::FrontEndCut);
        assert_eq!(opinions(&mut honest_ones, &[1, 2, 3]), [Opinion::None, Opinion::None, honest]);
    }
}

#[test]
fn the_time_out_is_that_of_the_settings() {
    let settings =
        "witnesses = { node1 = \"silent\" }\nsettings = \"[witness]\\npeers = 1\\ntimeout = '5s'\"";
    let mut scenario = zone("dies node0 power_loss", settings);
    let before = now(&scenario);
    opinions(&mut scenario, &[1]);
    assert_eq!(passed(&scenario, before), seconds(5));
}

#[test]
fn consul_speaks_in_every_way_it_was_seen_to() {
    for (words, dead, alive) in [
        ("honest", Opinion::Dead, Opinion::Alive),
        ("no_leader", Opinion::None, Opinion::None),
        ("lies_alive", Opinion::Alive, Opinion::Alive),
        ("lies_dead", Opinion::Dead, Opinion::Dead),
    ] {
        for (death, says) in [("network_cut", dead), ("front_end_cut", alive)] {
            let mut scenario = zone(&format!("dies node0 {death}"), &format!("consul = \"{words}\""));
            assert_eq!(opinions(&mut scenario, &[]), [says], "{words} {death}");
            let Some(Seen::Witness { peer: None, testimony, .. }) = scenario.world.seen().first() else {
                panic!()
            };
            assert_eq!(testimony.witness, "consul");
        }
    }
    assert_eq!(opinions(&mut zone("dies node0 hang", "consul = \"none\""), &[]), []);
    assert_eq!(opinions(&mut zone("dies node0 hang", ""), &[]), [], "nothing says that there is one");
    let settings = "settings = \"[witness.consul]\\nurl = 'http://localhost:8500'\"";
    assert_eq!(opinions(&mut zone("dies node0 hang", settings), &[]), [Opinion::Dead]);
}

#[test]
fn a_lagging_consul_notices_a_death_late_and_a_return_at_once() {
    let mut scenario = zone("probe_fails node0 some text", "consul = \"lagging 15s\"");
    assert_eq!(opinions(&mut scenario, &[]), [Opinion::Alive]);
    scenario.world.transport().cloud().power_off(HostId(0));
    assert_eq!(opinions(&mut scenario, &[1]), [Opinion::Dead, Opinion::Alive]);
    scenario.world.wait(seconds(12));
    assert_eq!(opinions(&mut scenario, &[]), [Opinion::Alive], "14 s after its death");
    assert_eq!(opinions(&mut scenario, &[]), [Opinion::Dead], "15 s after it");
    scenario.world.transport().cloud().power_on(HostId(0));
    assert_eq!(opinions(&mut scenario, &[]), [Opinion::Alive]);
}
