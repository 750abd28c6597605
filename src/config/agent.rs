//! `driver = "agent"`: which ClusterLabs fence agents can show that a host has no power.
//!
//! Most agents say off when their device says off. Some say off of everything that is not on: an outlet that is gone, an
//! error, a state that they do not know. Source: `get_power_status` of each agent of fence-agents 4.12.

use super::device::{Driver, parameters};
use super::file;

/// Agents whose "off" is not a host without power, and why.
const NOT_FENCING: [(&str, &str); 17] = [
    ("fence_dummy", BELIEVES),
    ("fence_ack_manual", "it asks somebody; use `onerescue confirm-off` for that"),
    ("fence_heuristics_ping", BELIEVES),
    ("fence_crosslink", "it says off of a host that answers no ping"),
    ("fence_watchdog", WATCHDOG),
    ("fence_sbd", WATCHDOG),
    ("fence_kdump", "it only hears whether a host saves its crash dump; `[wait] dump` waits for that"),
    ("fence_scsi", FABRIC),
    ("fence_mpath", FABRIC),
    ("fence_brocade", FABRIC),
    ("fence_cisco_mds", FABRIC),
    ("fence_ifmib", FABRIC),
    ("fence_sanbox2", FABRIC),
    (
        "fence_lpar",
        "it says off of whatever is not running, \"Error\" and \"Not Available\" among it; ask the HMC in a program of \
                    driver = \"command\"",
    ),
    ("fence_skalar", "it says off of ERROR, NODE_OFFLINE and STARTING too"),
    ("fence_compute", CLOUD),
    ("fence_evacuate", CLOUD),
];
const BELIEVES: &str = "it powers nothing off";
const WATCHDOG: &str = "it is proof only if the host's watchdog is known to run";
const CLOUD: &str = "it tells a cloud that the host is down";
const FABRIC: &str =
    "it cuts the host off and leaves it running; use it in a program of driver = \"storage\"";

/// Agents that say off of everything that is not on, of devices that do power hosts off. A person names that.
const ALL_ELSE: [&str; 19] = [
    "fence_amt",
    "fence_apc_snmp",
    "fence_cisco_ucs",
    "fence_docker",
    "fence_emerson",
    "fence_ibmblade",
    "fence_ilo3_ssh",
    "fence_ilo4_ssh",
    "fence_ilo5_ssh",
    "fence_ilo_mp",
    "fence_ilo_ssh",
    "fence_intelmodular",
    "fence_ipdu",
    "fence_rhevm",
    "fence_tripplite_snmp",
    "fence_virsh",
    "fence_vmware",
    "fence_vmware_soap",
    "fence_zvmip",
];

/// Check a `[device.NAME]` of this driver.
pub(super) fn read(mut raw: file::Device) -> Result<Driver, String> {
    let agent = raw.agent.take().ok_or("driver = \"agent\" needs `agent`, for example \"fence_ipmilan\"")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !agent.starts_with("fence_") || !agent.chars().all(plain) {
        return Err(format!(
            "agent is {agent:?}; it must be the file name of an agent, such as \"fence_ipmilan\""
        ));
    }
    proves(&agent, raw.accept_all_else_as_off)?;
    let ca_file = raw.ca_file.take();
    if ca_file.as_ref().is_some_and(|path| !path.is_absolute()) {
        return Err("`ca_file` must be an absolute path".to_owned());
    }
    let (params, secrets) = parameters(raw)?;
    Ok(Driver::Agent { agent, params, secrets, ca_file })
}

/// Whether its "off" is a host without power, as far as the settings accept it.
fn proves(agent: &str, accepted: Option<bool>) -> Result<(), String> {
    if let Some((_, why)) = NOT_FENCING.iter().find(|(name, _)| *name == agent) {
        return Err(format!("{agent} does not prove that a host is off: {why}"));
    }
    match (ALL_ELSE.contains(&agent), accepted) {
        (true, None | Some(false)) => Err(format!(
            "{agent} says off of everything that is not on, also of an outlet that is gone; accept_all_else_as_off = true \
             takes that for off, of a device that `onerescue check` has seen ON"
        )),
        (false, Some(_)) => Err(format!("`accept_all_else_as_off` has no meaning for {agent}")),
        (true, Some(true)) | (false, None) => Ok(()),
    }
}
