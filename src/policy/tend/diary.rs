//! What a run writes down, and how long it bears oned's silence.

use crate::model::{Moment, WhoLeads};
use crate::policy::lead::{Leads, leads};
use crate::policy::notes::{Entry, Phase, Weight};
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::Outcome;
use crate::policy::rules::WaitRules;
use std::time::Duration;

/// The trail of one run.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Diary {
    pub(in crate::policy) trail: Vec<Entry>,
    rules: WaitRules,
    /// Since when oned has given no answer.
    silent: Option<Moment>,
}

impl Diary {
    pub(in crate::policy) fn new(rules: WaitRules) -> Self {
        Self { trail: Vec::new(), rules, silent: None }
    }

    pub(in crate::policy) fn note(&mut self, at: Moment, phase: Phase, text: impl Into<String>) {
        self.trail.push(Entry { weight: Weight::Step, at, phase, text: text.into() });
    }

    /// oned answered.
    pub(in crate::policy) fn answered(&mut self) {
        self.silent = None;
    }

    /// oned did not answer: how long to wait before it is asked again, or how the run ends.
    pub(in crate::policy) fn silence(
        &mut self,
        now: Moment,
        phase: Phase,
        failure: Failure,
    ) -> Result<Duration, Outcome> {
        match failure.trouble {
            Trouble::Unreachable => {}
            Trouble::Refused | Trouble::Gone | Trouble::Settings => return Err(Outcome::NoCloud(failure)),
        }
        let since = *self.silent.get_or_insert(now);
        if now.since(since) >= self.rules.oned {
            return Err(Outcome::NoCloud(failure));
        }
        if since == now {
            self.note(now, phase, format!("{}; asking again", failure.what));
        }
        Ok(self.rules.look)
    }

    /// The front-end has said what it is, before anything was claimed: go on, ask again after this time, or how the run
    /// ends. A follower claims nothing: what it sees may be old, and the leader has a run of its own. `command` is this run,
    /// to be begun there.
    pub(in crate::policy) fn lead(
        &mut self,
        now: Moment,
        lead: &WhoLeads,
        command: &str,
    ) -> Result<Option<Duration>, Outcome> {
        match leads(lead) {
            Leads::Yes => Ok(None),
            Leads::Unclear(failure) => self.silence(now, Phase::Claim, failure).map(Some),
            Leads::No(failure) => {
                let advice = format!("{}: `{command}`", failure.advice);
                Err(Outcome::Held(Failure { advice, ..failure }))
            }
        }
    }
}
