//! What happens to the machines: death, power, storage, return, and the first domino of each.

use super::cloud::{Change, Cloud};
use super::physics::{Death, Power};
use super::queue::Event;
use super::state::Vm;
use crate::model::{DatastoreId, HostId, VmId};
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

    /// A host that has crashed saves its crash dump for so long; one that does is at it for longer, and does not begin anew.
    pub(super) fn host_dumps(&mut self, host: HostId, time: Duration) {
        let (now, until) = (self.now(), self.now().saturating_add(time));
        let dump = self.physics.dumps.entry(host).or_insert((now, until));
        *dump = if now < dump.1 { (dump.0, until.max(dump.1)) } else { (now, until) };
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
        let all: Vec<_> = self.physics.hosts_of(vm).collect();
        let home = self.state.vms.get(&vm).and_then(Vm::host).filter(|host| all.contains(host));
        // One that runs elsewhere too goes on there.
        for host in home.map_or(all, |host| vec![host]) {
            self.physics.stop(vm, host);
            self.after(VM_STATE_PROBE, Event::VmReport(host));
        }
    }

    /// A domain of a VM runs on this host too, as after a move off a host that was cut off.
    pub fn vm_runs_on(&mut self, vm: VmId, host: HostId) {
        self.physics.runs_too(vm, host);
        self.after(VM_STATE_PROBE, Event::VmReport(host));
    }

    /// Monitoring of a host fails although the host is well, for example a broken probe: ERROR now, and its VMs
    /// turn UNKNOWN while their domains run. [`Cloud::host_returns`] ends it.
    pub fn monitoring_fails(&mut self, host: HostId, reason: &str) {
        self.fail_host(host, reason);
    }

    /// Cut a host off from datastores, as a fence device of the storage does. Its domains go on and cannot write.
    pub fn storage_cut(&mut self, host: HostId, datastores: &[DatastoreId]) {
        self.physics.cut(host, datastores);
    }

    /// Give a host all of its datastores back.
    pub fn storage_returns(&mut self, host: HostId) {
        let here: Vec<_> = self.physics.domains_on(host).collect();
        let disks: Vec<_> = here.into_iter().map(|vm| (vm, self.disks(vm))).collect();
        self.physics.reconnect(&disks, host, self.now);
    }

    /// Is the host cut off from all of these datastores?
    #[must_use]
    pub fn is_cut(&self, host: HostId, datastores: &[DatastoreId]) -> bool {
        self.physics.is_cut(host, datastores)
    }

    /// Can another host that is well reach this one?
    #[must_use]
    pub fn answers_peers(&self, host: HostId) -> bool {
        self.physics.answers(host)
    }

    /// Does the front-end reach this host?
    #[must_use]
    pub fn answers_front_end(&self, host: HostId) -> bool {
        self.physics.reachable(host)
    }

    /// How long other hosts have not reached it; `None` if they do.
    #[must_use]
    pub fn silent_for(&self, host: HostId) -> Option<Duration> {
        self.physics.silent_for(host, self.now)
    }

    /// The datastores that hold a VM's disks.
    pub(crate) fn disks(&self, vm: VmId) -> Vec<DatastoreId> {
        let Some(vm) = self.state.vms.get(&vm) else { return Vec::new() };
        let images = vm.template.vectors("DISK").filter_map(|disk| disk.get("DATASTORE_ID")?.parse().ok());
        let system = vm.history.last().map(|record| record.datastore);
        system.into_iter().chain(images.map(DatastoreId)).collect()
    }

    /// Is the host cut off from any of the VM's disks? Then nothing starts there.
    pub(crate) fn lost_a_disk(&self, vm: VmId, host: HostId) -> bool {
        self.disks(vm).iter().any(|datastore| self.physics.is_cut(host, std::slice::from_ref(datastore)))
    }

    pub(crate) fn reach_changed(&mut self, host: HostId, before: bool) {
        self.physics.note_silence(self.now);
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
