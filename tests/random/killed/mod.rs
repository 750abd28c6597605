//! A run that is killed, between two effects or inside a write of the record, and gone on with by another one: in the
//! end the cloud is as if it had never been killed.
//!
//! What may differ, because time has passed: which host a VM went to, whether the dead host is DISABLED, how often a
//! recreate that is stuck was sent again, and the texts and moments of the record. What may not: what became of each VM,
//! where it does not run any more, how often it was sent which order, how often "off" was sent, and the one record,
//! closed and let go.

mod left;
mod trouble;

use crate::story::{Story, services::wanted, stage::Stage};
use left::{Deeds, closed, differences, end_of, records};
use onerescue::Run;
use onerescue::policy::reconcile::{Decision, ReconcileRules, Todo, decide, left as left_of};
use onerescue::policy::{HandOver, Report, Source};
use onerescue::sim::{Breach, Fault, FaultRule, Quiet, audit_quiet};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;
use trouble::{Kill, Next, Trouble, jump, kill, next, story};

fn config() -> ProptestConfig {
    crate::config(2 * crate::HOUR, "tests/random/killed/regressions.txt", 20)
}

/// Run it until it is killed or over.
fn begin(stage: &mut Stage, story: &Story, kill: Option<Kill>) -> Option<Report> {
    // More than any run of such a story takes.
    let mut most = 20_000;
    match kill {
        Some(Kill::Between(steps)) => most = steps,
        Some(Kill::Inside(method, skip, done)) => {
            stage.world.transport().add_fault(FaultRule::once(method, Fault::Killed { done }).after(skip));
        }
        None => {}
    }
    let mut run = Run::begin(stage.subject.clone(), story.policy.clone());
    for _ in 0..most {
        run = match run.go_on(&mut stage.world) {
            Ok(run) => run,
            Err(report) => return Some(*report).filter(|_| !stage.world.transport().is_dead()),
        };
        if stage.world.transport().is_dead() {
            return None;
        }
    }
    None
}

/// What one look of the timer decides about the host.
fn look(stage: &mut Stage) -> Option<Decision> {
    let look = stage.world.reconciles().unwrap();
    let busy = BTreeSet::new();
    let decisions = decide(look.view(&busy), ReconcileRules::default());
    decisions.into_iter().find(|decision| decision.host == stage.subject.host)
}
/// Set the clock before the next run, by its trouble; right if there is none.
fn set_clock(stage: &Stage, ahead: &mut i64, next: Option<&Trouble>) {
    let jump = next.map_or(-*ahead, |(.., jump)| *jump);
    *ahead += jump;
    stage.world.transport().cloud().clock_jumps(jump);
}

/// Let runs of this story be killed, and others go on, until it has ended; then it is as if nobody had been killed, and no
/// clock had been wrong. After the last trouble the clock is right.
fn as_if_nothing_had_happened(story: Story, troubles: Vec<Trouble>) -> Result<(), TestCaseError> {
    let mut calm = Stage::new(&story);
    let report = begin(&mut calm, &story, None).unwrap();
    let mut deeds = Deeds::default();
    let broken = deeds.add(&calm, &story, Some(&report));
    prop_assert!(broken.is_empty(), "never killed: {broken:#?}\n{}", deeds.told);
    // What is held stays open, for the next look: that has no end to compare.
    prop_assume!(closed(&calm));
    let right = end_of(&calm, &deeds);

    let mut stage = Stage::new(&story);
    let mut deeds = Deeds::default();
    let (mut story, mut over, mut ahead) = (story, false, 0);
    let mut troubles = troubles.into_iter().peekable();
    set_clock(&stage, &mut ahead, troubles.peek());
    let (mut who, mut next, mut said) = (0, None, false);
    for turn in 0..40 {
        let trouble = troubles.next();
        let kill = trouble.map(|(kill, ..)| kill);
        let ended = begin(&mut stage, &story, kill);
        said = ended.is_some();
        let broken = deeds.add(&stage, &story, ended.as_ref());
        prop_assert!(broken.is_empty(), "turn {turn}: {broken:#?}\n{}", deeds.told);
        if let Some(kill) = kill {
            deeds.take_back(&stage, kill);
        }
        stage.world.transport().begin_again();
        let open = stage.world.transport().cloud().open_incident(stage.subject.host).is_some();
        // A record that is closed is not gone on with, whether its run lived to say so or not.
        over = !open && (ended.is_some() || !records(&stage, stage.subject.host).is_empty());
        if over {
            break;
        }
        if let Some((_, after, rest, _)) = trouble {
            next = Some(after);
            stage.world.advance(Duration::from_secs(rest));
        }
        // Whoever goes on sees by another clock what was written.
        set_clock(&stage, &mut ahead, troubles.peek());
        let elsewhere = matches!(next, Some(Next::HookElsewhere | Next::Timer(true)));
        if elsewhere && ended.is_none() {
            who += 1;
        }
        let front_end = if elsewhere { format!("front-end-{who}") } else { "front-end".to_owned() };
        let begins = |stage: &mut Stage| {
            if elsewhere { stage.world.begin_elsewhere(&front_end) } else { stage.world.begin_again() }
        };
        begins(&mut stage);
        if let Some(Next::Timer(_)) = next {
            (stage.subject.source, story.policy.hand_over) = (Source::Reconcile, HandOver::Yes);
            let known = stage.world.zone().hosts().unwrap_or_default();
            let known = known.into_iter().find(|host| host.id == stage.subject.host);
            stage.subject.vms = known.map(|host| host.vms).unwrap_or_default();
            let mut ticks = 0;
            loop {
                stage.world.advance(Duration::from_secs(60));
                ticks += 1;
                prop_assert!(ticks < 60, "nobody goes on\n{}", deeds.told);
                match look(&mut stage) {
                    Some(decision) if decision.todo != Todo::Leave => {
                        story.policy.wait = left_of(story.policy.wait, decision.waited);
                        break;
                    }
                    Some(_) | None => {}
                }
            }
            begins(&mut stage);
        } else {
            (stage.subject.source, story.policy.hand_over) = (Source::Event, HandOver::No);
        }
    }
    prop_assert!(over, "it does not end\n{}", deeds.told);
    let is = end_of(&stage, &deeds);
    let differs = differences(&is, &right);
    prop_assert!(differs.is_empty(), "differs: {differs:#?}\n{}", deeds.told);
    prop_assert!(closed(&stage), "a record is open or locked\n{}", deeds.told);
    let quiet = Quiet { wanted: wanted(&story), said: deeds.said, ..Quiet::default() };
    // What a run that was killed at its very end would have said is in its record.
    let broken = if said { audit_quiet(&stage.world, &quiet) } else { Vec::new() };
    prop_assert!(broken.is_empty(), "{broken:#?}\n{}", deeds.told);
    let breaches = stage.world.transport().cloud().breaches().to_vec();
    let double = breaches.iter().find(|breach| matches!(breach, Breach::DoubleStart { .. }));
    prop_assert!(double.is_none(), "{double:?}\n{}", deeds.told);
    Ok(())
}
proptest! {
    #![proptest_config(config())]

    #[test]
    fn in_the_end_it_is_as_if_nobody_had_been_killed(
        story in story(),
        kills in vec((kill(), next(), 0..900u64, Just(0)), 1..4),
    ) {
        as_if_nothing_had_happened(story, kills)?;
    }

    #[test]
    fn in_the_end_it_is_as_if_no_clock_had_been_wrong(
        story in story(),
        troubles in vec((kill(), next(), 0..900u64, jump()), 1..4),
    ) {
        as_if_nothing_had_happened(story, troubles)?;
    }
}
