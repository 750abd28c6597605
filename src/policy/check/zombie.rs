//! Domains that run on a host although oned has their VMs elsewhere: such a VM is not recovered. One finding for each host.

use super::ZoneFacts;
use super::finding::{Finding, Item};
use crate::model::{Host, VmId};
use crate::policy::check::Scope;
use crate::policy::zombies::{is_monitored, listed};
use std::collections::BTreeSet;

/// More VMs than this are not named.
const NAMED: usize = 5;

pub(super) fn judge(scope: Scope, zone: &ZoneFacts) -> Vec<Finding> {
    let inside = |host: &&Host| match scope {
        Scope::Zone => true,
        Scope::Cluster(cluster) => host.cluster == cluster,
        Scope::Host(id) => host.id == id,
    };
    let hosts = zone.outlook.hosts.iter().filter(inside);
    hosts
        .flat_map(|host| [says(host, listed(host), "ZOMBIES"), says(host, ran(host, zone), ASKED)])
        .flatten()
        .collect()
}

const ASKED: &str = "asked over ssh";

/// What the host has said over ssh, and not in its list.
fn ran<'a>(host: &'a Host, zone: &'a ZoneFacts) -> impl Iterator<Item = VmId> + 'a {
    let said =
        zone.domains.iter().filter(|said| said.host == host.id).flat_map(|said| &said.running).copied();
    let known: BTreeSet<VmId> = listed(host).collect();
    said.filter(move |vm| !known.contains(vm))
}

fn says(host: &Host, vms: impl Iterator<Item = VmId>, how: &str) -> Option<Finding> {
    let all: Vec<_> = vms.filter(|vm| !host.vms.contains(vm)).collect();
    if all.is_empty() || !is_monitored(host) {
        return None;
    }
    let mut names: Vec<_> = all.iter().take(NAMED).map(ToString::to_string).collect();
    if all.len() > NAMED {
        names.push(format!("{} more", all.len() - NAMED));
    }
    let text = format!(
        "it says that it runs what oned has elsewhere ({how}), and that is not recovered: {}",
        names.join(", ")
    );
    let advice = "look there with `virsh list`, see for each VM which domain has the data that counts, and end the other";
    let alike = format!("{{}} say that they run what oned has elsewhere ({how}), and that is not recovered");
    let finding = Finding::warning(Item::Zombie, host.to_string(), text, advice).alike(&host.name, alike);
    Some(finding.because(&names.join(", ")))
}
