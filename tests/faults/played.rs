//! One cell: a scenario with one fault, played until its incident is closed.

use onerescue::cli::{play, play_tended};
use onerescue::model::{HostId, VmId, VmState};
use onerescue::policy::{Disabled, Fate, Outcome, Report, Source, VmReport};
use onerescue::sim::{Event, FaultRule, Job, Left, Scenario, Seen, Then, audit};
use onerescue::wire::xmlrpc::Value;
use std::collections::{BTreeMap, BTreeSet};
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
    /// What the oned that is gone has left of its work on VMs.
    pub(crate) left: BTreeSet<(VmId, Left)>,
    /// Every safety rule that was broken.
    pub(crate) broken: Vec<String>,
    /// The methods of the first run's calls, in order.
    pub(crate) calls: Vec<String>,
}

impl Played {
    /// Play this scenario with this fault, which leaves that of a migrate that was accepted and not taken up.
    pub(crate) fn of(text: &str, fault: Option<FaultRule>, left: Left) -> Played {
        let mut scenario = Scenario::parse(text).unwrap();
        scenario.world.transport().cloud().leaves(left);
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
        let left = cloud.left().iter().copied().collect();
        Played { ends, vms, orders, offs, flags, closed, left, broken, calls }
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

/// The VM of this order; the parameters of `one.vm.action` begin with what is done.
pub(crate) fn ordered(order: &str) -> Option<VmId> {
    let vm = match order.split(' ').collect::<Vec<_>>().as_slice() {
        ["one.vm.action", _, vm, ..] => *vm,
        [method, vm, ..] if method.starts_with("one.vm.") => *vm,
        _ => return None,
    };
    vm.parse().ok().map(VmId)
}

fn play_once(scenario: &mut Scenario) -> (&'static str, Vec<String>) {
    if scenario.job == Job::HostError {
        let (report, _) = play(scenario);
        mend(scenario, &report);
        let broken = audit(&scenario.world, &scenario.policy, &report, &scenario.charged);
        return (word(&report.outcome), broken);
    }
    let (account, _, broken) = play_tended(scenario);
    (account.map_or("nothing to do", |account| word(&account.outcome)), broken)
}

/// A person does what the report says of VMs of which only a row is left: deletes it, and enables a host that is DISABLED.
fn mend(scenario: &mut Scenario, report: &Report) {
    let says = |vm: &&VmReport| matches!(&vm.fate, Fate::Failed(why) if why.contains("DELETE FROM history"));
    let torn: Vec<VmId> = report.vms.iter().filter(says).map(|vm| vm.id).collect();
    for vm in &torn {
        scenario.world.transport().cloud().row_is_deleted(*vm);
    }
    if !torn.is_empty() && report.disabled != Disabled::No {
        let params = [report.host.0, 0].map(|number| Value::Int(i64::from(number))).to_vec();
        let now = scenario.world.transport().cloud().now();
        scenario.world.schedule(now, Event::Call("one.host.status".to_owned(), params));
    }
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
