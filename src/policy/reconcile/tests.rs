//! Tests of what is worked on, in which order, and why not.

use super::*;
use crate::model::{
    Abort, Asked, ClusterId, End, Epoch, Fencing, Force, Held, Hold, HostState, IncidentVm, Life, Looks,
    Mode, RunId, SeenOwner, Signs, VmId,
};

const NOW: Epoch = Epoch(1_795_165_661);
const ERROR: &str = "Fri Nov 20 09:03:20 2026 : Error monitoring Host node7 (7): ";

fn host(id: u32, state: HostState) -> Host {
    Host { error: Some(ERROR.to_owned()), ..Host::new(HostId(id), &format!("node{id}"), state) }
}

fn incident(id: u32, progress: Progress, owner: &str, ago: i64) -> Incident {
    Incident {
        host: HostId(id),
        name: format!("node{id}"),
        cluster: ClusterId(0),
        owner: owner.to_owned(),
        opened: Epoch(NOW.0 - ago),
        updated: Epoch(NOW.0 - ago),
        progress,
        error: Some(ERROR.to_owned()),
        ..Incident::default()
    }
}

/// What is done about hosts in these states, seen from `fe1`.
fn decided(hosts: &[Host], incidents: Vec<Incident>, since: &[(u32, i64)], busy: &[u32]) -> Vec<Decision> {
    let incidents = (10..).map(DocumentId).zip(incidents).collect();
    let memory = Memory { now: NOW, me: "fe1 1 1".to_owned(), incidents, ..Memory::default() };
    let failing = |ago: &i64| Failing {
        dates: vec![Epoch(NOW.0 - ago)],
        heard: Some(Epoch(NOW.0 - 60 - ago.max(&0))),
        ..Failing::default()
    };
    let failing = since.iter().map(|(id, ago)| (HostId(*id), failing(ago))).collect();
    let busy = busy.iter().copied().map(HostId).collect();
    decide(View { hosts, failing: &failing, memory: &memory, busy: &busy }, ReconcileRules::default())
}

fn of(hosts: &[Host], incident: Incident) -> (Todo, String) {
    let decisions = decided(hosts, vec![incident], &[], &[]);
    let [one] = decisions.as_slice() else { panic!("{decisions:?}") };
    (one.todo, one.why.clone())
}

#[test]
fn a_healthy_zone_has_nothing_to_decide() {
    let closed = incident(2, Progress::Closed, "fe1 1 1", 4000);
    let hosts = [HostState::Monitored, HostState::Disabled, HostState::Offline, HostState::Init];
    let hosts: Vec<_> = (1..).zip(hosts).map(|(id, state)| host(id, state)).collect();
    assert_eq!(decided(&hosts, vec![closed], &[], &[]), []);
}

#[test]
fn a_lost_event_is_taken_up_once_the_hook_has_had_its_time() {
    let hosts = [host(7, HostState::Error)];
    let todo = |since: &[(u32, i64)]| decided(&hosts, Vec::new(), since, &[])[0].todo;
    assert_eq!(todo(&[(7, 119)]), Todo::Leave);
    assert_eq!(todo(&[(7, 120)]), Todo::Begin);
    // A clock that is a little behind; one in another time zone; no date at all.
    assert_eq!(todo(&[(7, -300)]), Todo::Leave);
    assert_eq!(todo(&[(7, -3600)]), Todo::Leave);
    assert_eq!(todo(&[]), Todo::Leave);
    let why = &decided(&hosts, Vec::new(), &[(7, 500)], &[])[0].why;
    assert_eq!(why, "in ERROR for 500 s, and it has no incident: its event was lost");
}

