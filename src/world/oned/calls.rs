//! The calls that a recovery makes, with their parameters in oned's order.
//!
//! Reads come back as documents, writes as "accepted": oned answers before the work is done.

use super::leader::{decode, text};
use super::{Oned, Transport};
use crate::error::{Error, OnedError, Result};
use crate::model::{Cluster, Datastore, Host, HostId, Layered, Network, Vm, VmGroup, VmId};
use crate::wire::documents::{Decode, Pool, read_pool};
use crate::wire::xml::Limits;
use crate::wire::xmlrpc::Value;

/// The last parameter of `one.vm.migrate`. It matters for a RUNNING VM, and for one with PCI devices, which
/// oned refuses to migrate as `Save`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationType {
    /// 0
    Save,
    /// 1
    Poweroff,
    /// 2
    PoweroffHard,
}

/// The operation of `one.vm.recover`. Source: `VirtualMachineRecover` in `src/rm/api`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoverOperation {
    /// 0: what oned waits for has failed.
    Failure,
    /// 1: what oned waits for was done.
    Success,
    /// 2
    Retry,
    /// 3: the VM is deleted.
    Delete,
    /// 4: the VM is deleted and made again from its images.
    Recreate,
    /// 5: the VM is taken out of the database, and nothing else.
    DeleteDb,
}

/// The status of `one.host.status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostStatus {
    /// 0
    Enabled,
    /// 1: set aside, still monitored.
    Disabled,
    /// 2: set aside and not monitored.
    Offline,
}

impl<T: Transport> Oned<T> {
    /// `one.system.version`, for example `7.5.80`.
    ///
    /// # Errors
    /// [`Error::Oned`], as for every read here, after the tries that [`super::Patience`] allows.
    pub fn version(&self) -> Result<String> {
        self.read_text("one.system.version", &[])
    }

    /// `one.host.info`: the host, and its document as it came.
    ///
    /// # Errors
    /// [`Error::Oned`]; `Refusal::NoExists` inside if there is no such host.
    pub fn host(&self, host: HostId) -> Result<(Host, String)> {
        let method = "one.host.info";
        let xml = self.read_text(method, &[id(host.0), Value::Bool(false)])?;
        let host = decode(&xml).map_err(during(method))?;
        Ok((host, xml))
    }

    /// `one.hostpool.info`: every host; without monitoring values.
    ///
    /// # Errors
    /// [`Error::Oned`].
    pub fn hosts(&self) -> Result<Pool<Host>> {
        self.pool_or_each("one.hostpool.info", "one.host.info", |cluster| {
            cluster.hosts.iter().map(|host| host.0).collect()
        })
    }

    /// These VMs with their full bodies. One that does not exist is in neither list of the pool. A DONE one
    /// is read like any other.
    ///
    /// # Errors
    /// [`Error::Oned`].
    pub fn vms(&self, vms: &[VmId]) -> Result<Pool<Vm>> {
        self.vm_sets(vms)
    }

    /// The layers of these VMs, from the same documents.
    ///
    /// # Errors
    /// [`Error::Oned`].
    pub fn layers_of(&self, vms: &[VmId]) -> Result<Pool<Layered>> {
        self.vm_sets(vms)
    }

    /// `one.datastorepool.info`.
    ///
    /// # Errors
    /// [`Error::Oned`].
    pub fn datastores(&self) -> Result<Pool<Datastore>> {
        self.pool_or_each("one.datastorepool.info", "one.datastore.info", |cluster| {
            cluster.datastores.iter().map(|datastore| datastore.0).collect()
        })
    }

    /// `one.clusterpool.info`.
    ///
    /// # Errors
    /// [`Error::Oned`].
    pub fn clusters(&self) -> Result<Pool<Cluster>> {
        self.read_pool("one.clusterpool.info", &[])
    }

    /// `one.vmgrouppool.info` for all users' groups.
    ///
    /// # Errors
    /// [`Error::Oned`].
    pub fn vm_groups(&self) -> Result<Pool<VmGroup>> {
        let everything = [Value::Int(-2), Value::Int(-1), Value::Int(-1)];
        self.read_pool("one.vmgrouppool.info", &everything)
    }

    /// `one.vnpool.info` for all users' networks.
    ///
    /// # Errors
    /// [`Error::Oned`].
    pub fn networks(&self) -> Result<Pool<Network>> {
        let everything = [Value::Int(-2), Value::Int(-1), Value::Int(-1)];
        self.read_pool("one.vnpool.info", &everything)
    }

