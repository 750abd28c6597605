//! Reading, allocating, changing and locking VMs.

use super::{Args, Done, Right, bad_parameter, check_lock, int, missing, text};
use crate::model::{VmId, VmState};
use crate::sim::cloud::Cloud;
use crate::sim::render;
use crate::sim::state::{State, Vm};
use crate::sim::template::Template;
use crate::sim::version::Version;
use std::collections::BTreeSet;

/// Attributes that `one.vm.allocate` keeps in TEMPLATE; the rest goes to `USER_TEMPLATE`.
const CONTROLLED: [&str; 22] = [
    "CONTEXT",
    "CPU",
    "CPU_COST",
    "CPU_MODEL",
    "DISK",
    "EMULATOR",
    "FEATURES",
    "GRAPHICS",
    "INPUT",
    "MEMORY",
    "MEMORY_COST",
    "NIC",
    "NIC_DEFAULT",
    "NUMA_NODE",
    "OS",
    "PCI",
    "RAW",
    "SECURITY_GROUP_RULE",
    "TOPOLOGY",
    "TPM",
    "VCPU",
    "VMGROUP",
];

pub(super) fn read(version: Version, state: &State, object: &str, verb: &str, args: &Args<'_>) -> Done {
    if object == "vm" {
        let id = args.id(0, "virtual machine")?;
        let vm = state.vms.get(&VmId(id)).ok_or_else(|| missing("virtual machine", id.into()))?;
        return text(render::vm(version, vm));
    }
    let (start, end) = (args.int(1)?, args.int(2)?);
    let wanted = args.int(3)?;
    let fits = |vm: &&Vm| match wanted {
        -2 => true,
        -1 => vm.state != VmState::Done,
        state => vm.state.numbers().0 == state,
    };
    // end >= -1 is a range of ids; below, a page of -end rows from offset start.
    let in_range = |vm: &&Vm| {
        let id = i64::from(vm.id.0);
        end < -1 || (id >= start || start == -1) && (id <= end || end == -1)
    };
    let rows = state.vms.values().rev().filter(fits).filter(in_range);
    let (skip, take) = if end < -1 { (start.max(0), -end) } else { (0, i64::MAX) };
    let rows = rows
        .skip(usize::try_from(skip).unwrap_or(usize::MAX))
        .take(usize::try_from(take).unwrap_or(usize::MAX));
    text(match verb {
        "infoextended" => render::vm_pool_extended(version, rows),
        _ => render::vm_pool_short(rows),
    })
}

/// `one.vmpool.infoset`: the VMs of a list of ids, unknown ones left out, DONE ones included.
pub(super) fn infoset(version: Version, state: &State, args: &Args<'_>) -> Done {
    let ids: BTreeSet<u32> = args.text(0)?.split(',').filter_map(|id| id.trim().parse().ok()).collect();
    let rows = ids.iter().rev().filter_map(|id| state.vms.get(&VmId(*id)));
    text(if args.flag(1)? { render::vm_pool_extended(version, rows) } else { render::vm_pool_short(rows) })
}

impl Cloud {
    pub(super) fn vm_write(&mut self, verb: &str, args: &Args<'_>) -> Done {
        if verb == "allocate" {
            return self.vm_allocate(args);
        }
        let (id, vm) = self.vm(args)?;
        let old = vm.lock;
        match verb {
            "lock" => {
                let lock = self.lock(old, args)?;
                self.with_vm(id, |vm| vm.lock = lock);
            }
            "unlock" => self.with_vm(id, |vm| vm.lock = None),
            _ => {
                check_lock(old, Right::Manage, "VM", id.0)?;
                if verb == "exec" {
                    let command = args.text(1)?.to_owned();
                    self.executes(id, &command);
                } else if verb == "rename" {
                    let name = args.text(1)?.to_owned();
                    self.with_vm(id, |vm| vm.name = name);
                } else {
                    let new = Template::parse(args.text(1)?).map_err(bad_parameter)?;
                    let append = args.int_or(2, 0)? == 1;
                    self.with_vm(id, |vm| {
                        if !append {
                            vm.user_template = Template::default();
                        }
                        vm.user_template.merge(new);
                    });
                }
            }
        }
        int(id.0)
    }

    fn vm_allocate(&mut self, args: &Args<'_>) -> Done {
        let parsed = Template::parse(args.text(0)?).map_err(bad_parameter)?;
        let on_hold = args.flag_or(1, false)?;
        let (mut template, mut user_template) = parsed.split(|name| CONTROLLED.contains(&name));
        if template.get("MEMORY").is_none() || template.get("CPU").is_none() {
            return Err(super::refused(0x2000, "Attribute CPU and MEMORY are mandatory"));
        }
        if on_hold {
            template.set("SUBMIT_ON_HOLD", "YES");
        }
        let name = user_template.get("NAME").map(str::to_owned);
        user_template.remove("NAME");
        let state = if on_hold { VmState::Hold } else { VmState::Pending };
        let id = self.insert_vm(name.as_deref().unwrap_or_default(), state, template, user_template);
        self.with_vm(id, |vm| {
            if vm.name.is_empty() {
                vm.name = format!("one-{}", id.0);
            }
        });
        self.arm_scheduler();
        int(id.0)
    }

    /// The VM that the first parameter names.
    pub(super) fn vm(&self, args: &Args<'_>) -> Result<(VmId, &Vm), super::Fail> {
        let id = args.id(0, "virtual machine")?;
        let vm = self.state.vms.get(&VmId(id));
        vm.map(|vm| (VmId(id), vm)).ok_or_else(|| missing("virtual machine", id.into()))
    }

    pub(super) fn with_vm(&mut self, id: VmId, change: impl FnOnce(&mut Vm)) {
        if let Some(vm) = self.state.vms.get_mut(&id) {
            change(vm);
        }
    }
}
