//! The end of a run: what is written down for the last time, and the report.

use super::case::{Case, Left};
use super::ending::stopped_again;
use super::incident::Step;
use super::notes::Phase;
use super::port::{Failure, Trouble};
use super::proof::Proof;
use super::record::{After, write};
use super::recover::Proven;
use super::report::{Fate, Outcome, Report};
use super::settings::Purpose;
use crate::model::{Abort, Moment, Progress};

/// A person has ended this incident: nothing more is sent.
pub(super) fn aborted(case: &mut Case, word: Abort) -> Failure {
    let what = format!("the incident was aborted by {}: {}", word.by, word.reason);
    let advice = format!("when it is to go on after all, run `{}`", case.command());
    case.aborted = Some(word);
    Failure { trouble: Trouble::Refused, what, advice }
}

impl Case {
    /// The end without a proof. Who asked for nothing but a fence must not take that for success, and what was sent
    /// already is said.
    pub(super) fn stop(mut self: Box<Self>, now: Moment, outcome: Outcome) -> Step {
        if let Some(proof) = self.earlier.take() {
            return stopped_again(Proven { case: self, proof, checked: now, surveyed: now }, now, outcome);
        }
        let outcome = match (self.policy.purpose, outcome) {
            (_, Outcome::NothingToDo(reason)) if !self.told.is_empty() => {
                let told: Vec<_> = self.told.keys().map(ToString::to_string).collect();
                let what = format!(
                    "\"off\" was sent to {} by {}, so it may still go off, but {reason}",
                    self.host(),
                    told.join(" and ")
                );
                let advice = "look at the machine and its devices: put them on again, or power it off and run the same \
                              command again"
                    .to_owned();
                Outcome::Held(Failure { trouble: Trouble::Refused, what, advice })
            }
            (Purpose::Fence, Outcome::NothingToDo(reason)) => Outcome::Held(Failure {
                trouble: Trouble::Refused,
                what: format!("{} was not fenced: {reason}", self.host()),
                advice: "fence it only while OpenNebula has it in ERROR".to_owned(),
            }),
            (_, outcome) => self.told_too(outcome),
        };
        self.end(now, outcome, None)
    }

    /// What was sent already may still take effect, and is said.
    fn told_too(&self, outcome: Outcome) -> Outcome {
        let before = |failure: Failure| match &self.contradiction {
            Some(what) if *what != failure.what => {
                let what = format!("{what}; and at the end: {}", failure.what);
                Failure { what, ..failure }
            }
            Some(_) | None => failure,
        };
        let too = |failure: Failure| {
            let failure = before(failure);
            if self.told.is_empty() || failure.what.contains("was sent \"off\"") {
                return failure;
            }
            let told: Vec<_> = self.told.keys().map(ToString::to_string).collect();
            let what = format!("{}; \"off\" was sent by {} before that", failure.what, told.join(" and "));
            Failure { what, ..failure }
        };
        match outcome {
            Outcome::Held(failure) => Outcome::Held(too(failure)),
            Outcome::NotFenced(failure) => Outcome::NotFenced(too(failure)),
            Outcome::NoCloud(failure) => Outcome::NoCloud(too(failure)),
            other @ (Outcome::NotStarted(_)
            | Outcome::Recovered
            | Outcome::Fenced
            | Outcome::NothingToDo(_)
            | Outcome::HandedOver(_)
            | Outcome::Rehearsed(_)
            | Outcome::Partly) => other,
        }
    }

    /// The end: write the record for the last time, then report.
    pub(super) fn end(mut self: Box<Self>, now: Moment, outcome: Outcome, proof: Option<Proof>) -> Step {
        let proof = proof.filter(|_| !self.disproven);
        for (vm, name) in std::mem::take(&mut self.undecided) {
            if !self.vms.contains_key(&vm) {
                self.settle(vm, &name, Fate::Held("its host was on again, and is not proven off".to_owned()));
            }
        }
        self.tell_unmoved(&outcome);
        self.end_a_look();
        let over = match &outcome {
            Outcome::Recovered | Outcome::Fenced | Outcome::Partly | Outcome::NothingToDo(_) => true,
            Outcome::Rehearsed(_)
            | Outcome::HandedOver(_)
            | Outcome::NotStarted(_)
            | Outcome::NoCloud(_)
            | Outcome::NotFenced(_)
            | Outcome::Held(_) => false,
        };
        let over = over || self.aborted.is_some() || self.only_looks();
        if let Some(incident) = &mut self.incident {
            incident.outcome = Some(outcome.to_string());
            incident.release();
            incident.progress = match (over, &proof) {
                (true, _) => Progress::Closed,
                (false, _) if self.left == Left::AsItStands => incident.progress,
                (false, Some(_)) => Progress::Off,
                (false, None) if matches!(outcome, Outcome::HandedOver(_)) => Progress::Open,
                (false, None) => Progress::Held,
            };
        }
        self.keep_waiting(now, &outcome, proof.as_ref());
        write(self, now, After::Ended(outcome, proof))
    }

    /// The end before the fence, because a person has aborted it.
    pub(super) fn abort(mut self: Box<Self>, now: Moment, word: Abort) -> Step {
        let failure = aborted(&mut self, word);
        self.stop(now, Outcome::Held(failure))
    }

    pub(super) fn report(mut self: Box<Self>, now: Moment, outcome: Outcome, proof: Option<Proof>) -> Step {
        self.note(now, Phase::Report, outcome.to_string());
        Step::Stop(Box::new(Report {
            host: self.subject.host,
            name: self.subject.name,
            mode: self.policy.mode,
            purpose: self.policy.purpose,
            outcome,
            proof,
            vms: self.vms.into_values().collect(),
            trail: self.trail,
            took: now,
            disabled: self.disabled,
        }))
    }
}
