//! The guests inside VMs, where a scenario says how they are: when they are at work after their domain has started, and whether they
//! stay so. One that is at work answers in every way: its agent to the probes of its host, its ports, `one.vm.exec`; and it reports
//! `READY=YES` by `OneGate` once after each start. Source: `src/onegate/onegate-server.rb`; `src/im_mad/remotes/lib/kvm.rb`.
//!
//! What was reported or monitored before a crash stays in oned's documents, as there.

use super::cloud::Cloud;
use super::guest::{Guest, Inside};
use super::physics::Breach;
use super::queue::Event;
use super::template::Attribute;
use crate::model::{Door, VmId, VmState};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often it is looked what has become of a guest.
const TICK: Duration = Duration::from_secs(1);

/// Seconds between two monitorings of a VM. Source: `MONITOR_VM` of `PROBES_PERIOD` in `monitord.conf`.
const MONITORED: u64 = 30;

impl Cloud {
    /// Say how the guest of a VM is.
    pub fn set_guest(&mut self, vm: VmId, guest: Guest) {
        let known = self.guests.insert(vm, Inside { guest, runs: None, reported: false });
        if known.is_none() {
            self.after(TICK, Event::Guest(vm));
        }
    }

    /// Its guest changes its ways, from its last start on.
    pub(crate) fn turn_guest(&mut self, vm: VmId, guest: Guest) {
        match self.guests.get_mut(&vm) {
            Some(inside) => inside.guest = guest,
            None => self.set_guest(vm, guest),
        }
    }

    /// Is it at work at this moment?
    #[must_use]
    pub fn guest_answers(&self, vm: VmId) -> bool {
        let Some(Inside { guest, runs: Some((host, since)), .. }) = self.guests.get(&vm) else {
            return false;
        };
        let up = self.now.saturating_sub(*since);
        self.physics.runs(vm, *host)
            && self.physics.reachable(*host)
            && match *guest {
                Guest::Ready(after) => up >= after,
                Guest::Flaps(after, time) => {
                    let past = up.saturating_sub(after).as_millis().checked_div(time.as_millis());
                    up >= after && past.is_none_or(|past| past.is_multiple_of(2))
                }
                Guest::Never => false,
            }
    }

    pub(crate) fn guest_ticks(&mut self, vm: VmId) {
        let (now, epoch) = (self.now, self.epoch());
        let host = self.physics.hosts_of(vm).find(|host| self.physics.reachable(*host));
        if let Some(inside) = self.guests.get_mut(&vm)
            && inside.runs.map(|(host, _)| host) != host
        {
            (inside.runs, inside.reported) = (host.map(|host| (host, now)), false);
        }
        let answers = self.guest_answers(vm);
        if answers && self.guests.get(&vm).is_some_and(|inside| !inside.reported) {
            self.set_user_attribute(vm, "READY", "YES");
            if let Some(inside) = self.guests.get_mut(&vm) {
                inside.reported = true;
            }
        }
        if now.as_secs() % MONITORED == 0
            && let Some(read) = self.state.vms.get_mut(&vm)
            && host.is_some()
            && read.host() == host
            && matches!(read.state, VmState::Active(_))
        {
            read.monitoring = Some((epoch, answers));
        }
        self.after(TICK, Event::Guest(vm));
    }

    /// A connection from the front-end. One that goes to no address of the VM it is for is a breach.
    pub(crate) fn connects(&mut self, door: Door) -> Result<(), String> {
        let address = door.at.ip().to_string();
        let its = self.state.vms.get(&door.vm).is_some_and(|vm| {
            let names = ["IP", "IP6", "IP6_GLOBAL", "IP6_ULA"];
            let mut nics = vm.template.vectors("NIC").chain(vm.template.vectors("NIC_ALIAS"));
            nics.any(|nic| names.iter().any(|name| nic.get(*name) == Some(&address)))
        });
        if !its {
            self.physics.breaches.push(Breach::ConnectedElsewhere { vm: door.vm, to: door.at });
        }
        if self.guest_answers(door.vm) { Ok(()) } else { Err("connection refused".to_owned()) }
    }

    /// `one.vm.exec`: what became of the last command stands in `QEMU_GA_EXEC`.
    pub(crate) fn executes(&mut self, vm: VmId, command: &str) {
        let (status, code) = if self.guest_answers(vm) { ("DONE", "0") } else { ("ERROR", "-1") };
        let pairs = [("COMMAND", command), ("STATUS", status), ("RETURN_CODE", code)];
        let pairs: BTreeMap<_, _> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        if let Some(vm) = self.state.vms.get_mut(&vm) {
            vm.template.remove("QEMU_GA_EXEC");
            vm.template.push("QEMU_GA_EXEC", Attribute::Vector(pairs));
        }
    }
}
