//! Each change is told once; a sender that is killed costs one message more; what fails is sent again later.

use super::*;
use crate::model::{
    DocumentId, End, Epoch, Event, Held, HostId, Incident, IncidentVm, Looks, Memory, Notices, Progress,
    Sending, VmId,
};
use crate::policy::losses::{HeldVm, HostLoss, Losses};
use proptest::prelude::*;
use std::collections::BTreeSet;

const ME: &str = "fe1 4711 1000";
const ALL: [Event; 6] =
    [Event::Opened, Event::Held, Event::NeedsYou, Event::Ended, Event::CannotBeLost, Event::CanBeLost];

fn wanted(events: &[Event]) -> Wanted {
    Wanted { name: "ops".to_owned(), events: events.iter().copied().collect() }
}

/// Where no losses are known.
fn planned(memory: &Memory, before: Option<&Notices>, wanted: &Wanted, me: &str) -> Plan {
    plan(memory, None, before, wanted, me)
}

fn memory(now: i64, incidents: Vec<(u32, Incident)>) -> Memory {
    let incidents = incidents.into_iter().map(|(id, one)| (DocumentId(id), one)).collect();
    Memory { now: Epoch(now), incidents, ..Memory::default() }
}

fn open(host: u32) -> Incident {
    let name = format!("node{host}");
    Incident { host: HostId(host), name, opened: Epoch(1000), updated: Epoch(1000), ..Incident::default() }
}

fn held(host: u32, why: &str) -> Incident {
    let held = Held { why: why.to_owned(), advice: "look at it".to_owned(), since: Epoch(1000) };
    Incident { progress: Progress::Held, held: Some(held), ..open(host) }
}

fn closed(host: u32, ends: &[End]) -> Incident {
    let vm = |(id, end): (u32, &End)| IncidentVm {
        ready: None,
        id: VmId(id),
        name: "web".to_owned(),
        order: None,
        to: None,
        end: Some(*end),
        why: String::new(),
    };
    let vms = (0..).zip(ends).map(vm).collect();
    Incident { progress: Progress::Closed, outcome: Some("recovered".to_owned()), vms, ..open(host) }
}

/// A receiver whose notes were begun before anything happened.
fn known() -> Notices {
    let plan = planned(&memory(900, Vec::new()), None, &wanted(&ALL), ME);
    assert_eq!(plan.due, Due::Begin);
    plan.notes
}

/// One pass whose messages arrive; what was sent, and the notes after it.
fn pass(memory: &Memory, notes: &Notices) -> (Vec<Event>, Notices) {
    let plan = planned(memory, Some(notes), &wanted(&ALL), ME);
    let Due::Send(changes) = plan.due else {
        assert_eq!(plan.due, Due::Nothing);
        return (Vec::new(), plan.notes);
    };
    let told: Vec<_> = changes.iter().map(Change::about).collect();
    (changes.iter().map(|change| change.event).collect(), ended(plan.notes, &told, None, memory.now))
}

/// The same of one incident as it goes on.
fn story(incidents: &[(i64, Incident)]) -> Vec<Vec<Event>> {
    let mut notes = known();
    let mut said = Vec::new();
    for (now, incident) in incidents {
        let (events, after) = pass(&memory(*now, vec![(41, incident.clone())]), &notes);
        said.push(events);
        let (again, quiet) = pass(&memory(*now, vec![(41, incident.clone())]), &after);
        assert_eq!((again, &quiet), (Vec::new(), &after), "nothing has changed");
        notes = after;
    }
    said
}

#[test]
fn each_change_of_an_incident_is_told_once() {
    let said = story(&[
        (1000, open(7)),
        (1010, held(7, "4 of 5 hosts fail, more than 50 %")),
        (1020, held(7, "3 of 5 hosts fail, more than 50 %")),
        (1030, open(7)),
        (1040, held(7, "bmc says on")),
        (1050, Incident { progress: Progress::Fencing, ..open(7) }),
        (1060, closed(7, &[End::Recovered])),
    ]);
    let expected: [&[Event]; 7] =
        [&[Event::Opened], &[Event::Held], &[], &[], &[Event::Held], &[], &[Event::Ended]];
    assert_eq!(said, expected);
}

