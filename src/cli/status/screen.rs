//! The screen: the verdict and the one thing to do in the first two lines, then what is open, the most urgent first, and
//! what is well in one line each.

use super::super::columns::{BOLD, GREEN, RED, WIDTH, YELLOW, padded, width};
use super::rows::{INDENT, advice, line, lines, name, of_down, of_host, of_word, section, style};
use crate::model::text::{is_or_are, limit, span, vms};
use crate::policy::arming::utc;
use crate::policy::protection::{ClusterReport, ClusterStatus};
use crate::policy::status::{OpenHost, Status, Urgency, Verdict};
use std::fmt::Write as _;

/// More rows than these of one section are counted.
const MOST: usize = 20;

/// The whole screen.
pub(super) fn screen(status: &Status) -> String {
    let mut text = head(status);
    for one in status.unread.iter().take(MOST) {
        section(&mut text, RED, "NOT KNOWN", &one.what);
        advice(&mut text, &one.advice);
    }
    more(&mut text, status.unread.len());
    status.hosts.iter().take(MOST).for_each(|host| of_host(&mut text, status.at, host));
    more(&mut text, status.hosts.len());
    status.words.iter().take(MOST).for_each(|said| of_word(&mut text, status.at, said));
    more(&mut text, status.words.len());
    status.down.iter().take(MOST).for_each(|down| of_down(&mut text, status.at, down));
    if status.more_down > 0 {
        let more = format!("and {}, for other reasons: `onerescue status --json`", vms(status.more_down));
        section(&mut text, YELLOW, "VMs DOWN", &more);
    }
    text.push('\n');
    if status.known {
        well(&mut text, status);
    } else {
        let what = "nothing else is known: oned and its records come first";
        section(&mut text, RED, "the rest", what);
    }
    reconcile(&mut text, status);
    text
}

/// `NEEDS YOU  1 host is held; 3 VMs are down …   2026-11-20 10:21 UTC`, and what to do.
fn head(status: &Status) -> String {
    let (word, style) = match status.verdict {
        Verdict::Clear => ("ALL CLEAR", GREEN.bold()),
        Verdict::Later => ("CAN WAIT", YELLOW.bold()),
        Verdict::AtWork => ("AT WORK", YELLOW.bold()),
        Verdict::NeedsYou => ("NEEDS YOU", RED),
        Verdict::Unknown => ("NOT KNOWN", RED),
    };
    let (what, when) = (summary(status), utc(status.at));
    let room = WIDTH.saturating_sub(INDENT + width(&when) + 2);
    let mut text = String::new();
    if width(&what) <= room {
        section(&mut text, style, word, &format!("{}  {when}", padded(&what, room)));
    } else {
        section(&mut text, style, word, &what);
        let _ = writeln!(text, "{:INDENT$}{when}", "");
    }
    if let Some(advice) = &status.do_this {
        // It is whole, however long: it may be a command to paste.
        let _ = writeln!(text, "{BOLD}{:<INDENT$}{BOLD:#}{}", "do this", lines(advice));
    }
    if !status.unread.is_empty()
        || !status.hosts.is_empty()
        || !status.words.is_empty()
        || !status.down.is_empty()
    {
        text.push('\n');
    }
    text
}

/// What is open, in names and figures.
fn summary(status: &Status) -> String {
    if !status.known {
        return "what is open cannot be read".to_owned();
    }
    let at = |urgency| hosts(status.hosts.iter().filter(move |host| host.urgency == urgency));
    let down = status.down.iter().map(|down| down.vms.len()).sum::<usize>() + status.more_down;
    let part = |is: bool, text: &str| is.then(|| text.to_owned());
    let needs = |count| if count == 1 { "needs" } else { "need" };
    let parts = [
        part(!status.unread.is_empty(), "not everything can be read"),
        at(Urgency::Now).map(|(who, count)| format!("{who} {} you", needs(count))),
        part(down > 0, &format!("{} {} down and left alone", vms(down), is_or_are(down))),
        at(Urgency::AtWork).map(|(who, count)| format!("{who} {} worked on", is_or_are(count))),
        part(!status.words.is_empty(), "words of people are pending"),
        part(!status.disarmed.is_empty(), "fencing is disarmed"),
        part(status.reconcile.urgency.is_some(), "reconcile does not look"),
        at(Urgency::Later).map(|(who, _)| format!("{who} by day")),
    ];
    let mut parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        let open = status.verdict != Verdict::Clear;
        parts.push(if open { "a cluster waits" } else { "nothing is open" }.to_owned());
    }
    parts.join("; ")
}

/// `node7`, `node7, node8`, `12 hosts`; none where there is none.
fn hosts<'a>(of: impl Iterator<Item = &'a OpenHost>) -> Option<(String, usize)> {
    let names: Vec<_> = of.map(|host| name(&host.name)).collect();
    let who = if names.len() > 3 { format!("{} hosts", names.len()) } else { names.join(", ") };
    (!names.is_empty()).then_some((who, names.len()))
}

/// Fencing and the clusters.
fn well(text: &mut String, status: &Status) {
    match (status.disarmed.is_empty(), status.unread.is_empty()) {
        (true, true) => section(text, GREEN, "fencing", "armed everywhere"),
        (true, false) => {
            section(text, YELLOW, "fencing", "armed, unless what cannot be read says something else");
        }
        (false, _) => {}
    }
    for one in status.disarmed.iter().take(MOST) {
        let ago = limit(status.at.since(one.at));
        let what =
            format!("nothing is fenced in {}: disarmed by {} {ago} ago: {}", one.place, one.by, one.reason);
        section(text, YELLOW, "DISARMED", &what);
        line(text, &format!("when that is over: `{}`", one.command));
    }
    let mut clusters: Vec<_> = status.clusters.iter().collect();
    clusters.sort_by_key(|cluster| cluster.status == ClusterStatus::Active);
    let names = clusters.iter().take(MOST).map(|one| width(&cluster(one))).max().unwrap_or(0);
    for one in clusters.iter().take(MOST) {
        let style = match one.status {
            ClusterStatus::Active => GREEN,
            ClusterStatus::Waiting | ClusterStatus::Disabled => YELLOW,
        };
        section(text, style, one.status.name(), &format!("{}  {}", padded(&cluster(one), names), one.reason));
    }
    more(text, clusters.len());
    for one in status.cannot_be_lost.iter().take(MOST) {
        let what = format!("{} ({}) cannot be lost: {}", name(&one.name), one.id, one.why);
        section(text, YELLOW, "by day", &what);
    }
    if status.cannot_be_lost.len() > MOST {
        let more = status.cannot_be_lost.len() - MOST;
        line(text, &format!("and {more} more: `onerescue plan --all`"));
    }
}

fn cluster(one: &ClusterReport) -> String {
    format!("{} ({})", name(&one.name), one.id)
}

fn reconcile(text: &mut String, status: &Status) {
    let tick = &status.reconcile;
    let ago = tick.at.filter(|at| *at <= status.at).map(|at| span(status.at.since(at)));
    let what = match (ago, tick.urgency) {
        (Some(ago), None) => format!("looked {ago} ago"),
        (Some(ago), Some(_)) => format!("{}; its last look was {ago} ago", tick.text),
        (None, _) => tick.text.clone(),
    };
    section(text, tick.urgency.map_or(GREEN, style), "reconcile", &what);
    if let Some(told) = &tick.advice {
        advice(text, told);
    }
}

fn more(text: &mut String, all: usize) {
    if all > MOST {
        line(text, &format!("and {} more: `onerescue status --json`", all - MOST));
    }
}
