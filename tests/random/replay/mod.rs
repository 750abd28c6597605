//! Is an old run decided again as it was, and is it shown where it is not?
//!
//! The first run of every scenario is recorded and led through the same policy; some of them through another one, with
//! the text of `onerescue replay` beside this file.

mod stories;

mod journals;

use onerescue::cli::replay_text;
use onerescue::model::{Epoch, VmId};
use onerescue::policy::replay::Begin;
use onerescue::policy::{Policy, Rules};
use onerescue::sim::Scenario;
use onerescue::wire::journal::Reader;
use onerescue::world::{Journal, Replayed};
use onerescue::{replay, run};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// The first run of a scenario, as it is recorded.
fn journal(name: &str) -> String {
    let text = std::fs::read_to_string(folder().join(name).with_extension("toml")).unwrap();
    let Scenario { mut world, subject, policy, .. } = Scenario::parse(&text).unwrap();
    world.begin_again();
    let begin = Begin {
        program: "0.0.0".to_owned(),
        run: "front-end 0".to_owned(),
        at: Epoch(1_795_165_661),
        subject: subject.clone(),
        policy: policy.clone(),
    };
    let mut world = Journal::begin(world, Some(String::new()), &begin);
    let report = run(&mut world, subject, policy);
    world.end(&report);
    world.into_parts().1.unwrap()
}

#[test]
fn every_scenario_is_decided_again_as_it_was() {
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    let names: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|ending| ending == "toml")).collect();
    assert!(names.len() > 200, "{}", names.len());
    let check = |name: &PathBuf| {
        let text = journal(name.file_stem().unwrap().to_str().unwrap());
        let (begin, world) = Replayed::new(Reader::read(&text).unwrap()).unwrap();
        let verdict = replay(world, &begin, begin.policy.clone()).unwrap();
        assert!(verdict.is_the_same(), "{}: {verdict:#?}", name.display());
        assert!(verdict.stopped.is_none() && verdict.answered == verdict.recorded, "{}", name.display());
    };
    std::thread::scope(|scope| {
        for part in names.chunks(names.len().div_ceil(4)) {
            scope.spawn(move || part.iter().for_each(check));
        }
    });
}

proptest! {
    #![proptest_config(crate::config(1, "tests/random/replay/regressions.txt", 4000))]

    /// Digits and letters are changed, so that most of it can still be read.
    #[test]
    fn a_changed_journal_is_a_verdict_or_an_error(changes in vec((any::<Index>(), "[0-9a-z\\[\\]{},\"-]"), 1..6)) {
        static TEXT: LazyLock<String> = LazyLock::new(|| journal("plan_policies"));
        let mut text = TEXT.clone();
        for (place, new) in changes {
            let at = place.index(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) && text.get(at..=at) != Some("\n") {
                text.replace_range(at..=at, &new);
            }
        }
        if let Err(why) = replay_text(&text, &Rules::default()) {
            let known = [" is damaged: ", "it is not a journal of ours", "its format is "];
            prop_assert!(known.iter().any(|known| why.contains(known)), "{why}");
        }
    }
}

/// What `onerescue replay` tells of it when the settings have changed since; how many questions a run has is left out.
fn retold(scenario: &str, change: impl FnOnce(&mut Rules)) -> String {
    let text = journal(scenario);
    let Begin { policy, .. } = Reader::read(&text).unwrap().begin().unwrap();
    let Policy { wait, brake, observer, witness, fence, hold, settle, ready, plan, record, .. } = policy;
    let mut rules = Rules { wait, brake, observer, witness, fence, hold, settle, ready, plan, record };
    change(&mut rules);
    let told = replay_text(&text, &rules).unwrap();
    told.lines().fold(String::new(), |all, line| {
        let counts = line.contains(" answers are asked for") || line.contains(", without ");
        let digit = |c: char| if c.is_ascii_digit() && counts { '#' } else { c };
        all + &line.chars().map(digit).collect::<String>() + "\n"
    })
}

macro_rules! shown {
    ($($name:ident: $scenario:literal, $change:expr;)+) => {
        $(#[test]
        fn $name() {
            insta::with_settings!({
                snapshot_path => ".",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, { insta::assert_snapshot!(stringify!($name), retold($scenario, $change)) });
        })+
    };
}

shown! {
    nothing_has_changed: "power_loss", |_| {};
    more_samples_are_wanted: "power_loss", |rules| rules.fence.samples = 5;
    fewer_samples_are_wanted: "power_loss", |rules| rules.fence.samples = 2;
    it_is_waited_longer_between_two_looks: "power_loss", |rules| {
        (rules.wait.look, rules.wait.first_look) = (Duration::from_secs(20), Duration::from_secs(20));
    };
    owners_may_nothing: "plan_policies", |rules| rules.plan.owner_may = BTreeSet::new();
    one_is_excluded: "forty_vms", |rules| rules.plan.exclude.vms = [VmId(7)].into();
    it_would_not_be_held: "storm_by_count", |rules| rules.brake.failing = 7;
    it_would_be_held: "power_loss", |rules| rules.brake.startup_grace = Duration::from_secs(1_000_000_000);
}
