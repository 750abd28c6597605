//! What the operator tests cannot show: what cannot be read, states of VMs, and bounds.
#![cfg(test)]

use super::*;
use crate::model::{
    Asked, End, Epoch, Held, Host, HostState, Incident, IncidentVm, Looks, Progress, RaftState,
};
use crate::policy::check::Entry;
use crate::policy::losses::{HeldVm, HostLoss, LossRules, Losses};
use crate::wire::documents::read;
use crate::wire::xml::Limits;
use std::time::Duration;

const NOW: Epoch = Epoch(1_795_165_200);

fn host(id: u32, state: HostState) -> HostFacts {
    let error = (state == HostState::Error).then(|| "it failed".to_owned());
    let host = Host { error, ..Host::new(HostId(id), &format!("node{id}"), state) };
    let none = Failure { trouble: Trouble::Settings, what: String::new(), advice: String::new() };
    HostFacts::unasked(host, Entry::None, Err(none))
}

/// Nothing is open: one host that is well, no cluster, and reconcile has just looked.
fn well() -> Facts {
    Facts {
        now: NOW,
        rules: Rules::default(),
        reconcile: ReconcileRules::default(),
        memory: Ok(Memory { now: NOW, ..Memory::default() }),
        hosts: Ok(vec![host(1, HostState::Monitored)]),
        unread: Vec::new(),
        failing: BTreeMap::new(),
        clusters: Ok(Vec::new()),
        vms: Ok(Vec::new()),
        busy: BTreeSet::new(),
        kept: Vec::new(),
        lead: WhoLeads { state: Ok(RaftState::Solo), leader: None, term: None },
        tick: Some(NOW.before(Duration::from_secs(20))),
        losses: Losses::default(),
        planning: LossRules::default(),
    }
}

#[test]
fn hosts_that_cannot_be_lost_are_told_by_who_plans_and_open_nothing() {
    let vm = HeldVm { id: VmId(11), name: "erp".to_owned(), why: "no host takes 64 GiB".to_owned() };
    let loss = |name: &str, vms: u32| HostLoss {
        name: name.to_owned(),
        held: (11..11 + vms).map(|id| (VmId(id), NOW)).collect(),
        first: vec![vm.clone()],
        ..HostLoss::default()
    };
    let hosts = [(1, loss("a", 0)), (2, loss("b", 1)), (3, loss("c", 2))];
    let hosts = hosts.map(|(id, loss)| (HostId(id), loss)).into();
    let facts = Facts { losses: Losses { planned: Some(NOW), hosts, ..Losses::default() }, ..well() };
    let status = judge(&facts);
    assert_eq!((status.verdict, status.exit_code), (Verdict::Clear, 0));
    let told: Vec<_> = status.cannot_be_lost.iter().map(|one| (one.id, one.held)).collect();
    assert_eq!(told, [(HostId(3), 2), (HostId(2), 1)]);
    assert!(status.cannot_be_lost[1].why.ends_with("its loss would hold vm 11 erp: no host takes 64 GiB"));
    // Nobody plans any more, or another front-end does.
    let old = Facts { now: NOW.plus(Duration::from_secs(2 * 3600)), ..facts.clone() };
    assert_eq!(judge(&old).cannot_be_lost, []);
    let follower = WhoLeads { state: Ok(RaftState::Follower), leader: None, term: None };
    assert_eq!(judge(&Facts { lead: follower, ..facts }).cannot_be_lost, []);
}

/// The same with an incident of host 7, which is dead.
fn failed(incident: Incident) -> Facts {
    let incident = Incident {
        host: HostId(7),
        name: "node7".to_owned(),
        error: Some("it failed".to_owned()),
        opened: NOW.before(Duration::from_secs(1000)),
        updated: NOW.before(Duration::from_secs(900)),
        outcome: Some("ended".to_owned()),
        ..incident
    };
    let incidents = vec![(crate::model::DocumentId(3), incident)];
    let memory = Ok(Memory { now: NOW, incidents, ..Memory::default() });
    Facts { memory, hosts: Ok(vec![host(7, HostState::Error)]), ..well() }
}

fn vm(id: u32, state: (u32, u32), host: u32, more: &str) -> Vm {
    let (state, lcm_state) = state;
    let text = format!(
        "<VM><ID>{id}</ID><NAME>web-{id}</NAME><STATE>{state}</STATE><LCM_STATE>{lcm_state}</LCM_STATE><USER_TEMPLATE>{more}\
         </USER_TEMPLATE><HISTORY_RECORDS><HISTORY><SEQ>0</SEQ><HID>{host}</HID><RETIME>9</RETIME><ACTION>44</ACTION>\
         </HISTORY></HISTORY_RECORDS></VM>"
    );
    read(&text, Limits::REPLY).unwrap()
}

