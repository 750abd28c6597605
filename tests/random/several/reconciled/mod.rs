//! `onerescue reconcile` on two front-ends that both believe that they lead, and hooks beside it: over several dead hosts each
//! is worked on once, within `parallel`, and what a lost front-end has begun the other one ends.

mod play;
mod zone;

use super::config;
use crate::story::services::wanted;
use crate::story::told::ordered;
use onerescue::model::{HostId, VmId};
use onerescue::sim::{Breach, Quiet, Seen, audit, audit_quiet};
use play::{Play, Run};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use zone::zone;

/// How many runs did this to each.
fn often<T: Ord + Copy>(runs: &[Run], of: impl Fn(&Run) -> BTreeSet<T>) -> BTreeMap<T, usize> {
    let mut count = BTreeMap::new();
    for one in runs.iter().flat_map(&of) {
        *count.entry(one).or_default() += 1;
    }
    count
}

fn switched_off(run: &Run) -> BTreeSet<HostId> {
    let off = |seen: &Seen| match seen {
        Seen::Off { host, .. } => Some(*host),
        _ => None,
    };
    run.turn.world.seen().iter().filter_map(off).collect()
}

proptest! {
    #![proptest_config(config(6))]

    #[test]
    fn two_reconciles_and_hooks_beside_them_work_on_each_host_once(
        zone in zone(),
        order in vec(0..12usize, 1..200),
    ) {
        let mut play = Play::new(&zone);
        play.go(&order);
        prop_assert!(play.is_done(), "not closed\n{}", play.told());
        for at in 0..zone.others.len() {
            // An event that comes when all is done finds nothing to do.
            let records = play.records(HostId(u32::try_from(at).unwrap()));
            let worked = records.iter().filter(|one| one.proof.is_some()).count();
            prop_assert_eq!(worked, 1, "host {}\n{}", at, play.told());
        }
        let twice = |(_, often): &(HostId, usize)| *often > 1;
        let fenced: Vec<_> = often(&play.runs, switched_off).into_iter().filter(twice).collect();
        prop_assert!(fenced.is_empty(), "fenced by several runs: {fenced:?}\n{}", play.told());
        let vms = often(&play.runs, |run| ordered(&run.turn.world));
        let vms: Vec<(VmId, usize)> = vms.into_iter().filter(|(_, often)| *often > 1).collect();
        prop_assert!(vms.is_empty(), "touched by several runs: {vms:?}\n{}", play.told());
        prop_assert!(play.most <= zone.parallel as usize, "{} of {}\n{}", play.most, zone.parallel, play.told());
        let breaches = play.transport.cloud().breaches().to_vec();
        let double = breaches.iter().find(|breach| matches!(breach, Breach::DoubleStart { .. }));
        prop_assert!(double.is_none(), "{double:?}\n{}", play.told());
        let quiet = Quiet { wanted: wanted(&zone.story), said: play.said(), ..Quiet::default() };
        let forgotten = audit_quiet(&play.runs[0].turn.world, &quiet);
        prop_assert!(forgotten.is_empty(), "{forgotten:#?}\n{}", play.told());
        for run in play.runs.iter().filter(|run| run.turn.report.is_some()) {
            let report = run.turn.report.as_ref().unwrap();
            let broken = audit(&run.turn.world, &zone.story.policy, report, &run.turn.subject.vms);
            prop_assert!(broken.is_empty(), "{}: {broken:#?}\n{}", report.name, play.told());
        }
    }
}
