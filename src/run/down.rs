//! The loop of `vm_down`. No branch in here decides anything.

use super::tell;
use crate::model::Vm;
use crate::policy::down::{Policy, Step, Subject, begin};
use crate::policy::tend::Account;
use crate::world::Tend;

/// Look after a VM that is down on a healthy host, to the end.
pub fn run_down(world: &mut impl Tend, subject: Subject, event: Option<&Vm>, policy: &Policy) -> Account {
    let mut step = begin(subject, event, policy);
    let mut told = 0;
    loop {
        world.between_steps();
        told = tell(world, step.trail(), told);
        step = match answer(world, step) {
            Ok(step) => step,
            Err(account) => return *account,
        };
    }
}

fn answer(world: &mut impl Tend, step: Step) -> Result<Step, Box<Account>> {
    Ok(match step {
        Step::Crowd(ask) => {
            let crowd = world.crowd(ask.subject(), ask.within());
            ask.answer(world.now(), crowd)
        }
        Step::Claim(ask) => {
            let claim = world.claim_vm(ask.vm());
            ask.answer(world.now(), claim)
        }
        Step::Look(ask) => {
            let vms = world.histories(ask.ids());
            ask.answer(world.now(), vms)
        }
        Step::Host(ask) => {
            let host = world.host(ask.host());
            ask.answer(world.now(), host)
        }
        Step::Remember(ask) => {
            let memory = world.memory();
            ask.answer(world.now(), memory)
        }
        Step::Wait(ask) => {
            world.wait(ask.pause());
            ask.answer()
        }
        Step::Survey(ask) => {
            let survey = world.survey(ask.host(), ask.also());
            ask.answer(world.now(), survey)
        }
        Step::Act(ask) => {
            let replies = world.tend(ask.deeds());
            ask.answer(world.now(), &replies)
        }
        Step::Settle(ask) => {
            let vms = world.vms(ask.ids());
            ask.answer(world.now(), vms)
        }
        Step::Stop(account) => return Err(account),
    })
}
