//! A program's end in one line, for people. Nothing is concluded from it.

use super::{Outcome, Ran};
use crate::model::text::{self, cut_chars};

/// The longest reason, in characters: it ends in the log and in the incident's record.
pub(in crate::world) const LONGEST_REASON: usize = 200;

/// How it ended and the most telling line it said: `exit code 1: Unable to obtain correct plug status`.
pub(in crate::world) fn reason(ran: &Ran) -> String {
    let end = match &ran.outcome {
        Outcome::Exited(code) => format!("exit code {code}"),
        Outcome::Signalled(signal) => format!("ended by signal {signal}"),
        Outcome::TimedOut => "no answer in time".to_owned(),
        Outcome::NotStarted(why) => format!("not started: {why}"),
    };
    let said = match (said(ran), ran.cut) {
        (Some(line), false) => format!("{end}: {line}"),
        (Some(line), true) => format!("{end}, with too much output: {line}"),
        (None, _) if matches!(ran.outcome, Outcome::Exited(_)) => format!("{end}, and it said nothing"),
        (None, _) => end,
    };
    one_line(&said)
}

/// What an agent adds to an error for somebody who typed its options. Source: fence-agents 4.12, `fail_usage`.
const FOR_TYPISTS: &str = "Please use '-h' for usage";

/// The last error an agent logged (without its time stamp), else its last words.
fn said(ran: &Ran) -> Option<&str> {
    let errors = ran.stderr.lines().rev().filter_map(|line| line.split_once("ERROR: "));
    let errors = errors.map(|(_, text)| text.trim());
    let mut errors = errors.filter(|text| !text.is_empty() && *text != FOR_TYPISTS);
    errors.next().or_else(|| last_words(&ran.stderr)).or_else(|| last_words(&ran.stdout))
}

/// The last line that is not one of python's warnings, which end with an indented line of the script.
fn last_words(text: &str) -> Option<&str> {
    let warning = |line: &&str| line.contains("Warning: ") || line.starts_with(' ');
    let mut lines = text.lines().rev().filter(|line| !warning(line)).map(str::trim);
    lines.find(|line| !line.is_empty())
}

/// One line, cut to what a record may hold.
pub(in crate::world) fn one_line(text: &str) -> String {
    cut_chars(&text::one_line(text), LONGEST_REASON)
}