#[test]
fn what_does_not_pass_by_itself_needs_you() {
    let said = story(&[(1000, held(7, "storm")), (1899, held(7, "storm")), (1900, held(7, "storm"))]);
    assert_eq!(said, [vec![Event::Held], vec![], vec![Event::NeedsYou]]);
    let alive = Incident { alive: Some(Epoch(1100)), progress: Progress::Off, ..open(7) };
    assert_eq!(story(&[(1100, alive)]), [[Event::NeedsYou]]);
    let looks = Incident {
        waiting: Some(Looks { since: Epoch(1100), outcome: String::new() }),
        ..closed(7, &[End::Held, End::Recovered])
    };
    let said = story(&[
        (1100, looks.clone()),
        // A look that sends something is no news; its end is.
        (1110, Incident { progress: Progress::Off, ..looks.clone() }),
        (1120, looks),
        (1130, closed(7, &[End::Failed])),
        (1140, closed(7, &[End::Recovered])),
        (1150, held(7, "a person began anew")),
        (1160, closed(7, &[End::Recovered])),
    ]);
    let (needs, end) = (vec![Event::NeedsYou], vec![Event::Ended]);
    assert_eq!(said, [needs.clone(), vec![], vec![], needs, end.clone(), vec![Event::Held], end]);
    // A person has decided about those VMs.
    let by_hand = Incident { stopped: Some(Epoch(1100)), ..closed(7, &[End::Held]) };
    assert_eq!(story(&[(1100, by_hand)]), [[Event::Ended]]);
}

#[test]
fn a_reason_that_is_new_at_each_look_is_not_told_for_ever() {
    let why = |at: u8| format!("reason {}", char::from(b'a' + at));
    let story: Vec<_> = (0..20).map(|at| (1000 + i64::from(at), held(7, &why(at)))).collect();
    let told = self::story(&story).concat().len();
    assert!((8..=12).contains(&told), "{told}");
}

#[test]
fn a_receiver_is_told_what_it_has_chosen() {
    let only = wanted(&[Event::NeedsYou]);
    let plan = planned(&memory(900, Vec::new()), None, &only, ME);
    for incident in [open(7), held(7, "storm"), closed(7, &[End::Recovered])] {
        let plan = planned(&memory(1000, vec![(41, incident)]), Some(&plan.notes), &only, ME);
        assert_eq!((plan.due, plan.standing.len()), (Due::Nothing, 0));
    }
    let needs = closed(7, &[End::Failed]);
    let plan = planned(&memory(1000, vec![(41, needs)]), Some(&plan.notes), &only, ME);
    assert!(matches!(plan.due, Due::Send(changes) if changes.len() == 1));
}

#[test]
fn a_new_receiver_is_not_told_of_what_was_over_before() {
    let old = (1..=50).map(|id| (id, closed(id, &[End::Failed])));
    let all: Vec<_> = old.chain([(60, held(60, "storm"))]).collect();
    let first = planned(&memory(2000, all.clone()), None, &wanted(&ALL), ME);
    let Due::Send(changes) = &first.due else { panic!("{:?}", first.due) };
    assert_eq!(changes.iter().map(|change| change.incident).collect::<Vec<_>>(), [Some(60)]);
    // One that chooses anew is told no old story either.
    let (_, notes) = pass(&memory(2000, all.clone()), &known());
    let less = planned(&memory(2100, all), Some(&notes), &wanted(&[Event::Ended, Event::Held]), ME);
    assert_eq!((less.due, less.notes.begun), (Due::Begin, Epoch(2100)));
    // And what was not told for two days is not told.
    let late = memory(1000 + 3 * 86_400, vec![(41, closed(7, &[End::Failed]))]);
    let plan = planned(&late, Some(&known()), &wanted(&ALL), ME);
    assert_eq!(plan.due, Due::Nothing);
}

