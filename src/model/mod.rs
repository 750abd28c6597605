//! The nouns of OpenNebula and of a recovery, as plain values.
//!
//! No I/O, no clock and no judgement: what a value means for a recovery is decided in `policy`.

mod asked;
mod attributes;
mod document;
mod dump;
mod epoch;
mod evacuation;
mod evidence;
mod family;
mod forced;
mod group;
mod guest;
mod heard;
mod holder;
mod host;
pub(crate) mod identity;
mod ids;
mod incident;
mod listing;
mod memory;
mod monitord;
mod needs;
mod network;
mod notices;
mod numa;
mod outlook;
mod owner;
mod refusal;
mod run_id;
mod service;
mod stages;
mod storage;
pub mod text;
mod version;
mod vm;
mod vm_state;
mod zone;

pub use asked::{Asked, Fencing, Force, Mode};
pub use document::{Document, DocumentLock, Foreign, Hook, OpenTo};
pub use dump::Dump;
pub use epoch::Epoch;
pub use evacuation::{Emptying, Evacuated, Evacuation};
pub use evidence::{
    DeviceName, FenceDevice, Level, Moment, NotOff, Opinion, Peer, PowerDomain, PowerState, ReadBack, Route,
    Sample, Scope, Testimony,
};
pub use family::{Family, Gauge};
pub use forced::Forced;
pub use group::{Cluster, GroupPolicy, Role, VmGroup};
pub use guest::{Door, Executed, Guest};
pub use heard::Heard;
pub use holder::{Holder, Locked};
pub use host::{Capacity, Host, HostState, PciDevice};
pub use ids::{ClusterId, DatastoreId, DocumentId, GroupId, HookId, HostId, NetworkId, VmId, ZoneId};
pub use incident::{
    End, Held, Hold, Incident, IncidentVm, Line, Looks, Opened, Progress, Signs, Surroundings,
};
pub use listing::Listing;
pub use memory::{Abort, Confirmation, Disarmed, Memory, SeenOn, Words};
pub use monitord::{Figure, ImDriver, Monitord};
pub use needs::{Disk, Membership, Needs, Pin, Topology, VirtualNode};
pub use network::Network;
pub use notices::{Attempt, Event, Noted, NotedLoss, Notices, Sending};
pub use numa::{HugePages, NumaCore, NumaNode};
pub use outlook::{Machine, Observer, Outlook, Term};
pub use owner::{Layered, Named, Owner};
pub use refusal::Refusal;
pub use run_id::{Life, RunId, SeenOwner};
pub use service::{Deployment, SERVICE_TYPE, Service, ServiceRole};
pub use stages::Stages;
pub use storage::{Datastore, DatastoreKind, Sharing};
pub use version::Version;
pub use vm::{Lock, PciRequest, Record, Vm};
pub(crate) use vm::{layer_of, says_when_ready};
pub use vm_state::{LcmState, VmState};
pub use zone::{Raft, RaftState, Server, WhoLeads, Zone};
