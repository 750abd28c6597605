//! A run of `host_back`.

use super::Run;
use crate::policy::host_back::{Policy, begin};
use crate::policy::{Subject, Suspended, tend::Account};
use crate::world::World;

/// Look after a host that is back, to the end.
pub fn run_back(world: &mut impl World, subject: Subject, policy: Policy) -> Account {
    Run::back(subject, policy).to_the_end(world)
}

impl Run<Suspended<Account>> {
    /// Nothing was asked yet.
    #[must_use]
    pub fn back(subject: Subject, policy: Policy) -> Self {
        Self { step: begin(subject, policy), told: 0 }
    }
}
