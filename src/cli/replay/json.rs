//! What a replay has shown, for programs.

use super::Told;
use super::settings::Setting;
use super::tell::elsewhere;
use crate::model::Epoch;
use crate::policy::Entry;
use crate::policy::replay::{Difference, Stopped};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

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
pub(super) fn text(all: &[Told]) -> String {
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
            .map(|one| JsonVm { id: one.id.0, name: &one.name, then: &one.then, now: &one.now })
            .collect(),
    }
}
