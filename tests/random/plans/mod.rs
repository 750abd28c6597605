//! Plans for random clouds, judged by a second opinion that does not know the planner: capacity, devices, cores,
//! clusters, datastores, firmware, networks, requirements, layers and groups, standby hosts, priorities, order (by id, by
//! name, by services), exclusions, owners' policies and what is left to the scheduler are counted anew from the story and from the calls that were made.

mod check;
mod end;
mod place;
mod stage;
mod story;
mod strategy;
mod tenants;

use end::End;
use onerescue::policy::{Mode, Report};
use onerescue::run;
use onerescue::sim::audit;
use place::Broken;
use proptest::prelude::*;
use stage::Stage;
use std::fmt::Write as _;
use story::{Chips, HostStory, Story, VmStory};
use strategy::Room;

fn config(share: u32) -> ProptestConfig {
    crate::config(share, "tests/random/plans/regressions.txt", 600)
}

fn texts(broken: Vec<Broken>) -> Vec<String> {
    broken.into_iter().map(|(rule, text)| format!("{rule:?}: {text}")).collect()
}

fn go(story: &Story) -> (Stage, Report) {
    let mut stage = Stage::new(story);
    let report = run(&mut stage.world, stage.subject.clone(), stage.policy.clone());
    (stage, report)
}

fn told(stage: &Stage, report: &Report) -> String {
    let mut text = format!("{:?}\n", report.outcome);
    for vm in &report.vms {
        let _ = writeln!(text, "  {vm}");
    }
    for call in stage.world.transport().calls().iter().filter(|call| call.method.starts_with("one.vm.")) {
        let _ = writeln!(text, "  {} {call}", call.at.as_millis());
    }
    text
}

/// How many VMs are not recovered, all of them where the run is held before it looks at them.
fn lost(story: &Story) -> (usize, String) {
    let (stage, report) = go(story);
    let none = report.vms.is_empty();
    let lost = if none { stage.charged.len() } else { check::not_recovered(&report) };
    (lost, told(&stage, &report))
}

/// The same cloud with one rule less for one VM.
fn freed(vm: &VmStory, which: usize) -> VmStory {
    let mut free = vm.clone();
    match which {
        0 => free.layer = None,
        1 => free.role = None,
        2 => free.rack = None,
        3 => free.network = None,
        4 => free.after = None,
        5 => free.card = None,
        6 => free.firmware = Chips::Bios,
        7 => free.unclear = false,
        8 => free.service = None,
        _ => free.gpus = 0,
    }
    free
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn nothing_is_sent_where_it_must_not_go(story in strategy::stormy()) {
        let (stage, report) = go(&story);
        let mut broken = texts(check::orders(&story, &stage.world, &report));
        broken.extend(audit(&stage.world, &stage.policy, &report, &stage.charged));
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
    }

    #[test]
    fn places_are_given_in_the_right_order(mut story in strategy::calm(Room::Scarce)) {
        story.mode = Mode::Migrate;
        let (stage, report) = go(&story);
        let mut broken = check::orders(&story, &stage.world, &report);
        if let Some(end) = End::new(&story, &stage.world, &report) {
            broken.extend(end.priorities());
            broken.extend(end.standby());
            broken.extend(end.last_resort());
        }
        let broken = texts(broken);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
    }
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn one_more_host_never_holds_more(mut story in strategy::calm(Room::Plenty), cluster in 0..3usize, rack in 0..2u8) {
        story.mode = Mode::Migrate;
        let (before, told_before) = lost(&story);
        let well = HostStory {
            cluster, cores: 640, memory_gib: 2048, gpus: 32, pinned: None, standby: false, rack, cards: 3,
        };
        let mut more = story.clone();
        more.hosts.push(well);
        // Names of hosts in a group, and homes of VMs, are taken modulo their number.
        let old = story.hosts.len();
        for vm in &mut more.vms {
            vm.host %= old;
        }
        for group in &mut more.groups {
            group.only = group.only.map(|host| host % old);
            group.never = group.never.map(|host| host % old);
        }
        let (after, told_after) = lost(&more);
        prop_assert!(after <= before, "{before}: {told_before}\n{after}: {told_after}");
    }

    #[test]
    fn what_strangers_write_changes_nothing_of_mine(story in strategy::calm(Room::Plenty), owner in 5..8u32) {
        let story = story.plain();
        let silent = story.silent(&story.strangers(owner));
        let ((stage, told_loud), (_, told_silent)) = (go(&story), go(&silent));
        prop_assert_eq!(
            story.recovered(owner, &told_loud),
            story.recovered(owner, &told_silent),
            "{}",
            told(&stage, &told_loud)
        );
    }

    #[test]
    fn one_rule_less_never_holds_more(mut story in strategy::calm(Room::Plenty), vm in 0..16usize, which in 0..10usize) {
        story.mode = Mode::Migrate;
        let (before, told_before) = lost(&story);
        let at = vm % story.vms.len();
        story.vms[at] = freed(&story.vms[at], which);
        let (after, told_after) = lost(&story);
        prop_assert!(after <= before, "{before}: {told_before}\n{after}: {told_after}");
    }
}
