//! `onerescue show`: one incident whole, from whichever front-end; with `--follow` until it is closed.

mod follow;
mod table;

use super::columns::{BOLD, RED, YELLOW};
use super::history::remembered;
use super::moving::{elsewhere, vms};
use super::stop::{Stop, end};
use crate::error::Error;
use crate::finish;
use crate::model::text::{cut, one_line, span};
use crate::model::{DocumentId, Epoch, HostId, Incident, Line, Memory, Progress, Signs, VmId};
use crate::policy::arming::utc;
use crate::policy::record::history::{aborted, counts, find};
use crate::policy::record::stages::{Passed, passed};
use crate::policy::{Failure, unreadable};
use crate::terminal::is_a_terminal;
use crate::world::{Live, error_dates, local_zone};
use clap::Args;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use table::{Which, vms_table};

/// Show one incident: its phases with times, its evidence, each VM with its outcome
#[derive(Clone, Debug, Args)]
pub(super) struct Show {
    /// Its number in `onerescue history`, or a host's name for its newest
    incident: String,
    /// Go on until it is closed: in place on a terminal, else line by line
    #[arg(long)]
    follow: bool,
    /// Every VM in a line of its own, however many there are
    #[arg(long, conflicts_with = "json")]
    vms: bool,
    /// Print JSON: the record as it is, and its stages
    #[arg(long, conflicts_with = "follow")]
    json: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Serialize)]
struct Json<'a> {
    format: u32,
    document: DocumentId,
    incident: &'a Incident,
    stages: Vec<Passed>,
}

/// Show it. The exit code is 0 whatever it is.
///
/// # Errors
/// [`Error::Instead`] if there is no such incident, and whatever keeps the cloud from being reached.
pub(super) fn show(options: &Show) -> Result<u8, Error> {
    end(tell(options))
}

fn tell(options: &Show) -> Result<u8, Stop> {
    let (zone, config, _, memory) = remembered(options.config.as_deref())?;
    let Some((document, incident)) = find(&memory, &options.incident) else {
        return none(&memory, &options.incident);
    };
    if options.json {
        let json = Json { format: 1, document: *document, incident, stages: stages(incident) };
        finish::say(&(serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"));
        return Ok(0);
    }
    let which = if options.vms { Which::All } else { Which::Grouped };
    if options.follow && incident.progress != Progress::Closed && is_a_terminal() {
        return follow::in_place(Live::new(zone, &config), memory.clone(), *document, which);
    }
    let mut text = head(&memory, *document, incident);
    let mut seen = BTreeSet::new();
    new_lines(incident, &mut seen, &mut text);
    if !options.follow || incident.progress == Progress::Closed {
        let moved = elsewhere(incident, |vms| zone.vms(vms));
        finish::say_in_colour(&(text + &tail(incident, &moved, which)));
        return Ok(0);
    }
    finish::say_in_colour(&text);
    follow::line_by_line(Live::new(zone, &config), *document, seen, which)
}

/// There is none, or it is one that cannot be read.
fn none(memory: &Memory, named: &str) -> Result<u8, Stop> {
    let what = format!("there is no incident {named:?}");
    match unreadable(memory) {
        Some(failure) => {
            Err(Failure { what: format!("{what} that can be read: {}", failure.what), ..failure }.into())
        }
        None => {
            Err(Error::instead(what, "run `onerescue history` and give one of its hosts or documents").into())
        }
    }
}

fn head(memory: &Memory, document: DocumentId, incident: &Incident) -> String {
    let mut text =
        format!("{document}: {} ({}), {}\n", one_line(&incident.name), incident.host, incident.cluster);
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let style = match key {
                "HELD" => RED,
                "do this" => BOLD,
                _ => anstyle::Style::new(),
            };
            let _ = writeln!(text, "{style}{key:<9}{style:#} {}", cut(&one_line(&value), 1000));
        }
    };
    let at = |moment: Epoch| Some(format!("{}, {}", utc(moment), after(incident, moment)));
    add("opened", Some(utc(incident.opened)));
    add("error", incident.error.clone());
    let events: Vec<_> = incident.events.iter().map(|event| utc(*event)).collect();
    add("events", (!events.is_empty()).then(|| events.join(", ")));
    add("options", incident.flags.map(|asked| asked.words().join(" ")));
    add("owner", Some(incident.owner.clone()));
    add("written", at(incident.updated));
    add("takeovers", (incident.takeovers > 0).then(|| incident.takeovers.to_string()));
    add("stopped", incident.interrupted.and_then(at));
    let held = incident.held.as_ref().filter(|_| incident.progress == Progress::Held);
    let looks = incident.waiting.as_ref().filter(|_| incident.progress == Progress::Closed);
    let waits = looks.map(|looks| looks.since).zip(incident.until);
    add(
        "waiting",
        waits.map(|(since, until)| {
            format!("held VMs, since {}; looked at again after {}", utc(since), utc(until))
        }),
    );
    add("HELD", held.map(|held| format!("since {}: {}", utc(held.since), held.why)));
    add("do this", held.map(|held| held.advice.clone()));
    let next = incident.until.filter(|until| held.is_some() && *until > memory.now);
    add("next look", next.map(utc));
    let early = match &incident.signs {
        Some(Signs::Over { why, at: over, .. }) => at(*over).map(|over| format!("{why}; {over}")),
        Some(Signs::Silent(_) | Signs::Waited(_)) | None => None,
    };
    add("wait", early);
    let saves = incident.dump.filter(|_| incident.progress == Progress::Open);
    add(
        "dump",
        saves.map(|since| {
            format!("it saves its crash dump, since {}, and is not fenced meanwhile", utc(since))
        }),
    );
    let word = aborted(memory, document);
    add("ended by", word.map(|word| format!("{}, {}: {}", word.by, utc(word.at), word.reason)));
    add("fence", incident.fenced.and_then(at).map(|at| format!("begun {at}")));
    let word = incident.confirmation.as_ref();
    add("confirmed", word.map(|word| format!("{}, {}: {}", word.by, utc(word.at), word.reason)));
    add("seen on", incident.on.and_then(at));
    let began = incident.began.map_or_else(String::new, |began| format!(" (times from {})", utc(began)));
    add("stages", told(&stages(incident)));
    add("proof", incident.proof.as_ref().map(|proof| format!("{proof}{began}")));
    text
}

