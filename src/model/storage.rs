//! Datastores, as far as a recovery needs them.

use super::{ClusterId, DatastoreId};
use serde::{Deserialize, Serialize};

/// `DATASTORE/TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatastoreKind {
    /// 0
    Image,
    /// 1: holds the disks of deployed VMs.
    System,
    /// 2
    File,
    /// 3
    Backup,
    /// A number that this version does not know.
    Unknown(i64),
}

/// `DATASTORE/TEMPLATE/SHARED`: can another host see the same disks?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sharing {
    /// `YES`
    Yes,
    /// `NO`
    No,
    /// The attribute is absent or empty; oned takes that for yes, a careful reader asks the driver.
    Unsaid,
    /// The attribute has some other text.
    Unclear(String),
}

/// A datastore, from `one.datastorepool.info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datastore {
    /// `DATASTORE/ID`.
    pub id: DatastoreId,
    /// `DATASTORE/NAME`.
    pub name: String,
    /// `DATASTORE/TYPE`.
    pub kind: DatastoreKind,
    /// `DATASTORE/STATE` is 0 (READY). Absent counts as ready, as in documents of old versions.
    pub ready: bool,
    /// `DATASTORE/TM_MAD`, the transfer driver: `shared`, `ceph`, `ssh` …
    pub tm_mad: String,
    /// `DATASTORE/CLUSTERS/ID`.
    pub clusters: Vec<ClusterId>,
    /// `DATASTORE/TEMPLATE/SHARED`.
    pub sharing: Sharing,
    /// `DATASTORE/TEMPLATE/REPLICA_HOST`: where the ssh driver keeps copies of images and disks.
    pub replica_host: Option<String>,
}
