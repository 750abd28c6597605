//! What a replay has shown, for people and for programs.

use super::Told;
use super::settings::Setting;
use crate::model::Epoch;
use crate::model::text::{cut, one_line};
use crate::policy::arming::utc;
use crate::policy::replay::{Difference, Stopped};
use crate::policy::{Entry, Weight};
use crate::world::identity::identity;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

/// More differences and VMs than this, and more lines of a difference, are only counted, outside JSON.
const MOST: usize = 20;
const MOST_LINES: usize = 8;

/// Every run, and whose runs of the incident were recorded elsewhere.
pub(super) fn all(all: &[Told]) -> String {
    let mut texts: Vec<String> = all.iter().map(run).collect();
    texts.extend(elsewhere(all).iter().map(|owner| format!("{}\n", other(owner))));
    texts.join("\n")
}

/// One run.
pub(super) fn run(told: &Told) -> String {
    let mut text = String::new();
    let Told { begin, verdict, .. } = told;
    let subject = &begin.subject;
    let name = one_line(&subject.name);
    let _ = writeln!(text, "run {} of {name} ({}), {}", one_line(&begin.run), subject.host, utc(begin.at));
    if !told.file.as_os_str().is_empty() {
        let _ = writeln!(text, "  {}, by onerescue {}", told.file.display(), one_line(&begin.program));
    }
    for Setting { name, then, now } in &told.settings {
        let _ = writeln!(text, "  {name} was {then} and is {now}", then = short(then), now = short(now));
    }
    let (all, asked, vms) = (verdict.recorded, verdict.answered, verdict.vms);
    let ends =
        if verdict.then.is_some() { format!(", and {vms} VMs end as they did") } else { String::new() };
    let _ = match (verdict.is_the_same(), verdict.differences.iter().all(Difference::is_in_words)) {
        (true, _) => writeln!(text, "  the same: all {all} answers are asked for{ends}"),
        (false, true) => writeln!(text, "  all that is asked is the same, and other things are told"),
        (false, false) => writeln!(text, "  different: {asked} of {all} answers are asked for"),
    };
    differences(&verdict.differences, &mut text);
    stopped(told, &mut text);
    let _ = match (&verdict.then, &verdict.now) {
        (Some(then), Some(now)) if then == now => writeln!(text, "  then and now: {}", short(then)),
        (Some(then), Some(now)) => writeln!(text, "  then: {}\n  now:  {}", short(then), short(now)),
        (Some(then), None) => writeln!(text, "  then: {}", short(then)),
        (None, Some(now)) => writeln!(text, "  then it was killed\n  now:  {}", short(now)),
        (None, None) => Ok(()),
    };
    for vm in verdict.other_vms.iter().take(MOST) {
        let _ = writeln!(
            text,
            "  {} {}\n    then: {}\n    now:  {}",
            vm.id,
            one_line(&vm.name),
            short(&vm.then),
            short(&vm.now)
        );
    }
    more(verdict.other_vms.len().saturating_sub(MOST), "VMs", &mut text);
    text
}

/// The same difference many times in a row is told once.
fn differences(all: &[Difference], text: &mut String) {
    let like = |one: &Difference, other: &Difference| {
        (&one.then, &one.now) == (&other.then, &other.now) && other.said.is_empty() && other.says.is_empty()
    };
    let mut groups = all.chunk_by(like);
    for group in groups.by_ref().take(MOST) {
        if let [first, others @ ..] = group {
            difference(first, text);
            if !others.is_empty() {
                let _ = writeln!(text, "         and {} times more", others.len());
            }
        }
    }
    more(groups.count(), "differences", text);
}

fn difference(one: &Difference, text: &mut String) {
    let then = one.then.as_ref().map_or_else(|| "it was over".to_owned(), ToString::to_string);
    if one.is_in_words() {
        let _ = writeln!(text, "{} then and now: {then}", one.at);
    } else {
        let now = match (&one.now, one.skipped) {
            (None, _) => "it is over".to_owned(),
            (Some(now), 0) => now.to_string(),
            (Some(now), 1) => format!("{now}, without what was asked before it then"),
            (Some(now), more) => format!("{now}, without {more} questions that were asked before it then"),
        };
        let _ = writeln!(text, "{} then: {then}\n         now:  {now}", one.at);
    }
    lines("told then", &one.said, &one.says, text);
    lines("told now", &one.says, &one.said, text);
}

/// First what tells the story, then VMs about which something else is decided, then the others.
fn lines(when: &str, entries: &[Entry], others: &[Entry], text: &mut String) {
    // `vm 7 web: migrate to …` and `vm 7 web: leave: …`
    let parts = |entry: &Entry| {
        let (about, what) = entry.text.split_once(": ").unwrap_or((&entry.text, ""));
        (about.to_owned(), what.split([' ', ':']).next().unwrap_or_default().to_owned())
    };
    let others: BTreeMap<String, String> = others.iter().map(parts).collect();
    let rank = |entry: &Entry| {
        let (about, what) = parts(entry);
        (entry.weight == Weight::Detail, others.get(&about) == Some(&what))
    };
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|entry| rank(entry));
    for entry in entries.iter().take(MOST_LINES) {
        let line = format!("           {when}: {:<7} {}", entry.phase, entry.text);
        let _ = writeln!(text, "{}", cut(&one_line(&line), 400));
    }
    more(entries.len().saturating_sub(MOST_LINES), "lines", text);
}

