//! Can the disks of a VM be used from another host, and what is lost there?
//!
//! What a driver's `mv` does when the source host is dead depends on the driver, on the VM's state and on the version
//! of OpenNebula. Source: `src/tm_mad/*/mv`.

use super::view::View;
use crate::model::{Datastore, DatastoreId, Sharing, Version, Vm, VmState};
use crate::policy::rules::Firmware;
use crate::policy::states::{self, Class};

/// Transfer drivers whose disks every host sees, and those whose disks only one host has.
/// Source: `share/etc/oned.conf`, `TM_MAD_CONF`.
const SHARED: &[&str] =
    &["shared", "qcow2", "ceph", "fs_lvm", "fs_lvm_ssh", "lvm", "netapp", "purefa", "dummy"];
const LOCAL: &[&str] = &["ssh", "local"];

/// Drivers that, for a VM that is not UNKNOWN, want to copy from the dead host over ssh and fail.
const COPIES: &[&str] = &["ceph", "fs_lvm", "fs_lvm_ssh", "lvm"];

/// Drivers that keep small files of the VM's directory, its UEFI variables among them, where every host sees them.
const KEEPS_FILES: &[&str] = &["shared", "qcow2", "dummy"];

/// The driver did nothing useful after a host's death before this version.
const SINCE: &[(&str, Version)] =
    &[("fs_lvm", Version(6, 4, 0)), ("fs_lvm_ssh", Version(6, 99, 80)), ("lvm", Version(6, 99, 80))];

/// A VM that can be moved.
pub(super) struct Movable<'a> {
    /// Its system datastore.
    pub(super) system: &'a Datastore,
    /// What it loses by it.
    pub(super) loses: Option<String>,
}

/// The VM's system datastore, if its disks can be used from another host; else why it cannot move.
pub(super) fn movable<'a>(vm: &Vm, view: &View<'a>) -> Result<Movable<'a>, String> {
    let system = system_datastore(vm, view)?;
    let driver = if system.tm_mad.is_empty() { vm.tm_mad.as_str() } else { system.tm_mad.as_str() };
    follows(vm, driver, view)?;
    for disk in &vm.needs.disks {
        if LOCAL.contains(&disk.tm_mad_system.as_str()) {
            return Err(format!(
                "its disk {} is copied to the host's own disk (TM_MAD_SYSTEM {}), so it cannot be moved: {}",
                disk.id,
                disk.tm_mad_system,
                view.anew("its image")
            ));
        }
        follows(vm, &disk.tm_mad, view)?;
        if let Some(id) = disk.datastore.filter(|id| !view.datastores.contains_key(id)) {
            return Err(format!("{id}, where its disk {} is, does not exist or cannot be read", disk.id));
        }
    }
    let loses = loses(vm, driver);
    if let (Some(what), Firmware::Hold) = (&loses, view.request.policy.plan.firmware) {
        return Err(format!(
            "it would lose {what}; firmware = \"lose\" under [plan] accepts that, for all VMs"
        ));
    }
    Ok(Movable { system, loses })
}

fn system_datastore<'a>(vm: &Vm, view: &View<'a>) -> Result<&'a Datastore, String> {
    let Some(id) = vm.system_datastore else {
        return Err("oned does not say which system datastore holds its disks".to_owned());
    };
    let Some(datastore) = view.datastores.get(&id).copied() else {
        return Err(format!("its system {id} does not exist"));
    };
    if !datastore.ready {
        return Err(format!("its system {} is disabled; `onedatastore enable {}`", named(datastore), id.0));
    }
    let driver = if datastore.tm_mad.is_empty() { &vm.tm_mad } else { &datastore.tm_mad };
    match &datastore.sharing {
        Sharing::Yes => Ok(datastore),
        Sharing::No => Err(not_shared(vm, datastore, view)),
        Sharing::Unsaid if SHARED.contains(&driver.as_str()) => Ok(datastore),
        Sharing::Unsaid if LOCAL.contains(&driver.as_str()) => Err(not_shared(vm, datastore, view)),
        Sharing::Unsaid | Sharing::Unclear(_) => Err(format!(
            "{} does not say whether it is shared (driver {driver}); set SHARED = YES if every host sees the same files, else NO, with `onedatastore update {}`",
            named(datastore),
            id.0
        )),
    }
}

/// Does this driver follow a VM from a dead host?
fn follows(vm: &Vm, driver: &str, view: &View<'_>) -> Result<(), String> {
    if vm.state != VmState::UNKNOWN && states::class(vm.state) == Class::Stopped && COPIES.contains(&driver) {
        return Err(format!(
            "{}, and driver {driver} would copy it from the dead host; move it when the host is back",
            vm.state
        ));
    }
    let Some((_, since)) = SINCE.iter().find(|(name, _)| *name == driver) else { return Ok(()) };
    match view.survey.version {
        Some(version) if version >= *since => Ok(()),
        Some(version) => Err(format!(
            "driver {driver} of OpenNebula {version} does not follow a VM from a dead host; {} does",
            release(*since)
        )),
        None => Err(format!(
            "driver {driver} follows a VM from a dead host since OpenNebula {} only, and oned does not say its version",
            release(*since)
        )),
    }
}

/// 6.99.80 is how 7.0 was called before it was one.
fn release(version: Version) -> String {
    match version {
        Version(major, 99, _) => format!("{}.0", major.saturating_add(1)),
        Version(major, minor, _) => format!("{major}.{minor}"),
    }
}

/// What of the VM is not on its disks and does not come along.
fn loses(vm: &Vm, driver: &str) -> Option<String> {
    let uefi = vm.needs.uefi && !KEEPS_FILES.contains(&driver);
    match (vm.needs.tpm && vm.state != VmState::Poweroff, uefi) {
        (true, true) => Some("the state of its TPM and the variables of its UEFI".to_owned()),
        (true, false) => Some("the state of its TPM".to_owned()),
        (false, true) => Some(format!("the variables of its UEFI, which driver {driver} does not keep")),
        (false, false) => None,
    }
}

/// From what a VM is made again, if not only from its images.
pub(super) fn replica(vm: &Vm, view: &View<'_>) -> Option<String> {
    let system = view.datastores.get(&vm.system_datastore?)?;
    last_replica(vm, system, view).map(|replica| format!("its disks come from {replica}"))
}

/// `the last replica on store1`. What was copied to the dead host itself is lost.
fn last_replica(vm: &Vm, system: &Datastore, view: &View<'_>) -> Option<String> {
    let replica = system.replica_host.as_ref().filter(|_| system.tm_mad == "ssh")?;
    let copied = vm.needs.disks.iter().any(|disk| disk.replicated_every > 0);
    let lost = view.dead.is_some_and(|dead| dead.name == *replica);
    (copied && !lost).then(|| format!("the last replica on {replica}"))
}

/// The datastores of its images, by id.
pub(super) fn images(vm: &Vm) -> impl Iterator<Item = DatastoreId> {
    vm.image_datastores.iter().copied()
}

fn not_shared(vm: &Vm, datastore: &Datastore, view: &View<'_>) -> String {
    let from = last_replica(vm, datastore, view).unwrap_or_else(|| "its images".to_owned());
    format!(
        "its disks are on {}, which is not shared, so it cannot be moved: {}",
        named(datastore),
        view.anew(&from)
    )
}

fn named(datastore: &Datastore) -> String {
    let DatastoreId(id) = datastore.id;
    format!("datastore {} ({id})", datastore.name)
}
