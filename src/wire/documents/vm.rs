//! `VM`: long and short bodies, from `one.vm.info`, `one.vmpool.infoset` and the other pool calls.

use super::Decode;
use super::fields::{attributes, error, id_or_none, scaled, text};
use super::guest::guest;
use super::needs::needs;
use crate::model::{
    DatastoreId, Guest, HostId, Layered, Lock, Named, Owner, PciRequest, Record, Vm, VmId, VmState, layer_of,
    says_when_ready,
};
use crate::wire::xml::{Element, XmlError};

/// A core is 100 in oned's counting of CPU.
const CORE: i64 = 100;
/// `MEMORY` is in MiB.
const KIB_PER_MIB: i64 = 1024;

impl Decode for Vm {
    const ROOT: &'static str = "VM";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        let none = Element::default();
        let template = element.child("TEMPLATE").unwrap_or(&none);
        let last = last_record(element)?.unwrap_or(&none);
        let attributes = attributes(element, "USER_TEMPLATE");
        Ok(Vm {
            id: VmId(element.required("ID")?),
            name: text(element, "NAME"),
            gname: text(element, "GNAME"),
            owner: owner(element),
            state: VmState::from_numbers(
                element.required("STATE")?,
                element.number_of("LCM_STATE")?.unwrap_or(0),
            ),
            host: id_or_none(last, "HID")?.map(HostId),
            system_datastore: id_or_none(last, "DS_ID")?.map(DatastoreId),
            image_datastores: image_datastores(template)?,
            tm_mad: text(last, "TM_MAD"),
            vm_mad: text(last, "VM_MAD"),
            last_action: last.number_of("ACTION")?,
            history: history(element)?,
            lock: match element.child("LOCK") {
                Some(lock) => lock.number_of("LOCKED")?.filter(|level| *level != 0).map(Lock),
                None => None,
            },
            cpu: scaled(template, "CPU", CORE)?,
            memory_kib: scaled(template, "MEMORY", KIB_PER_MIB)?,
            pci: template.all("PCI").map(pci_request).collect(),
            needs: needs(template)?,
            resched: element.number_of::<i64>("RESCHED")? == Some(1),
            error: error(&attributes),
            guest: if says_when_ready(&attributes) { guest(element, last) } else { Guest::default() },
            attributes,
        })
    }
}

impl Decode for Named {
    const ROOT: &'static str = "VM";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        Ok(Named { id: VmId(element.required("ID")?), name: text(element, "NAME"), owner: owner(element) })
    }
}

/// Only what has to be known of a VM that others keep away from: whatever else is in its document, they are not held by it.
impl Decode for Layered {
    const ROOT: &'static str = "VM";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        Ok(Layered {
            id: VmId(element.required("ID")?),
            owner: owner(element),
            layer: layer_of(&attributes(element, "USER_TEMPLATE")).map(str::to_owned),
        })
    }
}

/// No VM is held because its owner cannot be read: it only says whom a name means.
fn owner(element: &Element) -> Owner {
    let number = |name| element.number_of(name).ok().flatten().unwrap_or(0);
    Owner { user: number("UID"), group: number("GID") }
}

fn image_datastores(template: &Element) -> Result<Vec<DatastoreId>, XmlError> {
    let mut ids = Vec::new();
    for disk in template.all("DISK") {
        ids.extend(id_or_none(disk, "DATASTORE_ID")?.map(DatastoreId));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The record of the highest `SEQ`; `one.vm.info` gives all of them, the pool calls one.
fn last_record(element: &Element) -> Result<Option<&Element>, XmlError> {
    let mut last: Option<(i64, &Element)> = None;
    for record in element.child("HISTORY_RECORDS").into_iter().flat_map(|records| records.all("HISTORY")) {
        let sequence = record.number_of("SEQ")?.unwrap_or(0);
        if last.is_none_or(|(highest, _)| sequence >= highest) {
            last = Some((sequence, record));
        }
    }
    Ok(last.map(|(_, record)| record))
}

fn history(element: &Element) -> Result<Vec<Record>, XmlError> {
    let records = element.child("HISTORY_RECORDS").into_iter().flat_map(|records| records.all("HISTORY"));
    let read = |record: &Element| {
        Ok(Record {
            sequence: record.number_of("SEQ")?.unwrap_or(0),
            host: id_or_none(record, "HID")?.map(HostId),
            since: record.number_of("STIME")?,
            ended: record.number_of("RETIME")?.filter(|time| *time != 0),
            action: record.number_of("ACTION")?,
        })
    };
    let mut history = records.map(read).collect::<Result<Vec<_>, XmlError>>()?;
    history.sort_by_key(|record| record.sequence);
    Ok(history)
}

fn pci_request(element: &Element) -> PciRequest {
    PciRequest {
        vendor: text(element, "VENDOR"),
        device: text(element, "DEVICE"),
        class: text(element, "CLASS"),
        short_address: text(element, "SHORT_ADDRESS"),
        profile: text(element, "PROFILE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::documents::read;
    use crate::wire::xml::Limits;

    fn vm(body: &str) -> Result<Vm, XmlError> {
        read(&format!("<VM><ID>1</ID>{body}</VM>"), Limits::HOOK)
    }

    #[test]
    fn the_last_record_is_the_one_of_the_highest_number() {
        let vm = vm("<STATE>3</STATE><LCM_STATE>16</LCM_STATE><HISTORY_RECORDS>\
            <HISTORY><SEQ>2</SEQ><HID>7</HID><ACTION>44</ACTION></HISTORY>\
            <HISTORY><SEQ>0</SEQ><HID>5</HID></HISTORY><HISTORY><SEQ>1</SEQ><HID>6</HID></HISTORY>\
            </HISTORY_RECORDS>")
        .unwrap();
        assert_eq!(vm.state, VmState::UNKNOWN);
        assert_eq!((vm.host, vm.last_action), (Some(HostId(7)), Some(44)));
    }

    #[test]
    fn a_vm_that_was_never_deployed_has_no_host() {
        let vm = vm("<STATE>1</STATE><HISTORY_RECORDS/><TEMPLATE/><USER_TEMPLATE/>").unwrap();
        assert_eq!(vm.state, VmState::Pending);
        assert_eq!((vm.host, vm.system_datastore, vm.lock), (None, None, None));
        assert_eq!((vm.cpu, vm.memory_kib), (0, 0));
    }

    #[test]
    fn sizes_are_converted_and_an_overflow_is_an_error() {
        let good = vm("<STATE>3</STATE><TEMPLATE><CPU>1.5</CPU><MEMORY>1024</MEMORY></TEMPLATE>").unwrap();
        assert_eq!((good.cpu, good.memory_kib), (150, 1_048_576));
        assert!(vm("<STATE>3</STATE><TEMPLATE><MEMORY>9223372036854775807</MEMORY></TEMPLATE>").is_err());
        assert!(vm("<STATE>3</STATE><TEMPLATE><CPU>lots</CPU></TEMPLATE>").is_err());
        assert!(vm("<STATE>active</STATE>").is_err());
        assert!(vm("").is_err());
    }
}
