//! `VM/TEMPLATE`: what it asks of a host. Only the long body has all of it.

use super::fields::{id_or_none, scaled, text};
use crate::model::{DatastoreId, Disk, GroupId, Membership, Needs, NetworkId, Pin, Topology, VirtualNode};
use crate::wire::xml::{Element, XmlError, shorten};

/// `MEMORY` of the template is in MiB, that of a `NUMA_NODE` in KiB.
const KIB_PER_MIB: i64 = 1024;

/// Words of `CPU_MODEL/MODEL` for what the host has.
const ANY_CPU: [&str; 3] = ["host-passthrough", "host-model", "maximum"];

pub(super) fn needs(template: &Element) -> Result<Needs, XmlError> {
    let os = |name: &str| template.child("OS").and_then(|os| os.text_of(name));
    let firmware = os("FIRMWARE");
    let model = template.child("CPU_MODEL").and_then(|cpu| cpu.text_of("MODEL"));
    Ok(Needs {
        disks: template.all("DISK").map(disk).collect::<Result<_, _>>()?,
        networks: networks(template)?,
        group: template.child("VMGROUP").map(membership).transpose()?,
        automatic: template.text_of("AUTOMATIC_REQUIREMENTS").map(str::to_owned),
        topology: topology(template)?,
        tpm: template.child("TPM").is_some_and(|tpm| !tpm.children.is_empty()),
        uefi: firmware.is_some_and(|firmware| !firmware.eq_ignore_ascii_case("bios")),
        cpu_model: model.filter(|model| !ANY_CPU.contains(model)).map(str::to_owned),
        machine: os("MACHINE").map(str::to_owned),
    })
}

fn disk(element: &Element) -> Result<Disk, XmlError> {
    Ok(Disk {
        id: element.number_of("DISK_ID")?.unwrap_or(0),
        datastore: id_or_none(element, "DATASTORE_ID")?.map(DatastoreId),
        tm_mad: text(element, "TM_MAD"),
        tm_mad_system: text(element, "TM_MAD_SYSTEM"),
        replicated_every: element.number_of("RECOVERY_SNAPSHOT_FREQ")?.unwrap_or(0),
    })
}

