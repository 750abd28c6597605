//! What a journal has for a page: each sample of a device, each order, when each VM was read back, who was asked.

use super::when::At;
use crate::model::{DeviceName, HostId, Level, NotOff, PowerState, Testimony, Vm, VmId, VmState};
use crate::policy::replay::{Begin, Line, Question};
use crate::policy::{Failure, Order, Reply, Source, Survey, VmList, Weight};
use crate::wire::journal::Reader;
use std::collections::BTreeMap;

/// What a device said of the power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When the answer was in.
    pub at: At,
    /// Who was asked.
    pub device: DeviceName,
    /// Over which other host, if not from the front-end.
    pub via: Option<HostId>,
    /// The answer.
    pub state: PowerState,
}

/// An "off" that was sent to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Off {
    /// When the answer was in.
    pub at: At,
    /// To whom.
    pub device: DeviceName,
    /// Over which other host, if not from the front-end.
    pub via: Option<HostId>,
    /// Why it is not known to work, if it is not.
    pub failed: Option<String>,
}

/// What was done for a VM, and when it ran again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Each order with oned's answer.
    pub orders: Vec<(At, String)>,
    /// When it was first read back RUNNING on another host.
    pub runs: Option<At>,
    /// The group of users that it belongs to.
    pub group: String,
}

/// One run, as its journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Front-end, process and begin: `fe1 4711 1795165661`.
    pub owner: String,
    /// The version of the program.
    pub program: String,
    /// When it began.
    pub began: At,
    /// Who started it.
    pub source: Source,
    /// How it ended; none if it was killed, or goes on.
    pub ended: Option<String>,
    /// Why the rest of the journal is not known, if it is not.
    pub damaged: Option<String>,
    /// The dead host.
    pub host: HostId,
    /// What devices said.
    pub samples: Vec<Sample>,
    /// What was sent to them.
    pub offs: Vec<Off>,
    /// The devices, as they were looked up.
    pub levels: Vec<Level>,
    /// What witnesses said.
    pub witnesses: Vec<(At, Testimony)>,
    /// What was done for each VM.
    pub vms: BTreeMap<VmId, Course>,
    /// The lines of its trail that tell the story: when, in which phase, what.
    pub told: Vec<(At, String, String)>,
}

impl Run {
    /// What this journal says. A line that cannot be read ends it, and that is said.
    ///
    /// # Errors
    /// A text that says why it is no journal of ours.
    pub fn read(text: &str) -> Result<Self, String> {
        let reader = Reader::read(text)?;
        let begin: Begin = reader.begin()?;
        let mut run = Self {
            owner: begin.run,
            program: begin.program,
            began: At::of(begin.at),
            source: begin.subject.source,
            ended: None,
            damaged: reader.is_torn().then(|| "it ends in half a line".to_owned()),
            host: begin.subject.host,
            samples: Vec::new(),
            offs: Vec::new(),
            levels: Vec::new(),
            witnesses: Vec::new(),
            vms: BTreeMap::new(),
            told: Vec::new(),
        };
        for number in 0..reader.len() {
            if let Err(why) = run.line(&reader, number, begin.at) {
                run.damaged = Some(why);
                break;
            }
        }
        Ok(run)
    }

    fn line(&mut self, reader: &Reader, number: usize, began: crate::model::Epoch) -> Result<(), String> {
        match reader.line(number)? {
            Line::Told(entry) if entry.weight == Weight::Detail => Ok(()),
            Line::Told(entry) => {
                self.told.push((At::in_run(began, entry.at), entry.phase.to_string(), entry.text));
                Ok(())
            }
            Line::Answered { at, asked, .. } => self.answered(At::in_run(began, at), asked, reader, number),
            Line::Ended(ending) => {
                self.ended = Some(ending.outcome.of(&ending.vms));
                Ok(())
            }
        }
    }

