//! `HOST`: from `one.host.info`, `one.hostpool.info` and a hook's template.

use super::Decode;
use super::fields::{attributes, error, id_or_none, ids, required_text, text};
use crate::model::{Capacity, ClusterId, Host, HostId, HostState, PciDevice, VmId};
use crate::wire::xml::{Element, XmlError};

impl Decode for Host {
    const ROOT: &'static str = "HOST";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        let share = element.child("HOST_SHARE");
        let monitoring = element.child("MONITORING");
        let attributes = attributes(element, "TEMPLATE");
        Ok(Host {
            id: HostId(element.required("ID")?),
            name: required_text(element, "NAME")?,
            state: HostState::from_number(element.required("STATE")?),
            cluster: ClusterId(element.required("CLUSTER_ID")?),
            vms: ids(element, "VMS", VmId)?,
            capacity: share.map(capacity).transpose()?.unwrap_or_default(),
            pci: share.map(pci).transpose()?.unwrap_or_default(),
            error: error(&attributes),
            monitored_at: match monitoring {
                Some(monitoring) => monitoring.number_of("TIMESTAMP")?,
                None => None,
            },
            attributes,
        })
    }
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
                vm: id_or_none(device, "VMID")?.map(VmId),
            })
        })
        .collect()
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
    fn what_identifies_a_host_must_be_there() {
        for missing in ["<NAME>n</NAME><STATE>3</STATE>", "<ID>1</ID><STATE>3</STATE>"] {
            let text = format!("<HOST>{missing}<CLUSTER_ID>0</CLUSTER_ID></HOST>");
            assert!(matches!(read::<Host>(&text, Limits::HOOK), Err(XmlError::Missing(_))));
        }
    }
}