#[test]
fn a_flood_is_one_message_in_the_order_of_its_incidents() {
    let all: Vec<_> =
        (1..=50).map(|id| (id, if id % 5 == 0 { held(id, "storm") } else { open(id) })).collect();
    let plan = planned(&memory(1000, all), Some(&known()), &wanted(&ALL), ME);
    let Due::Send(changes) = plan.due else { panic!("nothing is sent") };
    assert!(changes.is_sorted_by_key(|change| change.incident) && changes.len() == 50);
    let message = Message::of(changes);
    assert_eq!(message.subject, "50 incidents: 10 held, 40 opened; look: onerescue history");
    assert!(
        message.text.contains("node20 is held: storm")
            && message.text.ends_with("and 30 more: onerescue history\n")
    );
    assert!(!message.text.contains("node21"), "{}", message.text);
}

#[test]
fn a_message_says_the_host_its_state_and_the_one_thing_to_do() {
    let mut incident = held(7, "its controller says on");
    incident.vms = closed(7, &[End::Held; 3]).vms;
    incident.vms.iter_mut().for_each(|vm| vm.end = None);
    incident.until = Some(Epoch(1060));
    let plan = planned(&memory(1000, vec![(41, incident)]), Some(&known()), &wanted(&ALL), ME);
    let Due::Send(changes) = plan.due else { panic!("nothing is sent") };
    let message = Message::of(changes);
    assert_eq!(message.subject, "node7 is held: its controller says on; 3 VMs wait; look: onerescue show 41");
    for line in [
        "  reason     its controller says on\n",
        "  do this    look at it\n",
        "  VMs        3 on their way\n",
    ] {
        assert!(message.text.contains(line), "{}", message.text);
    }
    assert!(message.text.contains("next look  1970-01-01 00:17 UTC"), "{}", message.text);
    assert!(!message.text.contains("web"), "no VM is named: {}", message.text);
}

/// Whatever the cloud calls its hosts, a subject is one line of a length, and no line of the text is another's.
#[test]
fn names_break_no_line() {
    let mut incident = held(7, &format!("x\r\n\u{1b}[2J{}", "é".repeat(5000)));
    incident.name = "node7\nBcc: evil\u{85}".to_owned() + &"n".repeat(500);
    let plan = planned(&memory(1000, vec![(41, incident)]), Some(&known()), &wanted(&ALL), ME);
    let Due::Send(changes) = plan.due else { panic!("nothing is sent") };
    let message = Message::of(changes);
    assert!(
        !message.subject.contains(char::is_control) && message.subject.len() < 300,
        "{}",
        message.subject
    );
    assert!(message.text.lines().count() < 12 && message.text.len() < 2000, "{}", message.text);
    assert!(message.text.lines().skip(1).all(|line| line.starts_with("  ")), "{}", message.text);
}

#[test]
fn a_sender_that_was_killed_costs_one_message_more_which_says_so() {
    let now = memory(1000, vec![(41, open(7))]);
    let killed = planned(&now, Some(&known()), &wanted(&ALL), ME).notes;
    let again = planned(&now, Some(&killed), &wanted(&ALL), "fe1 4712 1001");
    let Due::Send(changes) = again.due else { panic!("nothing is sent") };
    assert!(changes[0].maybe_repeated);
    let message = Message::of(changes);
    assert!(message.subject.ends_with("(may have been sent before)"), "{}", message.subject);
    assert!(message.text.contains("note       this may have been sent before"), "{}", message.text);
    let after = ended(again.notes, &[About::Incident(DocumentId(41))], None, Epoch(1001));
    assert_eq!(pass(&now, &after).0, []);
    // Another front-end's sender may be at it still.
    let other = planned(&now, Some(&killed), &wanted(&ALL), "fe2 9 1001");
    assert_eq!(other.due, Due::Nothing);
    let later = memory(1120, vec![(41, open(7))]);
    assert!(matches!(planned(&later, Some(&killed), &wanted(&ALL), "fe2 9 1121").due, Due::Send(_)));
}