const RUNNING: (u32, u32) = (3, 3);
const UNKNOWN: (u32, u32) = (3, 16);
const POWEROFF: (u32, u32) = (8, 0);

fn left(id: u32, end: Option<End>, why: &str) -> IncidentVm {
    IncidentVm {
        id: VmId(id),
        name: String::new(),
        order: None,
        to: None,
        end,
        why: why.to_owned(),
        ready: None,
    }
}

#[test]
fn only_what_was_read_and_is_well_is_clear() {
    let clear = judge(&well());
    assert_eq!((clear.verdict, clear.exit_code, clear.do_this), (Verdict::Clear, 0, None));
    let failure = |trouble| Failure { trouble, what: "no answer".to_owned(), advice: "look".to_owned() };
    let fails = || failure(Trouble::Unreachable);
    for facts in [
        Facts { memory: Err(fails()), ..well() },
        Facts { hosts: Err(fails()), ..well() },
        Facts { clusters: Err(fails()), ..well() },
        Facts { vms: Err(fails()), ..well() },
    ] {
        let status = judge(&facts);
        assert_eq!((status.verdict, status.exit_code), (Verdict::Unknown, 5));
        assert_eq!(status.do_this.as_deref(), Some("look"));
    }
    let settings = judge(&Facts { hosts: Err(failure(Trouble::Settings)), ..well() });
    assert_eq!(settings.exit_code, 4);
    let unread = judge(&Facts { unread: vec!["host 3: <NAME> is missing".to_owned()], ..well() });
    assert_eq!((unread.verdict, unread.exit_code), (Verdict::Unknown, 5));
    let mut damaged = well();
    if let Ok(memory) = &mut damaged.memory {
        memory.unreadable.push((crate::model::DocumentId(9), "it is damaged".to_owned()));
    }
    assert_eq!(judge(&damaged).verdict, Verdict::Unknown);
}

#[test]
fn a_person_is_called_for_what_no_program_goes_on_with() {
    let held = Held { why: "storm".to_owned(), advice: "proceed".to_owned(), since: NOW };
    let held = judge(&failed(Incident { progress: Progress::Held, held: Some(held), ..Incident::default() }));
    assert_eq!(
        (held.verdict, held.exit_code, held.do_this.as_deref()),
        (Verdict::NeedsYou, 1, Some("proceed"))
    );
    for progress in [Progress::Open, Progress::Fencing, Progress::Off] {
        let open = judge(&failed(Incident { progress, ..Incident::default() }));
        assert_eq!((open.verdict, open.exit_code), (Verdict::AtWork, 1), "{progress:?}");
    }
    let dead = judge(&failed(Incident { progress: Progress::Closed, ..Incident::default() }));
    assert_eq!((dead.verdict, dead.exit_code, dead.hosts[0].stage), (Verdict::Later, 1, Stage::Dead));
    let unheard = judge(&Facts { hosts: Ok(vec![host(7, HostState::Error)]), ..well() });
    assert_eq!((unheard.verdict, unheard.hosts[0].stage), (Verdict::AtWork, Stage::Unheard));
    let looked = Looks { since: NOW, outcome: String::new() };
    let vms = vec![left(1, Some(End::Held), "no room"), left(2, Some(End::Recovered), "")];
    let waits = Incident { progress: Progress::Closed, waiting: Some(looked), vms, ..Incident::default() };
    let waits = judge(&failed(waits));
    assert_eq!((waits.verdict, waits.hosts[0].vms_left, waits.hosts[0].vms_done), (Verdict::NeedsYou, 1, 1));
}

#[test]
fn a_vm_that_an_incident_has_left_is_down_until_it_runs_elsewhere_or_a_person_wants_it_off() {
    let flags = Asked::try_from(vec!["-m".to_owned(), "-f".to_owned()]).ok();
    let vms = vec![left(1, Some(End::Held), "no room"), left(2, Some(End::Left), "not asked for")];
    let facts = failed(Incident { progress: Progress::Closed, vms, flags, ..Incident::default() });
    let down = |vm: Vm| judge(&Facts { vms: Ok(vec![vm]), ..facts.clone() }).down;
    for state in [UNKNOWN, POWEROFF, RUNNING] {
        let [one] = &down(vm(1, state, 7, ""))[..] else { panic!("{state:?}") };
        assert_eq!(
            (one.kind, one.why.as_str(), one.command.as_str()),
            (Kind::Held, "no room", "host_error --host node7 -m -f")
        );
    }
    assert_eq!(down(vm(1, RUNNING, 8, "")), [], "it runs on another host");
    assert_eq!(down(vm(2, UNKNOWN, 7, "")), [], "nobody has asked for it");
    let by_person = vm(1, POWEROFF, 7, "");
    let by_person = Vm {
        history: by_person
            .history
            .iter()
            .map(|one| crate::model::Record { action: Some(20), ..*one })
            .collect(),
        ..by_person
    };
    assert_eq!(down(by_person), []);
    let [failed] = &down(vm(1, (3, 36), 7, ""))[..] else { panic!() };
    assert_eq!(
        (failed.kind, failed.command.as_str(), failed.each),
        (Kind::Driver, "onevm recover --retry 1", true)
    );
}