    fn answered(&mut self, at: At, asked: Question, reader: &Reader, number: usize) -> Result<(), String> {
        match asked {
            Question::PowerState { device, via } => {
                let state = reader.answer(number)?;
                self.samples.push(Sample { at, device, via, state });
            }
            Question::Reading => {
                let read: Option<Vec<(DeviceName, PowerState)>> = reader.answer(number)?;
                let read = read.into_iter().flatten();
                self.samples.extend(read.map(|(device, state)| Sample { at, device, via: None, state }));
            }
            Question::PowerOff { device, via } => {
                let answer: Result<(), NotOff> = reader.answer(number)?;
                let failed = answer.err().map(|why| why.why().to_owned());
                self.offs.push(Off { at, device, via, failed });
            }
            Question::FenceLevels => {
                let answer: Result<Vec<Level>, Failure> = reader.answer(number)?;
                self.levels = answer.unwrap_or_default();
            }
            Question::Witnesses { .. } => {
                let said: Vec<Testimony> = reader.answer(number)?;
                self.witnesses.extend(said.into_iter().map(|one| (at, one)));
            }
            Question::Survey { .. } => {
                let answer: Result<Survey, Failure> = reader.answer(number)?;
                self.seen(at, answer.map(|survey| survey.vms).unwrap_or_default());
            }
            Question::Vms { .. } => {
                let answer: Result<VmList, Failure> = reader.answer(number)?;
                self.seen(at, answer.map(|list| list.vms).unwrap_or_default());
            }
            Question::Act { orders } => {
                let replies: Vec<Reply> = reader.answer(number)?;
                for (order, reply) in orders.iter().zip(&replies) {
                    let said = format!("{}: {}", in_words(order), reply.said());
                    self.vms.entry(order.vm()).or_default().orders.push((at, said));
                }
            }
            Question::Wait { .. }
            | Question::Host
            | Question::Beside
            | Question::Memory
            | Question::Record { .. }
            | Question::Take { .. }
            | Question::Leave { .. }
            | Question::Outlook
            | Question::Domains { .. }
            | Question::Lead
            | Question::Claim
            | Question::Clues
            | Question::Dump
            | Question::Histories { .. }
            | Question::Tend { .. }
            | Question::Connect { .. }
            | Question::Disable => {}
        }
        Ok(())
    }

    fn seen(&mut self, at: At, vms: Vec<Vm>) {
        for vm in vms {
            let elsewhere = vm.host.is_some_and(|host| host != self.host);
            let course = self.vms.entry(vm.id).or_default();
            if elsewhere && vm.state == VmState::RUNNING {
                course.runs.get_or_insert(at);
            }
            course.group = vm.gname;
        }
    }
}

/// `migrate to host 1`
fn in_words(order: &Order) -> String {
    match order {
        Order::Migrate { to, .. } => format!("migrate to {to}"),
        Order::Recreate { .. } => "recreate".to_owned(),
        Order::Delete { .. } => "delete".to_owned(),
        Order::Retry { .. } => "retry".to_owned(),
        Order::Resume { .. } => "resume".to_owned(),
        Order::Fail { .. } => "end the step".to_owned(),
        Order::Resched { .. } => "set RESCHED".to_owned(),
        Order::Unresched { .. } => "clear RESCHED".to_owned(),
    }
}

/// What every run has seen of the VMs: their orders one after the other, and when each first ran again.
#[must_use]
pub fn courses(runs: &[Run]) -> BTreeMap<VmId, Course> {
    let mut all: BTreeMap<VmId, Course> = BTreeMap::new();
    for (id, course) in runs.iter().flat_map(|run| &run.vms) {
        let known = all.entry(*id).or_default();
        known.orders.extend(course.orders.iter().cloned());
        known.runs = known.runs.into_iter().chain(course.runs).min();
        if !course.group.is_empty() {
            known.group.clone_from(&course.group);
        }
    }
    all
}
