//! HOST and `HOST_POOL`.

use super::Xml;
use crate::model::{HostState, VmId};
use crate::sim::capacity;
use crate::sim::numa::{Node, PAGE_KIB};
use crate::sim::state::{Host, HostPci, State};

/// One host with its last monitoring.
pub(crate) fn host(state: &State, host: &Host) -> String {
    Xml::document("HOST", |xml| body(xml, state, host, Monitoring::Last))
}

/// One host as the hook manager hands it to a hook: the state before, and no monitoring.
pub(crate) fn host_for_hook(state: &State, host: &Host) -> String {
    Xml::document("HOST", |xml| body(xml, state, host, Monitoring::Hook))
}

/// Every host, newest first, without monitoring values.
pub(crate) fn host_pool(state: &State) -> String {
    Xml::document("HOST_POOL", |xml| {
        for host in state.hosts.values().rev() {
            xml.element("HOST", |xml| body(xml, state, host, Monitoring::None));
        }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Monitoring {
    Last,
    None,
    Hook,
}

fn body(xml: &mut Xml, state: &State, host: &Host, monitoring: Monitoring) {
    xml.plain("ID", host.id.0);
    xml.plain("NAME", &host.name);
    xml.plain("STATE", host.state.number());
    let before = if monitoring == Monitoring::Hook { host.previous } else { host.state };
    xml.plain("PREV_STATE", before.number());
    xml.cdata("IM_MAD", "dummy");
    xml.cdata("VM_MAD", host.vm_mad());
    xml.plain("CLUSTER_ID", host.cluster.0);
    let cluster = state.clusters.get(&host.cluster);
    xml.plain("CLUSTER", cluster.map_or("", |cluster| cluster.name.as_str()));
    share(xml, host);
    xml.element("VMS", |xml| {
        for vm in &host.vms {
            xml.plain("ID", vm.0);
        }
    });
    xml.template("TEMPLATE", &host.template);
    xml.element("MONITORING", |xml| {
        if monitoring == Monitoring::Last && host.monitored_at != 0 {
            values(xml, host);
        }
    });
}

fn share(xml: &mut Xml, host: &Host) {
    // OFFLINE takes the capacity away; the next report brings it back.
    let known = i64::from(host.state != HostState::Offline);
    xml.element("HOST_SHARE", |xml| {
        for (name, value) in [
            ("MEM_USAGE", host.used_memory_kib),
            ("CPU_USAGE", host.used_cpu),
            ("TOTAL_MEM", host.memory_kib * known),
            ("TOTAL_CPU", host.cpu * known),
            ("MAX_MEM", host.memory_kib * known),
            ("MAX_CPU", host.cpu * known),
        ] {
            match host.share.get(name) {
                Some(text) => xml.plain(name, text),
                None => xml.plain(name, value),
            }
        }
        xml.plain("RUNNING_VMS", host.vms.len());
        xml.plain("VMS_THREAD", 1);
        xml.element("DATASTORES", |xml| {
            for name in ["DISK_USAGE", "FREE_DISK", "MAX_DISK", "USED_DISK"] {
                xml.cdata(name, 0);
            }
        });
        xml.element("PCI_DEVICES", |xml| {
            for device in &host.pci {
                xml.element("PCI", |xml| pci(xml, device));
            }
        });
        xml.element("NUMA_NODES", |xml| {
            for (number, node) in host.numa.iter().enumerate() {
                xml.element("NODE", |xml| numa_node(xml, number, node));
            }
        });
    });
}

fn pci(xml: &mut Xml, device: &HostPci) {
    let mut attributes = capacity::address(&device.short_address);
    let kind = format!("{}:{}:{}", device.vendor, device.device, device.class);
    let holder = device.vm.map_or("-1".to_owned(), |vm| vm.0.to_string());
    for (name, value) in [
        ("CLASS", device.class.as_str()),
        ("CLASS_NAME", "3D controller"),
        ("DEVICE", &device.device),
        ("DEVICE_NAME", "A10"),
        ("TYPE", &kind),
        ("VENDOR", &device.vendor),
        ("VENDOR_NAME", "NVIDIA"),
        ("VMID", &holder),
    ] {
        attributes.push((name.to_owned(), value.to_owned()));
    }
    if !device.profiles.is_empty() {
        attributes.push(("PROFILES".to_owned(), device.profiles.clone()));
    }
    attributes.sort();
    for (name, value) in attributes {
        xml.cdata(&name, value);
    }
}

fn numa_node(xml: &mut Xml, number: usize, node: &Node) {
    for (id, core) in node.cores.iter().enumerate() {
        let holder = |vm: Option<VmId>| vm.map_or("-1".to_owned(), |vm| vm.0.to_string());
        let cpus: Vec<String> = core.cpus.iter().map(|(cpu, vm)| format!("{cpu}:{}", holder(*vm))).collect();
        xml.element("CORE", |xml| {
            xml.cdata("CPUS", cpus.join(","));
            xml.cdata("DEDICATED", if core.dedicated { "YES" } else { "NO" });
            xml.cdata("FREE", core.free());
            xml.cdata("ID", id);
        });
    }
    if node.hugepages > 0 {
        xml.element("HUGEPAGE", |xml| {
            xml.cdata("PAGES", node.hugepages);
            xml.cdata("SIZE", PAGE_KIB);
            xml.cdata("USAGE", node.used_pages);
        });
    }
    xml.element("MEMORY", |xml| {
        xml.cdata("DISTANCE", number);
        xml.cdata("TOTAL", node.memory_kib);
        xml.cdata("USAGE", node.used_kib);
    });
    xml.cdata("NODE_ID", number);
}

fn values(xml: &mut Xml, host: &Host) {
    xml.plain("TIMESTAMP", host.monitored_at);
    xml.plain("ID", host.id.0);
    xml.element("CAPACITY", |xml| {
        xml.cdata("FREE_CPU", host.cpu - host.used_cpu);
        xml.cdata("FREE_MEMORY", host.memory_kib - host.used_memory_kib);
        xml.cdata("USED_CPU", host.used_cpu);
        xml.cdata("USED_MEMORY", host.used_memory_kib);
    });
    xml.element("SYSTEM", |xml| {
        xml.cdata("NETRX", 1);
        xml.cdata("NETTX", 1);
    });
}
