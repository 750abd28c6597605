//! How a run ended: for people, and for the exit code. What is printed of it, at most 4096 bytes, is `crate::short_report`.

use super::notes::Entry;
use super::port::Failure;
use super::settings::{Mode, Purpose};
use crate::model::{HostId, Moment, VmId};
use crate::policy::fencing::proof::Proof;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What became of one VM. Every VM that was seen has exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// Read back where it should be: `RUNNING on node3 (host 3)`, `DONE`.
    Recovered(String),
    /// The same, and it is not ready as its owner, or its service, says it: where it runs, and why it is not.
    NotReady(String),
    /// `--dry-run`: what would be done.
    Planned(String),
    /// Not touched, because nobody asked for it to be touched; the reason.
    Left(String),
    /// It should have been recovered and was not touched; the reason.
    Held(String),
    /// It was touched and is not where it should be; the reason.
    Failed(String),
}

/// What became of a VM that was asked to be deleted, and is.
pub const DELETED: &str = "deleted";

impl Fate {
    /// Is it gone, as that was asked for?
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        matches!(self, Self::Recovered(text) if text == DELETED)
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recovered(_) if self.is_deleted() => f.write_str(DELETED),
            Self::Recovered(text) => write!(f, "recovered: {text}"),
            Self::NotReady(text) => write!(f, "recovered, not ready: {text}"),
            Self::Planned(text) => write!(f, "planned: {text}"),
            Self::Left(text) => write!(f, "left: {text}"),
            Self::Held(text) => write!(f, "held: {text}"),
            Self::Failed(text) => write!(f, "failed: {text}"),
        }
    }
}

/// One VM in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmReport {
    /// The VM.
    pub id: VmId,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub fate: Fate,
}

impl fmt::Display for VmReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.id, self.name, self.fate)
    }
}

/// How a run ended. [`Outcome::exit_code`] is the table of the README.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Every VM that the flags cover is where it should be.
    Recovered,
    /// `fence_host`: the host is proven off.
    Fenced,
    /// Nothing had to be done; the reason.
    NothingToDo(String),
    /// `--hand-over`: nothing was sent yet, and another run goes on; when, and why not now.
    HandedOver(String),
    /// `--dry-run` has told its plan, and where the real run would stop, if it would.
    Rehearsed(Option<Box<Outcome>>),
    /// Some VMs are held or failed; the reason is with each of them.
    Partly,
    /// VMs were moved off a host that has turned out to be alive: they may run twice.
    Contradicted(Failure),
    /// The run could not begin. Nothing was touched.
    NotStarted(Failure),
    /// oned gave no usable answer; what was touched until then stands with the VMs.
    NoCloud(Failure),
    /// The host is not proven off. No VM was touched.
    NotFenced(Failure),
    /// A brake or a sign of life stopped the run before the fence. Nothing was touched.
    Held(Failure),
}

impl Outcome {
    /// The exit code of the executable.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Recovered
            | Self::Fenced
            | Self::NothingToDo(_)
            | Self::HandedOver(_)
            | Self::Rehearsed(None) => 0,
            Self::Rehearsed(Some(stop)) => stop.exit_code(),
            Self::Partly | Self::Contradicted(_) => 1,
            Self::NotStarted(_) => 4,
            Self::NoCloud(_) => 5,
            Self::NotFenced(_) => 6,
            Self::Held(_) => 7,
        }
    }

    /// The outcome as it is told of these VMs: who asked for them to be deleted does not read "recovered".
    #[must_use]
    pub fn of<'a>(&self, vms: impl IntoIterator<Item = &'a VmReport>) -> String {
        let done = vms.into_iter().filter(|vm| matches!(vm.fate, Fate::Recovered(_)));
        let mut done = done.map(|vm| vm.fate.is_deleted()).peekable();
        let deleted = *self == Self::Recovered && done.peek().is_some() && done.all(|deleted| deleted);
        if deleted { DELETED.to_owned() } else { self.to_string() }
    }

    /// The one thing to do next, where there is one.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::Recovered
            | Self::Fenced
            | Self::NothingToDo(_)
            | Self::HandedOver(_)
            | Self::Rehearsed(None) => None,
            // Held VMs have their reasons with them.
            Self::Rehearsed(Some(stop)) => {
                if **stop == Self::Partly {
                    None
                } else {
                    stop.advice()
                }
            }
            Self::Partly => Some("read the reason of the VM, repair it, then run the same command again"),
            Self::Contradicted(failure)
            | Self::NotStarted(failure)
            | Self::NoCloud(failure)
            | Self::NotFenced(failure)
            | Self::Held(failure) => Some(&failure.advice),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recovered => f.write_str("recovered"),
            Self::Fenced => f.write_str("proven off"),
            Self::NothingToDo(reason) => write!(f, "nothing to do: {reason}"),
            Self::HandedOver(reason) => write!(f, "handed over: {reason}"),
            Self::Rehearsed(None) => f.write_str("dry run, nothing was changed"),
            Self::Rehearsed(Some(stop)) => {
                write!(f, "dry run, nothing was changed; the real run would end with: {stop}")
            }
            Self::Partly => f.write_str("not every VM could be recovered"),
            Self::Contradicted(failure) => f.write_str(&failure.what),
            Self::NotStarted(failure) => write!(f, "not started, nothing was touched: {}", failure.what),
            Self::NoCloud(failure) => write!(f, "stopped: {}", failure.what),
            Self::NotFenced(failure) => write!(f, "no VM was touched: {}", failure.what),
            Self::Held(failure) => write!(f, "held, no VM was touched: {}", failure.what),
        }
    }
}

/// Whether the dead host is disabled, so that oned gives its VMs up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disabled {
    /// It is not.
    #[default]
    No,
    /// This run has done it, and the host is to be enabled after its repair.
    Yes,
    /// It tried, and oned's answer was lost.
    Unsure,
    /// It was when the run began: by an earlier run of the incident, or by a person after the host was proven off.
    Before,
}

/// A run, from its first look to its end.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// The host.
    pub host: HostId,
    /// Its name.
    pub name: String,
    /// What was to be done with its VMs.
    pub mode: Mode,
    /// Whether anything was to be done with them.
    pub purpose: Purpose,
    /// How it ended.
    pub outcome: Outcome,
    /// By how much and why the wait for the host was over before its time, if it was.
    pub early: Option<String>,
    /// What shows that the host is off, if that was reached.
    pub proof: Option<Proof>,
    /// Every VM that was seen, by id, with its one outcome.
    pub vms: Vec<VmReport>,
    /// What happened, in order.
    pub trail: Vec<Entry>,
    /// How long the run took.
    pub took: Moment,
    /// Whether the host is disabled, and since when.
    pub disabled: Disabled,
    /// What to do about what has stopped it with VMs touched.
    pub halted: Option<String>,
    /// The command that goes on.
    pub again: String,
}

impl Report {
    /// The one thing to do next, where there is one.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        let mut advice = self.outcome.advice()?.to_owned();
        if self.outcome == Outcome::Partly {
            let mend = || format!("read the reason of each VM, repair it, then run `{}` again", self.again);
            advice = self.halted.clone().unwrap_or_else(mend);
        }
        if self.disabled != Disabled::No {
            return Some(format!(
                "{advice}; the host is DISABLED, so `onehost forceupdate {}` comes first, and its failure is found again",
                self.name
            ));
        }
        Some(advice)
    }
}
