//! Anti-affinity layers in the cloud: everything about them in one look, and single writes.

use super::Zone;
use super::oned::Transport;
use super::zone::reply;
use crate::policy::layer::{ATTRIBUTE, Survey, Write};
use crate::policy::{Failure, LayerScope, Reply};
use crate::wire::xml::XmlError;

impl<T: Transport> Zone<T> {
    /// Every host, cluster, VM group and VM, as the leader has them now; `scope` is `plan.layer_scope`.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn layers(&self, scope: LayerScope) -> Result<Survey, Failure> {
        // A leader that was replaced without failing would answer from what it knew then.
        self.oned().forget_leader();
        let version = self.oned().version()?;
        let hosts = self.oned().hosts()?.good;
        let clusters = self.oned().clusters()?.good;
        let groups = self.oned().vm_groups()?;
        let vms = self.oned().all_vms()?;
        let told = |noun: &'static str| {
            move |(id, why): &(String, XmlError)| format!("{noun} {id} cannot be read: {why}")
        };
        let unreadable = groups.bad.iter().map(told("vm group")).chain(vms.bad.iter().map(told("vm")));
        let unreadable = unreadable.collect();
        Ok(Survey::new(&version, hosts, clusters, groups.good, vms.good, unreadable, scope))
    }

    /// Send one write about layers, once.
    pub fn write_layer(&self, write: &Write) -> Reply {
        let oned = self.oned();
        reply(match write {
            Write::Make { name } => oned.allocate_vm_group(name, crate::policy::layer::ROLE),
            Write::Join { vm, group, role } => oned.join_vm_group(*vm, *group, role),
            Write::Leave { vm, .. } => oned.leave_vm_group(*vm),
            Write::Mark { vm, to, .. } => oned.set_vm_attribute(*vm, ATTRIBUTE, to),
            Write::Rename { group, to, .. } => oned.rename_vm_group(*group, to),
            Write::Delete { group, .. } => oned.delete_vm_group(*group),
        })
    }
}
