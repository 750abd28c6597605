//! How far a recovery has come, for a person who waits for it at a terminal: one short line from what a run asks and hears.
//!
//! It decides nothing, and nothing depends on it.

use super::notes::Phase;
use super::order::Order;
use crate::model::{DeviceName, End, Evacuation, HostId, Incident, PowerState, Vm, VmId, VmState};
use std::collections::{BTreeMap, BTreeSet};

/// What was seen of one run until now.
#[derive(Clone, Debug)]
pub struct Seen {
    host: HostId,
    name: String,
    /// A device must say off so many times in a row.
    samples: u32,
    phase: Phase,
    off: BTreeMap<DeviceName, u32>,
    /// VMs for which an order was decided on.
    sent: BTreeSet<VmId>,
    /// Those that were seen RUNNING on another host, or have ended well.
    running: BTreeSet<VmId>,
}

impl Seen {
    /// Of the run for this host, nothing yet.
    #[must_use]
    pub fn new(host: HostId, name: &str, samples: u32) -> Self {
        Self {
            host,
            name: name.to_owned(),
            samples: samples.max(1),
            phase: Phase::Observe,
            off: BTreeMap::new(),
            sent: BTreeSet::new(),
            running: BTreeSet::new(),
        }
    }

    /// The run has come to this step.
    pub fn phase(&mut self, phase: Phase) {
        if self.phase != phase && phase == Phase::Fence {
            self.off.clear();
        }
        self.phase = phase;
    }

    /// A device has said this.
    pub fn device(&mut self, device: &DeviceName, said: &PowerState) {
        let off = self.off.entry(device.clone()).or_default();
        *off = match said {
            PowerState::Off => off.saturating_add(1).min(self.samples),
            PowerState::On | PowerState::Unknown(_) => 0,
        };
    }

    /// Orders are sent.
    pub fn orders(&mut self, orders: &[Order]) {
        self.sent.extend(orders.iter().filter_map(|order| match *order {
            Order::Migrate { vm, .. }
            | Order::Recreate { vm }
            | Order::Delete { vm }
            | Order::Retry { vm }
            | Order::Fail { vm }
            | Order::Resume { vm }
            | Order::Resched { vm } => Some(vm),
            Order::Unresched { .. } => None,
        }));
    }

    /// VMs were read.
    pub fn vms(&mut self, vms: &[Vm]) {
        let elsewhere =
            |vm: &&Vm| vm.state == VmState::RUNNING && vm.host.is_some_and(|host| host != self.host);
        self.running.extend(vms.iter().filter(elsewhere).map(|vm| vm.id));
    }

    /// The record is written.
    pub fn record(&mut self, incident: &Incident) {
        let ordered = incident.vms.iter().filter(|vm| vm.order.is_some());
        self.sent.extend(ordered.map(|vm| vm.id));
    }

    /// How far the host is emptied.
    pub fn evacuation(&mut self, evacuation: &Evacuation) {
        let ordered = evacuation.vms.iter().filter(|vm| vm.to.is_some());
        self.sent.extend(ordered.map(|vm| vm.id));
        let arrived = evacuation.vms.iter().filter(|vm| vm.end == Some(End::Recovered));
        self.running.extend(arrived.map(|vm| vm.id));
    }

    /// `fencing node7, 2 of 3 off`, `31 of 40 VMs run`
    #[must_use]
    pub fn line(&self) -> String {
        let name = &self.name;
        let running = self.running.intersection(&self.sent).count();
        match self.phase {
            Phase::Observe | Phase::Claim => format!("looking at {name}"),
            Phase::Wait => format!("waiting for {name} to come back"),
            Phase::Brake => format!("may {name} be fenced?"),
            Phase::Confirm | Phase::Hold => format!("{name} is held; it is looked at again"),
            Phase::Fence | Phase::Prove => match self.off.values().max() {
                Some(off @ 1..) => format!("fencing {name}, {off} of {} off", self.samples),
                Some(0) | None => format!("fencing {name}"),
            },
            Phase::Survey | Phase::Plan if self.sent.is_empty() => format!("{name} is off; planning"),
            Phase::Survey | Phase::Plan | Phase::Act | Phase::Settle => {
                format!("{running} of {} VMs run", self.sent.len())
            }
            Phase::Report => "ending".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Incident;
    use crate::wire::documents::read;
    use crate::wire::xml::Limits;

    fn vm(id: u32, host: u32, lcm_state: u32) -> Vm {
        let text = format!(
            "<VM><ID>{id}</ID><NAME>v</NAME><STATE>3</STATE><LCM_STATE>{lcm_state}</LCM_STATE><HISTORY_RECORDS><HISTORY>\
             <SEQ>0</SEQ><HID>{host}</HID></HISTORY></HISTORY_RECORDS></VM>"
        );
        read(&text, Limits::REPLY).unwrap()
    }

    #[test]
    fn a_run_is_told_from_the_fence_to_the_last_vm() {
        let mut seen = Seen::new(HostId(7), "node7", 3);
        assert_eq!(seen.line(), "looking at node7");
        let bmc = DeviceName("bmc".to_owned());
        seen.device(&bmc, &PowerState::Off);
        seen.phase(Phase::Fence);
        assert_eq!(seen.line(), "fencing node7", "what was said before counts for nothing");
        for said in [PowerState::Off, PowerState::On, PowerState::Off, PowerState::Off] {
            seen.device(&bmc, &said);
        }
        assert_eq!(seen.line(), "fencing node7, 2 of 3 off");
        seen.phase(Phase::Plan);
        assert_eq!(seen.line(), "node7 is off; planning");
        seen.record(&Incident::default());
        seen.orders(&[
            Order::Resume { vm: VmId(1) },
            Order::Resume { vm: VmId(2) },
            Order::Resume { vm: VmId(2) },
        ]);
        seen.phase(Phase::Settle);
        // One runs on the dead host, as oned has it; another is not of this run.
        seen.vms(&[vm(1, 7, 3), vm(2, 8, 3), vm(3, 8, 3)]);
        assert_eq!(seen.line(), "1 of 2 VMs run");
        seen.vms(&[vm(1, 8, 16)]);
        assert_eq!(seen.line(), "1 of 2 VMs run");
    }
}
