//! What stands in a page, without HTML.

use super::*;
use crate::model::{
    Abort, Asked, Confirmation, DeviceName, End, Held, IncidentVm, Line, Looks, PowerState, Stages,
};
use crate::policy::Source;

pub(super) const HEARD: i64 = 1_795_165_474;

pub(super) fn vm(id: u32, end: Option<End>, why: &str) -> IncidentVm {
    IncidentVm {
        ready: None,
        id: VmId(id),
        name: format!("web-{id}"),
        order: Some("migrate".to_owned()),
        to: Some(HostId(1)),
        end,
        why: why.to_owned(),
    }
}

/// A host is heard last, and ERROR, a run, the wait, the fence and the VMs follow.
pub(super) fn incident() -> Incident {
    let at = |after: i64| Some(Epoch(HEARD + after));
    Incident {
        host: HostId(7),
        name: "node7".to_owned(),
        owner: "fe1 4711 1795165661".to_owned(),
        opened: Epoch(HEARD + 187),
        updated: Epoch(HEARD + 500),
        progress: Progress::Closed,
        began: at(187),
        proof: Some("bmc said off 3 times in a row (+05:03.7 +05:05.9 +05:08.1)".to_owned()),
        outcome: Some("not every VM could be recovered".to_owned()),
        heard: Some(HEARD),
        stages: Stages {
            began: at(187),
            waited: at(487),
            off: at(488),
            proven: at(495),
            first: at(497),
            half: at(498),
            last: at(499),
        },
        flags: Asked::try_from(vec!["-m".to_owned()]).ok(),
        log: vec![Line { at: Epoch(HEARD + 488), phase: "fence".to_owned(), text: "by bmc".to_owned() }],
        vms: vec![
            vm(4, Some(End::Recovered), "RUNNING on node1 (host 1)"),
            vm(5, Some(End::Recovered), "RUNNING on node1 (host 1)"),
            vm(6, Some(End::Held), "no room"),
            vm(8, Some(End::Left), "POWEROFF"),
        ],
        ..Incident::default()
    }
}

pub(super) fn run(vms: &[(u32, i64)]) -> Run {
    let at = |after: i64| At((HEARD + after) * 1000);
    let sample =
        |after: i64, state| Sample { at: at(after), device: DeviceName("bmc".to_owned()), via: None, state };
    let course = |(id, after): &(u32, i64)| {
        let orders = vec![(at(496), "migrate to host 1: accepted".to_owned())];
        (VmId(*id), Course { orders, runs: Some(at(*after)), group: "users".to_owned() })
    };
    Run {
        owner: "fe1 4711 1795165661".to_owned(),
        program: "0.1.0".to_owned(),
        began: at(187),
        source: Source::Event,
        ended: Some("recovered".to_owned()),
        damaged: None,
        host: HostId(7),
        samples: vec![sample(300, PowerState::On), sample(491, PowerState::Off)],
        offs: vec![Off { at: at(489), device: DeviceName("bmc".to_owned()), via: None, failed: None }],
        levels: Vec::new(),
        witnesses: Vec::new(),
        vms: vms.iter().map(course).collect(),
        told: vec![(at(488), "fence".to_owned(), "by bmc".to_owned())],
    }
}

/// The page of this incident, document 14.
pub(super) fn page(incident: &Incident, memory: &Memory, runs: &[Run]) -> Page {
    Page::new(&Known {
        memory,
        document: DocumentId(14),
        incident,
        error: Some(Epoch(HEARD + 186)),
        runs,
        unread: &[],
        moved: &BTreeMap::new(),
        hosts: &BTreeMap::from([(HostId(1), "node1".to_owned())]),
        clusters: &BTreeMap::from([(ClusterId(0), "default".to_owned())]),
    })
}

#[test]
fn three_sentences_tell_the_loss_the_proof_and_the_vms() {
    let page = page(&incident(), &Memory::default(), &[run(&[(4, 497), (5, 499)])]);
    assert_eq!(
        page.sentences,
        [
            "node7 (host 7, default (cluster 0)) was heard last at 09:04:34 UTC on 2026-11-20, and OpenNebula took it for \
             failed 3 min 6 s later.",
            "It was proven off at 09:12:49 UTC on 2026-11-20, before any VM was touched: bmc said off 3 times in a row \
             (+05:03.7 +05:05.9 +05:08.1).",
            "Of 4 VMs, 2 are recovered, 1 is held, 1 is left alone; the last one ran at 09:12:53 UTC on 2026-11-20, \
             8 min 19 s after the host was heard last.",
        ]
    );
    assert_eq!(page.head.headline, "node7 was lost, and 2 of 3 VMs are recovered");
    assert_eq!((page.head.kind, page.head.state), (Kind::Held, "VMs are held"));
    assert!(page.todo[0].contains("1 VM is not where it should be"), "{:?}", page.todo);
    assert!(page.todo[0].contains("`host_error --host node7 -m`"), "{:?}", page.todo);
    let figures: Vec<_> = page.figures.iter().map(|figure| figure.value.as_str()).collect();
    assert_eq!(figures, ["8 min 19 s", "3 min 6 s", "5 min 8 s", "4 s", "2 of 3", "1"]);
    assert_eq!(page.gaps, Vec::<String>::new());
}

