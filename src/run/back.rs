//! The loop of `host_back`. No branch in here decides anything.

use super::tell;
use crate::policy::back::{Policy, Step, begin};
use crate::policy::{Subject, tend::Account};
use crate::world::Tend;

/// Look after a host that is back, to the end.
pub fn run_back(world: &mut impl Tend, subject: Subject, policy: Policy) -> Account {
    let mut step = begin(subject, policy);
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
        Step::Observe(ask) => {
            let host = world.host(ask.subject().host);
            ask.answer(world.now(), host)
        }
        Step::Claim(ask) => {
            let claim = world.claim(ask.subject().host);
            ask.answer(world.now(), claim)
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
            let survey = world.survey(ask.subject().host, &ask.also());
            ask.answer(world.now(), survey)
        }
        Step::Hooks(ask) => {
            let hooks = world.hooks();
            ask.answer(world.now(), hooks)
        }
        Step::Trace(ask) => {
            let vms = world.histories(ask.ids());
            ask.answer(world.now(), vms)
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