#[test]
fn an_incident_of_a_host_that_ran_is_for_who_looks_after_hosts_that_are_back() {
    let ran = Incident {
        alive: Some(NOW),
        outcome: Some(String::new()),
        ..incident(7, Progress::Held, "fe1 1 1", 90)
    };
    let todo = |state, incident: &Incident| of(&[host(7, state)], incident.clone()).0;
    assert_eq!(todo(HostState::Monitored, &ran), Todo::Tail);
    assert_eq!(todo(HostState::Disabled, &ran), Todo::Leave);
    assert_eq!(todo(HostState::Error, &ran), Todo::LookAgain);
    // Its own run may be at work, and sees that itself.
    let lives = Incident { outcome: None, ..ran.clone() };
    let memory = |incident| vec![incident];
    let elsewhere = Incident { owner: "fe2 1 1".to_owned(), ..lives };
    assert_eq!(decided(&[host(7, HostState::Monitored)], memory(elsewhere), &[], &[])[0].todo, Todo::Leave);
    // The quarantine that was begun for it, and a person who has ended that.
    let mut quarantined = host(7, HostState::Disabled);
    quarantined.attributes.insert("HA_QUARANTINE".to_owned(), "it ran".to_owned());
    assert_eq!(of(&[quarantined.clone()], ran.clone()).0, Todo::Leave);
    quarantined.state = HostState::Monitored;
    assert_eq!(of(&[quarantined], ran).0, Todo::Tail);
}

#[test]
fn a_closed_incident_covers_its_own_failure_and_no_later_one() {
    let mut closed = incident(7, Progress::Closed, "fe1 1 1", 4000);
    closed.outcome = Some("not every VM could be recovered".to_owned());
    let mut hosts = [host(7, HostState::Error)];
    let (todo, why) = of(&hosts, closed.clone());
    assert_eq!(
        (todo, why.as_str()),
        (Todo::Leave, "its incident is closed: not every VM could be recovered")
    );
    hosts[0].error = Some("Fri Nov 20 11:11:11 2026 : Error monitoring Host node7 (7): ".to_owned());
    let decisions = decided(&hosts, vec![closed], &[(7, 500)], &[]);
    assert_eq!(decisions[0].todo, Todo::Begin);
    assert!(decisions[0].why.contains("failed again since its last incident"), "{decisions:?}");
}

#[test]
fn another_front_end_has_its_lease_and_our_own_dead_process_none() {
    let hosts = [host(7, HostState::Error)];
    let (todo, why) = of(&hosts, incident(7, Progress::Fencing, "fe2 4711 1", 699));
    assert_eq!(todo, Todo::Leave);
    assert!(why.contains("fe2 4711 1 works on it, and wrote 699 s ago"), "{why}");
    assert_eq!(of(&hosts, incident(7, Progress::Fencing, "fe2 4711 1", 700)).0, Todo::Prove);
    assert_eq!(of(&hosts, incident(7, Progress::Fencing, "fe1 4711 1", 1)).0, Todo::Prove);
    let mut ended = incident(7, Progress::Off, "fe2 4711 1", 1);
    ended.outcome = Some("stopped: oned does not answer".to_owned());
    assert_eq!(of(&hosts, ended).0, Todo::Recover);
}

#[test]
fn a_host_that_is_worked_on_here_is_left() {
    let hosts = [host(7, HostState::Error), host(8, HostState::Error)];
    let open = incident(7, Progress::Open, "fe1 4711 1", 1);
    let decisions = decided(&hosts, vec![open], &[], &[7, 8]);
    assert!(decisions.iter().all(|one| one.todo == Todo::Leave), "{decisions:?}");
}

#[test]
fn what_is_held_is_looked_at_again() {
    let mut held = incident(7, Progress::Held, "fe1 4711 1", 40);
    let since = Epoch(NOW.0 - 60);
    held.held = Some(Held { why: "4 of 5 hosts fail".to_owned(), advice: String::new(), since });
    held.outcome = Some("held".to_owned());
    let (todo, why) = of(&[host(7, HostState::Error)], held);
    assert_eq!((todo, why.as_str()), (Todo::LookAgain, "held for 60 s: 4 of 5 hosts fail"));
}

