//! What a run is about, and why it could not learn or do something.

use crate::model::{DatastoreId, HostId, Vm, VmId};
use serde::{Deserialize, Serialize};

/// What a run is about: the host of the event, or the one that an operator named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The host.
    pub host: HostId,
    /// Its name, as the event or the operator gave it.
    pub name: String,
    /// `HOST/VMS` of the event. VMs that are being recreated are no longer charged to the host, but they are
    /// in here.
    pub vms: Vec<VmId>,
    /// Who says that the host is in ERROR.
    pub source: Source,
}

/// Who started a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// oned's event. It is sent before the host's new state is written, so a first look may be too early.
    Event,
    /// A person, with `--host`.
    Person,
    /// `onerescue reconcile`: the event was lost, or an earlier run is gone.
    Reconcile,
}

/// How badly an effect failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// No usable answer; the same question may work later.
    Unreachable,
    /// Answered with a no that will stay a no: credentials, permissions, another program at the endpoint.
    Refused,
    /// The object does not exist.
    Gone,
    /// The settings do not allow it.
    Settings,
}

/// An effect that failed, as the policy sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What the policy may conclude.
    pub trouble: Trouble,
    /// What was attempted and the cause.
    pub what: String,
    /// The one thing to do next.
    pub advice: String,
}

/// What a run is about: the VM of the event, or the one that an operator named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmSubject {
    /// The VM.
    pub vm: VmId,
    /// Its name.
    pub name: String,
    /// Its host then.
    pub host: Option<HostId>,
    /// Its system datastore then.
    pub datastore: Option<DatastoreId>,
    /// Who says so.
    pub source: Source,
}

impl VmSubject {
    /// What a VM's document says.
    #[must_use]
    pub fn of(vm: &Vm, source: Source) -> Self {
        Self { vm: vm.id, name: vm.name.clone(), host: vm.host, datastore: vm.system_datastore, source }
    }
}
