//! The page of one incident, for who was not there: what happened, with the evidence.
//!
//! Pure: a [`Page`] is made from what is remembered and from what the journals of this front-end have; [`html`] writes it. What
//! the sources do not have is said in [`Page::gaps`]. Every text in a page is one line, and its letters run one way.

mod areas;
mod chart;
mod devices;
mod evidence;
mod gaps;
pub mod html;
mod people;
mod run;
mod sentences;
pub mod site;
#[cfg(test)]
mod tests;
mod vms;
mod when;

pub use areas::Area;
pub use chart::{Bar, Chart, Flag, Span, Tick};
pub use devices::{Device, Try};
pub use evidence::{Evidence, SampleRow, Voice};
pub use people::{RunRow, Word};
pub use run::{Course, Off, Run, Sample, courses};
pub use sentences::{Figure, Head};
pub use vms::{Count, VmRow};
pub use when::{At, Stamp};

use crate::model::{ClusterId, DocumentId, Epoch, HostId, Incident, Memory, Progress, VmId};
use crate::policy::record::stages::passed;
use std::collections::BTreeMap;
use when::Clock;

/// Everything that is known of an incident.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What is remembered.
    pub memory: &'a Memory,
    /// The incident's document.
    pub document: DocumentId,
    /// The incident.
    pub incident: &'a Incident,
    /// When the host entered ERROR, if that is known.
    pub error: Option<Epoch>,
    /// What the journals of this front-end have, the first run first.
    pub runs: &'a [Run],
    /// Why one of them could not be read, or why there are none.
    pub unread: &'a [String],
    /// VMs on their way that run elsewhere by now.
    pub moved: &'a BTreeMap<VmId, HostId>,
    /// The names of hosts today.
    pub hosts: &'a BTreeMap<HostId, String>,
    /// The names of clusters today.
    pub clusters: &'a BTreeMap<ClusterId, String>,
}

/// How something ended, for a colour, a sign and a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Where it should be.
    Recovered,
    /// Deleted, as that was asked for.
    Deleted,
    /// It is being worked on.
    Moving,
    /// It is down, and nothing was sent for it yet.
    Waiting,
    /// Touched, and not where it should be.
    Failed,
    /// Not touched; it needs a person.
    Held,
    /// Not touched, and nobody asked for that.
    #[default]
    Left,
}

impl Kind {
    /// The word beside the colour.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::Deleted => "deleted",
            Self::Moving => "on its way",
            Self::Waiting => "waits",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Left => "left alone",
        }
    }

    /// The name of its look.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Recovered => "ok",
            Self::Deleted => "gone",
            Self::Moving => "way",
            Self::Waiting => "wait",
            Self::Failed => "bad",
            Self::Held => "held",
            Self::Left => "left",
        }
    }
}

/// A stage that the incident came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its number in the timeline.
    pub number: usize,
    /// Its name.
    pub name: &'static str,
    /// When.
    pub at: Stamp,
    /// How long after the stage before.
    pub took: String,
}

/// One line of the record's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: Stamp,
    /// The step of the procedure.
    pub phase: String,
    /// What happened.
    pub text: String,
}

/// One incident, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What it is about, and how it ended.
    pub head: Head,
    /// What happened, in three sentences.
    pub sentences: [String; 3],
    /// What a person has to do.
    pub todo: Vec<String>,
    /// The few figures that a manager asks for.
    pub figures: Vec<Figure>,
    /// The timeline; none where fewer than two moments are known.
    pub chart: Option<Chart>,
    /// The stages, in their order.
    pub stages: Vec<Stage>,
    /// What shows that the host was off.
    pub evidence: Evidence,
    /// How many VMs ended how.
    pub counts: Vec<Count>,
    /// Each VM.
    pub vms: Vec<VmRow>,
    /// What was tried on each device.
    pub devices: Vec<Device>,
    /// What people have said and done.
    pub people: Vec<Word>,
    /// The runs that worked on it.
    pub runs: Vec<RunRow>,
    /// The log.
    pub log: Vec<LogLine>,
    /// What this page does not know, and why.
    pub gaps: Vec<String>,
}

impl Page {
    /// Make it.
    #[must_use]
    pub fn new(known: &Known<'_>) -> Self {
        let stages = passed(known.incident, known.error);
        let zero = stages.first().map_or(known.incident.opened, |first| first.at);
        let clock = Clock::from(At::of(zero));
        let vms = vms::rows(known, &clock);
        let devices = devices::all(known, &clock);
        let chart = chart::chart(known, &clock, &stages, &vms);
        let counts = vms::counted(&vms);
        let numbered = (1..).zip(&stages);
        let stages = numbered.map(|(number, one)| Stage {
            number,
            name: if one.stage == "half" { "half of the VMs" } else { one.stage },
            at: clock.epoch(one.at),
            took: if number == 1 { String::new() } else { when::took(one.took_s.saturating_mul(1000)) },
        });
        Self {
            head: sentences::head(known),
            sentences: sentences::three(known),
            todo: sentences::todo(known),
            figures: sentences::figures(known),
            chart,
            stages: stages.collect(),
            evidence: evidence::evidence(known, &clock),
            counts,
            vms,
            devices,
            people: people::words(known, &clock),
            runs: people::runs(known, &clock),
            log: log(known, &clock),
            gaps: gaps::gaps(known),
        }
    }
}

/// The journals tell more than the record where the middle of its log was left out.
fn log(known: &Known<'_>, clock: &Clock) -> Vec<LogLine> {
    let line = |at: Stamp, phase: &str, text: &str| LogLine { at, phase: clean(phase), text: clean(text) };
    if gaps::is_cut(known.incident) && !known.runs.is_empty() {
        let told = known.runs.iter().flat_map(|run| &run.told);
        return told.map(|(at, phase, text)| line(clock.tenths(*at), phase, text)).collect();
    }
    let lines = known.incident.log.iter();
    lines.map(|one| line(clock.epoch(one.at), &one.phase, &one.text)).collect()
}

impl Known<'_> {
    /// `node7`, or what is known of a host without a name.
    fn host_name(&self, host: HostId) -> String {
        if host == self.incident.host {
            return clean(&self.incident.name);
        }
        self.hosts.get(&host).map_or_else(|| host.to_string(), |name| clean(name))
    }

    /// `cluster 100 (east)`
    fn cluster_name(&self) -> String {
        let id = self.incident.cluster;
        self.clusters.get(&id).map_or_else(|| id.to_string(), |name| format!("{} ({id})", clean(name)))
    }

    fn is_closed(&self) -> bool {
        self.incident.progress == Progress::Closed
    }
}

/// Names and texts come from VM owners, hosts and devices: one line, and no sign in it turns the direction of what follows.
pub(crate) fn clean(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| match c {
            c if turns(c) => '\u{fffd}',
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => ' ',
            c => c,
        })
        .collect()
}
