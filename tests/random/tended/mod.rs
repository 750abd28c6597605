//! What holds for `host_back` and `vm_down` in every case: random clouds, failures, persons who act at any moment, answers
//! of oned that get lost, and runs that are killed at any step and begun again.
//!
//! A story is a scenario file, so one that fails can be kept as a scenario.

mod check;
mod quiet;
mod story;
mod strategy;

use onerescue::Run;
use onerescue::cli::play_tended;
use onerescue::model::{HostId, HostState, VmId};
use onerescue::policy::healthy::Account;
use onerescue::policy::vm_down;
use onerescue::sim::{Job, Scenario, Tended, audit_tend};
use proptest::prelude::*;
use std::fmt::Write as _;
use story::Story;

fn config(share: u32) -> ProptestConfig {
    crate::config(share, "tests/random/tended/regressions.txt", 2000)
}

/// At most so many steps of the hook; how it ended, and which VMs it was about.
fn steps(scenario: &mut Scenario, most: usize) -> (Option<Account>, Vec<VmId>) {
    match scenario.job.clone() {
        Job::HostError | Job::Evacuate(_) | Job::Restore(_) | Job::Watch(..) => (None, Vec::new()),
        Job::HostBack(policy) => {
            let run = Run::back(scenario.subject.clone(), *policy);
            (run.steps(&mut scenario.world, most), scenario.charged.clone())
        }
        Job::VmDown(vm, policy) => {
            let xml = scenario.world.transport().cloud().vm_xml(vm).unwrap();
            let event = onerescue::wire::documents::read(&xml, onerescue::wire::xml::Limits::HOOK).unwrap();
            let subject = vm_down::Subject::of(&event, scenario.subject.source);
            let run = Run::down(subject, Some(&event), &policy);
            (run.steps(&mut scenario.world, most), vec![vm])
        }
    }
}

fn told(story: &Story, scenario: &Scenario, account: &Account) -> String {
    let mut text = format!("{}\n{:?}\n", story.toml(), account.outcome);
    for entry in &account.trail {
        let _ = writeln!(text, "  {entry}");
    }
    for call in scenario.world.transport().calls().iter().filter(|call| call.at >= scenario.world.began()) {
        let _ = writeln!(text, "  {} {call}", call.at.as_millis());
    }
    text
}

/// Longer than any run.
const ENDLESS: usize = 100_000;

fn holds(story: &Story) -> Result<(), TestCaseError> {
    let mut scenario = Scenario::parse(&story.toml()).unwrap();
    let mut before: Vec<Tended> = Vec::new();
    if let Some(most) = story.killed {
        scenario.world.begin_again();
        steps(&mut scenario, most);
        before = scenario.world.tended().to_vec();
    }
    scenario.world.begin_again();
    let (account, charged) = steps(&mut scenario, ENDLESS);
    let account = account.unwrap();
    let mut broken = audit_tend(&scenario.world, &account, &charged);
    broken.extend(check::rules(story, &scenario, &before));
    prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(story, &scenario, &account));
    scenario.played = true;
    for turn in 0..story.turns {
        before.extend(scenario.world.tended().iter().cloned());
        let (account, text, mut broken) = play_tended(&mut scenario);
        broken.extend(check::rules(story, &scenario, &before));
        let account = account.unwrap();
        prop_assert!(
            broken.is_empty(),
            "turn {turn}: {broken:#?}\n{text}\n{}",
            told(story, &scenario, &account)
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(2))]

    #[test]
    fn no_rule_is_broken_for_a_host_that_is_back(story in strategy::back()) {
        holds(&story)?;
    }

    #[test]
    fn no_rule_is_broken_for_a_vm_that_is_down(story in strategy::down()) {
        holds(&story)?;
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn when_nobody_interferes_what_the_failure_left_runs_again(story in strategy::calm()) {
        let mut scenario = Scenario::parse(&story.toml()).unwrap();
        scenario.world.begin_again();
        let account = steps(&mut scenario, ENDLESS).0.unwrap();
        let broken = check::all_run(&story, &scenario);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&story, &scenario, &account));
    }
}

// The timer looks once a minute for as long as a quarantine lasts.
proptest! {
    #![proptest_config(config(32))]

    /// The clock is set right when the hook has handed over, or its first timer has.
    #[test]
    fn a_clock_that_was_wrong_leaves_nothing_down_on_a_host_that_is_back(
        mut story in strategy::calm(),
        jump in prop_oneof![-900..900i64, -200_000..200_000i64, -900_000_000..900_000_000i64],
        late in any::<bool>(),
    ) {
        (story.hook, story.call) = ("host_back", "--hand-over");
        story.earlier = vec![(1, "dies node0 power_loss".to_owned()), (260, "returns node0".to_owned())];
        story.before = vec![format!("clock_jumps {jump}"), "recorded node0 closed 4m".to_owned()];
        let mut scenario = Scenario::parse(&story.toml()).unwrap();
        scenario.world.begin_again();
        let mut account = steps(&mut scenario, ENDLESS).0.unwrap();
        scenario.played = true;
        // oned dates a crash, and a clock that is far from its own makes another failure of it.
        if late && jump.abs() < 600 {
            account = play_tended(&mut scenario).0.unwrap();
        }
        scenario.world.transport().cloud().clock_jumps(-jump);
        for _ in 0..6 {
            account = play_tended(&mut scenario).0.unwrap();
        }
        let broken = check::all_run(&story, &scenario);
        prop_assert!(broken.is_empty(), "{jump}: {broken:#?}\n{}", told(&story, &scenario, &account));
    }

    #[test]
    fn a_host_that_runs_vms_twice_is_quarantined_until_a_person_enables_it(story in strategy::twice()) {
        holds(&story)?;
        let mut scenario = Scenario::parse(&story.toml()).unwrap();
        scenario.world.begin_again();
        scenario.played = true;
        let mut account = steps(&mut scenario, ENDLESS).0.unwrap();
        for _ in 0..3 {
            account = play_tended(&mut scenario).0.unwrap();
        }
        let cloud = scenario.world.transport().cloud();
        let xml = cloud.host_xml(HostId(0)).unwrap();
        let state = cloud.host_state(HostId(0));
        drop(cloud);
        let quarantined = state == Some(HostState::Disabled) && xml.contains("it runs what oned has elsewhere");
        prop_assert!(quarantined, "{state:?}\n{}", told(&story, &scenario, &account));
    }
}
