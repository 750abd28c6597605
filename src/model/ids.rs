//! Ids as types, so that a VM's number is never taken for a host's.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $noun:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($noun, " {}"), self.0)
            }
        }
    };
}

id!(
    /// `HOST/ID`. Prints as the operator reads it: `host 12`.
    HostId,
    "host"
);
id!(
    /// `VM/ID`. Prints as `vm 41`.
    VmId,
    "vm"
);
id!(
    /// `CLUSTER/ID`; 0 is OpenNebula's default cluster. Prints as `cluster 0`.
    ClusterId,
    "cluster"
);
id!(
    /// `DATASTORE/ID`. Prints as `datastore 100`.
    DatastoreId,
    "datastore"
);
id!(
    /// `VM_GROUP/ID`. Prints as `vm group 3`.
    GroupId,
    "vm group"
);
id!(
    /// `VNET/ID`. Prints as `network 4`.
    NetworkId,
    "network"
);
id!(
    /// `DOCUMENT/ID`. Prints as `document 7`.
    DocumentId,
    "document"
);
id!(
    /// `HOOK/ID`. Prints as `hook 1`.
    HookId,
    "hook"
);
id!(
    /// `ZONE/ID`; 0 is the zone of a front-end that is in no federation. Prints as `zone 0`.
    ZoneId,
    "zone"
);
