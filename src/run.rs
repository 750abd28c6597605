//! The loop: ask the policy, do that one thing in the world, hand the answer back.
//!
//! No branch in here decides anything.

use crate::policy::{Entry, Policy, Reply, Report, Step, Subject, begin};
use crate::world::World;

mod back;
mod down;

pub use back::run_back;
pub use down::run_down;

/// Run a recovery to its end.
pub fn run(world: &mut impl World, subject: Subject, policy: Policy) -> Report {
    let mut run = Run::begin(subject, policy);
    loop {
        world.between_steps();
        run = match run.go_on(world) {
            Ok(run) => run,
            Err(report) => return *report,
        };
    }
}

/// The first `most` steps of a recovery, as if the process died after them; `None` if it had not ended then.
/// Nothing is kept of it but what it did to the world, for example 7 steps: up to the first look at the power.
pub fn run_steps(world: &mut impl World, subject: Subject, policy: Policy, most: usize) -> Option<Report> {
    let mut run = Run::begin(subject, policy);
    for _ in 0..most {
        run = match run.go_on(world) {
            Ok(run) => run,
            Err(report) => return Some(*report),
        };
    }
    None
}

/// A recovery between two steps. Several of them can take turns in one cloud.
#[derive(Debug)]
pub struct Run {
    step: Step,
    /// How many lines of the trail were told.
    told: usize,
}

impl Run {
    /// Nothing was asked yet.
    #[must_use]
    pub fn begin(subject: Subject, policy: Policy) -> Self {
        Self { step: begin(subject, policy), told: 0 }
    }

    /// Take one step.
    ///
    /// # Errors
    /// The report, when it is over.
    pub fn go_on(self, world: &mut impl World) -> Result<Self, Box<Report>> {
        let told = tell(world, self.step.trail(), self.told);
        Ok(Self { step: answer(world, self.step)?, told })
    }
}

fn answer(world: &mut impl World, step: Step) -> Result<Step, Box<Report>> {
    let next = match step {
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
        Step::Record(ask) => {
            let written = world.record(ask.document(), ask.incident());
            ask.answer(world.now(), written)
        }
        Step::Take(ask) => {
            let taken = world.take(ask.host(), ask.document(), ask.over());
            ask.answer(world.now(), taken)
        }
        Step::Check(ask) => {
            let memory = world.memory();
            ask.answer(world.now(), memory)
        }
        Step::Beat(ask) => {
            let written = world.record(Some(ask.document()), ask.incident());
            ask.answer(world.now(), written)
        }
        Step::Own(ask) => {
            let memory = world.memory();
            ask.answer(world.now(), memory)
        }
        Step::Leave(ask) => {
            let done = world.leave(ask.host(), ask.unlock(), ask.forget());
            ask.answer(world.now(), done)
        }
        Step::Hear(ask) => {
            let heard = world.witnesses(ask.subject().host, ask.peers());
            ask.answer(world.now(), &heard)
        }
        Step::Wait(ask) => {
            world.wait(ask.pause());
            ask.answer(world.now())
        }
        Step::Brake(ask) => {
            let outlook = world.outlook();
            ask.answer(world.now(), outlook)
        }
        Step::Confirm(ask) => {
            let host = world.host(ask.subject().host);
            ask.answer(world.now(), host)
        }
        Step::ChooseDevices(ask) => {
            let levels = world.fence_levels(ask.subject().host);
            ask.answer(world.now(), levels)
        }
        Step::Weigh(ask) => {
            let survey = world.survey(ask.subject().host, &ask.subject().vms);
            ask.answer(world.now(), survey)
        }
        Step::PowerOff(ask) => {
            let said = world.power_off(ask.subject().host, ask.device(), ask.via());
            ask.answer(world.now(), said)
        }
        Step::Prove(ask) => {
            let state = world.power_state(ask.subject().host, ask.device(), ask.via());
            ask.answer(world.now(), state)
        }
        Step::Survey(ask) => {
            let survey = world.survey(ask.subject().host, &ask.also());
            ask.answer(world.now(), survey)
        }
        Step::Trace(ask) => {
            let vms = world.histories(ask.ids());
            ask.answer(world.now(), vms)
        }
        Step::Disable(ask) => {
            let reply = world.disable(ask.proof());
            ask.answer(world.now(), &reply)
        }
        Step::Act(ask) => {
            let replies: Vec<Reply> = world.act(ask.proof(), ask.orders());
            ask.answer(world.now(), replies)
        }
        Step::Settle(ask) => {
            let vms = world.vms(ask.ids());
            ask.answer(world.now(), vms)
        }
        Step::Stop(report) => return Err(report),
    };
    Ok(next)
}

pub(crate) fn tell(world: &mut impl World, trail: &[Entry], told: usize) -> usize {
    for entry in trail.iter().skip(told) {
        world.tell(entry);
    }
    trail.len().max(told)
}
