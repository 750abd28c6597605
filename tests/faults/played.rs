//! One cell: a scenario with one fault, played until its incident is closed.

use onerescue::cli::{play, play_tended};
use onerescue::model::{HostId, VmId, VmState};
use onerescue::policy::{Outcome, Source};
use onerescue::sim::{FaultRule, Job, Scenario, Seen, Then, audit};
use std::collections::BTreeMap;
use std::time::Duration;

/// Runs of one cell: the hook's and as many of the timer as it may take.
const RUNS: usize = 4;

/// Everything that is late has happened after this.
const LATER: Duration = Duration::from_secs(600);

/// What has become of a VM: its state and host as oned has them, and where it really runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub(crate) state: Option<VmState>,
    pub(crate) host: Option<HostId>,
    pub(crate) domains: Vec<HostId>,
}

/// What all runs of a cell came to.
pub(crate) struct Played {
    /// How each of them ended.
    pub(crate) ends: Vec<&'static str>,
    pub(crate) vms: BTreeMap<VmId, Whereabouts>,
    /// How often oned has carried out each order.
    pub(crate) orders: BTreeMap<String, usize>,
    /// How often "off" was sent.
    pub(crate) offs: usize,
    /// RESCHED flags that are still set.
    pub(crate) flags: Vec<VmId>,
    /// Every record is closed.
    pub(crate) closed: bool,
    /// Every safety rule that was broken.
    pub(crate) broken: Vec<String>,
    /// The methods of the first run's calls, in order.
    pub(crate) calls: Vec<String>,
}

impl Played {
    /// Play this scenario with this fault.
    pub(crate) fn of(text: &str, fault: Option<FaultRule>) -> Played {
        let mut scenario = Scenario::parse(text).unwrap();
        if let Some(fault) = fault {
            scenario.world.transport().add_fault(fault);
        }
        if scenario.job == Job::HostError {
            scenario.then = Then::Elsewhere;
        }
        let (mut ends, mut broken, mut offs) = (Vec::new(), Vec::new(), 0);
        let mut calls = Vec::new();
        for run in 0..RUNS {
            let (outcome, rules) = play_once(&mut scenario);
            broken.extend(rules);
            offs += scenario.world.seen().iter().filter(|seen| matches!(seen, Seen::Off { .. })).count();
            if run == 0 {
                calls = scenario.world.transport().calls().into_iter().map(|call| call.method).collect();
            }
            ends.push(outcome);
            scenario.world.advance(LATER);
            let over = is_closed(&scenario) && (scenario.job == Job::HostError || outcome == "recovered");
            if over && outcome != "partly" {
                break;
            }
            // What is closed and not done waits for a person, who runs the hook again.
            if over {
                (scenario.then, scenario.subject.source) = (Then::Again, Source::Person);
            }
        }
        let closed = is_closed(&scenario);
        let cloud = scenario.world.transport().cloud();
        let ids: Vec<VmId> = scenario.vms.values().copied().collect();
        let vm = |id: &VmId| {
            let (state, host) = (cloud.vm_state(*id), cloud.vm_host(*id));
            (*id, Whereabouts { state, host, domains: cloud.domain_hosts(*id) })
        };
        let mut orders: BTreeMap<String, usize> = BTreeMap::new();
        for carried in cloud.carried_out() {
            if let Some(order) = order(&carried.call) {
                *orders.entry(order).or_default() += 1;
            }
        }
        broken.extend(cloud.breaches().iter().map(ToString::to_string));
        let flags = ids.iter().copied().filter(|vm| cloud.is_resched(*vm)).collect();
        let vms = ids.iter().map(vm).collect();
        Played { ends, vms, orders, offs, flags, closed, broken, calls }
    }
}

/// `one.vm.migrate 3`: the order without where to.
fn order(call: &str) -> Option<String> {
    let words: Vec<&str> = call.split(' ').collect();
    match words.as_slice() {
        ["one.vm.migrate", vm, _] => Some(format!("one.vm.migrate {vm}")),
        [method, ..] if method.starts_with("one.vm.") || method.starts_with("one.host.") => {
            Some(call.to_owned())
        }
        _ => None,
    }
}

fn play_once(scenario: &mut Scenario) -> (&'static str, Vec<String>) {
    if scenario.job == Job::HostError {
        let (report, _) = play(scenario);
        let broken = audit(&scenario.world, &scenario.policy, &report, &scenario.charged);
        return (word(&report.outcome), broken);
    }
    let (account, _, broken) = play_tended(scenario);
    (account.map_or("nothing to do", |account| word(&account.outcome)), broken)
}

fn is_closed(scenario: &Scenario) -> bool {
    scenario.world.transport().cloud().open_incident(scenario.subject.host).is_none()
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Recovered => "recovered",
        Outcome::Fenced => "fenced",
        Outcome::Rehearsed(_) => "rehearsed",
        Outcome::Partly => "partly",
        Outcome::Contradicted(_) => "contradicted",
        Outcome::NothingToDo(_) => "nothing to do",
        Outcome::HandedOver(_) => "handed over",
        Outcome::NotStarted(_) => "not started",
        Outcome::NotFenced(_) => "not fenced",
        Outcome::NoCloud(_) => "no cloud",
        Outcome::Held(_) => "held",
    }
}
