//! The findings for people: worst first, at most 100 columns, what is well last and shortest.

use crate::model::text::{cut, one_line};
use crate::policy::arming::utc;
use crate::policy::check::{Checked, Finding, State};
use std::fmt::Write as _;

/// As wide as a terminal is at night.
const WIDTH: usize = 100;

/// Where the text of a finding begins.
const INDENT: usize = 20;

/// What needs a person is shown up to this many times; `--json` has everything.
const MOST: usize = 200;

/// What is well is shown in single lines up to this many times.
const MOST_WELL: usize = 60;

/// `more` is what comes behind the clusters.
pub(super) fn table(checked: &Checked, by: &str, more: &str) -> String {
    let mut text = String::new();
    let (well, ill): (Vec<&Finding>, Vec<_>) =
        checked.findings.iter().partition(|finding| finding.state == State::Ok);
    for finding in ill.iter().take(MOST) {
        let state = if finding.state == State::Broken { "BROKEN" } else { "warning" };
        row(state, finding, &mut text);
        if let Some(advice) = &finding.advice {
            wrapped(&format!("do this: {advice}"), INDENT, &mut text);
        }
    }
    for finding in well.iter().take(MOST_WELL) {
        row("ok", finding, &mut text);
    }
    let others = ill.len().saturating_sub(MOST) + well.len().saturating_sub(MOST_WELL);
    if others > 0 {
        let _ = writeln!(text, "and {others} more: --json has them all");
    }
    if !checked.clusters.is_empty() {
        text.push('\n');
    }
    for cluster in checked.clusters.iter().take(MOST) {
        let name = cut(&one_line(&cluster.name), 40);
        let line = format!(
            "cluster {name} ({}): {}, {}",
            cluster.id.0,
            cluster.status.name(),
            one_line(&cluster.reason)
        );
        let _ = writeln!(text, "{}", cut(&line, WIDTH * 3));
    }
    if !more.is_empty() {
        text.push('\n');
        text.push_str(more);
    }
    let broken = ill.iter().filter(|finding| finding.state == State::Broken).count();
    let when = if checked.at.0 == 0 { String::new() } else { format!(" at {}", utc(checked.at)) };
    let _ = writeln!(
        text,
        "\n{broken} broken, {} warnings, {} ok; checked{when} by {by}",
        ill.len() - broken,
        well.len()
    );
    text
}

/// `BROKEN  device      node0 (host 0): bmc: it says off …`
fn row(state: &str, finding: &Finding, text: &mut String) {
    let head = format!("{state:<8}{:<12}", finding.item.name());
    let start = text.len();
    let mut lines = finding.text.lines();
    wrapped(&format!("{}: {}", finding.object, lines.next().unwrap_or_default()), INDENT, text);
    text.replace_range(start..start + INDENT, &head);
    for line in lines {
        let _ = writeln!(text, "{:INDENT$}{line}", "");
    }
}

/// Break a text between words into lines that begin at `indent` and end before [`WIDTH`].
pub(super) fn wrapped(words: &str, indent: usize, text: &mut String) {
    let room = WIDTH.saturating_sub(indent).max(1);
    let mut line = String::new();
    let flush = |line: &mut String, text: &mut String| {
        let _ = writeln!(text, "{:indent$}{line}", "");
        line.clear();
    };
    for word in words.split(' ') {
        let mut rest = word;
        if !line.is_empty() && line.chars().count() + 1 + rest.chars().count() > room {
            flush(&mut line, text);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        while rest.chars().count() > room {
            let (head, tail) = rest.split_at(rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at));
            line.push_str(head);
            flush(&mut line, text);
            rest = tail;
        }
        line.push_str(rest);
    }
    flush(&mut line, text);
}
