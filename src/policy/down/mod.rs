//! `vm_down`: a VM is UNKNOWN or POWEROFF, and its host is well.
//!
//! ```text
//! (crowd?) → claim → look at the VM → at its host → at the incidents → wait → all of it again
//!          → start it on its host, a few times → place it elsewhere and start it there → or name the crash loop
//! ```
//!
//! It fences nothing. Attempts are counted in the VM's own attributes before each of them, so that nobody starts a VM
//! for ever, whichever front-end runs the hook.

mod act;
mod attempt;
mod case;
mod lead;
mod look;
mod move_away;
mod rules;
mod settle;

pub use act::Acting;
pub use lead::Leading;
pub use look::{Claiming, Crowding, Looking, LookingAtHost, Remembering};
pub use move_away::Surveying;
pub use rules::{Policy, Rules};
pub use settle::Settling;

pub use super::port::VmSubject as Subject;

use super::notes::Entry;
use super::tend::Account;
use crate::model::Vm;
use std::time::Duration;

/// What to do next. Every variant but [`Step::Stop`] is a question to the world.
#[derive(Debug)]
pub enum Step {
    /// Count how many VMs went down lately. The cheapest question comes first.
    Crowd(Crowding),
    /// Ask whether this front-end leads.
    Lead(Leading),
    /// Make sure that no other run works on this VM.
    Claim(Claiming),
    /// Read the VM with its whole history.
    Look(Looking),
    /// Read its host.
    Host(LookingAtHost),
    /// Read what is remembered of incidents.
    Remember(Remembering),
    /// Let time pass.
    Wait(Waiting),
    /// Read fresh pools, to place it elsewhere.
    Survey(Surveying),
    /// Change something.
    Act(Acting),
    /// Read the VM while it is on its way.
    Settle(Settling),
    /// It is over.
    Stop(Box<Account>),
}

impl Step {
    /// What was written down until now.
    #[must_use]
    pub fn trail(&self) -> &[Entry] {
        match self {
            Self::Crowd(ask) => ask.trail(),
            Self::Lead(ask) => ask.trail(),
            Self::Claim(ask) => ask.trail(),
            Self::Look(ask) => ask.trail(),
            Self::Host(ask) => ask.trail(),
            Self::Remember(ask) => ask.trail(),
            Self::Wait(ask) => ask.then.trail(),
            Self::Survey(ask) => ask.trail(),
            Self::Act(ask) => ask.trail(),
            Self::Settle(ask) => ask.trail(),
            Self::Stop(account) => &account.trail,
        }
    }
}

/// Begin a run, with the event's VM document if there is one. A person's power-off ends it here, without one call.
#[must_use]
pub fn begin(subject: Subject, event: Option<&Vm>, policy: &Policy) -> Step {
    look::begin(case::Case::new(subject, policy), event)
}

fn wait(pause: Duration, then: Step) -> Step {
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
