//! `vm_down`.

use super::Run;
use crate::model::Vm;
use crate::policy::Suspended;
use crate::policy::tend::Account;
use crate::policy::vm_down::{Policy, Subject, begin};
use crate::world::World;

/// Look after a VM that is down on a healthy host, to the end.
pub fn run_down(world: &mut impl World, subject: Subject, event: Option<&Vm>, policy: &Policy) -> Account {
    Run::down(subject, event, policy).to_the_end(world)
}

impl Run<Suspended<Account>> {
    /// Nothing was asked yet.
    #[must_use]
    pub fn down(subject: Subject, event: Option<&Vm>, policy: &Policy) -> Self {
        Self { step: begin(subject, event, policy), told: 0 }
    }
}