/// `TEMPLATE/ERROR` begins with the time; where an hour of autumn makes two of it, none is known.
pub(super) fn error_at(incident: &Incident) -> Option<Epoch> {
    let dates = incident.error.as_deref().zip(local_zone());
    let dates = dates.map(|(error, zone)| error_dates(error, &zone)).unwrap_or_default();
    if let [one] = dates.as_slice() { Some(*one) } else { None }
}

fn stages(incident: &Incident) -> Vec<Passed> {
    passed(incident, error_at(incident))
}

/// `heard last; ERROR +186 s; run began +187 s (1)`: seconds since the first one, and since the one before.
fn told(stages: &[Passed]) -> Option<String> {
    let one = |(at, passed): (usize, &Passed)| match at {
        0 => passed.stage.to_owned(),
        1 => format!("{} {:+} s", passed.stage, passed.after_s),
        _ => format!("{} {:+} s ({:+})", passed.stage, passed.after_s, passed.took_s),
    };
    let told: Vec<_> = stages.iter().enumerate().map(one).collect();
    (told.len() > 1).then(|| told.join(", "))
}

/// Lines of the log that were not shown yet.
fn new_lines(incident: &Incident, seen: &mut BTreeSet<(Epoch, String, String)>, text: &mut String) {
    for Line { at, phase, text: what } in &incident.log {
        if seen.insert((*at, phase.clone(), what.clone())) {
            let line = format!("{} {phase:<8} {what}", after(incident, *at));
            let _ = writeln!(text, "{}", cut(&one_line(&line), 600));
        }
    }
}

/// How it stands: the VMs, and the end.
fn tail(incident: &Incident, moved: &BTreeMap<VmId, HostId>, which: Which) -> String {
    let mut text = vms_table(incident, moved, which);
    let (state, style) = match incident.progress {
        Progress::Closed => ("closed", anstyle::Style::new()),
        Progress::Open => ("open", YELLOW),
        Progress::Held => ("held", RED),
        Progress::Fencing => ("fencing", YELLOW),
        Progress::Off => ("proven off, recovering", YELLOW),
    };
    let took = span(incident.updated.since(incident.opened));
    let outcome = incident.outcome.as_ref().map_or_else(String::new, |outcome| format!(": {outcome}"));
    let vms = vms(counts(incident), moved.len()).map_or_else(String::new, |vms| format!("; {vms}"));
    let _ = writeln!(text, "{style}{state}{style:#} after {took}{}{vms}", cut(&one_line(&outcome), 1000));
    text
}

/// `+00:05`: minutes and seconds since the incident was opened.
fn after(incident: &Incident, at: Epoch) -> String {
    let seconds = at.since(incident.opened).as_secs();
    format!("+{:02}:{:02}", seconds / 60, seconds % 60)
}
