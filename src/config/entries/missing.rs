//! Entries to fill in, for hosts that have none.

use crate::config::{Config, Driver, meet};
use crate::model::{Cluster, DeviceName, Host};
use std::fmt::Write as _;

/// A device to declare, where none is.
const DEVICE: &str = "[device.ipmi]\ndriver = \"agent\"\nagent = \"fence_ipmilan\"\n\
    params = { lanplus = \"1\", username = \"fence\" }\nsecrets = { password = \"/etc/one/secrets/bmc-{host}\" }\n\n";

/// The entries of these hosts that the settings do not have, with the first device that is declared, as lines to add;
/// nothing if every host has one.
///
/// A host that a pattern is for has one; what is refused of it, `check` says.
pub(crate) fn missing(config: &Config, hosts: &[Host], clusters: &[Cluster]) -> String {
    let met = meet(&config.hosts, &config.patterns, &config.devices, hosts, clusters);
    let has = |host: &&Host| met.entries.contains_key(&host.id) || met.refused.contains_key(&host.id);
    let lacking: Vec<_> = hosts.iter().filter(|host| !has(host)).collect();
    if lacking.is_empty() {
        return String::new();
    }
    let declared = config.devices.iter().next();
    let ipmi = DeviceName("ipmi".to_owned());
    let name = declared.map_or(&ipmi, |(name, _)| name);
    let to_fill: &[(&str, &str)] = match declared.map(|(_, device)| &device.driver) {
        None | Some(Driver::Agent { .. }) => &[("ip", "ADDRESS")],
        Some(Driver::Redfish { .. }) => {
            &[("url", "https://ADDRESS"), ("system", "/redfish/v1/Systems/1"), ("uuid", "UUID")]
        }
        Some(Driver::Command { .. } | Driver::Storage { .. }) => &[],
    };
    let mut text = format!("# Hosts without an entry: fill in, and add to {}\n", config.file.display());
    if declared.is_none() {
        text.push_str(DEVICE);
    }
    for host in lacking {
        let _ =
            writeln!(text, "[[host]]\nid = {}\nname = {:?}\ndevices = [\"{name}\"]", host.id.0, host.name);
        if !to_fill.is_empty() {
            let _ = writeln!(text, "[host.params.{name}]");
        }
        for (key, value) in to_fill {
            let _ = writeln!(text, "{key} = {value:?}");
        }
        text.push('\n');
    }
    text
}