#[test]
fn what_has_failed_is_sent_again_more_and_more_slowly_and_something_new_at_once() {
    let mut notes = known();
    let (mut now, mut waits) = (1000, Vec::new());
    for _ in 0..8 {
        let plan = planned(&memory(now, vec![(41, open(7))]), Some(&notes), &wanted(&ALL), ME);
        let Due::Send(changes) = plan.due else { panic!("{:?}", plan.due) };
        assert!(!changes[0].maybe_repeated, "it was not sent");
        notes = ended(plan.notes, &[About::Incident(DocumentId(41))], Some(Sending::Failed), Epoch(now));
        let until = notes.until.unwrap();
        let waiting = planned(&memory(until.0 - 1, vec![(41, open(7))]), Some(&notes), &wanted(&ALL), ME);
        assert_eq!((waiting.due, &waiting.notes), (Due::Later(until), &notes));
        waits.push(until.0 - now);
        now = until.0;
    }
    assert_eq!(waits, [60, 120, 240, 480, 960, 1800, 1800, 1800]);
    let more = memory(now - 1, vec![(41, open(7)), (42, open(8))]);
    let plan = planned(&more, Some(&notes), &wanted(&ALL), ME);
    let Due::Send(changes) = plan.due else { panic!("{:?}", plan.due) };
    assert_eq!(changes.len(), 2);
    let unknown = ended(
        plan.notes,
        &[41, 42].map(|id| About::Incident(DocumentId(id))),
        Some(Sending::Unknown),
        Epoch(now),
    );
    let plan = planned(&memory(now + 1800, vec![(41, open(7))]), Some(&unknown), &wanted(&ALL), ME);
    assert!(matches!(plan.due, Due::Send(changes) if changes[0].maybe_repeated));
}

#[test]
fn what_another_front_end_has_noted_meanwhile_stays() {
    let both = memory(1000, vec![(41, open(7)), (42, open(8))]);
    let (_, there) = pass(&both, &known());
    let ours = planned(&memory(1000, vec![(41, held(7, "x"))]), Some(&known()), &wanted(&ALL), ME).notes;
    let ours = ended(ours, &[About::Incident(DocumentId(41))], None, Epoch(1000));
    let all = merge(Some(there.clone()), ours.clone(), &[About::Incident(DocumentId(41))]);
    assert_eq!(all.of(DocumentId(42)), there.of(DocumentId(42)));
    assert_eq!(all.of(DocumentId(41)), ours.of(DocumentId(41)));
    assert_eq!(merge(None, ours.clone(), &[]), ours);
}

/// The loss of host 7 would hold so many VMs, as it was planned at this moment; with none it is not in the plan any more.
fn losses(planned: i64, held: u32) -> Losses {
    let first = HeldVm { id: VmId(11), name: "erp".to_owned(), why: "no host takes 64 GiB".to_owned() };
    let loss = HostLoss {
        name: "node7".to_owned(),
        held: (11..11 + held).map(|id| (VmId(id), Epoch(1000))).collect(),
        first: vec![first],
        ..HostLoss::default()
    };
    let hosts = (held > 0).then_some((HostId(7), loss)).into_iter().collect();
    Losses { planned: Some(Epoch(planned)), hosts, ..Losses::default() }
}

/// One pass over what the loss of host 7 would hold, and what became of the message; what was sent, and the notes after it.
fn loss_pass(
    losses: &Losses,
    notes: &Notices,
    events: &[Event],
    sent: Option<Sending>,
) -> (Vec<Change>, Notices) {
    let now = memory(losses.planned.unwrap().0, Vec::new());
    let plan = plan(&now, Some(losses), Some(notes), &wanted(events), ME);
    let Due::Send(changes) = plan.due else { return (Vec::new(), plan.notes) };
    let told: Vec<_> = changes.iter().map(Change::about).collect();
    let after = ended(plan.notes.clone(), &told, sent, now.now);
    assert_eq!(merge(Some(plan.notes), after.clone(), &told), after);
    (changes, after)
}