/// A closed incident with a VM that found no room, 40 s ago.
fn with_a_held_vm() -> Incident {
    let vm = |id, end| IncidentVm {
        ready: None,
        id: VmId(id),
        name: String::new(),
        order: None,
        to: None,
        end: Some(end),
        why: String::new(),
    };
    Incident {
        waiting: Some(Looks { since: Epoch(NOW.0 - 40), outcome: "partly".to_owned() }),
        proof: Some("bmc said off".to_owned()),
        until: Some(NOW),
        outcome: Some("partly".to_owned()),
        error: host(7, HostState::Error).error,
        vms: vec![vm(1, End::Held), vm(2, End::Recovered)],
        ..incident(7, Progress::Closed, "fe1 4711 1", 40)
    }
}

#[test]
fn vms_that_are_held_are_looked_at_again_as_long_as_the_host_is_dead_of_the_same_failure() {
    let now = |state| of(&[host(7, state)], with_a_held_vm());
    assert_eq!(now(HostState::Error), (Todo::LookAgain, "of its 2 VMs, 1 is held, for 40 s now".to_owned()));
    assert_eq!(now(HostState::Disabled).0, Todo::LookAgain);
    for state in [HostState::Init, HostState::Offline, HostState::Monitored] {
        let decisions = decided(&[host(7, state)], vec![with_a_held_vm()], &[], &[]);
        assert!(decisions.iter().all(|one| one.todo == Todo::Leave), "{decisions:?}");
    }
    let later = Incident { until: Some(NOW.plus(Duration::from_secs(9))), ..with_a_held_vm() };
    let (todo, why) = of(&[host(7, HostState::Error)], later);
    assert_eq!((todo, why.as_str()), (Todo::Leave, "of its 2 VMs, 1 is held; looked at again in 9 s"));
    let other = Incident { error: Some("another day : it failed".to_owned()), ..with_a_held_vm() };
    let decisions = decided(&[host(7, HostState::Error)], vec![other], &[(7, 500)], &[]);
    assert_eq!(decisions[0].todo, Todo::Begin);
    // Another front-end looks just now, and leaves it closed.
    let lock = Some(Hold { time: NOW.0 - 5, request: 7 });
    let at_work = Incident {
        lock,
        outcome: None,
        owner: "fe2 4711 1".to_owned(),
        updated: Epoch(NOW.0 - 5),
        ..with_a_held_vm()
    };
    let (todo, why) = of(&[host(7, HostState::Error)], at_work);
    assert_eq!((todo, why.as_str()), (Todo::Leave, "fe2 4711 1 looks at its VMs again"));
    let not = Incident { waiting: None, ..with_a_held_vm() };
    assert_eq!(of(&[host(7, HostState::Error)], not).0, Todo::Leave);
}

#[test]
fn a_wait_that_may_be_over_before_its_time_is_looked_at_and_no_other() {
    let hosts = [host(7, HostState::Error)];
    let asked = |fencing| Some(Asked { mode: Mode::Migrate, force: Force::RunningOnly, fencing });
    let mut waits = Incident {
        until: Some(NOW.plus(Duration::from_secs(80))),
        outcome: Some("handed over".to_owned()),
        flags: asked(Fencing::Required),
        ..incident(7, Progress::Open, "fe1 1 1", 100)
    };
    let (todo, why) = of(&hosts, waits.clone());
    assert!(
        todo == Todo::GoOn && why.starts_with("the host has 80 s more to come back, unless its devices"),
        "{why}"
    );
    waits.signs = Some(Signs::Silent(NOW));
    assert_eq!(of(&hosts, waits.clone()).0, Todo::GoOn);
    waits.signs = Some(Signs::Waited("node3 (host 3) says alive".to_owned()));
    assert_eq!(of(&hosts, waits.clone()).0, Todo::Leave);
    let waived = Incident { signs: None, flags: asked(Fencing::Waived), ..waits.clone() };
    assert_eq!(of(&hosts, waived).0, Todo::Leave);
    let held = Incident { signs: None, progress: Progress::Held, ..waits };
    assert_eq!(of(&hosts, held).0, Todo::Leave);
}

