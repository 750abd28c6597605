//! The order of the procedure: every step, and the only way from one to the next.
//!
//! Each step holds the only way to answer it, so nothing can be skipped from outside.

use super::act::{Acting, Disabling};
use super::beat::{Beating, Checking, alive};
use super::brake::Braking;
use super::case::Case;
use super::confirm::Confirming;
use super::devices::ChoosingDevices;
use super::fence::PoweringOff;
use super::hear::Hearing;
use super::lead::Leading;
use super::leave::Leaving;
use super::notes::Entry;
use super::observe::{Claiming, Observing};
use super::own::{Owning, Taking};
use super::place::Placing;
use super::port::Subject;
use super::prove::Proving;
use super::record::Recording;
use super::recover::Surveying;
use super::remember::Remembering;
use super::report::Report;
use super::settings::Policy;
use super::settle::Settling;
use super::trace::Tracing;
use super::weigh::Weighing;
use crate::model::Moment;
use std::time::Duration;

/// What to do next. Every variant but [`Step::Stop`] is a question to the world.
#[derive(Debug)]
pub enum Step {
    /// Read the host.
    Observe(Observing),
    /// Ask whether this front-end leads.
    Lead(Leading),
    /// Make sure that no other run works on this host.
    Claim(Claiming),
    /// Read what is remembered of this and other incidents.
    Remember(Remembering),
    /// Lock the record.
    Take(Taking),
    /// Write the incident down.
    Record(Recording),
    /// Let time pass.
    Wait(Waiting),
    /// Look whether the record is still this run's, so that it can be written.
    Check(Checking),
    /// Write the record, so that everybody sees that this run is alive.
    Beat(Beating),
    /// Look around: is it us?
    Brake(Braking),
    /// Ask witnesses: is it dead?
    Hear(Hearing),
    /// Read the host once more, just before something that cannot be taken back.
    Confirm(Confirming),
    /// Look up which devices fence the host.
    ChooseDevices(ChoosingDevices),
    /// Read fresh pools, to see whether any VM would gain by the fence.
    Weigh(Weighing),
    /// Send "off" to one device.
    PowerOff(PoweringOff),
    /// Read the power back from one device.
    Prove(Proving),
    /// Wait for a place among the runs of this process that work on VMs.
    Place(Placing),
    /// Read fresh pools.
    Survey(Surveying),
    /// Read the whole history of VMs that oned put back onto the dead host.
    Trace(Tracing),
    /// Disable the dead host, so that oned gives its VMs up.
    Disable(Disabling),
    /// Look whether the incident is still this run's, just before something is changed.
    Own(Owning),
    /// Send orders for VMs.
    Act(Acting),
    /// Read VMs that are on their way.
    Settle(Settling),
    /// Unlock the record, and delete old ones.
    Leave(Leaving),
    /// It is over.
    Stop(Box<Report>),
}

impl Step {
    /// What was written down until now.
    #[must_use]
    pub fn trail(&self) -> &[Entry] {
        match (self, self.case()) {
            (_, Some(case)) => &case.trail,
            (Self::Stop(report), None) => &report.trail,
            (_, None) => &[],
        }
    }

    /// What the run knows; nothing when it is over.
    pub(super) fn case(&self) -> Option<&Case> {
        Some(match self {
            Self::Observe(ask) => ask.case(),
            Self::Claim(ask) => ask.case(),
            Self::Remember(ask) => ask.case(),
            Self::Take(ask) => ask.case(),
            Self::Record(ask) => ask.case(),
            Self::Brake(ask) => ask.case(),
            Self::Hear(ask) => ask.case(),
            Self::Confirm(ask) => ask.case(),
            Self::ChooseDevices(ask) => ask.case(),
            Self::Weigh(ask) => ask.case(),
            Self::PowerOff(ask) => ask.case(),
            Self::Prove(ask) => ask.case(),
            Self::Place(ask) => ask.case(),
            Self::Survey(ask) => ask.case(),
            Self::Trace(ask) => ask.case(),
            Self::Disable(ask) => ask.case(),
            Self::Own(ask) => ask.case(),
            Self::Act(ask) => ask.case(),
            Self::Settle(ask) => ask.case(),
            Self::Leave(ask) => ask.case(),
            Self::Wait(ask) => return ask.then.case(),
            Self::Lead(ask) => return ask.then().case(),
            Self::Check(ask) => return ask.then().case(),
            Self::Beat(ask) => return ask.then().case(),
            Self::Stop(_) => return None,
        })
    }

    pub(super) fn case_mut(&mut self) -> Option<&mut Box<Case>> {
        Some(match self {
            Self::Observe(ask) => ask.case_mut(),
            Self::Claim(ask) => ask.case_mut(),
            Self::Remember(ask) => ask.case_mut(),
            Self::Take(ask) => ask.case_mut(),
            Self::Record(ask) => ask.case_mut(),
            Self::Brake(ask) => ask.case_mut(),
            Self::Hear(ask) => ask.case_mut(),
            Self::Confirm(ask) => ask.case_mut(),
            Self::ChooseDevices(ask) => ask.case_mut(),
            Self::Weigh(ask) => ask.case_mut(),
            Self::PowerOff(ask) => ask.case_mut(),
            Self::Prove(ask) => ask.case_mut(),
            Self::Place(ask) => ask.case_mut(),
            Self::Survey(ask) => ask.case_mut(),
            Self::Trace(ask) => ask.case_mut(),
            Self::Disable(ask) => ask.case_mut(),
            Self::Own(ask) => ask.case_mut(),
            Self::Act(ask) => ask.case_mut(),
            Self::Settle(ask) => ask.case_mut(),
            Self::Leave(ask) => ask.case_mut(),
            Self::Wait(ask) => return ask.then.case_mut(),
            Self::Lead(ask) => return ask.then_mut().case_mut(),
            Self::Check(ask) => return ask.then_mut().case_mut(),
            Self::Beat(ask) => return ask.then_mut().case_mut(),
            Self::Stop(_) => return None,
        })
    }
}

/// Begin a run.
#[must_use]
pub fn begin(subject: Subject, policy: Policy) -> Step {
    Observing::first_look(subject, policy)
}

/// Let `pause` pass, then go on with `then`.
pub(super) fn wait(pause: Duration, then: Step) -> Step {
    Step::Wait(Waiting { pause, then: Box::new(then) })
}

/// See [`Step::Wait`].
#[derive(Debug)]
pub struct Waiting {
    pause: Duration,
    then: Box<Step>,
}

impl Waiting {
    /// How long.
    #[must_use]
    pub fn pause(&self) -> Duration {
        self.pause
    }

    /// The time has passed.
    #[must_use]
    pub fn answer(self, now: Moment) -> Step {
        alive(*self.then, now)
    }
}
