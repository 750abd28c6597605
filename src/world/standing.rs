//! The VMs that a picture of the zone needs, in two calls however many VMs there are.

use super::Zone;
use super::oned::{Oned, Transport};
use crate::error::Result;
use crate::model::{Vm, VmId, VmState};
use crate::policy::Failure;
use crate::wire::documents::Pool;
use crate::wire::xmlrpc::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Every user's VMs.
const ALL: i64 = -2;
/// In every state but DONE.
const NOT_DONE: i64 = -1;

impl<T: Transport> Oned<T> {
    /// `one.vmpool.infoextended` of all VMs that are powered off, with their full bodies.
    ///
    /// # Errors
    /// [`crate::error::Error::Oned`].
    pub fn powered_off(&self) -> Result<Pool<Vm>> {
        let (poweroff, _) = VmState::Poweroff.numbers();
        self.read_pool("one.vmpool.infoextended", &[ALL, -1, -1, poweroff].map(Value::Int))
    }

    /// `one.vmpool.info` of a range of ids: how they are, and no attribute of their owners.
    ///
    /// # Errors
    /// [`crate::error::Error::Oned`].
    pub fn vms_between(&self, first: VmId, last: VmId) -> Result<Pool<Vm>> {
        let range = [ALL, i64::from(first.0), i64::from(last.0), NOT_DONE];
        self.read_pool("one.vmpool.info", &range.map(Value::Int))
    }
}

impl<T: Transport> Zone<T> {
    /// These VMs as far as they are not DONE, and all that are powered off; and those that cannot be read, as
    /// `vm 3: <NAME> is missing`.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn standing(&self, wanted: &BTreeSet<VmId>) -> std::result::Result<(Vec<Vm>, Vec<String>), Failure> {
        let mut all = BTreeMap::new();
        let mut unread = BTreeSet::new();
        let mut take = |pool: Pool<Vm>| {
            unread.extend(pool.bad.iter().map(|(id, why)| format!("vm {id}: {why}")));
            all.extend(pool.good.into_iter().map(|vm| (vm.id, vm)));
        };
        if let (Some(first), Some(last)) = (wanted.first(), wanted.last()) {
            take(self.oned().vms_between(*first, *last)?);
        }
        take(self.oned().powered_off()?);
        all.retain(|id, vm| wanted.contains(id) || vm.state == VmState::Poweroff);
        Ok((all.into_values().collect(), unread.into_iter().collect()))
    }
}
