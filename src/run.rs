//! The loop: ask the policy, do that one thing in the world, hand the answer back.
//!
//! No branch in here decides anything.

use crate::policy::replay::{Begin, Verdict};
use crate::policy::{Entry, Policy, Reply, Report, Step, Subject, Suspended, begin};
use crate::world::{Replayed, World};

mod down;
mod host_back;

pub use down::run_down;
pub use host_back::run_back;

/// A procedure of the policy: what it has written down, and its next step.
pub trait Procedure<W: World>: Sized {
    /// How it ends.
    type End;

    /// What was written down until now.
    fn trail(&self) -> &[Entry];

    /// Ask the world what this step asks, and hand the answer back.
    ///
    /// # Errors
    /// The end, when it is over.
    fn answer(self, world: &mut W) -> Result<Self, Box<Self::End>>;
}

/// Run a recovery to its end.
pub fn run(world: &mut impl World, subject: Subject, policy: Policy) -> Report {
    Run::begin(subject, policy).to_the_end(world)
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

/// A procedure between two steps. Several of them can take turns in one cloud.
#[derive(Debug)]
pub struct Run<S = Step> {
    step: S,
    /// How many lines of the trail were told.
    told: usize,
}

impl Run {
    /// A recovery; nothing was asked yet.
    #[must_use]
    pub fn begin(subject: Subject, policy: Policy) -> Self {
        Self { step: begin(subject, policy), told: 0 }
    }
}

impl<S> Run<S> {
    /// Take one step.
    ///
    /// # Errors
    /// The end, when it is over.
    pub fn go_on<W: World>(self, world: &mut W) -> Result<Self, Box<S::End>>
    where
        S: Procedure<W>,
    {
        let told = tell(world, self.step.trail(), self.told);
        Ok(Self { step: self.step.answer(world)?, told })
    }

    /// Take so many steps and no more; `None` if it has not ended then.
    pub fn steps<W: World>(mut self, world: &mut W, most: usize) -> Option<S::End>
    where
        S: Procedure<W>,
    {
        for _ in 0..most {
            self = match self.go_on(world) {
                Ok(run) => run,
                Err(end) => return Some(*end),
            };
        }
        None
    }

    /// Go on to the end.
    pub fn to_the_end<W: World>(mut self, world: &mut W) -> S::End
    where
        S: Procedure<W>,
    {
        loop {
            world.between_steps();
            self = match self.go_on(world) {
                Ok(run) => run,
                Err(end) => return *end,
            };
        }
    }
}

/// A procedure that is suspended at its questions.
impl<W: World, E> Procedure<W> for Suspended<E> {
    type End = E;

    fn trail(&self) -> &[Entry] {
        &[]
    }

    fn answer(self, world: &mut W) -> Result<Self, Box<E>> {
        self.go_on(world).map_err(Box::new)
    }
}

impl<W: World> Procedure<W> for Step {
    type End = Report;

    fn trail(&self) -> &[Entry] {
        self.trail()
    }

    fn answer(self, world: &mut W) -> Result<Self, Box<Report>> {
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
            Self::Record(ask) => {
                let written = world.record(ask.document(), ask.incident());
                ask.answer(world.now(), written)
            }
            Self::Take(ask) => {
                let taken = world.take(ask.host(), ask.document(), ask.over());
                ask.answer(world.now(), taken)
            }
            Self::Check(ask) => {
                let memory = world.memory();
                ask.answer(world.now(), memory)
            }
            Self::Beat(ask) => {
                let written = world.record(Some(ask.document()), ask.incident());
                ask.answer(world.now(), written)
            }
            Self::Own(ask) => {
                let memory = world.memory();
                ask.answer(world.now(), memory)
            }
            Self::Leave(ask) => {
                let done = world.leave(ask.host(), ask.unlock(), ask.forget());
                ask.answer(world.now(), done)
            }
            Self::Hear(ask) => {
                let heard = world.witnesses(ask.subject().host, ask.peers());
                ask.answer(world.now(), &heard)
            }
            Self::Wait(ask) => {
                world.wait(ask.pause());
                ask.answer(world.now())
            }
            Self::Brake(ask) => {
                let outlook = world.outlook();
                ask.answer(world.now(), outlook)
            }
            Self::Confirm(ask) => {
                let host = world.host(ask.subject().host);
                ask.answer(world.now(), host)
            }
            Self::ChooseDevices(ask) => {
                let levels = world.fence_levels(ask.subject().host);
                ask.answer(world.now(), levels)
            }
            Self::Weigh(ask) => {
                let survey = world.survey(ask.subject().host, &ask.subject().vms);
                ask.answer(world.now(), survey)
            }
            Self::PowerOff(ask) => {
                let said = world.power_off(ask.subject().host, ask.device(), ask.via());
                ask.answer(world.now(), said)
            }
            Self::Prove(ask) => {
                let state = world.power_state(ask.subject().host, ask.device(), ask.via());
                ask.answer(world.now(), state)
            }
            Self::Place(ask) => {
                let has_place = world.has_place();
                ask.answer(world.now(), has_place)
            }
            Self::Survey(ask) => {
                let survey = world.survey(ask.subject().host, &ask.also());
                ask.answer(world.now(), survey)
            }
            Self::Trace(ask) => {
                let vms = world.histories(ask.ids());
                ask.answer(world.now(), vms)
            }
            Self::Disable(ask) => {
                let reply = world.disable(ask.proof());
                ask.answer(world.now(), &reply)
            }
            Self::Act(ask) => {
                let replies: Vec<Reply> = world.act(ask.proof(), ask.orders());
                ask.answer(world.now(), replies)
            }
            Self::Settle(ask) => {
                let vms = world.vms(ask.ids());
                ask.answer(world.now(), vms)
            }
            Self::Stop(report) => return Err(report),
        })
    }
}

fn tell(world: &mut impl World, trail: &[Entry], told: usize) -> usize {
    for entry in trail.iter().skip(told) {
        world.tell(entry);
    }
    trail.len().max(told)
}