#[test]
fn a_host_that_cannot_be_lost_is_told_once_again_when_it_is_worse_and_when_it_is_over() {
    let mut notes = known();
    let mut told = Vec::new();
    for (at, held) in [(1000, 1), (1001, 1), (1002, 3), (1003, 2), (1004, 3), (1005, 0), (1006, 0), (1007, 1)]
    {
        let (changes, after) = loss_pass(&losses(at, held), &notes, &ALL, None);
        let (again, _) = loss_pass(&losses(at, held), &after, &ALL, None);
        assert_eq!(again, [], "it was told");
        told.push(changes.iter().map(|change| change.event).collect::<Vec<_>>());
        notes = after;
    }
    let (worse, better) = (vec![Event::CannotBeLost], vec![Event::CanBeLost]);
    assert_eq!(told, [worse.clone(), vec![], worse.clone(), vec![], vec![], better, vec![], worse]);
    // The file of a front-end that has not led meanwhile is older than what was told.
    assert_eq!(loss_pass(&losses(1006, 9), &notes, &ALL, None).0, []);
    // Where nothing is known nothing is over.
    assert_eq!(planned(&memory(1008, Vec::new()), Some(&notes), &wanted(&ALL), ME).due, Due::Nothing);
    let standing = plan(&memory(1008, Vec::new()), Some(&losses(1008, 1)), Some(&notes), &wanted(&ALL), ME);
    assert_eq!(standing.standing.len(), 1);
}

#[test]
fn a_loss_that_was_not_told_is_told_later_and_one_that_may_have_been_says_so() {
    let (first, failed) = loss_pass(&losses(1000, 1), &known(), &ALL, Some(Sending::Failed));
    assert_eq!(first.len(), 1);
    assert_eq!(loss_pass(&losses(1001, 1), &failed, &ALL, None).0, [], "it waits");
    assert_eq!(loss_pass(&losses(1090, 0), &failed, &ALL, None).0, [], "nobody has heard of it");
    let (again, after) = loss_pass(&losses(1090, 1), &failed, &ALL, Some(Sending::Unknown));
    assert!(!again[0].maybe_repeated, "it was not sent");
    let (doubt, _) = loss_pass(&losses(1300, 1), &after, &ALL, None);
    assert!(doubt[0].maybe_repeated);
    let (over, after) = loss_pass(&losses(1300, 0), &after, &ALL, None);
    assert_eq!((over[0].event, after.losses.len()), (Event::CanBeLost, 0));
    // Who is not told of its end is told of the next one.
    let only = [Event::CannotBeLost];
    let notes = Notices { events: only.to_vec(), ..known() };
    let (_, told) = loss_pass(&losses(1000, 1), &notes, &only, None);
    let over = plan(&memory(1001, Vec::new()), Some(&losses(1001, 0)), Some(&told), &wanted(&only), ME);
    assert_eq!((&over.due, over.notes.losses.len()), (&Due::Note, 0));
    assert_eq!(loss_pass(&losses(1002, 1), &over.notes, &only, None).0.len(), 1);
}

#[test]
fn a_loss_says_which_vm_would_be_held_and_goes_with_the_incidents_of_its_time() {
    let (alone, _) = loss_pass(&losses(1000, 1), &known(), &ALL, None);
    let message = Message::of(alone);
    let subject =
        "node7 cannot be lost: that would hold 1 VM: vm 11 erp: no host takes 64 GiB; look: onerescue plan 7";
    assert_eq!(message.subject, subject);
    for line in
        ["  reason     since 1970-01-01 00:16 UTC its loss would hold vm 11 erp: ", "  VMs        1 held\n"]
    {
        assert!(message.text.contains(line), "{}", message.text);
    }
    let at = memory(1000, vec![(41, open(7)), (42, held(8, "storm"))]);
    let both = plan(&at, Some(&losses(1000, 2)), Some(&known()), &wanted(&ALL), ME);
    let Due::Send(changes) = both.due else { panic!("{:?}", both.due) };
    let subject = "2 incidents: 1 held, 1 opened; hosts: 1 cannot be lost; look: onerescue history, onerescue plan --all";
    assert_eq!(Message::of(changes).subject, subject);
}

#[test]
fn only_what_a_person_must_know_is_news() {
    let seen = |all: &[Incident]| all.iter().map(mark).collect::<BTreeSet<_>>();
    let off = Incident { progress: Progress::Fencing, ..open(7) };
    assert!(is_news(&seen(&[]), &open(7)));
    assert!(!is_news(&seen(&[open(7)]), &off));
    assert!(is_news(&seen(&[open(7)]), &held(7, "storm")));
    assert!(!is_news(&seen(&[open(7), held(7, "4 hosts")]), &held(7, "5 hosts")));
    assert!(!is_news(&seen(&[held(7, "storm")]), &open(7)), "it looks again");
    assert!(is_news(&seen(&[open(7)]), &closed(7, &[])));
}