#[test]
fn each_vm_has_its_outcome_and_when_it_ran_and_who_needs_a_person_comes_first() {
    let page = page(&incident(), &Memory::default(), &[run(&[(4, 497), (5, 499)])]);
    let told: Vec<_> = page.vms.iter().map(|row| (row.id, row.kind, row.down.as_str())).collect();
    let all = [
        (6, Kind::Held, ""),
        (4, Kind::Recovered, "8 min 17 s"),
        (5, Kind::Recovered, "8 min 19 s"),
        (8, Kind::Left, ""),
    ];
    assert_eq!(told, all);
    let first = &page.vms[1];
    assert_eq!((first.to.as_str(), first.group.as_str()), ("node1", "users"));
    assert_eq!(first.back.as_ref().unwrap().after, "+08:17.0");
    let counts: Vec<_> = page.counts.iter().map(|count| (count.kind, count.vms)).collect();
    assert_eq!(counts, [(Kind::Recovered, 2), (Kind::Held, 1), (Kind::Left, 1)]);
}

#[test]
fn what_a_record_without_a_journal_or_of_an_older_version_lacks_is_said() {
    let without = page(&incident(), &Memory::default(), &[]);
    assert!(without.gaps[0].starts_with("No journal of it is on this front-end"), "{:?}", without.gaps);
    assert!(without.gaps[0].contains("Its last run was on fe1"), "{:?}", without.gaps);
    assert!(without.vms.iter().all(|row| row.back.is_none() && row.down.is_empty()));
    let samples: Vec<_> = without.evidence.samples.iter().map(|row| row.at.after.as_str()).collect();
    assert_eq!(samples, ["+08:10.7", "+08:12.9", "+08:15.1"], "they count from when that run began");
    assert!(!without.evidence.whole && without.evidence.told.len() == 1);
    let chart = without.chart.unwrap();
    assert!(chart.note.contains("is not in the record, so that part is striped"), "{}", chart.note);
    assert!(chart.bars[0].unsure > chart::Part(0));

    let bare = Incident { vms_left_out: 3, ..bare_incident() };
    let old = page(&bare, &Memory::default(), &[]);
    for part in [
        "When oned had heard the host last is not in the record",
        "The record has no stages",
        "The options of its last run are not in the record",
        "3 VMs that had ended are not in the record",
        "The record has no name of 1 VM",
    ] {
        assert!(old.gaps.iter().any(|gap| gap.contains(part)), "{part:?} is not in {:?}", old.gaps);
    }
    assert_eq!(old.chart, None);
    assert_eq!(old.sentences[1], "It was not fenced, and so no VM was touched.");

    let torn = Run { damaged: Some("line 9 is damaged".to_owned()), ended: None, ..run(&[]) };
    let torn = page(&incident(), &Memory::default(), &[torn]);
    assert!(torn.gaps.iter().any(|gap| gap.contains("is not whole: line 9 is damaged")), "{:?}", torn.gaps);
    assert!(torn.runs[0].ended.starts_with("not known"), "{:?}", torn.runs);
    let other = Run { owner: "fe2 1 1795165000".to_owned(), ..run(&[]) };
    let taken = Incident { takeovers: 1, ..incident() };
    let taken = page(&taken, &Memory::default(), &[other]);
    assert!(taken.gaps.iter().any(|gap| gap.contains("that run was on fe1")), "{:?}", taken.gaps);
    assert!(taken.gaps.iter().any(|gap| gap.contains("not every run of it has its journal here")));
    assert_eq!(taken.runs.len(), 2);
}

/// A record as an early version wrote it.
fn bare_incident() -> Incident {
    let vms = vec![IncidentVm { name: String::new(), ..vm(1, None, "") }];
    let (name, owner) = ("old".to_owned(), "fe1 1 2".to_owned());
    Incident { name, owner, vms, progress: Progress::Closed, ..Incident::default() }
}

