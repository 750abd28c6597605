//! What is written down counts for the next run: no record, no fence; what is proven is proven; a word is used once.

use super::passing::{offs, quiet};
use super::stage::Stage;
use super::story::{DeviceStory, End, Happens, Story};
use super::{config, go, ordered, strategy, told};
use onerescue::policy::{Evidence, Outcome};
use onerescue::run_steps;
use onerescue::sim::{Behaviour, Death, Fault, FaultRule, Power, Seen, audit, audit_deeds};
use proptest::prelude::*;
use proptest::sample::select;
use std::time::Duration;

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn what_cannot_be_written_down_is_not_fenced(
        mut story in quiet(),
        method in select(vec!["one.document.allocate", "one.document.update", "one.document.*"]),
        fault in select(vec![
            Fault::NotSent,
            Fault::LostRequest,
            Fault::Refused { code: 0x0200, text: "no".to_owned() },
            Fault::Refused { code: 0x2000, text: "no".to_owned() },
        ]),
    ) {
        story.policy.wait.oned = Duration::from_secs(60);
        let methods = match method {
            "one.document.*" => vec!["one.document.allocate", "one.document.update"],
            one => vec![one],
        };
        story.faults = methods.into_iter().map(|method| FaultRule::always(method, fault.clone())).collect();
        let mut stage = Stage::new(&story);
        let report = run_steps(&mut stage.world, stage.subject.clone(), story.policy.clone(), 2000);
        prop_assert!(report.is_some(), "it does not end");
        let report = report.unwrap();
        let broken = audit(&stage.world, &story.policy, &report, &stage.charged);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        prop_assert!(offs(&stage).is_empty(), "{}", told(&stage, &report));
        // A host that is off already needs no "off", and its incident was opened.
        let off_already = method == "one.document.update" && report.proof.is_some();
        let stopped = matches!(report.outcome, Outcome::NoCloud(_)) && ordered(&stage.world).is_empty();
        prop_assert!(stopped || off_already, "{}", told(&stage, &report));
    }

    #[test]
    fn what_is_proven_off_is_not_fenced_again_by_another_front_end(
        story in strategy::calm(),
        crash in 0..120usize,
    ) {
        let mut stage = Stage::new(&story);
        let ended = run_steps(&mut stage.world, stage.subject.clone(), story.policy.clone(), crash);
        let off = stage.world.transport().cloud().power(stage.subject.host) == Power::Off;
        stage.world.begin_again();
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        prop_assert!(!off || offs(&stage).is_empty(), "fenced again\n{}", told(&stage, &report));
        let good = matches!(report.outcome, Outcome::Recovered | Outcome::NothingToDo(_));
        prop_assert!(good, "ended {}\n{}", ended.is_some(), told(&stage, &report));
        let breaches = stage.world.transport().cloud().breaches().to_vec();
        prop_assert!(breaches.is_empty(), "{breaches:?}");
    }

    #[test]
    fn a_person_s_word_is_used_once(story in quiet(), crash in 0..60usize, lost in 0..4u32) {
        let mut story = Story { end: End::Dies(Death::PowerLoss), ..story };
        story.devices = vec![DeviceStory::new(Behaviour::Dead)];
        story.policy.hold.deadline = Duration::from_secs(120);
        story.policy.fence.deadline = Duration::from_secs(20);
        story.events = vec![(30, Happens::ConfirmedOff)];
        story.faults = vec![FaultRule::once("one.document.update", Fault::LostReply).after(lost)];
        let mut stage = Stage::new(&story);
        let ended = run_steps(&mut stage.world, stage.subject.clone(), story.policy.clone(), crash);
        let used = used(&stage);
        let broken = audit_deeds(&stage.world, &story.policy, stage.subject.host);
        prop_assert!(broken.is_empty(), "before the crash: {broken:#?}");
        stage.world.begin_again();
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        let again = report.proof.as_ref().is_some_and(|proof| {
            proof.evidence().iter().any(|evidence| matches!(evidence, Evidence::Confirmed { .. }))
        });
        prop_assert!(!(used && again), "used twice, ended {}\n{}", ended.is_some(), told(&stage, &report));
    }
}

/// Has this run written down that it uses a person's word?
fn used(stage: &Stage) -> bool {
    let uses = |seen: &Seen| match seen {
        Seen::Record { incident, answer, .. } => incident.confirmation.is_some() && answer.is_ok(),
        _ => false,
    };
    stage.world.seen().iter().any(uses)
}
