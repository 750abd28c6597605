//! The findings for people: worst first, at most 100 columns, what is well after that, what to do next in the last line.

use super::super::columns::{WIDTH, wrapped};
use crate::model::text::{cut, one_line};
use crate::policy::arming::utc;
use crate::policy::check::{Checked, Line, State};
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

/// Where the text of a finding begins.
const INDENT: usize = 20;

/// More clusters than these are only in `--json`.
const MOST: usize = 200;

/// `lines` are the findings, worst first, and `more` is what comes behind the clusters.
pub(super) fn table(checked: &Checked, lines: &[Line], by: &str, more: &str) -> String {
    let mut text = String::new();
    for line in lines {
        row(line, &mut text);
        if let Some(advice) = &line.advice {
            wrapped(&format!("do this: {advice}"), INDENT, &mut text);
        }
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
    let count = |state| checked.findings.iter().filter(|finding| finding.state == state).count();
    let (broken, warnings, ok) = (count(State::Broken), count(State::Warning), count(State::Ok));
    let when = if checked.at.0 == 0 { String::new() } else { format!(" at {}", utc(checked.at)) };
    let _ = writeln!(text, "\n{broken} broken, {warnings} warnings, {ok} ok; checked{when} by {by}");
    // It is whole, however long: it may be a command to paste.
    let bold = Style::new().bold();
    let _ = writeln!(text, "{bold}do this next:{bold:#} {}", next(lines));
    text
}

/// The advice of the worst line.
fn next(lines: &[Line]) -> &str {
    let advice = lines.first().and_then(|line| line.advice.as_deref());
    advice.unwrap_or("nothing is to be repaired; `host_error --host HOST -m --dry-run` rehearses")
}

/// `BROKEN  device      node0 (host 0): bmc: it says off …`
fn row(line: &Line, text: &mut String) {
    let (state, style) = match line.state {
        State::Broken => ("BROKEN", AnsiColor::Red.on_default().bold()),
        State::Warning => ("warning", AnsiColor::Yellow.on_default()),
        State::Ok => ("ok", AnsiColor::Green.on_default()),
    };
    let head = format!("{style}{state:<8}{style:#}{:<12}", line.item.name());
    let start = text.len();
    let mut lines = line.text.lines();
    wrapped(lines.next().unwrap_or_default(), INDENT, text);
    text.replace_range(start..start + INDENT, &head);
    for line in lines {
        let _ = writeln!(text, "{:INDENT$}{line}", "");
    }
}
