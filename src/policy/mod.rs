//! The judgement: each procedure as straight-line code that can only ask.
//!
//! No I/O, no clock, no randomness and no logging in here: every fact and every moment is the answer of a [`World`] to a
//! question. A procedure is suspended at each of them, see [`Suspended`], so it can be simulated, killed, replayed and
//! explained without touching it.
//!
//! | rule | file |
//! | --- | --- |
//! | a host that flaps, a storm of failures, too many fences | `host_error/brakes`, `host_back/quarantine`; events are written by `record/adopt` |
//! | a fence must help some VM | `host_error/gain` |
//! | what ends the wait before its time | `host_error/evidence`; `host_error/wait`: the wait itself |
//! | everything is looked at just before an "off" | `fencing/clearance`; `fencing/device`: the gain, the dump, the record, other fences |
//! | a device must have been seen ON | `fencing/seen_on` |
//! | a machine that shows its UUID with turned bytes counts as it was seen | `fencing/seen_on`, `check/seen_on` |
//! | a controller is a host's by UUID or serial number, and by nothing else | `scan` |
//! | a device that says off unasked is sent "off" all the same (`off_anyway`) | `fencing/tries` |
//! | a host that saves its crash dump is not fenced meanwhile | `fencing/dump` |
//! | a person's word that the host is off | `fencing/confirmation` |
//! | a batch of orders needs an "off" of the last 10 s | `moving/act`: the whole rule; `moving/ready`: what follows; `fencing/beside`, `fencing/recheck`: how |
//! | one owner; taken over after the lease | `record/lease`; `record/adopt` does it; `record/lock`, `record/open`, `reconcile` |
//! | the record stays small | `record/contents` |
//! | `HA_AFTER`: who is waited for; the wait | `plan/after`; `moving/after` |
//! | a VM that runs is ready: `HA_READY`; the wait for it | `ready`: what it is, what counts, where a connection may go; `moving/gated` |
//! | a driver has failed on the target | `moving/retries` |
//! | a target gets one VM first | `moving/targets` |
//! | the dead host is disabled | `moving/disable` |
//! | VMs that nobody works on any more | `moving/torn` |
//! | VMs that oned charges to a wrong host | `charge` |
//! | VMs that are held are looked at again | `moving/held_vms` |
//! | the report has at most 4096 bytes | `crate::short_report` |
//! | VMs go back to a host, one after the other | `host_back/failback` |
//! | a VM that runs where oned does not have it | `zombies`; the hosts that are asked: `peers` |
//! | a host is emptied by day: who may go where; one that dies meanwhile | `evacuate/list`; `evacuate/given_back` |
//! | what a person is told, and once | `notify`: `stance`, `plan`, `notes` |
//! | a host that is silent is looked at sooner | `watch`: `brakes`, `evidence`, `force`; what is left OFFLINE: `mend` |
//! | a cluster is Disabled, Waiting or Active | `protection` |
//! | what is open, and does it need a person? | `status` |
//! | a host that cannot be lost any more: when that is planned, what is new | `losses`; a warning: `check/loss` |
//! | what a monitoring system is told | `metrics` |
//! | the default of every figure that can be set | `rules`, `host_back/rules`, `vm_down/rules`, `evacuate/rules`, `timings` |

pub mod arming;
pub(crate) mod authority;
mod charge;
pub mod check;
mod desk;
pub mod evacuate;
pub mod fencing;
pub mod healthy;
mod holder;
pub mod hooks;
pub mod host_back;
pub mod host_error;
pub mod layer;
pub mod lead;
mod limits;
pub mod losses;
pub mod metrics;
pub mod moments;
mod moving;
mod notes;
pub mod notify;
mod order;
pub mod peers;
pub mod plan;
pub mod port;
pub mod progress;
pub mod protection;
pub mod ready;
pub mod reconcile;
pub mod record;
pub mod replay;
mod report;
mod returned;
mod rules;
mod run;
pub(crate) mod scan;
mod settings;
pub mod states;
pub mod status;
pub mod stopping;
pub mod surroundings;
mod timings;
pub mod vm_down;
pub mod watch;
pub mod watched;
pub mod what_if;
pub mod zombies;

pub use desk::Suspended;
pub use fencing::clearance::token::Clearance;
pub use fencing::proof::{Evidence, Proof};
pub use holder::busy;
pub use host_error::begin;
pub use limits::unreadable;
pub use notes::{Entry, Phase, Weight};
pub use order::{MigrationType, Order, Reply};
pub(crate) use port::listen;
pub use port::{
    Claim, Crowd, Domains, Failure, LayerList, News, Source, Subject, Survey, Taken, Trouble, VmList,
    VmSubject, Watch, World,
};
pub use report::{DELETED, Disabled, Fate, Outcome, Report, VmReport};
pub use rules::{
    BrakeRules, Control, Exclusions, Failed, FenceRules, Firmware, HoldRules, Late, LayerScope, Layers,
    NotReady, ObserverRules, Placement, PlanRules, ProbeError, ReadyKind, ReadyRules, RecordRules,
    Requirements, Rules, SettleRules, Standby, Subnet, WaitRules, Window, Wish, WitnessRules,
};
pub use settings::{Fencing, Force, HandOver, Mode, Policy, Purpose};
pub(crate) use timings::FRESH;