/// How an incident may stand; `Closed` ends may be followed by anything.
fn state() -> impl Strategy<Value = Incident> {
    prop_oneof![
        Just(open(0)),
        Just(Incident { progress: Progress::Off, ..open(0) }),
        "[abc]".prop_map(|why| held(0, &why)),
        Just(closed(0, &[End::Recovered])),
        Just(closed(0, &[End::Held])),
    ]
}

/// What becomes of a pass.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    Fails,
    /// Killed before it was sent, or after.
    Killed(bool),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Arrives),
        1 => Just(Fate::Fails),
        1 => Just(Fate::Killed(false)),
        1 => Just(Fate::Killed(true)),
    ]
}

proptest! {
    /// Whatever happens to senders: nothing arrives twice but by a kill, what arrives again says so, and in the end how
    /// each incident stands was told.
    #[test]
    fn each_change_arrives_and_twice_only_by_a_kill(
        story in proptest::collection::vec((0_u32..3, state(), fate()), 1..40)
    ) {
        let mut notes = known();
        let mut incidents: Vec<(u32, Incident)> = Vec::new();
        let mut now = 1000;
        let mut kills = 0;
        let mut repeats = 0;
        let mut unsure: BTreeSet<(u32, String)> = BTreeSet::new();
        let end = (0..4).map(|_| None);
        for step in story.into_iter().map(Some).chain(end) {
            now += 1;
            let fate = step.as_ref().map_or(Fate::Arrives, |(_, _, fate)| *fate);
            if let Some((id, incident, _)) = step {
                let mut incident = incident;
                incident.host = HostId(id);
                if let Some(held) = &mut incident.held {
                    held.since = Epoch(now);
                }
                incidents.retain(|(other, _)| *other != id);
                incidents.push((id, Incident { updated: Epoch(now), ..incident }));
                incidents.sort_by_key(|(id, _)| *id);
            } else {
                now += 1800;
                for (_, incident) in &mut incidents {
                    // Held so long would be another change.
                    if let Some(held) = &mut incident.held {
                        held.since = Epoch(now);
                    }
                }
            }
            let plan = planned(&memory(now, incidents.clone()), Some(&notes), &wanted(&ALL), ME);
            let Due::Send(changes) = plan.due else { continue };
            let told: Vec<_> = changes.iter().map(Change::about).collect();
            for change in &changes {
                let incident = change.incident.unwrap();
                let attempt = plan.notes.of(DocumentId(incident)).unwrap().attempt.clone().unwrap();
                let key = (incident, attempt.mark);
                let was_unsure = unsure.contains(&key);
                prop_assert!(!was_unsure || change.maybe_repeated, "{key:?} comes again and does not say so");
                repeats += usize::from(was_unsure && matches!(fate, Fate::Arrives | Fate::Killed(true)));
                match fate {
                    Fate::Arrives => {
                        // An end is the last word about everything before it.
                        let ends = matches!(change.event, Event::Ended | Event::NeedsYou);
                        unsure.retain(|other| *other != key && !(ends && other.0 == key.0));
                        true
                    }
                    Fate::Killed(true) => unsure.insert(key),
                    Fate::Fails | Fate::Killed(false) => false,
                };
            }
            notes = match fate {
                Fate::Arrives => ended(plan.notes, &told, None, Epoch(now)),
                Fate::Fails => ended(plan.notes, &told, Some(Sending::Failed), Epoch(now)),
                Fate::Killed(sent) => {
                    kills += usize::from(sent) * told.len();
                    plan.notes
                }
            };
        }
        prop_assert!(repeats <= kills, "{repeats} repeats, {kills} kills");
        let last = planned(&memory(now, incidents.clone()), Some(&notes), &wanted(&ALL), ME);
        prop_assert_eq!(last.due, Due::Nothing);
        for (id, incident) in incidents {
            let said = &notes.of(DocumentId(id)).unwrap().said;
            prop_assert!(said.contains(&mark(&incident)), "{id}: {said:?}");
        }
    }
}
