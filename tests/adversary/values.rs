//! Hosts, VMs, devices and words for the lab.

use onerescue::model::*;
use onerescue::policy::*;
use std::time::Duration;

pub(crate) const NODE7: HostId = HostId(7);
/// The front-end's clock when the lab begins.
pub(crate) const NOON: i64 = 1_000_000;

pub(crate) fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn failure(trouble: Trouble, what: &str) -> Failure {
    Failure { trouble, what: what.to_owned(), advice: "none".to_owned() }
}

pub(crate) fn host(id: u32, state: HostState, vms: &[u32]) -> Host {
    Host {
        vms: vms.iter().map(|vm| VmId(*vm)).collect(),
        capacity: Capacity { max_cpu: 10_000, used_cpu: 0, max_memory_kib: 1 << 30, used_memory_kib: 0 },
        monitored_at: Some(NOON - 300),
        ..Host::new(HostId(id), &format!("node{id}"), state)
    }
}

pub(crate) fn vm(id: u32, state: VmState, on: Option<u32>, system: u32) -> Vm {
    Vm {
        system_datastore: Some(DatastoreId(system)),
        tm_mad: "shared".to_owned(),
        memory_kib: 1024,
        ..Vm::new(VmId(id), &format!("vm{id}"), state, on.map(HostId))
    }
}

pub(crate) fn datastore(id: u32) -> Datastore {
    Datastore {
        id: DatastoreId(id),
        name: format!("system{id}"),
        kind: DatastoreKind::System,
        ready: true,
        tm_mad: "shared".to_owned(),
        clusters: vec![ClusterId(0)],
        sharing: Sharing::Yes,
        replica_host: None,
    }
}

pub(crate) fn device(name: &str) -> FenceDevice {
    FenceDevice::new(DeviceName(name.to_owned()), ReadBack::Status)
}

pub(crate) fn storage(name: &str, ids: &[u32]) -> FenceDevice {
    let scope = Scope::Datastores(ids.iter().map(|id| DatastoreId(*id)).collect());
    FenceDevice { scope, ..device(name) }
}

pub(crate) fn unknown() -> PowerState {
    PowerState::Unknown("no answer".to_owned())
}

pub(crate) fn subject() -> Subject {
    Subject { host: NODE7, name: "node7".to_owned(), vms: vec![VmId(1)], source: Source::Event }
}

/// The defaults, without a wait for the host to come back.
pub(crate) fn policy() -> Policy {
    let mut policy = Policy::new(Mode::Migrate);
    policy.wait.cycles = 0;
    policy
}

/// The same, and what a device has said for the proof is old at once.
pub(crate) fn read_before_each_batch() -> Policy {
    let mut policy = policy();
    policy.fence.recheck = Duration::ZERO;
    policy
}

/// A person's word about the first document.
pub(crate) fn word(at: i64, expires: i64) -> Confirmation {
    Confirmation {
        host: NODE7,
        incident: DocumentId(1),
        by: "alice".to_owned(),
        reason: "I saw it".to_owned(),
        at: Epoch(at),
        expires: Epoch(expires),
    }
}
