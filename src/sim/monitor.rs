//! Monitoring: how oned learns that a host has failed or returned, and what that does to its VMs.
//! Source: `src/host/Host.cc`, `src/im/InformationManager.cc`, `src/lcm/LifeCycleStates.cc`.

use super::cloud::{Change, Cloud};
use super::queue::Event;
use super::state::Host;
use super::version::Version;
use crate::model::{HostId, HostState, LcmState, VmId, VmState};
use jiff::{Timestamp, tz::TimeZone};
use std::time::Duration;

/// From a host being enabled to its next monitoring. Source: `MANAGER_TIMER` in `monitord.conf`.
const MANAGER_TIMER: Duration = Duration::from_secs(15);

/// Seconds between the beacons of a host. Source: `PROBES_PERIOD` in `monitord.conf`.
const BEACON: i64 = 30;
/// Seconds between its lists of all domains. Source: `SYNC_STATE_VM` in `monitord.conf`.
const SYNC: i64 = 180;
/// `HISTORY/ACTION` of a change that monitoring made.
const MONITOR_ACTION: i64 = 44;

impl Cloud {
    pub(crate) fn failed_monitor(&mut self, host: HostId, generation: u64, repeat: bool) {
        // Whom its sshd lets in starts the probe.
        let answers = self.physics.reachable(host) && self.lets_in(host);
        if answers || self.generation(host) != generation {
            return;
        }
        self.fail_host(host, "");
        if repeat {
            let event = Event::FailedMonitor { host, generation, repeat };
            self.after(self.timings.monitor_cycle, event);
        }
    }

    /// INIT and MONITORED become ERROR, DISABLED stays; both tell every VM. ERROR and OFFLINE ignore it.
    pub(crate) fn fail_host(&mut self, id: HostId, reason: &str) {
        let date = self.date();
        let Some(host) = self.state.hosts.get_mut(&id) else {
            return;
        };
        if matches!(host.state, HostState::Error | HostState::Offline) {
            return;
        }
        let text = format!("{date} : Error monitoring Host {} ({}): {reason}", host.name, id.0);
        host.template.set("ERROR", text);
        let vms: Vec<VmId> = host.vms.iter().copied().collect();
        if host.state != HostState::Disabled {
            self.set_host_state(id, HostState::Error);
        }
        let mut delay = self.timings.first_unknown;
        for vm in vms {
            self.after(delay, Event::MonitorDone { vm, host: id });
            delay = delay.saturating_add(self.timings.next_unknown);
        }
    }

    /// Only RUNNING becomes UNKNOWN, and its RESCHED is lost.
    pub(crate) fn monitor_done(&mut self, id: VmId, host: HostId) {
        let Some(vm) = self.state.vms.get_mut(&id) else {
            return;
        };
        if vm.state == VmState::RUNNING && vm.host() == Some(host) {
            vm.resched = false;
            self.set_state(id, VmState::UNKNOWN);
        }
    }

    pub(crate) fn host_report(&mut self, id: HostId) {
        let now = self.epoch();
        if !self.physics.reachable(id) {
            return;
        }
        let Some(host) = self.state.hosts.get_mut(&id).filter(|host| host.state != HostState::Offline) else {
            return;
        };
        host.monitored_at = now;
        host.template.remove("ERROR");
        if matches!(host.state, HostState::Init | HostState::Error) {
            self.set_host_state(id, HostState::Monitored);
        }
        self.show_capacity(id);
        self.after(self.timings.vm_report, Event::VmReport(id));
    }

    /// A host says which domains it has.
    pub(crate) fn vm_report(&mut self, id: HostId) {
        if !self.physics.reachable(id) {
            return;
        }
        let Some(host) = self.state.hosts.get(&id) else {
            return;
        };
        // From 6.4 on a probe that cannot ask libvirt sends no list.
        if self.no_libvirt.contains(&id) && self.version >= Version::V6_4 {
            return;
        }
        for vm in host.vms.clone() {
            self.vm_reported(vm, id);
        }
        self.list_zombies(id);
    }

