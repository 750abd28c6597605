//! The attempts to start a VM. They stand in its own user template, so that they count for every run on every front-end.

use crate::model::{Epoch, Vm};
use crate::policy::healthy::RESTARTS;
use crate::policy::limits::lately;
use crate::policy::moments::is_ahead;
use std::time::Duration;

/// No more moments than this are kept.
const KEPT: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Of all runs.
    moments: Vec<Epoch>,
    /// Attempts of this run.
    made: usize,
    /// Those that were counted and of which nothing was sent, and those that stand at another moment now.
    withdrawn: Vec<Epoch>,
}

impl Attempts {
    /// The VM was read. What this run has done counts even where oned's answer was lost, or somebody has taken the attribute
    /// away.
    pub(super) fn read(&mut self, vm: &Vm) {
        let text = vm.attributes.get(RESTARTS).map_or("", String::as_str);
        let told = text.split_whitespace().filter_map(|at| Some(Epoch(at.parse().ok()?)));
        self.moments.extend(told.filter(|at| !self.withdrawn.contains(at)));
        self.moments.sort_unstable();
        self.moments.dedup();
    }

    /// Has this run made one?
    pub(super) fn is_any_made(&self) -> bool {
        self.made > 0
    }

    /// How many count.
    pub(super) fn recent(&self, now: Epoch, reset: Duration) -> usize {
        let read = self.moments.iter().filter(|at| lately(now, **at, Duration::ZERO, reset)).count();
        read.max(self.made)
    }

    /// One more. Two within one second are two.
    pub(super) fn count(&mut self, now: Epoch) {
        self.made = self.made.saturating_add(1);
        let mut at = now;
        while self.moments.contains(&at) {
            at = Epoch(at.0.saturating_add(1));
        }
        self.moments.push(at);
    }

    /// The last one was not made: it does not count.
    pub(super) fn withdraw(&mut self) {
        self.made = self.made.saturating_sub(1);
        self.withdrawn.extend(self.moments.pop());
    }

    /// Attempts that a wrong clock has dated ahead were made now at the latest. Each stays one.
    ///
    /// A line for the trail, if there were any.
    pub(super) fn mend(&mut self, now: Epoch) -> Option<String> {
        let (wrong, right): (Vec<_>, Vec<_>) =
            self.moments.iter().copied().partition(|at| is_ahead(now, *at));
        let furthest = wrong.last()?.since(now).as_secs();
        self.moments = right;
        for old in wrong {
            let mut at = now;
            while self.moments.contains(&at) {
                at = Epoch(at.0.saturating_sub(1));
            }
            self.moments.push(at);
            // oned still has it as it was.
            self.withdrawn.push(old);
        }
        self.moments.sort_unstable();
        Some(format!(
            "{RESTARTS} has a moment that is {furthest} s ahead: a clock was wrong; it counts as now"
        ))
    }

    /// The attribute as it is to be.
    pub(super) fn attribute(&self) -> (&'static str, String) {
        let skip = self.moments.len().saturating_sub(KEPT);
        let words: Vec<_> = self.moments.iter().skip(skip).map(|at| at.0.to_string()).collect();
        (RESTARTS, words.join(" "))
    }
}
