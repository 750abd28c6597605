//! VMs that are held when everything else is done: the timer looks again, while other things happen.

use super::stage::Stage;
use super::{check, config, go, ordered, started_twice, strategy, told};
use onerescue::model::{HostId, Incident, Progress, VmId};
use onerescue::policy::reconcile::{ReconcileRules, Todo, decide};
use onerescue::policy::{Fate, Fencing, HandOver, Outcome, Source, VmReport};
use onerescue::sim::{Event, Seen, audit, audit_deeds};
use onerescue::wire::record::Record;
use onerescue::world::World as _;
use onerescue::{run, run_steps};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

/// What the timer would do about the host, and whether VMs of it wait for room.
fn decided(stage: &mut Stage) -> Option<(Todo, bool)> {
    let host = stage.subject.host;
    let look = stage.world.reconciles().ok()?;
    let busy = BTreeSet::new();
    let decisions = decide(look.view(&busy), ReconcileRules::default());
    let decision = decisions.into_iter().find(|one| one.host == host)?;
    let last = look.memory.incidents.iter().rfind(|(_, incident)| incident.host == host);
    Some((decision.todo, last.is_some_and(|(_, incident)| incident.waiting.is_some())))
}

fn record(stage: &Stage) -> Incident {
    let records = stage.world.transport().cloud().our_records();
    let of_host = records.into_iter().filter_map(|(_, record)| match record {
        Record::Incident(incident) if incident.host == stage.subject.host => Some(*incident),
        _ => None,
    });
    of_host.last().unwrap()
}

/// How the run ended that the looks come after.
fn outcome(incident: &Incident) -> Option<String> {
    incident.outcome.clone().or(incident.waiting.as_ref().map(|looks| looks.outcome.clone()))
}

fn charged(stage: &Stage, host: HostId) -> Vec<VmId> {
    let hosts = stage.world.zone().hosts().unwrap_or_default();
    hosts.into_iter().find(|known| known.id == host).map(|known| known.vms).unwrap_or_default()
}

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn what_is_held_at_the_end_is_looked_at_again_without_an_off(
        mut story in strategy::story(),
        on in proptest::option::of(0..900u64),
        gap in 1..4u64,
        kills in proptest::collection::vec(proptest::option::of(0..60usize), 8),
    ) {
        story.policy.hand_over = HandOver::Yes;
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        let dead = stage.subject.host;
        if let Some(on) = on {
            let at = stage.world.now().0 + Duration::from_secs(on) + stage.world.began();
            stage.world.schedule(at, Event::PowerOn(dead));
        }
        let mut done = BTreeSet::new();
        let mut touched = ordered(&stage.world);
        let recovered = |vm: &&VmReport| matches!(vm.fate, Fate::Recovered(_));
        done.extend(report.vms.iter().filter(recovered).map(|vm| vm.id));
        for kill in kills {
            stage.world.advance(Duration::from_secs(60 * gap));
            // Also a look that was killed is gone on with.
            let Some((todo, true)) = decided(&mut stage) else { continue };
            if todo == Todo::Leave || todo.is_back() {
                continue;
            }
            let was = record(&stage);
            stage.world.begin_again();
            stage.subject.source = Source::Reconcile;
            stage.subject.vms = charged(&stage, dead);
            stage.charged.retain(|vm| stage.subject.vms.contains(vm));
            let ended = match kill {
                Some(steps) => run_steps(&mut stage.world, stage.subject.clone(), story.policy.clone(), steps),
                None => Some(run(&mut stage.world, stage.subject.clone(), story.policy.clone())),
            };
            let mut broken = check::orders(&story, &stage.world, dead);
            broken.extend(match &ended {
                Some(report) => audit(&stage.world, &story.policy, report, &stage.charged),
                None => audit_deeds(&stage.world, &story.policy, dead),
            });
            let text = ended.as_ref().map_or_else(|| "killed".to_owned(), |report| told(&stage, report));
            prop_assert!(broken.is_empty(), "again: {broken:#?}\n{text}");
            let off = stage.world.seen().iter().any(|seen| matches!(seen, Seen::Off { .. }));
            prop_assert!(!off, "\"off\" again\n{text}");
            let is = record(&stage);
            let looked = todo == Todo::LookAgain && ordered(&stage.world).is_empty();
            let closed = is.progress == Progress::Closed;
            let on_its_way = is.vms.iter().any(|vm| vm.order.is_some() && vm.end.is_none());
            // The brakes of other hosts count one that is open. Killed before its first order, it is open for that.
            let about_to_send = ended.is_none() && on_its_way;
            prop_assert!(!looked || closed || about_to_send, "a look has opened the record\n{text}");
            prop_assert!(!on_its_way || !closed, "closed, and VMs are on their way: {:?}\n{text}", is.vms);
            let came_to_nothing = ended.as_ref().is_some_and(|report| report.outcome != Outcome::Recovered);
            if looked && came_to_nothing {
                prop_assert_eq!(outcome(&is), outcome(&was), "{}", text);
            }
            touched.extend(ordered(&stage.world));
            let again: Vec<_> = ordered(&stage.world).intersection(&done).copied().collect();
            prop_assert!(again.is_empty(), "touched again: {again:?}\n{text}");
            let vms = ended.iter().flat_map(|report| &report.vms);
            done.extend(vms.filter(recovered).map(|vm| vm.id));
        }
        let twice = started_twice(&stage.world, &touched);
        let honest = stage.world.fence_is_honest(&story.policy, dead);
        prop_assert!(twice.is_none() || !honest || story.policy.fencing == Fencing::Waived, "{twice:?}");
    }
}
