//! The steps of `host_back`. No branch in here decides anything.

use super::{Procedure, Run};
use crate::policy::back::{Policy, Step, begin};
use crate::policy::{Entry, Subject, tend::Account};
use crate::world::World;

/// Look after a host that is back, to the end.
pub fn run_back(world: &mut impl World, subject: Subject, policy: Policy) -> Account {
    Run::back(subject, policy).to_the_end(world)
}

impl Run<Step> {
    /// Nothing was asked yet.
    #[must_use]
    pub fn back(subject: Subject, policy: Policy) -> Self {
        Self { step: begin(subject, policy), told: 0 }
    }
}

impl<W: World> Procedure<W> for Step {
    type End = Account;

    fn trail(&self) -> &[Entry] {
        self.trail()
    }

    fn answer(self, world: &mut W) -> Result<Self, Box<Account>> {
        Ok(match self {
            Self::Observe(ask) => {
                let host = world.host(ask.subject().host);
                ask.answer(world.now(), host)
            }
            Self::Lead(ask) => {
                let lead = world.lead();
                ask.answer(world.now(), &lead)
            }
            Self::Claim(ask) => {
                let claim = world.claim(ask.subject().host, ask.over());
                ask.answer(world.now(), claim)
            }
            Self::Remember(ask) => {
                let memory = world.memory();
                ask.answer(world.now(), memory)
            }
            Self::Wait(ask) => {
                world.wait(ask.pause());
                ask.answer()
            }
            Self::Survey(ask) => {
                let survey = world.survey(ask.subject().host, &ask.also());
                ask.answer(world.now(), survey)
            }
            Self::Hooks(ask) => {
                let hooks = world.hooks();
                ask.answer(world.now(), hooks)
            }
            Self::Trace(ask) => {
                let vms = world.histories(ask.ids());
                ask.answer(world.now(), vms)
            }
            Self::Act(ask) => {
                let replies = world.tend(ask.deeds());
                ask.answer(world.now(), &replies)
            }
            Self::Settle(ask) => {
                let vms = world.vms(ask.ids());
                ask.answer(world.now(), vms)
            }
            Self::Stop(account) => return Err(account),
        })
    }
}
