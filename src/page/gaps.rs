//! What a page does not know, and why. Nothing is left out in silence.

use super::people::{elsewhere, first};
use super::{Known, clean};
use crate::model::Incident;
use crate::model::text::{is_or_are, vms};

/// A log of so many lines has lost its middle: its first 20 and its last 80 are kept.
const LINES: usize = 100;

/// Was the middle of its log left out?
pub(super) fn is_cut(incident: &Incident) -> bool {
    incident.log.len() >= LINES
}

pub(super) fn gaps(known: &Known<'_>) -> Vec<String> {
    let incident = known.incident;
    let mut gaps = Vec::new();
    let mut say = |is: bool, what: String| gaps.extend(is.then_some(what));
    let none = known.runs.is_empty();
    let owner = elsewhere(known).unwrap_or_default();
    say(
        none,
        format!(
            "No journal of it is on this front-end: the times of single VMs, the samples beside the proof, the orders to devices and \
             the words of witnesses are not in here. Its last run was on {owner}: `onerescue report` there may have them."
        ),
    );
    say(
        !none && elsewhere(known).is_some(),
        format!(
            "The journal of its last run is not on this front-end: that run was on {owner}, and `onerescue report` there has it."
        ),
    );
    say(
        incident.takeovers > 0
            && known.runs.len() <= usize::try_from(incident.takeovers).unwrap_or(usize::MAX),
        "The incident was taken over by another run, and not every run of it has its journal here."
            .to_owned(),
    );
    say(
        first(known)
            .zip(incident.stages.began)
            .is_some_and(|(first, began)| first.epoch() > began.plus(MINUTE)),
        "The journal of its first run is not here.".to_owned(),
    );
    for why in known.unread {
        say(true, clean(why));
    }
    for run in known.runs {
        let why = run.damaged.as_ref().map(|why| clean(why));
        say(
            why.is_some(),
            format!("The journal of run {} is not whole: {}.", clean(&run.owner), why.unwrap_or_default()),
        );
    }
    say(incident.heard.is_none(), "When oned had heard the host last is not in the record: times count from the first moment that is known.".to_owned());
    say(
        known.error.is_none(),
        "When the host entered ERROR is not known: the record has no date of it, or not one that is certain."
            .to_owned(),
    );
    say(
        incident.stages.is_empty(),
        "The record has no stages: it was written by an older version, or no run came far enough.".to_owned(),
    );
    say(incident.flags.is_none(), "The options of its last run are not in the record.".to_owned());
    let out = usize::try_from(incident.vms_left_out).unwrap_or(usize::MAX);
    say(
        out > 0,
        format!(
            "{} that had ended {} not in the record, which had no room for them.",
            vms(out),
            is_or_are(out)
        ),
    );
    let bare = incident.vms.iter().filter(|vm| vm.name.is_empty()).count();
    say(bare > 0, format!("The record has no name of {}: there were too many.", vms(bare)));
    say(
        is_cut(incident) && none,
        "The middle of the log is left out: the record keeps its first 20 and its last 80 lines.".to_owned(),
    );
    gaps
}

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);
