//! VM and `VM_POOL`, the full body and the short one.

use super::Xml;
use crate::model::VmState;
use crate::sim::state::{History, Vm};
use crate::sim::template::{Attribute, Template};
use crate::sim::version::Version;

/// What the short body keeps of the two templates. Source: `src/vm/VirtualMachine.cc`, `to_xml_short`.
const SHORT_TEMPLATE: [&str; 3] = ["CPU", "MEMORY", "VCPU"];
const SHORT_USER_TEMPLATE: [&str; 7] = [
    "ERROR",
    "LABELS",
    "LOGO",
    "SCHED_DS_RANK",
    "SCHED_DS_REQUIREMENTS",
    "SCHED_MESSAGE",
    "SCHED_REQUIREMENTS",
];

/// One VM with all its history records.
pub(crate) fn vm(version: Version, vm: &Vm) -> String {
    Xml::document("VM", |xml| {
        full(xml, version, vm, (vm.state, vm.monitoring), vm.history.iter().collect());
    })
}

/// One VM as the hook manager hands it to a hook: with the state before.
pub(crate) fn vm_for_hook(version: Version, vm: &Vm) -> String {
    Xml::document("VM", |xml| {
        full(xml, version, vm, (vm.before, None), vm.history.iter().collect());
    })
}

/// The full bodies, newest first, each with its last record. Only `one.vm.info` loads the monitoring. Source:
/// `VirtualMachine::load_monitoring`.
pub(crate) fn vm_pool_extended<'a>(version: Version, vms: impl Iterator<Item = &'a Vm>) -> String {
    Xml::document("VM_POOL", |xml| {
        for vm in vms {
            xml.element("VM", |xml| {
                full(xml, version, vm, (vm.state, None), vm.history.last().into_iter().collect());
            });
        }
    })
}

/// The short bodies, newest first.
pub(crate) fn vm_pool_short<'a>(vms: impl Iterator<Item = &'a Vm>) -> String {
    Xml::document("VM_POOL", |xml| {
        for vm in vms {
            xml.element("VM", |xml| short(xml, vm));
        }
    })
}

fn full(
    xml: &mut Xml,
    version: Version,
    vm: &Vm,
    (before, monitoring): (VmState, Option<(i64, bool)>),
    records: Vec<&History>,
) {
    let (state, lcm) = vm.state.numbers();
    let (state_before, lcm_before) = before.numbers();
    xml.plain("ID", vm.id.0);
    xml.owner_of(vm.owner, &vm.owner_group);
    xml.plain("NAME", &vm.name);
    xml.permissions(0);
    xml.plain("LAST_POLL", 0);
    xml.plain("STATE", state);
    xml.plain("LCM_STATE", lcm);
    xml.plain("PREV_STATE", state_before);
    xml.plain("PREV_LCM_STATE", lcm_before);
    xml.plain("RESCHED", u8::from(vm.resched));
    xml.plain("STIME", vm.stime);
    xml.plain("ETIME", vm.etime);
    xml.plain("DEPLOY_ID", &vm.deploy_id);
    xml.lock(vm.lock);
    xml.element("MONITORING", |xml| {
        if let Some((at, agent)) = monitoring {
            xml.plain("TIMESTAMP", at);
            let said = if agent {
                "{}"
            } else {
                "error: Guest agent is not responding: QEMU guest agent is not connected"
            };
            xml.cdata("VM_QEMU_PING", said);
        }
    });
    if version >= Version::V6_0 {
        xml.element("SCHED_ACTIONS", |_| {});
    }
    xml.template("TEMPLATE", &vm.template);
    xml.template("USER_TEMPLATE", &vm.user_template);
    if records.is_empty() {
        xml.empty("HISTORY_RECORDS");
    } else {
        xml.element("HISTORY_RECORDS", |xml| {
            for record in records {
                xml.element("HISTORY", |xml| history(xml, version, vm, record));
            }
        });
    }
    if version >= Version::V6_10 {
        xml.element("BACKUPS", |xml| {
            xml.empty("BACKUP_CONFIG");
            xml.element("BACKUP_IDS", |_| {});
        });
    }
}

fn history(xml: &mut Xml, version: Version, vm: &Vm, record: &History) {
    let number = vm.history.iter().position(|other| std::ptr::eq(other, record));
    xml.plain("OID", vm.id.0);
    xml.plain("SEQ", number.unwrap_or_default());
    xml.plain("HOSTNAME", &record.hostname);
    xml.plain("HID", record.host.0);
    xml.plain("CID", record.cluster.0);
    xml.plain("STIME", record.stime);
    xml.plain("ETIME", record.etime);
    xml.cdata("VM_MAD", &record.vm_mad);
    xml.cdata("TM_MAD", &record.tm_mad);
    xml.plain("DS_ID", record.datastore.0);
    if version >= Version::V7_0 {
        xml.plain("PLAN_ID", -2);
        xml.plain("ACTION_ID", -1);
    }
    for (name, time) in [
        ("PSTIME", record.pstime),
        ("PETIME", record.petime),
        ("RSTIME", record.rstime),
        ("RETIME", record.retime),
        ("ESTIME", record.estime),
        ("EETIME", record.eetime),
    ] {
        xml.plain(name, time);
    }
    xml.plain("ACTION", record.action);
    xml.plain("UID", record.by);
    xml.plain("GID", record.by);
    xml.plain("REQUEST_ID", record.request);
}

fn short(xml: &mut Xml, vm: &Vm) {
    let (state, lcm) = vm.state.numbers();
    xml.plain("ID", vm.id.0);
    xml.owner_of(vm.owner, &vm.owner_group);
    xml.plain("NAME", &vm.name);
    xml.plain("LAST_POLL", 0);
    xml.plain("STATE", state);
    xml.plain("LCM_STATE", lcm);
    xml.plain("RESCHED", u8::from(vm.resched));
    xml.plain("STIME", vm.stime);
    xml.plain("ETIME", vm.etime);
    xml.plain("DEPLOY_ID", &vm.deploy_id);
    if let Some(lock) = vm.lock {
        xml.element("LOCK", |xml| xml.plain("LOCKED", lock.level));
    }
    xml.element("TEMPLATE", |xml| {
        for name in SHORT_TEMPLATE {
            if let Some(text) = vm.template.get(name) {
                xml.plain(name, text);
            }
        }
    });
    xml.empty("MONITORING");
    xml.template("USER_TEMPLATE", &short_user_template(&vm.user_template));
    let Some(record) = vm.history.last() else {
        xml.empty("HISTORY_RECORDS");
        return;
    };
    xml.element("HISTORY_RECORDS", |xml| {
        xml.element("HISTORY", |xml| {
            xml.plain("OID", vm.id.0);
            xml.plain("SEQ", vm.history.len().saturating_sub(1));
            xml.cdata("HOSTNAME", &record.hostname);
            xml.plain("HID", record.host.0);
            xml.plain("CID", record.cluster.0);
            xml.plain("DS_ID", record.datastore.0);
            xml.cdata("VM_MAD", &record.vm_mad);
            xml.cdata("TM_MAD", &record.tm_mad);
            xml.cdata("ACTION", record.action);
        });
    });
}

fn short_user_template(full: &Template) -> Template {
    let mut short = Template::default();
    for (name, value) in full.iter().filter(|(name, _)| SHORT_USER_TEMPLATE.contains(name)) {
        if let Attribute::Single(text) = value {
            short.set(name, text);
        }
    }
    short
}
