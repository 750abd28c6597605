//! The order of the procedure: every step, and the only way from one to the next.
//!
//! Each step holds the only way to answer it, so nothing can be skipped from outside.

use super::act::{Acting, Disabling};
use super::brake::Braking;
use super::case::Subject;
use super::confirm::Confirming;
use super::devices::ChoosingDevices;
use super::fence::PoweringOff;
use super::hear::Hearing;
use super::notes::Entry;
use super::observe::{Claiming, Observing};
use super::prove::Proving;
use super::record::Recording;
use super::recover::Surveying;
use super::remember::Remembering;
use super::report::Report;
use super::settings::Policy;
use super::settle::Settling;
use super::trace::Tracing;
use super::weigh::Weighing;
use std::time::Duration;

/// What to do next. Every variant but [`Step::Stop`] is a question to the world.
#[derive(Debug)]
pub enum Step {
    /// Read the host.
    Observe(Observing),
    /// Make sure that no other run works on this host.
    Claim(Claiming),
    /// Read what is remembered of this and other incidents.
    Remember(Remembering),
    /// Write the incident down.
    Record(Recording),
    /// Let time pass.
    Wait(Waiting),
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
    /// Read fresh pools.
    Survey(Surveying),
    /// Read the whole history of VMs that oned put back onto the dead host.
    Trace(Tracing),
    /// Disable the dead host, so that oned gives its VMs up.
    Disable(Disabling),
    /// Send orders for VMs.
    Act(Acting),
    /// Read VMs that are on their way.
    Settle(Settling),
    /// It is over.
    Stop(Box<Report>),
}

impl Step {
    /// What was written down until now.
    #[must_use]
    pub fn trail(&self) -> &[Entry] {
        match self {
            Self::Observe(ask) => ask.trail(),
            Self::Claim(ask) => ask.trail(),
            Self::Remember(ask) => ask.trail(),
            Self::Record(ask) => ask.trail(),
            Self::Hear(ask) => ask.trail(),
            Self::Wait(ask) => ask.then.trail(),
            Self::Brake(ask) => ask.trail(),
            Self::Confirm(ask) => ask.trail(),
            Self::ChooseDevices(ask) => ask.trail(),
            Self::Weigh(ask) => ask.trail(),
            Self::PowerOff(ask) => ask.trail(),
            Self::Prove(ask) => ask.trail(),
            Self::Survey(ask) => ask.trail(),
            Self::Trace(ask) => ask.trail(),
            Self::Disable(ask) => ask.trail(),
            Self::Act(ask) => ask.trail(),
            Self::Settle(ask) => ask.trail(),
            Self::Stop(report) => &report.trail,
        }
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
    pub fn answer(self) -> Step {
        *self.then
    }
}
