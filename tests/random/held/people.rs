//! People without rights, and people with: what the first write into documents changes nothing, and what the second stop on
//! the terminal is over.

use super::stage::Stage;
use super::story::Story;
use super::{config, strategy};
use onerescue::Run;
use onerescue::model::{HostId, Progress};
use onerescue::policy::reconcile::{ReconcileRules, Todo, decide};
use onerescue::policy::stopping::By;
use onerescue::policy::{Outcome, Source};
use onerescue::run;
use onerescue::sim::{Event, Forgery, Seen};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use std::time::Duration;

fn forgery() -> impl Strategy<Value = Forgery> {
    let flags = select(vec!["-m -u", "-d -u -f", "-r", "--help", "-m -p 0 --config /x", "-m -m"]);
    let words = |flags: &str| flags.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let host = || (0..9u32).prop_map(HostId);
    prop_oneof![
        (host(), flags).prop_map(move |(host, flags)| Forgery::Stopped(host, words(flags))),
        host().prop_map(Forgery::AtWork),
        host().prop_map(Forgery::Looks),
        host().prop_map(Forgery::Fenced),
        host().prop_map(Forgery::ConfirmedOff),
        host().prop_map(Forgery::Aborted),
        host().prop_map(Forgery::Proceeded),
        Just(Forgery::Disarmed),
        Just(Forgery::Garbage),
    ]
}

/// Everything that was asked for and told, with documents without their numbers: a forgery takes some.
fn played(story: &Story, forged: &[(u64, Forgery)]) -> (String, Vec<String>) {
    played_in(Stage::new(story), story, forged)
}

fn played_in(mut stage: Stage, story: &Story, forged: &[(u64, Forgery)]) -> (String, Vec<String>) {
    for (at, forgery) in forged {
        match at {
            0 => stage.world.transport().cloud().forged(forgery),
            seconds => {
                let at = stage.world.began() + Duration::from_secs(*seconds);
                stage.world.schedule(at, Event::Forged(forgery.clone()));
            }
        }
    }
    let report = run(&mut stage.world, stage.subject.clone(), story.policy.clone());
    let vms: Vec<_> = report.vms.iter().map(|vm| format!("{vm:?}")).collect();
    let mut deeds: Vec<_> = stage
        .world
        .seen()
        .iter()
        .filter(|seen| matches!(seen, Seen::Order { .. } | Seen::Off { .. }))
        .map(|seen| unnumbered(&format!("{seen:?}")))
        .collect();
    deeds.extend(vms.iter().map(|vm| unnumbered(vm)));
    (unnumbered(&format!("{:?}", report.outcome)), deeds)
}

/// `document 17` is `document N`.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split("document ");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole.push_str("document N");
        whole.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    whole
}

/// What the timer would do with the host of the story at this moment.
fn todo(stage: &mut Stage) -> Todo {
    let look = stage.world.reconciles().unwrap();
    let busy = BTreeSet::new();
    let decisions = decide(look.view(&busy), ReconcileRules::default());
    let own = decisions.into_iter().find(|decision| decision.host == stage.subject.host);
    own.map_or(Todo::Leave, |decision| decision.todo)
}

proptest! {
    #![proptest_config(config(1))]

    /// The same story without and with forged documents is the same story.
    #[test]
    fn what_strangers_write_changes_nothing(
        story in strategy::story(),
        forged in vec((prop_oneof![Just(0u64), 1..600u64], forgery()), 1..6),
    ) {
        prop_assert_eq!(played(&story, &forged), played(&story, &[]));
    }
}

proptest! {
    #![proptest_config(config(2))]

    /// Whoever is no run and holds the lock file of the host keeps nobody from recovering it.
    #[test]
    fn a_stranger_who_holds_the_lock_changes_nothing(
        story in strategy::story(),
        program in select(vec!["sleep", "openvpn", "host_errors", "python3"]),
        since in 0..5000u64,
    ) {
        let mut stage = Stage::new(&story);
        stage.world.lock_is_held(program, Duration::from_secs(since), None);
        prop_assert_eq!(played_in(stage, &story, &[]), played(&story, &[]));
    }

    /// A run that holds it, and of which nobody sees anything for a lease, is said, and nothing is done beside it.
    #[test]
    fn a_run_that_holds_the_lock_is_never_worked_beside(
        story in strategy::calm(),
        since in prop_oneof![0..390u64, 410..5000u64],
    ) {
        let mut stage = Stage::new(&story);
        stage.world.lock_is_held("host_error", Duration::from_secs(since), None);
        let report = run(&mut stage.world, stage.subject.clone(), story.policy.clone());
        let said = matches!(report.outcome, Outcome::Held(_));
        prop_assert_eq!(said, since > 400, "{:?}", report.outcome);
        let deeds = stage.world.seen().iter().any(|seen| matches!(seen, Seen::Order { .. } | Seen::Off { .. }));
        prop_assert!(!deeds);
    }

    /// A run for a host that was back holds the lock for a while: the failure is recovered all the same, after it.
    #[test]
    fn a_failure_waits_for_a_run_that_looks_after_its_host(
        story in strategy::calm(),
        program in select(vec!["host_back", "onerescue"]),
        (since, free) in (0..1800u64, 1..200u64),
    ) {
        let mut stage = Stage::new(&story);
        let until = stage.world.began().saturating_add(Duration::from_secs(free));
        stage.world.lock_is_held(program, Duration::from_secs(since), Some(until));
        let report = run(&mut stage.world, stage.subject.clone(), story.policy.clone());
        let busy = matches!(&report.outcome, Outcome::NothingToDo(why) if why.contains("another run"));
        prop_assert!(!busy, "{:?}", report.outcome);
    }

    /// A run that a person stops at any moment: nothing of that failure is begun again by a machine, for two hours, and the
    /// next event of it is told so.
    #[test]
    fn what_a_person_stops_is_over(story in strategy::calm(), steps in 1..160usize) {
        let mut stage = Stage::new(&story);
        let mut run = Run::begin(stage.subject.clone(), story.policy.clone());
        for _ in 0..steps {
            run = match run.go_on(&mut stage.world) {
                Ok(run) => run,
                // It had ended before.
                Err(_) => return Ok(()),
            };
        }
        let said = stage.world.let_go(By::Person).unwrap();
        drop(run);
        let written = said != "it had written nothing";
        prop_assume!(written);
        let host = stage.subject.host;
        let open = stage.world.transport().cloud().open_incident(host);
        prop_assert!(open.is_none(), "{said}: {open:?}");
        stage.world.begin_again();
        for _ in 0..120 {
            stage.world.advance(Duration::from_secs(60));
            prop_assert_eq!(todo(&mut stage), Todo::Leave);
        }
        // As a hook's event of the same failure, if the host is still in ERROR.
        let dead = stage.world.zone().hosts().unwrap().into_iter().find(|known| known.id == host);
        prop_assume!(dead.is_some_and(|dead| dead.state == onerescue::model::HostState::Error));
        stage.subject.source = Source::Event;
        let report = onerescue::run(&mut stage.world, stage.subject.clone(), story.policy.clone());
        prop_assert!(matches!(report.outcome, Outcome::Held(_)), "{:?}", report.outcome);
        let deeds = stage.world.seen().iter().any(|seen| matches!(seen, Seen::Order { .. } | Seen::Off { .. }));
        prop_assert!(!deeds);
        let records = stage.world.remembered().unwrap().incidents;
        prop_assert!(records.iter().all(|(_, record)| record.progress == Progress::Closed));
    }
}
