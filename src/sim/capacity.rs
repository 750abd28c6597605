//! Capacity, PCI devices and NUMA nodes of hosts: what fits, and what is charged to whom.
//! Source of the texts: `src/host/HostShare.cc`, `test_compute` and `test_pci`.

use super::numa;
use super::state::{Host, HostPci, State, Vm};
use crate::model::{HostId, VmId};
use std::collections::BTreeMap;

/// oned's reason why the VM does not fit, `Not enough CPU: 100/50`.
pub(crate) fn test(host: &Host, vm: &Vm) -> Result<(), String> {
    let free_cpu = host.cpu - host.used_cpu;
    let free_memory = host.memory_kib - host.used_memory_kib;
    if free_cpu < vm.cpu {
        return Err(format!("Not enough CPU: {}/{free_cpu}", vm.cpu));
    }
    if free_memory < vm.memory_kib {
        return Err(format!("Not enough memory: {}/{free_memory}", vm.memory_kib));
    }
    let mut taken = Vec::new();
    for request in vm.template.vectors("PCI") {
        let free = |(at, device): &(usize, &HostPci)| {
            device.vm.is_none() && !taken.contains(at) && matches(device, request)
        };
        match host.pci.iter().enumerate().find(free) {
            Some((at, _)) => taken.push(at),
            None => return Err("Unavailable PCI device.".to_owned()),
        }
    }
    if numa::fits(host, vm) { Ok(()) } else { Err("Cannot allocate NUMA topology".to_owned()) }
}

/// A request by vendor, device and class; one by address alone insists on it.
fn matches(device: &HostPci, request: &BTreeMap<String, String>) -> bool {
    let named = ["VENDOR", "DEVICE", "CLASS"].map(|name| request.get(name).filter(|text| !text.is_empty()));
    if let [None, None, None] = named {
        return request.get("SHORT_ADDRESS") == Some(&device.short_address);
    }
    let found = [&device.vendor, &device.device, &device.class];
    named
        .iter()
        .zip(found)
        .all(|(wanted, found)| wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(found)))
}

impl State {
    /// Charge the VM to the host, and give it free devices; too little is not refused here, as in oned.
    pub(crate) fn charge(&mut self, host: HostId, vm: VmId) {
        let (Some(host), Some(vm)) = (self.hosts.get_mut(&host), self.vms.get_mut(&vm)) else {
            return;
        };
        if !host.vms.insert(vm.id) {
            return;
        }
        host.used_cpu += vm.cpu;
        host.used_memory_kib += vm.memory_kib;
        let mut requests: Vec<_> = vm.template.vectors("PCI").cloned().collect();
        for request in &mut requests {
            let free = |device: &&mut HostPci| device.vm.is_none() && matches(device, request);
            if let Some(device) = host.pci.iter_mut().find(free) {
                device.vm = Some(vm.id);
                request.extend(address(&device.short_address));
            }
        }
        if !requests.is_empty() {
            vm.template.set_vectors("PCI", requests);
        }
        numa::charge(host, vm);
    }

    /// Take the VM off the host.
    pub(crate) fn release(&mut self, host: HostId, vm: VmId) {
        let (Some(host), Some(vm)) = (self.hosts.get_mut(&host), self.vms.get(&vm)) else {
            return;
        };
        if !host.vms.remove(&vm.id) {
            return;
        }
        host.used_cpu -= vm.cpu;
        host.used_memory_kib -= vm.memory_kib;
        for device in host.pci.iter_mut().filter(|device| device.vm == Some(vm.id)) {
            device.vm = None;
        }
        numa::release(host, vm);
    }
}

/// `07:00.0` as the attributes that oned writes for a device's place.
pub(crate) fn address(short: &str) -> Vec<(String, String)> {
    let (bus, rest) = short.split_once(':').unwrap_or((short, "00.0"));
    let (slot, function) = rest.split_once('.').unwrap_or((rest, "0"));
    [
        ("ADDRESS", format!("0000:{bus}:{slot}:{function}")),
        ("BUS", bus.to_owned()),
        ("DOMAIN", "0000".to_owned()),
        ("FUNCTION", function.to_owned()),
        ("NUMA_NODE", "0".to_owned()),
        ("SHORT_ADDRESS", short.to_owned()),
        ("SLOT", slot.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}
