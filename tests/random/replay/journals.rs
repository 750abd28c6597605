//! Is a journal of an earlier build read, and is its run decided again as it was?
//!
//! `tests/corpus/journals` holds what executables of format 1 wrote; names of machines and paths are replaced. A journal
//! there is never written anew: what a later build writes is another file beside it.

use onerescue::cli::replay_text;
use onerescue::policy::Rules;
use onerescue::replay;
use onerescue::wire::journal::Reader;
use onerescue::world::Replayed;
use std::path::{Path, PathBuf};

/// Each run, and what `onerescue replay` tells of its end.
const RUNS: [(&str, &str); 11] = [
    ("confirmed", "recovered"),
    ("delete", "recovered"),
    ("fence", "proven off"),
    (
        "held",
        "held, no VM was touched: fencing is disarmed in the whole zone by alice (as root): switches are replaced",
    ),
    ("held_taken_up", "not every VM could be recovered"),
    ("killed", ""),
    ("killed_taken_up", "recovered"),
    ("migrate", "not every VM could be recovered"),
    ("recreate", "not every VM could be recovered"),
    ("settings", "recovered"),
    ("unfenced", "recovered"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/journals")
}

fn text(run: &str) -> String {
    std::fs::read_to_string(folder().join(run).with_extension("jsonl")).unwrap()
}

#[test]
fn a_journal_of_an_earlier_build_is_decided_again_as_it_was() {
    assert_eq!(std::fs::read_dir(folder()).unwrap().count(), RUNS.len());
    for (run, end) in RUNS {
        let (begin, world) = Replayed::new(Reader::read(&text(run)).unwrap()).unwrap();
        let verdict = replay(world, &begin, begin.policy.clone()).unwrap();
        assert!(verdict.is_the_same(), "{run}: {verdict:#?}");
        assert_eq!(verdict.answered, verdict.recorded, "{run}");
        assert_eq!(verdict.then.as_deref().unwrap_or_default(), end, "{run}");
        assert_eq!(verdict.stopped.is_some(), run == "killed", "{run}");
    }
}

/// The run had other settings than the defaults, each of those of the journal.
#[test]
fn settings_of_an_earlier_build_are_told_by_their_names() {
    insta::with_settings!({
        snapshot_path => ".",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("settings_of_a_journal", replay_text(&text("settings"), &Rules::default()).unwrap()) });
}