#[test]
fn the_words_of_people_stand_with_names_and_times_and_those_about_others_do_not() {
    let word = |document: u32, by: &str, at: i64| Confirmation {
        host: HostId(7),
        incident: DocumentId(document),
        by: by.to_owned(),
        reason: "I stand beside it".to_owned(),
        at: Epoch(HEARD + at),
        expires: Epoch(HEARD + 1000),
    };
    let abort = Abort {
        host: HostId(7),
        incident: DocumentId(14),
        by: "carol".to_owned(),
        reason: "enough".to_owned(),
        at: Epoch(HEARD + 600),
    };
    let memory = Memory {
        confirmations: vec![word(14, "alice", 200), word(13, "mallory", 1)],
        proceeds: vec![word(14, "bob", 190)],
        aborts: vec![abort],
        ..Memory::default()
    };
    // A run that has used it up has written it into the record too.
    let used = Incident { confirmation: Some(word(14, "alice", 200)), ..incident() };
    let by_hand = Run { source: Source::Person, ..run(&[]) };
    let page = page(&used, &memory, &[by_hand]);
    let told: Vec<_> = page
        .people
        .iter()
        .map(|word| (word.who.as_str(), word.did.as_str(), word.at.after.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("a person at the terminal", "started run fe1 4711 1795165661 by hand", "+03:07"),
            ("bob", "let it proceed in spite of the brakes", "+03:10"),
            ("alice", "confirmed that node7 is off", "+03:20"),
            ("carol", "ended the incident", "+10:00"),
        ]
    );
    assert!(page.sentences[2].ends_with("; carol ended the incident by hand."), "{}", page.sentences[2]);
    assert_eq!(page.head.state, "ended by a person");
}

#[test]
fn a_held_incident_says_why_and_what_to_do() {
    let held = Held {
        why: "4 of 5 hosts fail".to_owned(),
        advice: "look at the switch".to_owned(),
        since: Epoch(HEARD + 190),
    };
    let held = Incident {
        held: Some(held),
        progress: Progress::Held,
        proof: None,
        began: None,
        vms: vec![vm(4, None, "")],
        waiting: Some(Looks { since: Epoch(0), outcome: String::new() }),
        stages: Stages::default(),
        ..incident()
    };
    let now = Memory { now: Epoch(HEARD + 3600), ..Memory::default() };
    let page = page(&held, &now, &[]);
    assert_eq!(page.todo, ["It is held: 4 of 5 hosts fail. Do this: look at the switch."]);
    assert!(page.sentences[1].contains("because it is held since 09:07:44 UTC"), "{}", page.sentences[1]);
    assert_eq!(page.head.headline, "node7 is held, and waits");
    let chart = page.chart.unwrap();
    assert_eq!((chart.bars[0].kind, chart.bars[0].width), (Kind::Waiting, chart::Part(10_000)));
    assert_eq!(chart.ticks.last().unwrap().label, "+45:00", "{:?}", chart.ticks);
}

#[test]
fn a_thousand_vms_are_a_few_shapes_and_each_is_still_in_them() {
    let vms =
        (0..1000).map(|id| vm(id, Some(if id < 990 { End::Recovered } else { End::Failed }), "x")).collect();
    let many = Incident { vms, ..incident() };
    let ran: Vec<_> = (0..990).map(|id| (id, 497 + i64::from(id) / 10)).collect();
    let page = page(&many, &Memory::default(), &[run(&ran)]);
    let chart = page.chart.unwrap();
    assert!(chart.bars.is_empty() && chart.vms_height == 365);
    let classes: Vec<_> = chart.areas.iter().map(|area| area.class).collect();
    assert_eq!(classes, ["ok", "bad"]);
    let bytes: usize = chart.areas.iter().map(|area| area.path.len()).sum();
    assert!(bytes < 8000, "{bytes}");
    // Ten VMs ran in each second, so the shape has 99 steps, the last one ends where the failed ones begin.
    assert_eq!(chart.areas[0].path.matches('M').count(), 99);
    assert!(
        chart.areas[0].path.ends_with("V356.40H0z") && chart.areas[1].path.starts_with("M0 356.40H10000")
    );
    assert_eq!(page.vms.len(), 1000);
}

#[test]
fn stages_that_are_near_each_other_do_not_hide_each_other() {
    let page = page(&incident(), &Memory::default(), &[]);
    let flags: Vec<_> = page.chart.unwrap().flags.iter().map(|flag| (flag.number, flag.y)).collect();
    assert_eq!(flags, [(1, 0), (2, 0), (3, 1), (4, 0), (5, 1), (6, 2), (7, 3), (8, 4), (9, 5)]);
    assert_eq!(
        page.stages.iter().map(|stage| stage.name).collect::<Vec<_>>()[..3],
        ["heard last", "ERROR", "run began"]
    );
    assert_eq!((page.stages[0].took.as_str(), page.stages[1].took.as_str()), ("", "3 min 6 s"));
}

#[test]
fn no_name_breaks_a_line_or_turns_the_letters_that_follow() {
    assert_eq!(clean("a\nb\u{1b}[31m\u{202e}c\u{2066}\u{2028}"), "a b [31m\u{fffd}c\u{fffd} ");
    let strange = Incident { name: "no\u{202e}de\n7".to_owned(), ..incident() };
    let page = page(&strange, &Memory::default(), &[]);
    assert!(page.sentences[0].starts_with("no\u{fffd}de 7 (host 7"), "{}", page.sentences[0]);
}
