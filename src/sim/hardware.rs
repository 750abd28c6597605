//! What happens to the machines: death, power, return, and the first domino of each.

use super::cloud::{Change, Cloud};
use super::life::Event;
use super::physics::{Death, Power};
use crate::model::{HostId, VmId};
use std::time::Duration;

/// From a domain's end to the report of it. Source: `STATE_VM` in `monitord.conf`.
const VM_STATE_PROBE: Duration = Duration::from_secs(5);

impl Cloud {
    /// A host dies. oned notices after [`super::Timings::detection`].
    pub fn host_dies(&mut self, host: HostId, death: Death) {
        let before = self.physics.reachable(host);
        self.physics.die(host, death);
        if death == Death::PowerLoss {
            self.happened(Change::Power(host, Power::Off));
        }
        self.reach_changed(host, before);
    }

    /// Cut a host's power, as a fence device does. Idempotent.
    pub fn power_off(&mut self, host: HostId) {
        self.switch(host, Power::Off);
    }

    /// Switch a host on, as a fence device does; it boots empty. Idempotent.
    pub fn power_on(&mut self, host: HostId) {
        self.switch(host, Power::On);
    }

    fn switch(&mut self, host: HostId, power: Power) {
        if self.physics.power(host) == power {
            return;
        }
        let before = self.physics.reachable(host);
        self.physics.switch(host, power);
        self.happened(Change::Power(host, power));
        self.reach_changed(host, before);
    }

    /// Whatever ailed the host is over: power and network are there, the kernel runs.
    pub fn host_returns(&mut self, host: HostId) {
        let before = self.physics.reachable(host);
        self.physics.heal(host);
        if self.physics.power(host) == Power::Off {
            self.physics.switch(host, Power::On);
            self.happened(Change::Power(host, Power::On));
        }
        self.reach_changed(host, before);
    }

    /// A domain ends by itself on a healthy host: oned sees POWEROFF with action 44.
    pub fn vm_crashes(&mut self, vm: VmId) {
        let hosts = self.domain_hosts(vm);
        for host in hosts {
            self.physics.stop(vm, host);
            self.after(VM_STATE_PROBE, Event::VmReport(host));
        }
    }

    /// Monitoring of a host fails although the host is well, for example a broken probe: ERROR now, and its VMs
    /// turn UNKNOWN while their domains run. [`Cloud::host_returns`] ends it.
    pub fn monitoring_fails(&mut self, host: HostId, reason: &str) {
        self.fail_host(host, reason);
    }

    pub(crate) fn reach_changed(&mut self, host: HostId, before: bool) {
        let after = self.physics.reachable(host);
        if before != after {
            *self.front.generations.entry(host).or_default() += 1;
        }
        if before && !after {
            let now = self.epoch();
            if let Some(host) = self.state.hosts.get_mut(&host) {
                host.monitored_at = now;
            }
            self.strand(host);
            let generation = self.generation(host);
            let event = Event::FailedMonitor { host, generation, repeat: true };
            if self.timings.detection.is_zero() {
                self.happen(event);
            } else {
                self.after(self.timings.detection, event);
            }
        } else if after {
            self.after(self.timings.host_report, Event::HostReport(host));
        }
    }

    pub(crate) fn generation(&self, host: HostId) -> u64 {
        self.front.generations.get(&host).copied().unwrap_or_default()
    }
}
