//! The transcripts of README.md and hooks/README.md are what the program prints. They are shortened there: lines are left out, and what comes
//! after "…".

use super::bench::{Bench, ONERESCUE, out};
use std::path::Path;
use std::process::Command;

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The transcript that has this line.
fn transcript(with: &str) -> Vec<String> {
    let readme = file("README.md") + &file("hooks/README.md");
    let blocks = readme.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    let block = blocks.into_iter().find(|block| block.contains(with)).unwrap();
    block.lines().filter(|line| !line.is_empty() && !line.starts_with('$')).map(str::to_owned).collect()
}

/// A line without the tenths of its seconds, `+02:04. plan`: one call of oned more or less changes them.
fn in_seconds(line: &str) -> String {
    let bytes = line.as_bytes();
    let tenth =
        |at: usize| at >= 6 && bytes[at - 1] == b'.' && bytes[at - 4] == b':' && bytes[at].is_ascii_digit();
    line.char_indices().filter(|(at, _)| !tenth(*at)).map(|(_, letter)| letter).collect()
}

/// Every line begins one of the program's, in the same order.
fn compare(with: &str, printed: &str) {
    let mut rest = printed.lines().map(in_seconds);
    for line in transcript(with) {
        let shown = in_seconds(line.split('…').next().unwrap_or_default());
        assert!(rest.any(|other| other.starts_with(&shown)), "{line}\n\n{printed}");
    }
}

#[test]
fn the_drill_is_what_it_prints() {
    let output = Command::new(ONERESCUE).arg("drill").env_clear().output().unwrap();
    compare("+00:00.0 observe", &out(&output));
}

#[test]
fn the_plan_is_what_it_prints() {
    let alive = file("examples/five_hosts.toml").replace("before = [\"dies node0 power_loss\"]", "");
    let output = Bench::new(&alive).run(&["plan", "--all", "--failures", "2"]);
    compare("held  wait moved", &out(&output));
}
