//! The steps of `vm_down`. No branch in here decides anything.

use super::{Procedure, Run};
use crate::model::Vm;
use crate::policy::Entry;
use crate::policy::down::{Policy, Step, Subject, begin};
use crate::policy::tend::Account;
use crate::world::World;

/// Look after a VM that is down on a healthy host, to the end.
pub fn run_down(world: &mut impl World, subject: Subject, event: Option<&Vm>, policy: &Policy) -> Account {
    Run::down(subject, event, policy).to_the_end(world)
}

impl Run<Step> {
    /// Nothing was asked yet.
    #[must_use]
    pub fn down(subject: Subject, event: Option<&Vm>, policy: &Policy) -> Self {
        Self { step: begin(subject, event, policy), told: 0 }
    }
}

impl<W: World> Procedure<W> for Step {
    type End = Account;

    fn trail(&self) -> &[Entry] {
        self.trail()
    }

    fn answer(self, world: &mut W) -> Result<Self, Box<Account>> {
        Ok(match self {
            Self::Crowd(ask) => {
                let crowd = world.crowd(ask.subject(), ask.within());
                ask.answer(world.now(), crowd)
            }
            Self::Lead(ask) => {
                let lead = world.lead();
                ask.answer(world.now(), &lead)
            }
            Self::Claim(ask) => {
                let claim = world.claim_vm(ask.vm(), ask.over());
                ask.answer(world.now(), claim)
            }
            Self::Look(ask) => {
                let vms = world.histories(ask.ids());
                ask.answer(world.now(), vms)
            }
            Self::Host(ask) => {
                let host = world.host(ask.host());
                ask.answer(world.now(), host)
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
                let survey = world.survey(ask.host(), ask.also());
                ask.answer(world.now(), survey)
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