    /// `one.vm.migrate`: not live, with oned's own check of capacity and PCI devices, on the datastore that
    /// the VM has.
    ///
    /// # Errors
    /// [`OnedError`], as for every write here: `Unknown` if it may have been carried out nevertheless.
    pub fn migrate(&self, vm: VmId, to: HostId, how: MigrationType) -> Result<(), OnedError> {
        let how = match how {
            MigrationType::Save => 0,
            MigrationType::Poweroff => 1,
            MigrationType::PoweroffHard => 2,
        };
        let (live, enforce, same_datastore) = (Value::Bool(false), Value::Bool(true), Value::Int(-1));
        let params = [id(vm.0), id(to.0), live, enforce, same_datastore, Value::Int(how)];
        self.write("one.vm.migrate", &params).map(drop)
    }

    /// `one.vm.recover`.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn recover(&self, vm: VmId, operation: RecoverOperation) -> Result<(), OnedError> {
        let operation = match operation {
            RecoverOperation::Failure => 0,
            RecoverOperation::Success => 1,
            RecoverOperation::Retry => 2,
            RecoverOperation::Delete => 3,
            RecoverOperation::Recreate => 4,
            RecoverOperation::DeleteDb => 5,
        };
        self.write("one.vm.recover", &[id(vm.0), Value::Int(operation)]).map(drop)
    }

    /// `one.host.status`.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn host_status(&self, host: HostId, status: HostStatus) -> Result<(), OnedError> {
        let status = match status {
            HostStatus::Enabled => 0,
            HostStatus::Disabled => 1,
            HostStatus::Offline => 2,
        };
        self.write("one.host.status", &[id(host.0), Value::Int(status)]).map(drop)
    }

    /// `one.vm.action`, for example `resume` or `resched`.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn vm_action(&self, vm: VmId, action: &str) -> Result<(), OnedError> {
        self.write("one.vm.action", &[Value::Text(action.to_owned()), id(vm.0)]).map(drop)
    }

    /// `one.vm.migrate` of a RUNNING VM without stopping it, with oned's own check of capacity.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn migrate_live(&self, vm: VmId, to: HostId) -> Result<(), OnedError> {
        let (live, enforce, same_datastore) = (Value::Bool(true), Value::Bool(true), Value::Int(-1));
        self.write("one.vm.migrate", &[id(vm.0), id(to.0), live, enforce, same_datastore, Value::Int(0)])
            .map(drop)
    }

    /// `one.vm.update`: merge this into the user template.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn update_vm(&self, vm: VmId, template: &str) -> Result<(), OnedError> {
        let merge = Value::Int(1);
        self.write("one.vm.update", &[id(vm.0), Value::Text(template.to_owned()), merge]).map(drop)
    }

    /// `one.vm.exec`, since 7.2: the guest agent runs this, with nothing to read.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn execute(&self, vm: VmId, command: &str) -> Result<(), OnedError> {
        let nothing = Value::Text(String::new());
        self.write("one.vm.exec", &[id(vm.0), Value::Text(command.to_owned()), nothing]).map(drop)
    }

    /// `one.host.update`: merge this into the template.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn update_host(&self, host: HostId, template: &str) -> Result<(), OnedError> {
        let merge = Value::Int(1);
        self.write("one.host.update", &[id(host.0), Value::Text(template.to_owned()), merge]).map(drop)
    }

    /// These VMs with all records of their history: one call for each, so they should be few.
    ///
    /// # Errors
    /// [`Error::Oned`].
    pub fn vms_one_by_one(&self, vms: &[VmId]) -> Result<Pool<Vm>> {
        self.one_by_one(vms)
    }

    fn read_text(&self, method: &str, params: &[Value]) -> Result<String> {
        self.read(method, params).and_then(text).map_err(during(method))
    }

    pub(in crate::world) fn read_pool<D: Decode>(&self, method: &str, params: &[Value]) -> Result<Pool<D>> {
        let xml = self.read_text(method, params)?;
        read_pool(&xml, Limits::REPLY).map_err(OnedError::Reply).map_err(during(method))
    }
}

pub(super) fn id(number: u32) -> Value {
    Value::Int(i64::from(number))
}

/// Name the call that failed.
pub(super) fn during(method: &str) -> impl Fn(OnedError) -> Error {
    move |source| Error::Oned { method: method.to_owned(), source }
}