    /// Domains of VMs that oned has elsewhere. A probe that cannot ask libvirt sees none.
    fn list_zombies(&mut self, id: HostId) {
        let mut zombies: Vec<String> = Vec::new();
        let charged = self.state.hosts.get(&id).map(|host| host.vms.clone()).unwrap_or_default();
        let seen = self.physics.domains_on(id).filter(|_| !self.no_libvirt.contains(&id));
        for vm in seen.filter(|vm| !charged.contains(vm)) {
            if self.state.vms.get(&vm).is_none_or(|vm| vm.host() != Some(id) || vm.state == VmState::Done) {
                zombies.push(vm.0.to_string());
            }
        }
        let Some(host) = self.state.hosts.get_mut(&id) else {
            return;
        };
        host.template.remove("ZOMBIES");
        host.template.remove("TOTAL_ZOMBIES");
        if !zombies.is_empty() {
            host.template.set("TOTAL_ZOMBIES", zombies.len().to_string());
            host.template.set("ZOMBIES", zombies.join(", "));
        }
    }

    fn vm_reported(&mut self, id: VmId, host: HostId) {
        let runs = self.physics.runs(id, host) && !self.no_libvirt.contains(&host);
        let now = self.epoch();
        let Some(vm) = self.state.vms.get_mut(&id).filter(|vm| vm.host() == Some(host)) else {
            return;
        };
        let gone = [VmState::RUNNING, VmState::UNKNOWN, VmState::Active(LcmState::ShutdownPoweroff)];
        let found = [
            VmState::UNKNOWN,
            VmState::Poweroff,
            VmState::Suspended,
            VmState::Active(LcmState::BootFailure),
            VmState::Active(LcmState::BootMigrateFailure),
        ];
        if runs && found.contains(&vm.state) {
            self.set_state(id, VmState::RUNNING);
        } else if !runs && gone.contains(&vm.state) {
            vm.resched = false;
            if let Some(record) = vm.history.last_mut() {
                record.action = MONITOR_ACTION;
                record.retime = now;
            }
            self.set_state(id, VmState::Poweroff);
        }
    }

    /// `one.host.status`: 0 enable, 1 disable, 2 offline.
    pub(crate) fn host_status(&mut self, id: HostId, status: i64) {
        let Some(host) = self.state.hosts.get_mut(&id) else {
            return;
        };
        let forced = status == 0 && host.state == HostState::Offline;
        let state = match status {
            0 if host.state == HostState::Disabled => HostState::Monitored,
            0 => HostState::Init,
            1 => HostState::Disabled,
            _ => HostState::Offline,
        };
        self.set_host_state(id, state);
        self.show_capacity(id);
        if state == HostState::Init {
            let generation = self.generation(id);
            let (report, failure) = if forced {
                (self.timings.forced_report, self.timings.forced_failure)
            } else {
                (MANAGER_TIMER, MANAGER_TIMER)
            };
            self.after(report, Event::HostReport(id));
            self.after(failure, Event::FailedMonitor { host: id, generation, repeat: false });
        }
    }

    fn set_host_state(&mut self, id: HostId, state: HostState) {
        if let Some(host) = self.state.hosts.get_mut(&id) {
            host.previous = host.state;
            host.state = state;
            self.happened(Change::Host(id, state));
        }
    }

    /// Hosts that can be reached keep reporting.
    pub(crate) fn refresh_monitoring(&mut self) {
        let now = self.epoch();
        let beacon = now - now % BEACON;
        let reports = |host: &&Host| {
            let silent = matches!(host.state, HostState::Error | HostState::Offline);
            !silent && host.monitored_at < beacon && self.physics.reachable(host.id)
        };
        let fresh: Vec<_> =
            self.state.hosts.values().filter(reports).map(|host| (host.id, host.monitored_at)).collect();
        for (id, before) in fresh {
            if let Some(host) = self.state.hosts.get_mut(&id) {
                host.monitored_at = beacon;
            }
            // The lists of domains come rarely, and are as old as the last of them.
            if before < now - now % SYNC {
                self.list_zombies(id);
            }
        }
    }

    /// Now, as C's `ctime` prints it: `Fri Nov 20 09:07:37 2026`.
    pub(crate) fn date(&self) -> String {
        let Ok(now) = Timestamp::from_second(self.epoch()) else {
            return String::new();
        };
        now.to_zoned(TimeZone::UTC).strftime("%a %b %e %H:%M:%S %Y").to_string()
    }
}
