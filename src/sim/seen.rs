//! What a run asked of the simulated world, what it was told, and what was true at that moment.
//!
//! The audit and the properties judge a run by this; it decides nothing itself.

use super::physics::Power;
use crate::model::{
    DeviceName, DocumentId, Dump, Forced, Host, HostId, HostState, Incident, Memory, NotOff, Outlook,
    PowerState, Testimony, Vm, VmId,
};
use crate::policy::healthy::Deed;
use crate::policy::{Failure, Order, Reply, Survey};
use std::time::Duration;

/// One exchange between a run and the world. `at` is the simulated time since the simulation began, when the
/// answer was given.
#[derive(Clone, Debug)]
pub enum Seen {
    /// The host was read; `None` if it could not be.
    Host {
        /// When.
        at: Duration,
        /// The answer.
        host: Option<Host>,
    },
    /// Everything that a brake needs was read.
    Outlook {
        /// When the answer was complete.
        at: Duration,
        /// The answer; `None` if there was none.
        outlook: Option<Box<Outlook>>,
    },
    /// What is remembered of incidents was read.
    Memory {
        /// When.
        at: Duration,
        /// The answer.
        memory: Box<Memory>,
    },
    /// A witness was asked about the host.
    Witness {
        /// When it looked.
        at: Duration,
        /// The host that was asked; `None` is Consul.
        peer: Option<HostId>,
        /// What it said.
        testimony: Testimony,
        /// Did the suspect really answer other hosts then?
        really_alive: bool,
    },
    /// An incident was written down.
    Record {
        /// When it was sent.
        at: Duration,
        /// The document to be overwritten; `None` is a new one.
        document: Option<DocumentId>,
        /// What was written.
        incident: Box<Incident>,
        /// What oned said.
        answer: Result<DocumentId, Failure>,
    },
    /// Somebody listened for the messages of a host that saves its crash dump.
    Dump {
        /// When the listening was over.
        at: Duration,
        /// What was heard.
        said: Dump,
    },
    /// "Off" was sent, or may have been.
    Off {
        /// When it was sent.
        at: Duration,
        /// To which host.
        host: HostId,
        /// By which device.
        device: DeviceName,
        /// From which other host; `None` is the front-end.
        via: Option<HostId>,
        /// What it said.
        answer: Result<(), NotOff>,
        /// Since when the host saved its crash dump then, if it did.
        dumps: Option<Duration>,
    },
    /// The power was asked for.
    Power {
        /// When.
        at: Duration,
        /// The device.
        device: DeviceName,
        /// From which other host; `None` is the front-end.
        via: Option<HostId>,
        /// What it said.
        said: PowerState,
        /// What was true of what it switches: the host, an outlet, the way to datastores.
        really: Power,
    },
    /// A survey was answered.
    Survey {
        /// When.
        at: Duration,
        /// The answer.
        survey: Box<Survey>,
        /// Its VMs, with the truth, as in [`Seen::Vms`].
        vms: Vec<(Vm, Vec<HostId>)>,
    },
    /// VMs were read back, with the hosts on which their domains really ran then. One that is missing from
    /// the answer is missing here.
    Vms {
        /// When.
        at: Duration,
        /// Those that were asked for.
        asked: Vec<VmId>,
        /// The answer, with the truth.
        vms: Vec<(Vm, Vec<HostId>)>,
    },
    /// The dead host was disabled.
    Disable {
        /// When it was sent.
        at: Duration,
        /// Which host.
        host: HostId,
    },
    /// An order was sent for a VM.
    Order {
        /// When it was sent.
        at: Duration,
        /// The order.
        order: Order,
        /// The host that the proof names.
        proof: HostId,
        /// What oned said.
        reply: Reply,
        /// That host's power when it was sent.
        really: Power,
    },
}

/// A call by which a hook on healthy hosts changed something, and what was true when it was sent.
#[derive(Clone, Debug)]
pub struct Tended {
    /// When it was sent.
    pub at: Duration,
    /// The call.
    pub deed: Deed,
    /// What oned said.
    pub reply: Reply,
    /// Where the VM's domain really ran.
    pub domains: Vec<HostId>,
    /// The VM as oned had it, with its whole history.
    pub vm: Option<Vm>,
}

/// A host was set OFFLINE by a watcher, and what was true when that was sent.
#[derive(Clone, Debug)]
pub struct Looked {
    /// When it was sent.
    pub at: Duration,
    /// Which host.
    pub host: HostId,
    /// As oned had it.
    pub state: Option<HostState>,
    /// When it gave its banner last.
    pub banner: Option<Duration>,
    /// The notes about this host that oned had.
    pub notes: Vec<Forced>,
    /// How many hosts of the zone gave no banner in the last round, this one included.
    pub silent: usize,
}