#[test]
fn nothing_is_done_before_its_time_unless_the_host_is_off_or_back() {
    let host = |state| [host(7, state)];
    let mut open = incident(7, Progress::Open, "fe1 4711 1", 40);
    open.until = Some(NOW.plus(Duration::from_secs(80)));
    let (todo, why) = of(&host(HostState::Error), open.clone());
    assert_eq!((todo, why.as_str()), (Todo::Leave, "the host has 80 s more to come back"));
    assert_eq!(of(&host(HostState::Monitored), open.clone()).0, Todo::Close);
    assert_eq!(
        of(&host(HostState::Error), Incident { progress: Progress::Off, ..open.clone() }).0,
        Todo::Recover
    );
    let held = Held { why: "a storm".to_owned(), advice: String::new(), since: NOW };
    let held = Incident { progress: Progress::Held, held: Some(held), ..open.clone() };
    let (todo, why) = of(&host(HostState::Error), held);
    assert_eq!((todo, why.as_str()), (Todo::Leave, "held: a storm; looked at again in 80 s"));
    open.until = Some(NOW);
    assert_eq!(of(&host(HostState::Error), open).0, Todo::GoOn);
}

#[test]
fn who_begins_late_does_not_wait_for_the_host_once_more() {
    let wait = WaitRules { cycles: 5, cycle: Duration::from_secs(60), ..WaitRules::default() };
    for (waited, cycles) in [(0, 5), (1, 5), (60, 4), (299, 1), (300, 0), (9000, 0)] {
        assert_eq!(left(wait, Duration::from_secs(waited)).cycles, cycles, "{waited}");
    }
    let hosts = [host(7, HostState::Error)];
    let waited = |since: &[(u32, i64)]| decided(&hosts, Vec::new(), since, &[])[0].waited.as_secs();
    assert_eq!((waited(&[(7, 500)]), waited(&[(7, -3600)]), waited(&[])), (500, 0, 0));
}

#[test]
fn what_has_come_back_or_is_gone_is_closed() {
    let open = incident(7, Progress::Open, "fe1 4711 1", 40);
    assert_eq!(of(&[host(7, HostState::Monitored)], open.clone()).0, Todo::Close);
    let gone = decided(&[], vec![open.clone()], &[], &[]);
    assert_eq!((gone[0].todo, gone[0].name.as_str()), (Todo::Close, "node7"));
    assert_eq!(of(&[host(7, HostState::Offline)], open.clone()).0, Todo::Close);
    assert_eq!(of(&[host(7, HostState::Init)], open.clone()).0, Todo::Leave);
    // DISABLED may be our own doing: the record knows.
    let disabled = [host(7, HostState::Disabled)];
    assert_eq!(of(&disabled, open.clone()).0, Todo::Close);
    let ours = Incident { disabled: Some(Epoch(1)), ..open.clone() };
    assert_eq!(of(&disabled, ours).0, Todo::GoOn);
    let off = Incident { progress: Progress::Off, proof: Some("bmc said off".to_owned()), ..open };
    assert_eq!(of(&disabled, off).0, Todo::Recover);
}

#[test]
fn the_most_urgent_comes_first_then_what_began_first() {
    let hosts: Vec<_> = (1..=7).map(|id| host(id, HostState::Error)).collect();
    let incidents = vec![
        incident(1, Progress::Held, "fe1 1 1", 900),
        incident(2, Progress::Open, "fe1 1 1", 100),
        incident(3, Progress::Open, "fe1 1 1", 200),
        incident(5, Progress::Fencing, "fe1 1 1", 50),
        incident(6, Progress::Off, "fe1 1 1", 10),
        incident(7, Progress::Open, "fe1 1 1", 200),
    ];
    let order: Vec<_> = decided(&hosts, incidents, &[(4, 500)], &[]).iter().map(|one| one.host.0).collect();
    assert_eq!(order, [6, 5, 3, 7, 2, 4, 1]);
}

#[test]
fn of_several_records_the_last_counts() {
    let hosts = [host(7, HostState::Error)];
    let open = incident(7, Progress::Open, "fe1 1 1", 900);
    let closed = incident(7, Progress::Closed, "fe1 1 1", 100);
    let decisions = decided(&hosts, vec![open, closed], &[], &[]);
    assert_eq!((decisions.len(), decisions[0].todo), (1, Todo::Leave));
}

