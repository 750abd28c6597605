//! The loop: drive a procedure of the policy through a world, question by question.
//!
//! No branch in here decides anything.

use crate::model::Vm;
use crate::policy::healthy::Account;
use crate::policy::replay::{Begin, Verdict};
use crate::policy::watch::{self, Known};
use crate::policy::{Policy, Report, Subject, Suspended, evacuate, host_back, host_error, vm_down};
use crate::world::{Replayed, World};

/// Run a recovery to its end.
pub fn run(world: &mut impl World, subject: Subject, policy: Policy) -> Report {
    Run::begin(subject, policy).to_the_end(world)
}

/// Look after a host that is back, to the end.
pub fn run_back(world: &mut impl World, subject: Subject, policy: host_back::Policy) -> Account {
    Run::back(subject, policy).to_the_end(world)
}

/// Empty a host that is alive, to the end.
pub fn run_evacuate(world: &mut impl World, subject: &Subject, policy: evacuate::Policy) -> Account {
    Run::evacuate(subject, policy).to_the_end(world)
}

/// Put a host that was emptied into service again, to the end.
pub fn run_restore(world: &mut impl World, subject: &Subject, policy: host_back::Policy) -> Account {
    Run::restore(subject, policy).to_the_end(world)
}

/// Look after a VM that is down on a healthy host, to the end.
pub fn run_down(
    world: &mut impl World,
    subject: vm_down::Subject,
    event: Option<&Vm>,
    policy: &vm_down::Policy,
) -> Account {
    Run::down(subject, event, policy).to_the_end(world)
}

/// The first `most` steps of a recovery, as if the process died after them; `None` if it had not ended then.
/// Nothing is kept of it but what it did to the world, for example 7 steps: up to the first look at the power.
pub fn run_steps(world: &mut impl World, subject: Subject, policy: Policy, most: usize) -> Option<Report> {
    Run::begin(subject, policy).steps(world, most)
}

/// Lead this policy through a recorded run, until nothing that was recorded answers it.
///
/// # Errors
/// A text that says which line of the journal is damaged.
pub fn replay(mut world: Replayed, begin: &Begin, policy: Policy) -> Result<Verdict, String> {
    let mut run = Run::begin(begin.subject.clone(), policy);
    let report = loop {
        run = match run.go_on(&mut world) {
            Err(report) => break Some(report),
            Ok(_) if world.is_over() => break None,
            Ok(run) => run,
        };
    };
    Ok(Verdict::of(world.done()?, report.as_deref()))
}

/// A procedure between two steps. Several of them can take turns in one cloud; one that is dropped was killed.
#[derive(Debug)]
pub struct Run<E = Report>(Suspended<E>);

impl Run {
    /// A recovery; nothing was asked yet.
    #[must_use]
    pub fn begin(subject: Subject, policy: Policy) -> Self {
        Self(host_error::begin(subject, policy))
    }
}

impl Run<Account> {
    /// `host_back`; nothing was asked yet.
    #[must_use]
    pub fn back(subject: Subject, policy: host_back::Policy) -> Self {
        Self(host_back::begin(subject, policy))
    }

    /// `onerescue evacuate`; nothing was asked yet.
    #[must_use]
    pub fn evacuate(subject: &Subject, policy: evacuate::Policy) -> Self {
        Self(evacuate::begin(subject, policy))
    }

    /// `onerescue restore`; nothing was asked yet.
    #[must_use]
    pub fn restore(subject: &Subject, policy: host_back::Policy) -> Self {
        Self(host_back::restore::begin(subject, policy))
    }

    /// `vm_down`; nothing was asked yet.
    #[must_use]
    pub fn down(subject: vm_down::Subject, event: Option<&Vm>, policy: &vm_down::Policy) -> Self {
        Self(vm_down::begin(subject, event, policy))
    }
}

impl Run<Known> {
    /// One turn of `onerescue watch`, with what is known from the ones before; nothing was asked yet.
    #[must_use]
    pub fn watch(known: Known, policy: watch::Policy) -> Self {
        Self(watch::begin(known, policy))
    }

    /// Enable the hosts that a watcher has left OFFLINE.
    #[must_use]
    pub fn mend_looks(policy: watch::Policy) -> Self {
        Self(watch::begin_to_mend(policy))
    }
}

impl<E> Run<E> {
    /// Take one step: one question, and its answer.
    ///
    /// # Errors
    /// The end, when it is over.
    pub fn go_on(self, world: &mut impl World) -> Result<Self, Box<E>> {
        self.0.go_on(world).map(Self).map_err(Box::new)
    }

    /// Take so many steps and no more; `None` if it has not ended then.
    pub fn steps(mut self, world: &mut impl World, most: usize) -> Option<E> {
        for _ in 0..most {
            self = match self.go_on(world) {
                Ok(run) => run,
                Err(end) => return Some(*end),
            };
        }
        None
    }

    /// Go on to the end.
    pub fn to_the_end(mut self, world: &mut impl World) -> E {
        loop {
            world.between_steps();
            self = match self.go_on(world) {
                Ok(run) => run,
                Err(end) => return *end,
            };
        }
    }
}
