//! A second opinion: what may never happen, from what was sent and what was true then.

use super::story::Story;
use onerescue::model::{HostId, HostState, LcmState, VmId, VmState};
use onerescue::policy::Reply;
use onerescue::policy::healthy::Deed;
use onerescue::sim::{Change, Scenario, Tended};
use std::collections::BTreeMap;
use std::time::Duration;

/// A look is at most so old when something is sent, with all that may be asked of oned between.
const RACE: Duration = Duration::from_secs(60);

fn reached(tended: &Tended) -> bool {
    matches!(tended.reply, Reply::Accepted | Reply::Unknown(_))
}

fn starts(deed: &Deed) -> bool {
    matches!(deed, Deed::Resume { .. } | Deed::Move { .. } | Deed::Live { .. })
}

/// Every rule that was broken; `before` is what a run had sent that was killed.
pub(crate) fn rules(story: &Story, scenario: &Scenario, before: &[Tended]) -> Vec<String> {
    let now = scenario.world.tended();
    let mut broken: Vec<String> = attempts(story, &[before, now].concat()).into_iter().collect();
    broken.extend(opted_out(now));
    broken.extend(quarantined(now));
    broken.extend(healthy(scenario, now));
    broken.extend(open_incident(story, now));
    broken.extend(one_at_a_time(scenario, now));
    broken.extend(capacity(story, scenario, now));
    broken
}

/// Each attempt is counted before it is made, so their number has a bound whichever run makes them.
fn attempts(story: &Story, all: &[Tended]) -> Option<String> {
    let here = if story.settings.contains("retry_count = 4") { 4 } else { 2 };
    let most = if story.hook == "vm_down" { here + 2 * 5 } else { usize::MAX };
    let made = all.iter().filter(|tended| reached(tended)).filter(|tended| starts(&tended.deed)).count();
    (made > most).then(|| format!("{made} attempts"))
}

fn opted_out(sent: &[Tended]) -> Vec<String> {
    let says_no = |tended: &&Tended| {
        let policy = tended.vm.as_ref().and_then(|vm| vm.attributes.get("HA_POLICY"));
        starts(&tended.deed) && policy.is_some_and(|policy| policy == "NONE")
    };
    sent.iter().filter(says_no).map(|tended| format!("{}, and its HA_POLICY is NONE", tended.deed)).collect()
}

/// Nothing is started on a host that this run has disabled.
fn quarantined(sent: &[Tended]) -> Vec<String> {
    let mut disabled = false;
    let mut broken = Vec::new();
    for tended in sent {
        disabled |= matches!(tended.deed, Deed::Disable { .. }) && reached(tended);
        disabled &= !matches!(tended.deed, Deed::Enable { .. });
        if disabled && starts(&tended.deed) {
            broken.push(format!("{} on a host that was quarantined", tended.deed));
        }
    }
    broken
}

/// A VM is started, or goes back, only where the host is MONITORED, or was a moment ago.
fn healthy(scenario: &Scenario, sent: &[Tended]) -> Vec<String> {
    let cloud = scenario.world.transport().cloud();
    let was_well = |host: HostId, at: Duration| {
        let mut state = HostState::Monitored;
        let mut since = Duration::ZERO;
        for happening in cloud.happenings().iter().filter(|happening| happening.at <= at) {
            if let Change::Host(of, new) = happening.change
                && of == host
            {
                (state, since) = (new, happening.at);
            }
        }
        state == HostState::Monitored || at.saturating_sub(since) <= RACE
    };
    let bad = |tended: &&Tended| {
        let host = match &tended.deed {
            Deed::Resume { .. } => tended.vm.as_ref().and_then(|vm| vm.host),
            Deed::Live { to, .. } | Deed::Move { to, .. } => Some(*to),
            _ => None,
        };
        host.is_some_and(|host| !was_well(host, tended.at))
    };
    sent.iter().filter(bad).map(|tended| format!("{} on a host that is not well", tended.deed)).collect()
}

