//! How long an incident took, stage by stage, as far as it is known.

use crate::model::{End, Epoch, Incident, Progress};
use serde::Serialize;

/// A stage that an incident has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// Its name; the names stay.
    pub stage: &'static str,
    /// When.
    pub at: Epoch,
    /// Seconds since the first one that is known.
    pub after_s: i64,
    /// Seconds since the one before.
    pub took_s: i64,
}

/// The stages that are known, in their order; `error` is when the host entered ERROR. Clocks may differ, so times may be
/// negative.
#[must_use]
pub fn passed(incident: &Incident, error: Option<Epoch>) -> Vec<Passed> {
    let stages = incident.stages;
    let all = [
        ("heard last", incident.heard.map(Epoch)),
        ("ERROR", error),
        ("run began", stages.began),
        ("wait over", stages.waited),
        ("off sent", stages.off),
        ("proven off", stages.proven),
        ("first VM", stages.first),
        ("half", stages.half),
        ("last VM", stages.last.filter(|_| is_done(incident))),
    ];
    let known: Vec<_> = all.into_iter().filter_map(|(stage, at)| Some((stage, at?))).collect();
    let begin = known.first().map_or(Epoch(0), |(_, at)| *at);
    let mut before = begin;
    let passed = known.into_iter().map(|(stage, at)| {
        let took_s = at.0.saturating_sub(before.0);
        before = at;
        Passed { stage, at, after_s: at.0.saturating_sub(begin.0), took_s }
    });
    passed.collect()
}

/// Seconds from when the host was heard last until the last VM was read back; none where one of them is not known.
#[must_use]
pub fn plug_to_last(incident: &Incident) -> Option<u64> {
    let last = incident.stages.last.filter(|_| is_done(incident))?;
    let heard = Epoch(incident.heard?);
    (last >= heard).then(|| last.since(heard).as_secs())
}

/// Is no VM on its way any more?
fn is_done(incident: &Incident) -> bool {
    incident.progress == Progress::Closed
        && incident.vms.iter().any(|vm| vm.end == Some(End::Recovered))
        && incident.vms.iter().all(|vm| vm.end.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IncidentVm, Stages, VmId};

    fn incident(end: Option<End>) -> Incident {
        let vm = IncidentVm {
            id: VmId(1),
            name: String::new(),
            order: None,
            to: None,
            end,
            why: String::new(),
            ready: None,
        };
        let at = |seconds: i64| Some(Epoch(1000 + seconds));
        let stages = Stages {
            began: at(187),
            off: at(488),
            proven: at(495),
            first: at(497),
            last: at(499),
            ..Stages::default()
        };
        Incident {
            heard: Some(1000),
            progress: Progress::Closed,
            vms: vec![vm],
            stages,
            ..Incident::default()
        }
    }

    #[test]
    fn what_is_not_known_is_left_out_and_nothing_is_made_up() {
        let told = |incident: &Incident, error| {
            let stages = passed(incident, error).into_iter();
            stages.map(|one| (one.stage, one.after_s, one.took_s)).collect::<Vec<_>>()
        };
        let done = incident(Some(End::Recovered));
        let all = [
            ("heard last", 0, 0),
            ("ERROR", 186, 186),
            ("run began", 187, 1),
            ("off sent", 488, 301),
            ("proven off", 495, 7),
            ("first VM", 497, 2),
            ("last VM", 499, 2),
        ];
        assert_eq!(told(&done, Some(Epoch(1186))), all);
        assert_eq!(plug_to_last(&done), Some(499));
        assert_eq!(told(&incident(None), None).last().unwrap().0, "first VM", "one is on its way");
        assert_eq!(plug_to_last(&incident(None)), None);
        let old = Incident { stages: Stages::default(), heard: None, ..done.clone() };
        assert_eq!((told(&old, None), plug_to_last(&old)), (Vec::new(), None));
        let never_heard = Incident { heard: None, ..done };
        assert_eq!((told(&never_heard, None)[0], plug_to_last(&never_heard)), (("run began", 0, 0), None));
    }
}
