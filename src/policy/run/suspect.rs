//! What a run knows of its host, and how the fence gets on.

use crate::model::{ClusterId, DeviceName, HostId, Moment, Peer, SeenOn};
use crate::policy::fencing::proof::Proof;
use crate::policy::host_error::itself::Leader;
use crate::policy::report::Disabled;
use crate::policy::run::readings::Readings;
use std::collections::{BTreeMap, BTreeSet};

/// The host, as far as it is known.
#[derive(Default)]
pub(in crate::policy) struct Suspect {
    /// When it was last heard, in epoch seconds, as oned has it.
    pub(in crate::policy) heard: Option<i64>,
    pub(in crate::policy) cluster: Option<ClusterId>,
    /// `TEMPLATE/ERROR` at the first look.
    pub(in crate::policy) error: Option<String>,
    /// Whether this run has disabled it.
    pub(in crate::policy) disabled: Disabled,
    /// Its devices that were seen ON.
    pub(in crate::policy) seen_on: Vec<SeenOn>,
    /// Other hosts of its cluster that can be asked.
    pub(in crate::policy) peers: Vec<Peer>,
    /// Those of them that gave no usable answer when they were asked last.
    pub(in crate::policy) silent: BTreeSet<HostId>,
    /// Devices that are reached from one of them only.
    pub(in crate::policy) by_peer: BTreeSet<DeviceName>,
}

/// How often a device was sent "off", and when last.
#[derive(Clone, Copy, Default)]
pub(in crate::policy) struct Told {
    pub(in crate::policy) times: u32,
    pub(in crate::policy) last: Moment,
    /// It has taken the last one, and has answered every question since: it has not restarted.
    pub(in crate::policy) taken: bool,
}

/// How the fence gets on, over all its attempts.
#[derive(Default)]
pub(in crate::policy) struct Fence {
    /// The devices that were sent "off", whatever they said, and how often.
    pub(in crate::policy) told: BTreeMap<DeviceName, Told>,
    /// When brakes and witnesses were asked last, and nothing held.
    pub(in crate::policy) cleared: Option<Moment>,
    /// When the fence was found worth while, since the last hold.
    pub(in crate::policy) weighed: Option<Moment>,
    /// The zone's leader, as it was when brakes were asked last.
    pub(in crate::policy) leader: Leader,
    /// How often in a row it was unclear whether this front-end leads.
    pub(in crate::policy) unsure: u32,
    /// How often in a row oned took so long for a look at the host that everything else was old then.
    pub(in crate::policy) slow: u32,
    /// When oned had heard the host last, as it was at the first look after the proof.
    pub(in crate::policy) heard: Option<i64>,
    /// What its devices have said last.
    pub(in crate::policy) readings: Readings,
    /// Devices that give no answer where a person's word is the proof, and when they were asked last.
    pub(in crate::policy) left_alone: BTreeMap<DeviceName, Moment>,
    /// A witness, or oned itself, went on to contradict a proof.
    pub(in crate::policy) contradiction: Option<String>,
    /// A device has contradicted the last proof.
    pub(in crate::policy) disproven: bool,
    /// Was it said that the host saves its crash dump, and is that over?
    pub(in crate::policy) dump_told: bool,
    pub(in crate::policy) dump_over: bool,
    /// How often the host was fenced again.
    pub(in crate::policy) again: u32,
    /// The host was proven off by this, was seen on again, and is being fenced again with VMs on their way.
    pub(in crate::policy) earlier: Option<Proof>,
}
