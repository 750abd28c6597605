//! Domains that run where oned does not have them: what a host says in its `ZOMBIES`, or over ssh (`peers`).
//!
//! oned ends none of them, and no call of it does. A VM that is started while one of its domains runs elsewhere has two
//! writers, so it is held until its domain is gone: a host says every 180 s which domains it has. Hosts that oned monitors
//! count, DISABLED ones among them: `host_back` disables a host for just that.

use super::moments::CLOCKS;
use super::port::Survey;
use crate::model::{Epoch, Host, HostId, HostState, VmId};
use std::collections::BTreeMap;
use std::time::Duration;

/// oned hears a host that is well at least every 120 s (`MONITOR_HOST` in `monitord.conf`), and clocks may differ.
const HEARD: Duration = Duration::from_secs(300).saturating_add(CLOCKS);

/// The VMs that a host says it runs and oned has elsewhere, or does not know. oned keeps the attribute between two reports,
/// and for as long as the host is silent. Shape: `1, 2`.
pub fn listed(host: &Host) -> impl Iterator<Item = VmId> + '_ {
    let ids = host.attributes.get("ZOMBIES").map_or("", String::as_str);
    ids.split(',').filter_map(|id| Some(VmId(id.trim().parse().ok()?)))
}

/// The host of each VM that is listed, as far as what its host says is true now. A host that oned has not heard lately says
/// nothing; where nobody knows when it was heard, it counts.
pub(in crate::policy) fn seen(hosts: &[Host], now: Epoch, but: HostId) -> BTreeMap<VmId, &Host> {
    let others = hosts.iter().filter(|host| host.id != but && is_heard(host, now));
    // While a VM moves live, oned has it on its target and charges both.
    others
        .flat_map(|host| listed(host).filter(|vm| !host.vms.contains(vm)).map(move |vm| (vm, host)))
        .collect()
}

fn is_heard(host: &Host, now: Epoch) -> bool {
    is_monitored(host) && host.monitored_at.is_none_or(|heard| now.since(Epoch(heard)) <= HEARD)
}

/// Does oned take what the host reports?
pub(in crate::policy) fn is_monitored(host: &Host) -> bool {
    match host.state {
        HostState::Monitored
        | HostState::MonitoringMonitored
        | HostState::Disabled
        | HostState::MonitoringDisabled => true,
        HostState::Init
        | HostState::Error
        | HostState::MonitoringError
        | HostState::MonitoringInit
        | HostState::Offline
        | HostState::Unknown(_) => false,
    }
}

/// Why nothing is done for VMs that another host says it runs, in its list or because it was asked. oned may have a VM there by
/// now: then it is no other host.
pub(in crate::policy) fn elsewhere(survey: &Survey, dead: HostId) -> BTreeMap<VmId, String> {
    let there =
        |vm: VmId, host: HostId| survey.vms.iter().any(|known| known.id == vm && known.host == Some(host));
    let asked = survey.running.iter().filter(|(vm, host)| !there(**vm, **host)).filter_map(|(vm, host)| {
        let host = survey.hosts.iter().find(|known| known.id == *host)?;
        Some((*vm, self::asked(*vm, host)))
    });
    let listed = seen(&survey.hosts, survey.memory.now, dead).into_iter();
    asked.chain(listed.map(|(vm, host)| (vm, why(vm, host)))).collect()
}

/// Why a VM is not started, moved, created again or deleted.
pub(in crate::policy) fn why(vm: VmId, host: &Host) -> String {
    says(vm, host, "ZOMBIES")
}

/// The same, of a host that was asked.
pub(in crate::policy) fn asked(vm: VmId, host: &Host) -> String {
    says(vm, host, "asked over ssh")
}

fn says(vm: VmId, host: &Host, how: &str) -> String {
    format!(
        "{host} says that it runs it, and oned has it elsewhere ({how}): look there with `virsh list`, see which one has \
         the data that counts, and end the wrong one on its host (`virsh destroy one-{}`)",
        vm.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_oned_hears_now_counts() {
        let now = Epoch(10_000);
        let counts = |state, heard| {
            let mut host = Host::new(HostId(1), "node1", state);
            host.attributes.insert("ZOMBIES".to_owned(), " 7, x,9".to_owned());
            host.monitored_at = heard;
            seen(&[host], now, HostId(0)).into_keys().collect::<Vec<_>>()
        };
        for (state, heard, expected) in [
            (HostState::Monitored, Some(9_990), true),
            (HostState::Monitored, None, true),
            (HostState::Monitored, Some(9_400), true),
            (HostState::Monitored, Some(9_399), false),
            (HostState::Disabled, Some(9_990), true),
            (HostState::Monitored, Some(10_200), true),
            (HostState::Error, Some(9_990), false),
            (HostState::Offline, Some(9_990), false),
            (HostState::Init, Some(9_990), false),
        ] {
            let is = counts(state, heard);
            let wanted = if expected { vec![VmId(7), VmId(9)] } else { Vec::new() };
            assert_eq!(is, wanted, "{state} {heard:?}");
        }
    }

    #[test]
    fn the_dead_host_itself_says_nothing() {
        let mut host = Host::new(HostId(0), "node0", HostState::Disabled);
        host.attributes.insert("ZOMBIES".to_owned(), "7".to_owned());
        assert!(seen(&[host], Epoch(0), HostId(0)).is_empty());
    }
}