fn stopped(told: &Told, text: &mut String) {
    match &told.verdict.stopped {
        Some(Stopped::NoAnswer(_)) => {
            let _ =
                writeln!(text, "  it ends here: nobody asked that then, so what would follow is not known");
        }
        Some(Stopped::RecordEnds(asked)) => {
            let half = if told.torn { " in half a line" } else { "" };
            let _ = writeln!(
                text,
                "  the record ends here{half}: that run was killed, or its journal was full; next comes: {asked}"
            );
        }
        None => {}
    }
}

fn more(number: usize, what: &str, text: &mut String) {
    if number > 0 {
        let _ = writeln!(text, "           and {number} more {what}: --json has them all");
    }
}

fn short(text: &str) -> String {
    cut(&one_line(text), 400)
}

/// Owners of the incident that are none of these runs.
fn elsewhere(all: &[Told]) -> BTreeSet<&str> {
    let runs: BTreeSet<&str> = all.iter().map(|told| told.begin.run.as_str()).collect();
    let owners = all.iter().flat_map(|told| told.owners.iter().map(String::as_str));
    owners.filter(|owner| !runs.contains(owner)).collect()
}

fn other(owner: &str) -> String {
    let (front_end, here) = (first(owner), identity());
    let place =
        if front_end == first(&here) { "here, and is gone".to_owned() } else { format!("on {front_end}") };
    format!("run {} worked on it too; its journal is {place}", one_line(owner))
}

fn first(owner: &str) -> &str {
    owner.split(' ').next().unwrap_or_default()
}

/// What `--json` prints; the names of fields stay, more may come.
#[derive(Serialize)]
struct Json<'a> {
    format: u32,
    same: bool,
    runs: Vec<JsonRun<'a>>,
    elsewhere: BTreeSet<&'a str>,
}

#[derive(Serialize)]
struct JsonRun<'a> {
    file: String,
    run: &'a str,
    at: Epoch,
    host: u32,
    name: &'a str,
    program: &'a str,
    settings: &'a [Setting],
    same: bool,
    recorded: usize,
    answered: usize,
    differences: Vec<JsonDifference>,
    stopped: Option<String>,
    killed: bool,
    then: &'a Option<String>,
    now: &'a Option<String>,
    vms: usize,
    other_vms: Vec<JsonVm<'a>>,
}

#[derive(Serialize)]
struct JsonDifference {
    at_ms: u128,
    then: Option<String>,
    now: Option<String>,
    skipped: usize,
    told_then: Vec<String>,
    told_now: Vec<String>,
}

#[derive(Serialize)]
struct JsonVm<'a> {
    id: u32,
    name: &'a str,
    then: &'a str,
    now: &'a str,
}

/// All of it.
pub(super) fn json(all: &[Told]) -> String {
    let json = Json {
        format: 1,
        same: all.iter().all(|told| told.verdict.is_the_same()),
        runs: all.iter().map(json_run).collect(),
        elsewhere: elsewhere(all),
    };
    serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
}

fn json_run(told: &Told) -> JsonRun<'_> {
    let Told { begin, verdict, .. } = told;
    let text = |what: &dyn fmt::Display| what.to_string();
    let texts = |entries: &[Entry]| entries.iter().map(|entry| text(entry)).collect();
    let difference = |one: &Difference| JsonDifference {
        at_ms: one.at.0.as_millis(),
        then: one.then.as_ref().map(|asked| text(asked)),
        now: one.now.as_ref().map(|asked| text(asked)),
        skipped: one.skipped,
        told_then: texts(&one.said),
        told_now: texts(&one.says),
    };
    let vm = |vm: &'_ crate::policy::replay::VmDifference| vm.id.0;
    JsonRun {
        file: told.file.display().to_string(),
        run: &begin.run,
        at: begin.at,
        host: begin.subject.host.0,
        name: &begin.subject.name,
        program: &begin.program,
        settings: &told.settings,
        same: verdict.is_the_same(),
        recorded: verdict.recorded,
        answered: verdict.answered,
        differences: verdict.differences.iter().map(difference).collect(),
        stopped: verdict.stopped.as_ref().map(|stopped| match stopped {
            Stopped::NoAnswer(asked) | Stopped::RecordEnds(asked) => text(asked),
        }),
        killed: verdict.then.is_none(),
        then: &verdict.then,
        now: &verdict.now,
        vms: verdict.vms,
        other_vms: verdict
            .other_vms
            .iter()
            .map(|one| JsonVm { id: vm(one), name: &one.name, then: &one.then, now: &one.now })
            .collect(),
    }
}