fn networks(template: &Element) -> Result<Vec<NetworkId>, XmlError> {
    let mut ids = Vec::new();
    for nic in template.all("NIC").chain(template.all("NIC_ALIAS")) {
        ids.extend(id_or_none(nic, "NETWORK_ID")?.map(NetworkId));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// A group without its id would be a rule that nobody can keep, so it makes the VM unreadable.
fn membership(element: &Element) -> Result<Membership, XmlError> {
    Ok(Membership { group: GroupId(element.required("VMGROUP_ID")?), role: text(element, "ROLE") })
}

fn topology(template: &Element) -> Result<Option<Topology>, XmlError> {
    let Some(topology) = template.child("TOPOLOGY") else { return Ok(None) };
    let pin = match topology.text_of("PIN_POLICY") {
        None => Pin::None,
        Some(word) => match word.to_ascii_uppercase().as_str() {
            "NONE" => Pin::None,
            "THREAD" => Pin::Thread,
            "CORE" => Pin::Core,
            "SHARED" => Pin::Shared,
            _ => Pin::Unknown(shorten(word)),
        },
    };
    let hugepage_mib = topology.number_of("HUGEPAGE_SIZE")?.unwrap_or(0);
    if pin == Pin::None && hugepage_mib == 0 {
        return Ok(None);
    }
    let node = |node: &Element| {
        Ok(VirtualNode {
            cpus: node.number_of("TOTAL_CPUS")?.unwrap_or(0),
            memory_kib: node.number_of("MEMORY")?.unwrap_or(0),
        })
    };
    let mut nodes = template.all("NUMA_NODE").map(node).collect::<Result<Vec<_>, XmlError>>()?;
    if nodes.is_empty() {
        let cpus = template.number_of("VCPU")?.unwrap_or(1);
        nodes.push(VirtualNode { cpus, memory_kib: scaled(template, "MEMORY", KIB_PER_MIB)? });
    }
    let threads = topology.number_of("THREADS")?.unwrap_or(0);
    Ok(Some(Topology { pin, threads, hugepage_mib, nodes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xml::Limits;

    fn read(inside: &str) -> Result<Needs, XmlError> {
        needs(&Element::parse(&format!("<TEMPLATE>{inside}</TEMPLATE>"), Limits::HOOK).unwrap())
    }

    #[test]
    fn everything_a_template_may_ask_for_is_read() {
        let needs = read(
            "<DISK><DISK_ID>0</DISK_ID><DATASTORE_ID>101</DATASTORE_ID><TM_MAD>ceph</TM_MAD>\
             <TM_MAD_SYSTEM>ssh</TM_MAD_SYSTEM><RECOVERY_SNAPSHOT_FREQ>3600</RECOVERY_SNAPSHOT_FREQ></DISK>\
             <DISK><DISK_ID>1</DISK_ID><TYPE>fs</TYPE></DISK>\
             <NIC><NETWORK_ID>7</NETWORK_ID></NIC><NIC><NETWORK_MODE>auto</NETWORK_MODE></NIC>\
             <NIC_ALIAS><NETWORK_ID>5</NETWORK_ID></NIC_ALIAS>\
             <VMGROUP><ROLE>web</ROLE><VMGROUP_ID>3</VMGROUP_ID></VMGROUP>\
             <TPM><MODEL>tpm-crb</MODEL></TPM><OS><FIRMWARE>/usr/share/OVMF/OVMF_CODE.fd</FIRMWARE></OS>\
             <AUTOMATIC_REQUIREMENTS>(CLUSTER_ID = 0)</AUTOMATIC_REQUIREMENTS>\
             <TOPOLOGY><PIN_POLICY>core</PIN_POLICY><THREADS>2</THREADS></TOPOLOGY>\
             <NUMA_NODE><TOTAL_CPUS>4</TOTAL_CPUS><MEMORY>1048576</MEMORY></NUMA_NODE>",
        )
        .unwrap();
        assert_eq!((needs.disks[0].datastore, needs.disks[1].datastore), (Some(DatastoreId(101)), None));
        assert_eq!((needs.disks[0].tm_mad_system.as_str(), needs.disks[0].replicated_every), ("ssh", 3600));
        assert_eq!(needs.networks, [NetworkId(5), NetworkId(7)]);
        assert_eq!(needs.group, Some(Membership { group: GroupId(3), role: "web".to_owned() }));
        assert!(needs.tpm && needs.uefi);
        let topology = needs.topology.unwrap();
        assert_eq!((topology.pin, topology.threads), (Pin::Core, 2));
        assert_eq!(topology.nodes, [VirtualNode { cpus: 4, memory_kib: 1_048_576 }]);
    }

    #[test]
    fn a_plain_template_asks_for_nothing_and_a_group_without_an_id_is_an_error() {
        let plain = read(
            "<OS><FIRMWARE>BIOS</FIRMWARE></OS><TPM/><TOPOLOGY><PIN_POLICY>NONE</PIN_POLICY></TOPOLOGY>",
        );
        assert_eq!(plain, Ok(Needs::default()));
        assert!(read("<VMGROUP><ROLE>web</ROLE></VMGROUP>").is_err());
        assert!(read("<NIC><NETWORK_ID>x</NETWORK_ID></NIC>").is_err());
        let pinned =
            read("<VCPU>2</VCPU><MEMORY>1</MEMORY><TOPOLOGY><PIN_POLICY>ODD</PIN_POLICY></TOPOLOGY>");
        let topology = pinned.unwrap().topology.unwrap();
        assert_eq!(topology.pin, Pin::Unknown("ODD".to_owned()));
        assert_eq!(topology.nodes, [VirtualNode { cpus: 2, memory_kib: 1024 }]);
    }
}
