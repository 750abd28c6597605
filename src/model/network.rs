//! Virtual networks, as far as a recovery needs them.

use super::{ClusterId, NetworkId};
use serde::{Deserialize, Serialize};

/// A virtual network, from `one.vnpool.info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// `VNET/ID`.
    pub id: NetworkId,
    /// `VNET/NAME`.
    pub name: String,
    /// `VNET/CLUSTERS/ID`: where its hosts are.
    pub clusters: Vec<ClusterId>,
}
