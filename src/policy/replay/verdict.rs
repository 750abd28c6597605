//! What a replay has shown.

use super::course::Replay;
use super::line::Ending;
use super::question::{Question, in_words};
use super::words;
use crate::model::{Moment, VmId};
use crate::policy::{Entry, Fate, Order, Report};
use std::collections::{BTreeMap, BTreeSet};

/// Where today's policy does, or says, something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// When that was, in the recorded run.
    pub at: Moment,
    /// What was asked then; nothing if that run was over.
    pub then: Option<Question>,
    /// What is asked now; nothing if today's run is over. The same as then if only words differ.
    pub now: Option<Question>,
    /// Answers that nobody asks for now.
    pub skipped: usize,
    /// What was told then and is not now.
    pub said: Vec<Entry>,
    /// What is told now and was not then.
    pub says: Vec<Entry>,
}

impl Difference {
    /// Is the same asked, and only told in other words or with another reason?
    #[must_use]
    pub fn is_in_words(&self) -> bool {
        self.then == self.now
    }
}

/// Why a replay did not come to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The recorded run was killed here; that is asked next.
    RecordEnds(Question),
    /// Nobody has asked that then.
    NoAnswer(Question),
}

/// A VM that would end otherwise now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmDifference {
    /// The VM.
    pub id: VmId,
    /// Its name, where one of the runs had it.
    pub name: String,
    /// What was done with it then, or how it ended.
    pub then: String,
    /// The same now.
    pub now: String,
}

/// A replay, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many answers were recorded, and how many of them today's policy has asked for.
    pub recorded: usize,
    /// See there.
    pub answered: usize,
    /// Every difference, in order.
    pub differences: Vec<Difference>,
    /// Why it did not come to an end, if it did not.
    pub stopped: Option<Stopped>,
    /// How the recorded run ended; nothing if it was killed.
    pub then: Option<String>,
    /// How today's ends; nothing if it was stopped.
    pub now: Option<String>,
    /// How many VMs were ordered about, or had an end, in one of them.
    pub vms: usize,
    /// Those that differ, as far as that is known.
    pub other_vms: Vec<VmDifference>,
}

impl Verdict {
    /// Compare. `report` is today's, if it came to one.
    #[must_use]
    pub fn of<A>(mut replay: Replay<A>, report: Option<&Report>) -> Self {
        let now = report.map(Ending::of);
        if now.is_some() {
            replay.end();
        }
        let then = replay.ended().cloned();
        let all = vms(&replay, then.as_ref(), now.as_ref());
        Self {
            recorded: replay.recorded,
            answered: replay.answered,
            stopped: replay.stopped,
            differences: replay.differences,
            then: then.as_ref().map(|ending| ending.outcome.to_string()),
            now: now.as_ref().map(|ending| ending.outcome.to_string()),
            vms: all.len(),
            other_vms: all.into_iter().filter(|vm| !words::same(&vm.then, &vm.now)).collect(),
        }
    }

    /// Is everything decided as it was, as far as the record goes?
    #[must_use]
    pub fn is_the_same(&self) -> bool {
        let ended =
            self.then.as_ref().zip(self.now.as_ref()).is_none_or(|(then, now)| words::same(then, now));
        self.differences.is_empty() && self.other_vms.is_empty() && ended
    }
}

/// Each VM of either run. Ends are compared if both runs came to one, orders otherwise.
fn vms<A>(replay: &Replay<A>, then: Option<&Ending>, now: Option<&Ending>) -> Vec<VmDifference> {
    let ends = then.zip(now);
    let said = |ending: &Ending| -> BTreeMap<VmId, (String, Fate)> {
        ending.vms.iter().map(|vm| (vm.id, (vm.name.clone(), vm.fate.clone()))).collect()
    };
    let names: BTreeMap<VmId, String> = then
        .into_iter()
        .chain(now)
        .flat_map(|ending| &ending.vms)
        .map(|vm| (vm.id, vm.name.clone()))
        .collect();
    let ordered = |orders: &[Order], vm: VmId| {
        let orders: Vec<_> = orders.iter().filter(|order| order.vm() == vm).map(in_words).collect();
        if orders.is_empty() { "nothing".to_owned() } else { orders.join(", ") }
    };
    let (then, now) = (then.map(said).unwrap_or_default(), now.map(said).unwrap_or_default());
    let ordered_about = replay.then.iter().chain(&replay.today).map(Order::vm);
    let ids: BTreeSet<VmId> = then.keys().chain(now.keys()).copied().chain(ordered_about).collect();
    let end = |of: &BTreeMap<VmId, (String, Fate)>, vm| {
        of.get(&vm).map_or_else(|| "not seen".to_owned(), |(_, fate)| fate.to_string())
    };
    let one = |id: VmId| VmDifference {
        id,
        name: names.get(&id).cloned().unwrap_or_default(),
        then: if ends.is_some() { end(&then, id) } else { ordered(&replay.then, id) },
        now: if ends.is_some() { end(&now, id) } else { ordered(&replay.today, id) },
    };
    // Where it was stopped, what was not ordered yet may still have been.
    let stopped = matches!(replay.stopped, Some(Stopped::NoAnswer(_)));
    let of =
        |orders: &[Order], id| orders.iter().filter(|order| order.vm() == id).copied().collect::<Vec<_>>();
    let open = |id: &VmId| stopped && of(&replay.then, *id).starts_with(&of(&replay.today, *id));
    ids.into_iter().filter(|id| !open(id)).map(one).collect()
}
