//! `host_back`: a host is MONITORED again. What did its failure leave on it?
//!
//! ```text
//! observe → claim → remember → (flapping: quarantine) → wait until it is stable, or hand over → remember → survey
//!         → (VMs that run there and should not: quarantine) → start what the crash left off, a few at a time → report
//! ```
//!
//! It fences nothing and kills nothing. A VM is started only on the host that oned charges it to, and only if that
//! host has said that it does not run.

mod act;
mod autostart;
mod case;
mod failback;
mod judge;
mod later;
mod lead;
mod look;
mod quarantine;
mod remember;
mod rules;
mod start;
mod survey;

pub use act::Acting;
pub use autostart::Naming;
pub(in crate::policy) use later::{Due, due};
pub use lead::Leading;
pub use look::{Claiming, Observing};
pub use remember::Remembering;
pub use rules::{Failback, Policy, Rules};
pub use start::{Settling, Tracing};
pub use survey::Surveying;

use super::notes::Entry;
use super::port::Subject;
use super::tend::Account;
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
    /// Let time pass.
    Wait(Waiting),
    /// Read fresh pools.
    Survey(Surveying),
    /// Read the zone's hooks, before the first VMs are started.
    Hooks(Naming),
    /// Read a few VMs with all their records, just before they are started.
    Trace(Tracing),
    /// Change something.
    Act(Acting),
    /// Read VMs that are on their way.
    Settle(Settling),
    /// It is over.
    Stop(Box<Account>),
}

impl Step {
    /// What was written down until now.
    #[must_use]
    pub fn trail(&self) -> &[Entry] {
        match self {
            Self::Observe(ask) => ask.trail(),
            Self::Lead(ask) => ask.trail(),
            Self::Claim(ask) => ask.trail(),
            Self::Remember(ask) => ask.trail(),
            Self::Wait(ask) => ask.then.trail(),
            Self::Survey(ask) => ask.trail(),
            Self::Hooks(ask) => ask.trail(),
            Self::Trace(ask) => ask.trail(),
            Self::Act(ask) => ask.trail(),
            Self::Settle(ask) => ask.trail(),
            Self::Stop(account) => &account.trail,
        }
    }
}

/// Begin a run.
#[must_use]
pub fn begin(subject: Subject, policy: Policy) -> Step {
    Observing::first(case::Case::new(subject, policy))
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
