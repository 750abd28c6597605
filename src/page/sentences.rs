//! What happened, for somebody who reads three sentences.

use super::vms::{kind, needs_a_person};
use super::when::{At, in_words, took};
use super::{Kind, Known, clean};
use crate::model::text::{is_or_are, vms};
use crate::model::{DocumentId, Fencing, Incident, Memory, Progress};
use crate::policy::record::history::{Counts, aborted, counts};
use crate::policy::record::stages::plug_to_last;

/// What the page is about, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The incident's document.
    pub document: u32,
    /// The host's name.
    pub name: String,
    /// Its id.
    pub host: u32,
    /// Its cluster.
    pub cluster: String,
    /// When the incident was opened.
    pub opened: String,
    /// When its record was written last.
    pub updated: String,
    /// How it stands.
    pub kind: Kind,
    /// The same in a word.
    pub state: &'static str,
    /// The same in a line.
    pub headline: String,
    /// The options of its last run.
    pub options: String,
}

/// One figure that a manager asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// `8 min 18 s`
    pub value: String,
    /// What it is.
    pub label: &'static str,
}

pub(super) fn head(known: &Known<'_>) -> Head {
    let incident = known.incident;
    let (kind, state) = state(known.memory, known.document, incident);
    Head {
        document: known.document.0,
        name: clean(&incident.name),
        host: incident.host.0,
        cluster: known.cluster_name(),
        opened: in_words(incident.opened),
        updated: in_words(incident.updated),
        kind,
        state,
        headline: headline(known, kind),
        options: incident.flags.map(|flags| flags.words().join(" ")).unwrap_or_default(),
    }
}

/// How an incident stands, with a word for it.
pub(super) fn state(memory: &Memory, document: DocumentId, incident: &Incident) -> (Kind, &'static str) {
    let all = counts(incident);
    match incident.progress {
        Progress::Held => (Kind::Held, "held"),
        Progress::Open => (Kind::Moving, "open"),
        Progress::Fencing => (Kind::Moving, "fencing"),
        Progress::Off => (Kind::Moving, "recovering"),
        Progress::Closed if aborted(memory, document).is_some() => (Kind::Left, "ended by a person"),
        Progress::Closed if all.failed > 0 => (Kind::Failed, "not every VM runs"),
        Progress::Closed if all.held > 0 => (Kind::Held, "VMs are held"),
        Progress::Closed if all.recovered + all.deleted > 0 => (Kind::Recovered, "recovered"),
        Progress::Closed => (Kind::Left, "closed"),
    }
}

fn headline(known: &Known<'_>, kind: Kind) -> String {
    let name = clean(&known.incident.name);
    let Counts { recovered, deleted, held, failed, on_its_way, .. } = counts(known.incident);
    let (done, all) = (recovered + deleted, recovered + deleted + held + failed + on_its_way);
    match (known.incident.progress, all) {
        (Progress::Held, _) => format!("{name} is held, and waits"),
        (Progress::Open, _) => format!("{name} has failed, and is waited for"),
        (Progress::Fencing, _) => format!("{name} is being fenced"),
        (Progress::Off, _) => format!("{name} is off, and {done} of {} are recovered", vms(all)),
        (Progress::Closed, 0) if kind == Kind::Left => format!("{name} failed, and no VM was recovered"),
        (Progress::Closed, 1) if done == 1 => format!("{name} was lost, and its VM is recovered"),
        (Progress::Closed, _) if done == all => {
            format!("{name} was lost, and all {} are recovered", vms(all))
        }
        (Progress::Closed, _) => format!("{name} was lost, and {done} of {} are recovered", vms(all)),
    }
}

/// The loss, the proof, the VMs.
pub(super) fn three(known: &Known<'_>) -> [String; 3] {
    [loss(known), proof(known), rescue(known)]
}

fn loss(known: &Known<'_>) -> String {
    let incident = known.incident;
    let name = format!("{} ({}, {})", clean(&incident.name), incident.host, known.cluster_name());
    match (incident.heard, known.error) {
        (Some(heard), Some(error)) => {
            let heard = At(heard.saturating_mul(1000));
            let after = took(At::of(error).since(heard));
            format!(
                "{name} was heard last at {}, and OpenNebula took it for failed {after} later.",
                in_words(heard.epoch())
            )
        }
        (Some(heard), None) => {
            let heard = in_words(At(heard.saturating_mul(1000)).epoch());
            format!(
                "{name} was heard last at {heard}, and its incident was opened at {}.",
                in_words(incident.opened)
            )
        }
        (None, _) => {
            format!(
                "{name} failed, and its incident was opened at {}; when it was heard last is not in the record.",
                in_words(incident.opened)
            )
        }
    }
}

