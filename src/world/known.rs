//! What a process asks the zone for once.

use super::oned::User;
use crate::model::{DocumentId, Named, Owner, Service, Version, VmId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

/// What is asked for once.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) version: OnceLock<Option<Version>>,
    /// Who we are.
    pub(super) me: OnceLock<User>,
    /// Other users, and whether each is in the oneadmin group.
    pub(super) users: Mutex<BTreeMap<i64, bool>>,
    /// The `HA_LAYER` of VMs elsewhere and whose they are, `None` where they have none.
    pub(super) layers: Mutex<BTreeMap<VmId, Option<(String, Owner)>>>,
    /// Services of OneFlow, or why they cannot be read.
    pub(super) services: Mutex<BTreeMap<DocumentId, Result<Service, String>>>,
    /// The VMs of the cloud that have a name which was looked for.
    pub(super) names: Mutex<BTreeMap<String, BTreeMap<VmId, Named>>>,
    /// Hosts that the last look at all of them could not read: `host 3: <NAME> is missing`.
    pub(super) unread_hosts: Mutex<BTreeSet<String>>,
}