/// A host with an open incident is left to that. Only what was written before the hook started counts.
fn open_incident(story: &Story, sent: &[Tended]) -> Option<String> {
    let last = story.before.iter().rfind(|what| what.starts_with("recorded "))?;
    let rewritten = story.events.iter().any(|(_, what)| what.starts_with("recorded "));
    let theirs = match story.hook {
        "vm_down" => !last.contains(" closed "),
        _ => last.contains(" fencing ") || last.contains(" off "),
    };
    // VMs elsewhere have another host's incidents.
    let of_it = |tended: &&Tended| {
        starts(&tended.deed) && tended.vm.as_ref().is_some_and(|vm| vm.host == Some(HostId(0)))
    };
    let sent = sent.iter().find(of_it)?;
    (theirs && !rewritten).then(|| format!("{} although {last}", sent.deed))
}

/// While one VM goes back no other is sent.
fn one_at_a_time(scenario: &Scenario, sent: &[Tended]) -> Vec<String> {
    let cloud = scenario.world.transport().cloud();
    let moves = |vm: VmId, at: Duration| {
        let last =
            cloud.happenings().iter().rev().filter(|happening| happening.at <= at).find_map(|happening| {
                match happening.change {
                    Change::Vm(of, state, _) if of == vm => Some(state),
                    _ => None,
                }
            });
        last == Some(VmState::Active(LcmState::Migrate))
    };
    let live: Vec<_> = sent
        .iter()
        .filter(|tended| reached(tended))
        .filter_map(|tended| match tended.deed {
            Deed::Live { vm, .. } => Some((vm, tended.at)),
            _ => None,
        })
        .collect();
    let mut broken = Vec::new();
    for (at, (vm, when)) in live.iter().enumerate() {
        for (other, _) in live.iter().take(at).filter(|(other, _)| other != vm && moves(*other, *when)) {
            broken.push(format!("{vm} goes back while {other} does"));
        }
    }
    broken
}

/// What goes back fits, unless a person has filled the host.
fn capacity(story: &Story, scenario: &Scenario, sent: &[Tended]) -> Option<String> {
    let by_persons = story.events.iter().chain(&story.earlier).any(|(_, what)| what.starts_with("migrated"));
    let goes_back = sent.iter().any(|tended| matches!(tended.deed, Deed::Live { .. }));
    let cloud = scenario.world.transport().cloud();
    let mut cpu: BTreeMap<HostId, i64> = BTreeMap::new();
    for (at, vm) in (0..).map(VmId).zip(&story.vms) {
        if let Some(host) = cloud.vm_host(at).filter(|_| cloud.vm_state(at) == Some(VmState::RUNNING)) {
            *cpu.entry(host).or_default() += vm.cpu;
        }
    }
    let first = cpu.get(&HostId(0)).copied().unwrap_or_default();
    let cores = story.hosts.first().copied().unwrap_or_default();
    let began: i64 = story.vms.iter().filter(|vm| vm.host % story.hosts.len() == 0).map(|vm| vm.cpu).sum();
    (goes_back && !by_persons && began <= cores && first > cores)
        .then(|| format!("{first} cores are asked of {cores}"))
}

/// Whatever may run and ran on the first host when it failed runs there again.
pub(crate) fn all_run(story: &Story, scenario: &Scenario) -> Vec<String> {
    let cloud = scenario.world.transport().cloud();
    let asked = |(at, _): &(VmId, _)| story.hook == "host_back" || at.0 == 0;
    let vms = (0..).map(VmId).zip(&story.vms).filter(asked);
    let wanted = vms.filter(|(_, vm)| vm.host % story.hosts.len() == 0 && vm.off.is_none() && !vm.opted_out);
    wanted
        .filter(|(at, _)| cloud.domain_hosts(*at) != [HostId(0)])
        .map(|(at, _)| format!("{at} runs on {:?}", cloud.domain_hosts(at)))
        .collect()
}
