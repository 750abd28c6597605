//! `--follow`: what goes on in an incident until it is closed. On a terminal it is one view that is drawn in its place; anywhere
//! else each line is told once.

use super::super::moving::elsewhere;
use super::super::stop::Stop;
use super::table::Which;
use super::{after, head, new_lines, tail};
use crate::error::Error;
use crate::finish;
use crate::model::text::{one_line, span};
use crate::model::{DocumentId, Epoch, Incident, Line, Memory, Progress};
use crate::policy::record::history::counts;
use crate::terminal::View;
use crate::world::clock::now;
use crate::world::{Live, World as _};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

/// The time between two looks.
const LOOK: Duration = Duration::from_secs(2);

/// The last lines of the log are what goes on now.
const LAST: usize = 8;

/// Tell what is new until it is closed. Where oned does not answer that is said once, and it is asked again.
pub(super) fn line_by_line(
    mut live: Live,
    document: DocumentId,
    mut seen: BTreeSet<(Epoch, String, String)>,
    which: Which,
) -> Result<u8, Stop> {
    let (mut before, mut is_lost) = (0, false);
    loop {
        live.wait(LOOK);
        let memory = match live.memory() {
            Ok(memory) => memory,
            Err(failure) => {
                if !is_lost {
                    finish::say(&format!("{}; it is asked again\n", one_line(&failure.what)));
                }
                is_lost = true;
                continue;
            }
        };
        if std::mem::take(&mut is_lost) {
            finish::say("it answers again\n");
        }
        let incident = found(&memory, document)?;
        let mut text = String::new();
        new_lines(incident, &mut seen, &mut text);
        if incident.progress == Progress::Closed {
            finish::say_in_colour(&(text + &tail(incident, &BTreeMap::new(), which)));
            return Ok(0);
        }
        let running = elsewhere(incident, |vms| live.vms(vms)).len();
        if running > before {
            let all = counts(incident).on_its_way;
            let now = after(incident, memory.now);
            let _ = writeln!(text, "{now} {:<8} {running} of {all} VMs on their way run elsewhere", "now");
        }
        before = running;
        finish::say(&text);
    }
}

/// Draw how it stands until it is closed; then it is told whole, below.
pub(super) fn in_place(
    mut live: Live,
    mut memory: Memory,
    document: DocumentId,
    which: Which,
) -> Result<u8, Stop> {
    let (mut view, mut read, mut trouble) = (View::default(), now(), None);
    loop {
        let incident = found(&memory, document)?;
        let moved = elsewhere(incident, |vms| live.vms(vms));
        let mut text = head(&memory, document, incident);
        if incident.progress == Progress::Closed {
            drop(view);
            new_lines(incident, &mut BTreeSet::new(), &mut text);
            finish::say_in_colour(&(text + &tail(incident, &moved, which)));
            return Ok(0);
        }
        // The log comes last, cut at its begin: the view keeps what stands first.
        let short = Incident { log: last(incident), vms: Vec::new(), ..incident.clone() };
        text.push_str(&tail(incident, &moved, Which::Counted));
        new_lines(&short, &mut BTreeSet::new(), &mut text);
        let why = trouble.as_ref().map_or_else(String::new, |what| format!("; {what}"));
        let _ = writeln!(text, "\nthis picture is {} old{why}; Ctrl-C ends this", span(read.elapsed()));
        view.draw(&text);
        live.wait(LOOK);
        match live.memory() {
            Ok(new) => (memory, read, trouble) = (new, now(), None),
            Err(failure) => trouble = Some(one_line(&failure.what)),
        }
    }
}

fn last(incident: &Incident) -> Vec<Line> {
    let skip = incident.log.len().saturating_sub(LAST);
    incident.log.iter().skip(skip).cloned().collect()
}

fn found(memory: &Memory, document: DocumentId) -> Result<&Incident, Stop> {
    let found = memory.incidents.iter().find(|(other, _)| *other == document);
    found.map(|(_, incident)| incident).ok_or_else(|| {
        let what = format!("somebody has deleted {document}");
        Error::instead(what, "run `onerescue history`").into()
    })
}
