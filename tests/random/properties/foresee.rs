//! What `onerescue plan` foretells is what the recovery then does, when nothing else goes wrong; and it writes nothing.

use super::stage::{self, Stage};
use super::story::Story;
use super::{config, strategy, told};
use onerescue::model::{HostId, VmId};
use onerescue::policy::what_if::{Foreseen, Loss, Prospect, Snapshot};
use onerescue::policy::{Fate, Mode, Order, Outcome, Report};
use onerescue::run;
use onerescue::sim::{Seen, SimWorld};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// All that a snapshot is read with.
const READS: [&str; 10] = [
    "one.hostpool.info",
    "one.vmpool.infoset",
    "one.vm.info",
    "one.datastorepool.info",
    "one.documentpool.info",
    "one.clusterpool.info",
    "one.zone.raftstatus",
    "one.zone.info",
    "one.system.config",
    "one.system.version",
];

/// The zone as `onerescue plan` reads it before anything dies.
fn snapshot(story: &Story) -> Snapshot {
    let world = stage::alive(story);
    let snapshot = Snapshot::new(world.zone().everything().unwrap());
    for call in world.transport().calls() {
        assert!(READS.contains(&call.method.as_str()), "{call}");
    }
    snapshot
}

fn having(loss: &Loss, prospect: Prospect) -> BTreeSet<VmId> {
    loss.vms.iter().filter(|vm| vm.prospect() == prospect).map(|vm| vm.decision.vm).collect()
}

fn really(report: &Report, wanted: fn(&Fate) -> bool) -> BTreeSet<VmId> {
    report.vms.iter().filter(|vm| wanted(&vm.fate)).map(|vm| vm.id).collect()
}

fn sent(world: &SimWorld) -> Vec<Order> {
    let orders = world.seen().iter().filter_map(|seen| match seen {
        Seen::Order { order, .. } => Some(*order),
        _ => None,
    });
    orders.collect()
}

fn foretold(loss: &Loss) -> String {
    let line = |vm: &Foreseen| format!("{}: {} {}", vm.turn, vm.decision.vm, vm.decision.verdict);
    loss.vms.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Foretell the loss, let it happen, and compare.
fn compare(story: &Story) -> Result<(), TestCaseError> {
    let dead = HostId(u32::try_from(story.dead).unwrap());
    let loss = snapshot(story).lose(&[dead], &story.policy);
    let mut stage = Stage::new(story);
    let report = run(&mut stage.world, stage.subject.clone(), story.policy.clone());
    let context = || format!("{}\n{}", foretold(&loss), told(&stage, &report));
    prop_assert!(having(&loss, Prospect::Awaited).is_empty(), "{}", context());
    if !matches!(report.outcome, Outcome::Recovered | Outcome::Partly) {
        // A brake, or nothing to do: the reason is with the whole run.
        prop_assert!(having(&loss, Prospect::Recovered).is_empty(), "{}", context());
        return Ok(());
    }
    let held = really(&report, |fate| matches!(fate, Fate::Held(_)));
    prop_assert_eq!(having(&loss, Prospect::Held), held, "held: {}", context());
    let left = really(&report, |fate| matches!(fate, Fate::Left(_)));
    prop_assert_eq!(having(&loss, Prospect::Left), left, "left: {}", context());
    let recovered = match story.policy.mode {
        Mode::Migrate | Mode::Delete => really(&report, |fate| matches!(fate, Fate::Recovered(_))),
        // Whether the scheduler finds a place for a VM that is created again is not foretold.
        Mode::Recreate => really(&report, |fate| matches!(fate, Fate::Recovered(_) | Fate::Failed(_))),
    };
    prop_assert_eq!(having(&loss, Prospect::Recovered), recovered, "recovered: {}", context());
    if story.policy.mode == Mode::Migrate {
        let target = |vm: &Foreseen| Some((vm.decision.vm, vm.target()?));
        // Each host gets one VM first: the order is another one.
        let targets: BTreeSet<_> = loss.vms.iter().filter_map(target).collect();
        let went: BTreeSet<_> = sent(&stage.world)
            .iter()
            .map(|order| match order {
                Order::Migrate { to, .. } => (order.vm(), *to),
                _ => (order.vm(), dead),
            })
            .collect();
        prop_assert_eq!(&targets, &went, "{}", context());
        prop_assert_eq!(loss.calls(), went.len());
    }
    Ok(())
}

/// Whatever two hosts are lost, every VM of theirs has one prospect, and none runs on them.
fn every_loss(story: &Story) -> Result<(), TestCaseError> {
    let mut snapshot = snapshot(story);
    let before = format!("{snapshot:?}");
    let hosts: Vec<(HostId, Vec<VmId>)> =
        snapshot.hosts().iter().map(|host| (host.id, host.vms.clone())).collect();
    for (one, charged) in &hosts {
        for (other, also) in &hosts {
            let loss = snapshot.lose(&[*one, *other], &story.policy);
            let charged: BTreeSet<VmId> = charged.iter().chain(also).copied().collect();
            let told: Vec<VmId> = loss.vms.iter().map(|vm| vm.decision.vm).collect();
            prop_assert_eq!(told.len(), charged.len());
            prop_assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), charged);
            let gone = |vm: &Foreseen| vm.target().is_some_and(|to| to == *one || to == *other);
            prop_assert!(!loss.vms.iter().any(gone), "{}", foretold(&loss));
        }
    }
    prop_assert_eq!(before, format!("{snapshot:?}"), "a snapshot is as before");
    Ok(())
}

proptest! {
    #![proptest_config(config(2))]

    #[test]
    fn what_is_foretold_is_what_the_recovery_does(story in strategy::quiet()) {
        compare(&story)?;
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn every_vm_has_one_prospect_in_every_loss_and_a_snapshot_stays_as_it_is(story in strategy::story()) {
        every_loss(&story)?;
    }
}
