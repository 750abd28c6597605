//! Services of OneFlow, as far as they say in which order VMs start.

use super::{DocumentId, VmId};
use serde::{Deserialize, Serialize};

/// The type number of the documents that OneFlow keeps its services in. Source: `DOCUMENT_TYPE` in
/// `src/flow/lib/models/service.rb`.
pub const SERVICE_TYPE: i64 = 100;

/// `deployment` of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deployment {
    /// `straight`: the VMs of a role start when those of its parents run. Source: `src/flow/lib/strategy/straight.rb`.
    Straight,
    /// `none`, absent or anything else: all roles start at once. Source: `src/flow/lib/strategy.rb`.
    AtOnce,
}

/// One of `roles`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRole {
    /// `name`.
    pub name: String,
    /// `parents`: names of roles.
    pub parents: Vec<String>,
    /// `nodes[].deploy_id`.
    pub vms: Vec<VmId>,
}

/// A service, from the `BODY` of its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// `DOCUMENT/ID`, the `SERVICE_ID` of its VMs.
    pub id: DocumentId,
    /// `DOCUMENT/NAME`.
    pub name: String,
    /// `deployment`.
    pub deployment: Deployment,
    /// `ready_status_gate`: a VM of a role counts as running when its guest has reported `READY=YES`. Source:
    /// `src/flow/lib/models/role.rb`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gate: bool,
    /// `roles`.
    pub roles: Vec<ServiceRole>,
}
