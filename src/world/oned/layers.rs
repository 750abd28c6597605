//! The calls about anti-affinity and about names: VM groups, attributes of a VM, and the VMs of the whole cloud.

use super::calls::id;
use super::{Oned, Transport};
use crate::error::{Error, OnedError, Result};
use crate::model::{GroupId, Named, Vm, VmId, text};
use crate::wire::documents::Pool;
use crate::wire::xmlrpc::Value;

/// VMs in one `one.vmpool.infoextended`: about 10 MB of reply.
const CHUNK: usize = 2000;

/// VMs in one page of `one.vmpool.info`: about 2 MB of reply.
const PAGE: i64 = 2000;
/// So many pages are read in halves because one of their VMs cannot be read.
const MOST_HALVED: u32 = 200;
/// So many of them were on the page before: as many may end between two pages, and none is missed.
const OVERLAP: i64 = 100;

/// Every user's objects, and for VMs every state but DONE.
const ALL: i64 = -2;
const NOT_DONE: i64 = -1;

impl<T: Transport> Oned<T> {
    /// Every VM that is not DONE, with its full body: the ids by `one.vmpool.info`, then the bodies by
    /// `one.vmpool.infoextended` in ranges of ids, which stay put while VMs come and go.
    ///
    /// # Errors
    /// [`Error::Oned`].
    pub fn all_vms(&self) -> Result<Pool<Vm>> {
        let range = |from, to| [Value::Int(ALL), Value::Int(from), Value::Int(to), Value::Int(NOT_DONE)];
        let mut ids: Vec<i64> = match self.read_pool::<Vm>("one.vmpool.info", &range(-1, -1)) {
            // One that cannot be read in the short form is asked for too.
            Ok(Pool { good, bad }) => {
                let bad = bad.iter().filter_map(|(id, _)| id.parse::<i64>().ok());
                good.iter().map(|vm| i64::from(vm.id.0)).chain(bad).collect()
            }
            // Those that hosts have, and the others as far as their names can be read.
            Err(Error::Oned { source: OnedError::Fault { .. }, .. }) => {
                let hosts = self.hosts()?.good;
                let named = self.vm_names()?.into_iter().map(|vm| vm.id);
                let all = named.chain(hosts.into_iter().flat_map(|host| host.vms));
                all.map(|vm| i64::from(vm.0)).collect()
            }
            Err(error) => return Err(error),
        };
        ids.sort_unstable();
        ids.dedup();
        let mut pool: Pool<Vm> = Pool::default();
        for chunk in ids.chunks(CHUNK) {
            if let (Some(first), Some(last)) = (chunk.first(), chunk.last()) {
                match self.read_pool("one.vmpool.infoextended", &range(*first, *last)) {
                    Err(Error::Oned { source: OnedError::Fault { .. }, .. }) => {
                        let vms: Vec<VmId> =
                            chunk.iter().filter_map(|id| u32::try_from(*id).ok().map(VmId)).collect();
                        pool.append(self.vm_sets(&vms)?);
                    }
                    read => pool.append(read?),
                }
            }
        }
        pool.good.sort_by_key(|vm| vm.id);
        Ok(pool)
    }

    /// The names and owners of every VM that is not DONE, in pages: some may stand there twice.
    ///
    /// # Errors
    /// [`Error::Oned`].
    pub fn vm_names(&self) -> Result<Vec<Named>> {
        let (mut all, mut offset, mut left) = (Vec::new(), 0, MOST_HALVED);
        loop {
            let (named, rows) = self.names_on(offset, PAGE, &mut left)?;
            all.extend(named);
            if rows < PAGE {
                return Ok(all);
            }
            offset += PAGE - OVERLAP;
        }
    }