#[test]
fn what_a_person_has_ended_is_closed_for_that_incident_only() {
    let hosts = [host(7, HostState::Error)];
    let todo = |document: u32| {
        let open = (DocumentId(10), incident(7, Progress::Fencing, "fe1 1 1", 90));
        let (by, reason) = ("alice (as oneadmin)".to_owned(), "we look ourselves".to_owned());
        let abort = Abort { host: HostId(7), incident: DocumentId(document), by, reason, at: NOW };
        let memory = Memory {
            now: NOW,
            me: "fe1 1 1".to_owned(),
            incidents: vec![open],
            aborts: vec![abort],
            ..Memory::default()
        };
        let (failing, busy) = (BTreeMap::new(), BTreeSet::new());
        let view = View { hosts: &hosts, failing: &failing, memory: &memory, busy: &busy };
        decide(view, ReconcileRules::default())[0].clone()
    };
    assert_eq!(todo(10).todo, Todo::Close);
    assert_eq!(todo(10).why, "alice (as oneadmin) has ended it: we look ourselves");
    assert_eq!(todo(9).todo, Todo::Prove);
}

#[test]
fn a_process_of_this_machine_that_lives_is_never_called_gone() {
    let hosts = [host(7, HostState::Error)];
    let decided = |life: Life, ago: i64| {
        let run = Some(RunId { pid: 24588, ..RunId::default() });
        let open = Incident { run: run.clone(), ..incident(7, Progress::Fencing, "vm 24588 1", ago) };
        let owners = vec![SeenOwner { owner: open.owner.clone(), run, life }];
        let me = "fe1 1 1".to_owned();
        let memory =
            Memory { now: NOW, me, owners, incidents: vec![(DocumentId(10), open)], ..Memory::default() };
        let (failing, busy) = (BTreeMap::new(), BTreeSet::new());
        let view = View { hosts: &hosts, failing: &failing, memory: &memory, busy: &busy };
        let decision = decide(view, ReconcileRules::default())[0].clone();
        (decision.todo, decision.why)
    };
    let (todo, why) = decided(Life::Lives, 90);
    assert_eq!(todo, Todo::Leave);
    assert_eq!(why, "vm 24588 1 works on it, and wrote 90 s ago; it is a process of this machine that lives");
    // Its run says who it is, and ends with 7.
    let (todo, why) = decided(Life::Lives, 3000);
    assert_eq!(todo, Todo::GoOn);
    assert!(why.contains("process 24588 of this machine, lives") && !why.contains("gone"), "{why}");
    assert_eq!(decided(Life::Gone, 90).0, Todo::Prove);
    assert_eq!(decided(Life::Unseen, 90).0, Todo::Leave);
    assert_eq!(decided(Life::Unseen, 3000).0, Todo::Prove);
}

/// The front-end is lost with its ten runs at second 0; each has written within the last beat. The devices are so slow that no run
/// ends. Whenever the timer of the other one ticks, the last of the ten begins within a lease, what clocks may differ by, and
/// one minute: the figure in README.md.
#[test]
fn ten_incidents_of_a_lost_front_end_begin_within_a_lease_and_a_minute() {
    let hosts: Vec<_> = (0..10).map(|id| host(id, HostState::Error)).collect();
    let mut longest = 0;
    for first_tick in 0..60 {
        let (mut turns, mut begun, mut at) = (Turns::default(), 0, first_tick);
        while begun < 10 && at < 2000 {
            // Nothing runs between two ticks before the first begins, and then it is looked every 15 s.
            let wrote = (0..10).map(|id| incident(id, Progress::Fencing, "fe2 1 1", at + i64::from(id % 2)));
            let decisions = decided(&hosts, wrote.collect(), &[], &[]);
            let now = Epoch(NOW.0 + at);
            begun += decisions.iter().filter(|decision| turns.begins(decision, 4, now)).count();
            longest = longest.max(at);
            at += if turns.is_idle() { 60 } else { 15 };
        }
        assert_eq!(begun, 10, "runs that wait keep others from beginning");
    }
    assert!((700..=761).contains(&longest), "{longest} s");
}
