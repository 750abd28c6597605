//! Who did what: the words of people, and the runs of the program.

use super::when::{At, Clock, Stamp};
use super::{Known, clean};
use crate::model::{Confirmation, Epoch, Fencing};
use crate::policy::Source;
use std::collections::BTreeSet;

/// What a person has said or done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// When.
    pub at: Stamp,
    /// Who: `alice (as oneadmin)`.
    pub who: String,
    /// What that did.
    pub did: String,
    /// Why, in that person's words.
    pub why: String,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// When it began.
    pub at: Option<Stamp>,
    /// Front-end, process and begin.
    pub owner: String,
    /// Who started it.
    pub source: &'static str,
    /// The version of the program.
    pub program: String,
    /// How it ended.
    pub ended: String,
}

/// Every word, the oldest first.
pub(super) fn words(known: &Known<'_>, clock: &Clock) -> Vec<Word> {
    let mut said: BTreeSet<(Epoch, String, String, String)> = BTreeSet::new();
    let mut add = |at: Epoch, who: &str, did: String, why: &str| {
        said.insert((at, clean(who), did, clean(why)));
    };
    let (memory, incident) = (known.memory, known.incident);
    let name = clean(&incident.name);
    let about = |word: &&Confirmation| word.incident == known.document;
    for word in memory.confirmations.iter().filter(about).chain(&incident.confirmation) {
        add(word.at, &word.by, format!("confirmed that {name} is off"), &word.reason);
    }
    for word in memory.proceeds.iter().filter(about).chain(&incident.proceeded) {
        add(word.at, &word.by, "let it proceed in spite of the brakes".to_owned(), &word.reason);
    }
    for word in memory.aborts.iter().filter(|word| word.incident == known.document) {
        add(word.at, &word.by, "ended the incident".to_owned(), &word.reason);
    }
    let here =
        memory.disarmed.iter().filter(|one| one.cluster.is_none_or(|cluster| cluster == incident.cluster));
    for one in here {
        let what = one.cluster.map_or_else(|| "the zone".to_owned(), |_| known.cluster_name());
        add(one.at, &one.by, format!("disarmed {what}, and it still is"), &one.reason);
    }
    if let Some(at) = incident.stopped {
        add(at, "a person at the terminal", "stopped its run".to_owned(), "");
    }
    let by_hand = known.runs.iter().filter(|run| run.source == Source::Person);
    for run in by_hand {
        let waived = incident.flags.is_some_and(|flags| flags.fencing == Fencing::Waived);
        let waived = if waived { ", and waived fencing (-u)" } else { "" };
        let did = format!("started run {} by hand{waived}", clean(&run.owner));
        add(run.began.epoch(), "a person at the terminal", did, "");
    }
    let word = |(at, who, did, why)| Word { at: clock.epoch(at), who, did, why };
    said.into_iter().map(word).collect()
}

/// Every run that a journal has; else the one that the record names.
pub(super) fn runs(known: &Known<'_>, clock: &Clock) -> Vec<RunRow> {
    let source = |source| match source {
        Source::Event => "oned's event",
        Source::Person => "a person",
        Source::Reconcile => "reconcile",
    };
    let mut rows: Vec<_> = known
        .runs
        .iter()
        .map(|run| RunRow {
            at: Some(clock.epoch(run.began.epoch())),
            owner: clean(&run.owner),
            source: source(run.source),
            program: clean(&run.program),
            ended: match (&run.ended, &run.damaged) {
                (Some(how), _) => clean(how),
                (None, Some(_)) => "not known: its journal ends before it".to_owned(),
                (None, None) => "it was killed, or goes on".to_owned(),
            },
        })
        .collect();
    let owner = clean(&known.incident.owner);
    if rows.iter().all(|row| row.owner != owner) {
        let began = owner.split_whitespace().nth(2).and_then(|began| began.parse().ok()).map(Epoch);
        let closed = known.incident.outcome.as_ref().filter(|_| known.is_closed());
        rows.push(RunRow {
            at: began.map(|began| clock.epoch(began)),
            owner,
            source: "not known",
            program: String::new(),
            ended: closed.map(|how| clean(how)).unwrap_or_default(),
        });
    }
    rows.sort_by_key(|row| row.at.as_ref().map(|at| at.iso.clone()));
    rows
}

/// The front-ends whose journals are not here.
pub(super) fn elsewhere(known: &Known<'_>) -> Option<String> {
    let here = known.runs.iter().any(|run| run.owner == known.incident.owner);
    (!here).then(|| clean(known.incident.owner.split_whitespace().next().unwrap_or("another front-end")))
}

/// When the first run of the journals began.
pub(super) fn first(known: &Known<'_>) -> Option<At> {
    known.runs.iter().map(|run| run.began).min()
}
