//! The rows of the screen: a word in its colour, what it is about, and the one thing to do below it.

use super::super::columns::{RED, YELLOW, padded, wrapped};
use crate::model::Epoch;
use crate::model::text::{cut, one_line, span, vms};
use crate::policy::status::{Down, Kind, OpenHost, Said, Stage, Urgency, Word};
use anstyle::Style;
use std::fmt::Write as _;

/// Where texts begin.
pub(super) const INDENT: usize = 11;
/// More VMs than these of one group are counted.
const NAMED: usize = 5;

pub(super) fn style(urgency: Urgency) -> Style {
    match urgency {
        Urgency::Now => RED,
        Urgency::AtWork | Urgency::Later => YELLOW,
    }
}

/// `HELD       node7 (host 7), ERROR: 3 VMs wait; incident 12, since 10:20 UTC`
pub(super) fn of_host(text: &mut String, now: Epoch, host: &OpenHost) {
    let word = match host.stage {
        Stage::Unheard => "new",
        Stage::Waits => "waits",
        Stage::Held => "HELD",
        Stage::Fencing => "fencing",
        Stage::Recovering => "recovering",
        Stage::VmsHeld => "VMs HELD",
        Stage::Dead => "dead",
        Stage::Back => "back",
    };
    let state = host.state.as_deref().unwrap_or("gone from OpenNebula");
    let mut what = format!("{} ({}), {state}", name(&host.name), host.id);
    if host.vms_left > 0 {
        let _ =
            write!(what, ": {} {}", vms(host.vms_left), if host.vms_left == 1 { "waits" } else { "wait" });
    }
    if host.vms_done > 0 {
        let run = if host.vms_done == 1 { "is recovered" } else { "are recovered" };
        let _ = write!(what, ", {} {run}", host.vms_done);
    }
    if let Some(since) = host.since {
        let _ = write!(what, "; for {}", span(now.since(since)));
    }
    section(text, style(host.urgency), word, &what);
    line(text, &host.why);
    let show = host.incident.map(|incident| format!("more: `onerescue show {}`", incident.0));
    let next = host.next_look.map(|next| format!("looked at again in {}", span(next.since(now))));
    let more: Vec<_> = next.into_iter().chain(show).collect();
    if !more.is_empty() {
        line(text, &more.join("; "));
    }
    if let Some(told) = &host.advice {
        advice(text, told);
    }
}

/// `said       alice: node7 is off (plugs pulled), 12 s ago; no run has taken it up yet`
pub(super) fn of_word(text: &mut String, now: Epoch, said: &Said) {
    let host = name(&said.host);
    let what = match said.word {
        Word::ConfirmOff => format!("that {host} is off"),
        Word::Proceed => format!("to fence {host} although others fail"),
        Word::Abort => format!("to end the incident of {host}"),
        Word::Arm => {
            let what =
                format!("fencing is armed again for {host}; its incident is taken up at the next look");
            return section(text, YELLOW, "said", &what);
        }
    };
    let by = said.by.as_deref().unwrap_or("somebody");
    let reason = said.reason.as_deref().unwrap_or("no reason");
    let ago = said.at.map_or_else(String::new, |at| format!(", {} ago", span(now.since(at))));
    let until =
        said.expires.map_or_else(String::new, |at| format!("; it counts for {} more", span(at.since(now))));
    section(
        text,
        YELLOW,
        "said",
        &format!("{by}: {what} ({reason}){ago}; no run has taken it up yet{until}"),
    );
}

/// `VMs DOWN   3 VMs of node7: vm 4 web, vm 5 db, vm 6 mail`
pub(super) fn of_down(text: &mut String, now: Epoch, down: &Down) {
    let named = down.vms.iter().take(NAMED).map(|vm| format!("{} {}", vm.id, name(&vm.name)));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = match down.vms.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let of = down.host.as_ref().map_or_else(String::new, |host| format!(" of {}", name(host)));
    section(text, style(down.urgency), "VMs DOWN", &format!("{}{of}: {named}{more}", vms(down.vms.len())));
    let kind = match down.kind {
        Kind::Aborted => "aborted",
        Kind::Held => "held",
        Kind::Failed => "failed",
        Kind::Driver => "driver failed",
        Kind::CrashLoop => "crash loop",
        Kind::WentDown => "went down",
    };
    let next = down
        .next_look
        .map_or_else(String::new, |next| format!("; looked at again in {}", span(next.since(now))));
    line(text, &format!("{kind}: {}{next}", down.why));
    let each = if down.each && down.vms.len() > 1 { ", and so for each of them" } else { "" };
    advice(text, &format!("`{}`{each}", down.command));
}

/// A word in its colour, and what it is about beside it, in lines that fit.
pub(super) fn section(text: &mut String, style: Style, word: &str, what: &str) {
    let start = text.len();
    wrapped(&cut(&one_line(what), 600), INDENT, text);
    text.replace_range(start..start + INDENT, &format!("{style}{}{style:#}", padded(word, INDENT)));
}

/// A line below it.
pub(super) fn line(text: &mut String, what: &str) {
    if !what.is_empty() {
        wrapped(&cut(&one_line(what), 600), INDENT, text);
    }
}

/// It is whole, however long: it may be a command to paste.
pub(super) fn advice(text: &mut String, what: &str) {
    let _ = writeln!(text, "{:INDENT$}do this: {}", "", lines(what));
}

pub(super) fn lines(what: &str) -> String {
    cut(&one_line(what), 1200)
}

pub(super) fn name(text: &str) -> String {
    cut(&one_line(text), 40)
}