#[test]
fn the_last_incident_that_has_a_vm_says_how_it_ended() {
    let mut facts = failed(Incident {
        progress: Progress::Closed,
        vms: vec![left(1, Some(End::Held), "no room")],
        ..Incident::default()
    });
    facts.vms = Ok(vec![vm(1, POWEROFF, 8, "")]);
    assert_eq!(judge(&facts).down[0].command, "vm_down --vm 1", "its host is another one now");
    if let Ok(memory) = &mut facts.memory {
        let vms = vec![left(1, Some(End::Recovered), "")];
        let later = Incident { host: HostId(8), progress: Progress::Closed, vms, ..Incident::default() };
        memory.incidents.push((crate::model::DocumentId(4), later));
        assert!(wanted(memory).is_empty());
    }
    assert_eq!(judge(&facts).down, []);
}

#[test]
fn a_vm_that_crashes_again_and_again_waits_for_a_person_and_one_that_is_kept_does_not() {
    let down = |facts: &Facts, more: &str| {
        let status = judge(&Facts { vms: Ok(vec![vm(1, POWEROFF, 1, more)]), ..facts.clone() });
        status.down.into_iter().map(|one| (one.kind, one.urgency, one.command)).collect::<Vec<_>>()
    };
    assert_eq!(down(&well(), ""), [], "its hook looks after it");
    let looped = (Kind::CrashLoop, Urgency::Now, "onevm resume 1".to_owned());
    assert_eq!(down(&well(), "<HA_STATE>CRASH_LOOP</HA_STATE>"), [looped]);
    let held = |urgency| (Kind::WentDown, urgency, "vm_down --vm 1".to_owned());
    assert_eq!(down(&well(), "<HA_DOWN>9</HA_DOWN>"), [held(Urgency::Now)]);
    let kept = Kept { since: NOW, next: Some(NOW.plus(Duration::from_secs(30))) };
    let kept = Facts { kept: vec![(VmId(1), kept)], ..well() };
    assert_eq!(down(&kept, "<HA_DOWN>9</HA_DOWN>"), [held(Urgency::AtWork)]);
    let old = Kept { since: Epoch(9), next: Some(NOW) };
    let old = Facts { kept: vec![(VmId(1), old)], ..well() };
    assert_eq!(down(&old, "<HA_DOWN>9</HA_DOWN>"), [held(Urgency::Now)], "nobody looks any more");
    assert_eq!(down(&well(), "<HA_DOWN>8</HA_DOWN>"), [], "that was an earlier crash");
}

#[test]
fn groups_are_bounded_whatever_the_reasons_are() {
    let vms: Vec<_> = (0..1000).map(|id| left(id, Some(End::Held), &format!("reason {id}"))).collect();
    let facts = failed(Incident { progress: Progress::Closed, vms, ..Incident::default() });
    let status = judge(&Facts { vms: Ok((0..1000).map(|id| vm(id, UNKNOWN, 7, "")).collect()), ..facts });
    assert_eq!((status.down.len(), status.more_down), (20, 980));
}

#[test]
fn a_front_end_that_does_not_lead_is_not_asked_for_its_looks() {
    let with = |state, tick| {
        judge(&Facts { lead: WhoLeads { state, leader: None, term: None }, tick, ..well() }).reconcile
    };
    for (state, tick, urgency) in [
        (Ok(RaftState::Leader), None, Some(Urgency::Now)),
        (Ok(RaftState::Follower), None, None),
        (Err("no answer".to_owned()), None, None),
        (Ok(RaftState::Solo), Some(NOW.before(Duration::from_secs(300))), None),
        (Ok(RaftState::Solo), Some(NOW.before(Duration::from_secs(301))), Some(Urgency::Now)),
        (Ok(RaftState::Solo), Some(NOW.plus(Duration::from_secs(301))), Some(Urgency::Later)),
    ] {
        assert_eq!(with(state.clone(), tick).urgency, urgency, "{state:?} {tick:?}");
    }
}
