//! PCI devices: is there a free one for every request?

use crate::model::{PciDevice, PciRequest};

/// A free device for every request, by index. Requests that name an address are served first.
pub(super) fn devices_for<'a>(
    requests: impl Iterator<Item = &'a PciRequest>,
    free: &[PciDevice],
) -> Option<Vec<usize>> {
    let mut taken: Vec<usize> = Vec::new();
    let mut requests: Vec<_> = requests.collect();
    requests.sort_by_key(|request| (!by_address(request), any(request)));
    for request in requests {
        let matching =
            |(index, device): &(usize, &PciDevice)| !taken.contains(index) && matches(request, device);
        let (index, _) = free.iter().enumerate().find(matching)?;
        taken.push(index);
    }
    Some(taken)
}

/// How many of vendor, device and class are left open: those that take less go first.
fn any(request: &PciRequest) -> usize {
    [&request.vendor, &request.device, &request.class].iter().filter(|text| text.is_empty()).count()
}

fn by_address(request: &PciRequest) -> bool {
    request.vendor.is_empty() && request.device.is_empty() && request.class.is_empty()
}

fn matches(request: &PciRequest, device: &PciDevice) -> bool {
    if !request.profile.is_empty() && !offers(device, &request.profile) {
        return false;
    }
    if by_address(request) {
        return request.short_address.is_empty() || request.short_address == device.short_address;
    }
    let same = |want: &str, have: &str| want.is_empty() || want.eq_ignore_ascii_case(have);
    same(&request.vendor, &device.vendor)
        && same(&request.device, &device.device)
        && same(&request.class, &device.class)
}

/// `nvidia-558 (NVIDIA A10-1B)` is the profile `nvidia-558`. oned does not look at it: the VM would fail to boot.
fn offers(device: &PciDevice, profile: &str) -> bool {
    let names = device.profiles.split(',').map(str::trim);
    names.into_iter().any(|name| name == profile || name.split_whitespace().next() == Some(profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(vendor: &str, device: &str, address: &str) -> PciRequest {
        let text = str::to_owned;
        PciRequest {
            vendor: text(vendor),
            device: text(device),
            class: String::new(),
            short_address: text(address),
            profile: String::new(),
        }
    }

    fn device(vendor: &str, device: &str, address: &str) -> PciDevice {
        let PciRequest { vendor, device, class, short_address, .. } = request(vendor, device, address);
        PciDevice { vendor, device, class, short_address, ..PciDevice::default() }
    }

    #[test]
    fn an_open_request_leaves_the_particular_device_to_the_particular_one() {
        let free = [device("10de", "2236", "07:00.0"), device("10de", "1eb8", "08:00.0")];
        let (open, gpu, there) =
            (request("10de", "", ""), request("10DE", "2236", ""), request("", "", "07:00.0"));
        assert_eq!(devices_for([&open, &gpu].into_iter(), &free), Some(vec![0, 1]));
        assert_eq!(devices_for([&open, &there].into_iter(), &free), Some(vec![0, 1]));
        assert_eq!(devices_for([&gpu, &there].into_iter(), &free), None);
        assert_eq!(devices_for([&open, &open, &open].into_iter(), &free), None);
        // The address that oned wrote of the device in use does not bind beside a vendor.
        assert!(devices_for([&request("10de", "1eb8", "99:00.0")].into_iter(), &free).is_some());
    }
}