fn proof(known: &Known<'_>) -> String {
    let incident = known.incident;
    let waived = incident.flags.is_some_and(|flags| flags.fencing == Fencing::Waived);
    let at = incident.stages.proven.map_or_else(String::new, |at| format!(" at {}", in_words(at)));
    match (&incident.proof, &incident.held) {
        (Some(proof), _) if waived => {
            format!("Nothing proves that it was off, because fencing was waived: {}.", clean(proof))
        }
        (Some(proof), _) => format!("It was proven off{at}, before any VM was touched: {}.", clean(proof)),
        (None, Some(held)) if incident.progress == Progress::Held => {
            format!(
                "It is not fenced, and no VM is touched, because it is held since {}: {}.",
                in_words(held.since),
                clean(&held.why)
            )
        }
        (None, _) if incident.fenced.is_some() => {
            "\"Off\" was sent to its fence devices, and it is not proven off.".to_owned()
        }
        (None, _) => "It was not fenced, and so no VM was touched.".to_owned(),
    }
}

fn rescue(known: &Known<'_>) -> String {
    let Counts { recovered, deleted, held, failed, left, on_its_way, left_out } = counts(known.incident);
    let moving = known.incident.progress == Progress::Off;
    let parts: Vec<_> = [
        (recovered, "recovered"),
        (deleted, "deleted, as that was asked for"),
        (failed, "failed"),
        (held, "held"),
        (on_its_way, if moving { "on the way" } else { "down and waiting" }),
        (left, "left alone"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| match word {
        "failed" => format!("{count} failed"),
        word => format!("{count} {} {word}", is_or_are(count)),
    })
    .collect();
    let all = recovered + deleted + failed + held + on_its_way + left;
    let last = known.incident.stages.last.filter(|_| on_its_way == 0 && recovered > 0);
    let last = last.map_or_else(String::new, |at| {
        let after = plug_to_last(known.incident);
        let after = after.map_or_else(String::new, |seconds| {
            format!(
                ", {} after the host was heard last",
                took(i64::try_from(seconds).unwrap_or(0).saturating_mul(1000))
            )
        });
        format!("; the last one ran at {}{after}", in_words(at))
    });
    let out = if left_out > 0 { format!("; {left_out} more are not in the record") } else { String::new() };
    let word = aborted(known.memory, known.document);
    let ended =
        word.map_or_else(String::new, |word| format!("; {} ended the incident by hand", clean(&word.by)));
    match (all, parts.join(", ")) {
        (0, _) => format!("No VM is in its record{out}{ended}."),
        (_, parts) => format!("Of {}, {parts}{last}{out}{ended}.", vms(all)),
    }
}

/// What a person has to do: with the incident, then with VMs.
pub(super) fn todo(known: &Known<'_>) -> Vec<String> {
    let incident = known.incident;
    let mut todo = Vec::new();
    if let Some(held) = incident.held.as_ref().filter(|_| incident.progress == Progress::Held) {
        todo.push(format!("It is held: {}. Do this: {}.", clean(&held.why), clean(&held.advice)));
    }
    let waiting = incident.vms.iter().filter(|vm| needs_a_person(kind(vm, incident.progress))).count();
    if waiting > 0 && incident.progress == Progress::Closed {
        let again = incident.waiting.as_ref().and(incident.until);
        let again =
            again.map_or_else(String::new, |at| format!(" They are looked at again after {}.", in_words(at)));
        todo.push(format!(
            "{} {} not where {} should be: the reason stands with each, in the first rows of the table.{again} `{}` tries again.",
            vms(waiting),
            is_or_are(waiting),
            if waiting == 1 { "it" } else { "they" },
            clean(&incident.command()),
        ));
    }
    if let Some(at) = incident.ran_on() {
        todo.push(format!(
            "The host was heard at {} although its VMs had been moved away: they may run twice. Look at it now.",
            in_words(at)
        ));
    }
    todo
}

pub(super) fn figures(known: &Known<'_>) -> Vec<Figure> {
    let incident = known.incident;
    let Counts { recovered, deleted, held, failed, on_its_way, .. } = counts(incident);
    let (done, all) = (recovered + deleted, recovered + deleted + held + failed + on_its_way);
    let stages = incident.stages;
    let between = |from: Option<i64>, to: Option<i64>| {
        from.zip(to).map(|(from, to)| took(to.saturating_sub(from).saturating_mul(1000)))
    };
    let known_ones = [
        plug_to_last(incident).map(|seconds| {
            (
                took(i64::try_from(seconds).unwrap_or(0).saturating_mul(1000)),
                "from the last sign of life to the last VM",
            )
        }),
        between(incident.heard, known.error.map(|at| at.0))
            .map(|time| (time, "until OpenNebula saw the failure")),
        between(stages.began.map(|at| at.0), stages.proven.map(|at| at.0))
            .map(|time| (time, "from the first run to the proof")),
        between(stages.proven.map(|at| at.0), stages.last.map(|at| at.0))
            .map(|time| (time, "from the proof to the last VM")),
        (all > 0).then(|| (format!("{done} of {all}"), "VMs recovered")),
        (held + failed > 0).then(|| ((held + failed).to_string(), "VMs need a person")),
    ];
    known_ones.into_iter().flatten().map(|(value, label)| Figure { value, label }).collect()
}
