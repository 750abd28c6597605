//! `HOST`: from `one.host.info`, `one.hostpool.info` and a hook's template.

use super::Decode;
use super::fields::{attributes, error, id_or_none, ids, required_text, text, words};
use crate::model::{
    Capacity, ClusterId, Host, HostId, HostState, HugePages, NumaCore, NumaNode, PciDevice, VmId,
};
use crate::wire::xml::{Element, XmlError};

impl Decode for Host {
    const ROOT: &'static str = "HOST";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        let absent = Element::default();
        let share = element.child("HOST_SHARE").unwrap_or(&absent);
        let monitoring = element.child("MONITORING").unwrap_or(&absent);
        let mut unreadable = None;
        let attributes = attributes(element, "TEMPLATE");
        Ok(Host {
            id: HostId(element.required("ID")?),
            name: required_text(element, "NAME")?,
            state: HostState::from_number(element.required("STATE")?),
            cluster: ClusterId(element.required("CLUSTER_ID")?),
            vm_mad: text(element, "VM_MAD"),
            vms: ids(element, "VMS", VmId)?,
            capacity: or_default(capacity(share), &mut unreadable),
            pci: or_default(pci(share), &mut unreadable),
            numa: or_default(numa(share), &mut unreadable),
            error: error(&attributes),
            monitored_at: or_default(monitoring.number_of("TIMESTAMP"), &mut unreadable),
            attributes,
            unreadable,
        })
    }
}

/// A host whose room cannot be read can die all the same: what it is, and its VMs, are known.
fn or_default<T: Default>(read: Result<T, XmlError>, unreadable: &mut Option<String>) -> T {
    read.unwrap_or_else(|error| {
        unreadable.get_or_insert(error.to_string());
        T::default()
    })
}

fn capacity(share: &Element) -> Result<Capacity, XmlError> {
    Ok(Capacity {
        max_cpu: share.number_of("MAX_CPU")?.unwrap_or(0),
        used_cpu: share.number_of("CPU_USAGE")?.unwrap_or(0),
        max_memory_kib: share.number_of("MAX_MEM")?.unwrap_or(0),
        used_memory_kib: share.number_of("MEM_USAGE")?.unwrap_or(0),
    })
}

fn pci(share: &Element) -> Result<Vec<PciDevice>, XmlError> {
    share
        .child("PCI_DEVICES")
        .into_iter()
        .flat_map(|devices| devices.all("PCI"))
        .map(|device| {
            Ok(PciDevice {
                vendor: text(device, "VENDOR"),
                device: text(device, "DEVICE"),
                class: text(device, "CLASS"),
                short_address: text(device, "SHORT_ADDRESS"),
                profiles: device.text_of("PROFILES").unwrap_or_default().to_owned(),
                vm: id_or_none(device, "VMID")?.map(VmId),
            })
        })
        .collect()
}

fn numa(share: &Element) -> Result<Vec<NumaNode>, XmlError> {
    share.child("NUMA_NODES").into_iter().flat_map(|nodes| nodes.all("NODE")).map(numa_node).collect()
}

fn numa_node(node: &Element) -> Result<NumaNode, XmlError> {
    let absent = Element::default();
    let memory = node.child("MEMORY").unwrap_or(&absent);
    let core = |core: &Element| {
        Ok(NumaCore {
            threads: words(core.text_of("CPUS").unwrap_or_default()).count().try_into().unwrap_or(0),
            free: core.number_of("FREE")?.unwrap_or(0),
            dedicated: core.text_of("DEDICATED").is_some_and(|text| text.eq_ignore_ascii_case("yes")),
        })
    };
    let pages = |pages: &Element| {
        Ok(HugePages {
            size_kib: pages.number_of("SIZE")?.unwrap_or(0),
            pages: pages.number_of("PAGES")?.unwrap_or(0),
            used: pages.number_of("USAGE")?.unwrap_or(0),
        })
    };
    Ok(NumaNode {
        id: node.required("NODE_ID")?,
        cores: node.all("CORE").map(core).collect::<Result<_, XmlError>>()?,
        hugepages: node.all("HUGEPAGE").map(pages).collect::<Result<_, XmlError>>()?,
        memory_kib: memory.number_of("TOTAL")?.unwrap_or(0),
        used_memory_kib: memory.number_of("USAGE")?.unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::documents::read;
    use crate::wire::xml::Limits;

    #[test]
    fn a_document_of_an_old_version_with_an_unknown_state_is_read() {
        let text = "<HOST><ID>3</ID><NAME>n</NAME><STATE>99</STATE><CLUSTER_ID>0</CLUSTER_ID>\
            <HOST_SHARE><MAX_MEM>10</MAX_MEM></HOST_SHARE><VMS/><TEMPLATE/><MONITORING/></HOST>";
        let host = read::<Host>(text, Limits::HOOK).unwrap();
        assert_eq!(host.state, HostState::Unknown(99));
        assert_eq!(host.capacity.max_memory_kib, 10);
        assert_eq!((host.pci.len(), host.vms.len()), (0, 0));
        assert_eq!((host.error, host.monitored_at), (None, None));
    }

    #[test]
    fn numa_nodes_have_cores_pages_and_memory() {
        let text = "<HOST><ID>3</ID><NAME>n</NAME><STATE>2</STATE><CLUSTER_ID>0</CLUSTER_ID><HOST_SHARE><NUMA_NODES>\
            <NODE><CORE><CPUS><![CDATA[0:-1,8:5]]></CPUS><DEDICATED>NO</DEDICATED><FREE>1</FREE><ID>0</ID></CORE>\
            <CORE><CPUS>1:6,9:6</CPUS><DEDICATED>YES</DEDICATED><FREE>0</FREE><ID>1</ID></CORE>\
            <HUGEPAGE><PAGES>10</PAGES><SIZE>2048</SIZE><USAGE>4</USAGE></HUGEPAGE>\
            <MEMORY><DISTANCE>0 1</DISTANCE><TOTAL>1000</TOTAL><USAGE>200</USAGE></MEMORY><NODE_ID>1</NODE_ID></NODE>\
            </NUMA_NODES></HOST_SHARE></HOST>";
        let node = read::<Host>(text, Limits::HOOK).unwrap().numa.remove(0);
        let cores: Vec<_> = node.cores.iter().map(|core| (core.threads, core.free, core.dedicated)).collect();
        assert_eq!(cores, [(2, 1, false), (2, 0, true)]);
        assert_eq!(node.hugepages, [HugePages { size_kib: 2048, pages: 10, used: 4 }]);
        assert_eq!((node.id, node.memory_kib, node.used_memory_kib), (1, 1000, 200));
    }

    #[test]
    fn what_identifies_a_host_must_be_there() {
        for missing in ["<NAME>n</NAME><STATE>3</STATE>", "<ID>1</ID><STATE>3</STATE>"] {
            let text = format!("<HOST>{missing}<CLUSTER_ID>0</CLUSTER_ID></HOST>");
            assert!(matches!(read::<Host>(&text, Limits::HOOK), Err(XmlError::Missing(_))));
        }
    }
}
