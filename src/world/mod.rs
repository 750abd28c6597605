//! Effects: the cloud, the fence devices, the clock. Nothing in here decides.

mod busy;
pub(crate) mod clock;
mod downs;
mod error_date;
pub mod fence;
mod holders;
pub(crate) mod identity;
mod interrupted;
pub mod journal;
mod known;
mod layers;
mod lead;
mod live;
mod lockfile;
mod locks;
mod look;
mod machine;
mod note;
pub mod observer;
mod off;
pub mod oned;
mod parallel;
mod places;
mod records;
mod released;
mod remember;
mod replayed;
pub mod run_dir;
mod runner;
mod ssh;
pub mod stop;
mod survey;
mod tend;
pub(crate) mod watched;
pub mod witness;
mod zone;

pub use busy::{busy, keeps_locks, sweep};
pub use error_date::{error_dates, local_zone};
pub use interrupted::interrupted;
pub use journal::Journal;
pub use lead::Lead;
pub use live::Live;
pub use places::Places;
pub use released::{noted_by_persons, release};
pub use replayed::Replayed;
pub(crate) use stop::let_go;
pub use tend::Tend;
pub(crate) use tend::one_by_one;
pub use zone::Zone;

use crate::model::{
    DeviceName, DocumentId, Hold, Holder, Host, HostId, Incident, Level, Memory, Moment, NotOff, Outlook,
    Peer, PowerState, Testimony, Vm, VmId, WhoLeads,
};
use crate::policy::{Claim, Entry, Failure, Order, Proof, Reply, Survey, Taken, VmList};
use std::time::Duration;

/// Everything that a recovery can do and learn. It decides nothing; what an answer means is for the policy.
pub trait World {
    /// The monotonic clock of this run.
    fn now(&mut self) -> Moment;

    /// A run is between two steps: nothing is on its way. It need not return, if the process is to stop.
    fn between_steps(&mut self) {}

    /// Let time pass.
    fn wait(&mut self, pause: Duration);

    /// The host as oned has it now.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer, or has no such host.
    fn host(&mut self, id: HostId) -> Result<Host, Failure>;

    /// What is remembered of this and other incidents.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn memory(&mut self) -> Result<Memory, Failure>;

    /// Write an incident down, in a new document or over an old one.
    ///
    /// # Errors
    /// A [`Failure`]; it may have been written nevertheless, unless oned refused.
    fn record(&mut self, document: Option<DocumentId>, incident: &Incident) -> Result<DocumentId, Failure>;

    /// Lock a record, so that no other run works on its host. `over` is the lock of an owner that is gone: it is taken
    /// away first, if it is still the one that is there.
    ///
    /// # Errors
    /// A [`Failure`]; it may have been locked nevertheless, unless oned refused.
    fn take(&mut self, host: HostId, document: DocumentId, over: Option<Hold>) -> Result<Taken, Failure>;

    /// Let go of a host: unlock its record, and delete documents.
    ///
    /// # Errors
    /// The first [`Failure`]; what comes after it is tried all the same.
    fn leave(
        &mut self,
        host: HostId,
        unlock: Option<DocumentId>,
        forget: &[DocumentId],
    ) -> Result<(), Failure>;

    /// Everything that a brake needs: hosts, clusters, the memory, this front-end itself.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn outlook(&mut self) -> Result<Outlook, Failure>;

    /// Ask witnesses about a host that was read, at the same time: these peers, and Consul if it is set up.
    fn witnesses(&mut self, host: HostId, peers: &[Peer]) -> Vec<Testimony>;

    /// What the front-end says it is, and who leads if it does not.
    fn lead(&mut self) -> WhoLeads;

    /// Make sure that no other run works on this host. `over` are those who hold its lock and are no runs: it is taken from
    /// them, if nobody else holds it.
    ///
    /// # Errors
    /// A [`Failure`] if that cannot be made sure.
    fn claim(&mut self, host: HostId, over: &[Holder]) -> Result<Claim, Failure>;

    /// The devices that fence a host that was read, level by level.
    ///
    /// # Errors
    /// A [`Failure`] if the settings have none, or have them for another name.
    fn fence_levels(&mut self, host: HostId) -> Result<Vec<Level>, Failure>;

    /// Send "off", from the front-end or from a peer. The answer is information, never a proof.
    ///
    /// # Errors
    /// What the device said instead of success, or why nothing was sent to it. In doubt it was sent.
    fn power_off(&mut self, host: HostId, device: &DeviceName, via: Option<&Peer>) -> Result<(), NotOff>;

    /// Read the power back, from the front-end or from a peer.
    fn power_state(&mut self, host: HostId, device: &DeviceName, via: Option<&Peer>) -> PowerState;

    /// Has this run a place among those of its process that work on VMs? It takes one if there is one.
    fn has_place(&mut self) -> bool {
        true
    }

    /// Fresh pools: hosts, datastores, and the VMs of `host` together with `also`.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn survey(&mut self, host: HostId, also: &[VmId]) -> Result<Survey, Failure>;

    /// Some VMs as oned has them now.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn vms(&mut self, ids: &[VmId]) -> Result<VmList, Failure>;

    /// Some VMs with all records of their history; one call for each.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn histories(&mut self, ids: &[VmId]) -> Result<Vec<Vm>, Failure>;

    /// Disable the proof's host.
    fn disable(&mut self, proof: &Proof) -> Reply;

    /// Send orders at the same time; the replies are in their order.
    fn act(&mut self, proof: &Proof, orders: &[Order]) -> Vec<Reply>;

    /// Tell people what the policy has just written down.
    fn tell(&mut self, entry: &Entry);
}