    /// The names on one page, and how many rows it has. A page that is a fault is read in halves: a VM whose name is no UTF-8
    /// has none that anybody could write.
    fn names_on(&self, offset: i64, rows: i64, left: &mut u32) -> Result<(Vec<Named>, i64)> {
        let page = [Value::Int(ALL), Value::Int(offset), Value::Int(-rows), Value::Int(NOT_DONE)];
        match self.read_pool::<Named>("one.vmpool.info", &page) {
            Err(Error::Oned { source: OnedError::Fault { .. }, .. }) if *left > 0 => {
                *left -= 1;
                // A single row cannot be asked for: "-1" is no page.
                if rows <= 2 {
                    return Ok((Vec::new(), rows));
                }
                let half = (rows / 2).max(2);
                let (mut all, first) = self.names_on(offset, half, left)?;
                let (second, more) = self.names_on(offset + half, (rows - half).max(2), left)?;
                all.extend(second);
                Ok((all, first + more))
            }
            page => page.map(|Pool { good, bad }| {
                let rows = good.len() + bad.len();
                (good, i64::try_from(rows).unwrap_or(i64::MAX))
            }),
        }
    }

    /// The name of one VM, from its short body, which has less that may be unreadable.
    pub fn vm_name(&self, vm: VmId) -> Option<String> {
        let only = [Value::Int(ALL), id(vm.0), id(vm.0), Value::Int(ALL)];
        let pool: Pool<Named> = self.read_pool("one.vmpool.info", &only).ok()?;
        pool.good.into_iter().find(|named| named.id == vm).map(|named| named.name)
    }

    /// `one.vm.vmgroupadd`: from 7.4 on, fault -506 before. Early 7.4 lets a VM join a second group, after which neither
    /// can be left in good order: look first.
    ///
    /// # Errors
    /// [`OnedError`], as for every write.
    pub fn join_vm_group(&self, vm: VmId, group: GroupId, role: &str) -> Result<(), OnedError> {
        self.write("one.vm.vmgroupadd", &[id(vm.0), id(group.0), Value::Text(role.to_owned())]).map(drop)
    }

    /// `one.vm.vmgroupdel`: out of whichever group the VM is in.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn leave_vm_group(&self, vm: VmId) -> Result<(), OnedError> {
        self.write("one.vm.vmgroupdel", &[id(vm.0)]).map(drop)
    }

    /// `one.vmgroup.allocate`: a group with one role, whose VMs keep apart. The names are those that oned allows:
    /// nothing in them is quoted.
    ///
    /// # Errors
    /// [`OnedError`]
    pub fn allocate_vm_group(&self, name: &str, role: &str) -> Result<(), OnedError> {
        let template = format!("NAME=\"{name}\"\nROLE=[NAME=\"{role}\",POLICY=\"ANTI_AFFINED\"]");
        self.write("one.vmgroup.allocate", &[Value::Text(template)]).map(drop)
    }

    /// `one.vmgroup.rename`.
    ///
    /// # Errors
    /// [`OnedError`]
    pub fn rename_vm_group(&self, group: GroupId, name: &str) -> Result<(), OnedError> {
        self.write("one.vmgroup.rename", &[id(group.0), Value::Text(name.to_owned())]).map(drop)
    }

    /// `one.vmgroup.delete`.
    ///
    /// # Errors
    /// [`OnedError`]
    pub fn delete_vm_group(&self, group: GroupId) -> Result<(), OnedError> {
        self.write("one.vmgroup.delete", &[id(group.0)]).map(drop)
    }

    /// `one.vm.update` of one attribute of the user template; the others stay. An empty value is as good as none: oned
    /// has no call that takes an attribute away without writing all of them.
    ///
    /// # Errors
    /// [`OnedError`]
    pub fn set_vm_attribute(&self, vm: VmId, name: &str, value: &str) -> Result<(), OnedError> {
        let append = Value::Int(1);
        let template = Value::Text(text::attribute(name, value));
        self.write("one.vm.update", &[id(vm.0), template, append]).map(drop)
    }
}
