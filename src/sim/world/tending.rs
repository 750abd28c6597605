//! The simulated world for hooks on healthy hosts.

use super::SimWorld;
use crate::model::{Door, Evacuation, Holder, Hook, HostId, LcmState, Peer, Testimony, Vm, VmId, VmState};
use crate::policy::Domains;
use crate::policy::healthy::Deed;
use crate::policy::{Claim, Crowd, Failure, Reply, Source, VmSubject};
use crate::sim::cloud::Change;
use crate::sim::seen::Tended;
use crate::sim::witness::{ASKING, Honesty};
use crate::wire::documents;
use crate::wire::xml::Limits;
use crate::world::one_by_one;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

impl SimWorld {
    pub(super) fn tend(&mut self, deeds: &[Deed]) -> Vec<Reply> {
        if deeds.iter().all(|deed| deed.vm().is_some()) {
            return deeds.iter().map(|deed| self.carry_out(deed)).collect();
        }
        one_by_one(deeds, |deed| self.carry_out(deed))
    }

    /// Ports answer at once; who does not listen refuses.
    pub(super) fn knock(&mut self, doors: &[Door], _within: Duration) -> Vec<Result<(), String>> {
        self.due();
        let mut cloud = self.transport.cloud();
        doors.iter().map(|door| cloud.connects(*door)).collect()
    }

    pub(super) fn hooks(&mut self) -> Result<Vec<Hook>, Failure> {
        self.due();
        Ok(self.zone.oned().hooks()?.good)
    }

    pub(super) fn claim_vm(&mut self, over: &[Holder]) -> Claim {
        if let Some(locked) = self.held_lock(over) {
            return Claim::Held(locked);
        }
        self.held = None;
        self.since = self.again.take().map(|kept| kept.since);
        if self.claimed.is_some() { Claim::Others } else { Claim::Ours(None) }
    }

    /// What these hosts say that are asked over ssh which of the VMs they run, at the same time.
    pub(super) fn domains_on(&mut self, peers: &[Peer], vms: &[VmId]) -> Vec<Domains> {
        let cloud = self.transport.cloud();
        let said: Vec<_> = peers
            .iter()
            .map(|peer| {
                let honesty = self.witnesses.get(&peer.id).copied().unwrap_or_default();
                let silent = honesty == Honesty::Silent || !cloud.answers_front_end(peer.id);
                let runs = |vm: &&VmId| !silent && cloud.domain_hosts(**vm).contains(&peer.id);
                let running = vms.iter().filter(runs).copied().collect();
                let silent = silent.then(|| "no answer within the deadline".to_owned());
                Domains { host: peer.id, running, silent }
            })
            .collect();
        drop(cloud);
        let slow = said.iter().any(|said| said.silent.is_some());
        self.advance(if slow { self.witness_timeout } else { ASKING });
        said
    }

    /// What a host says that is asked over ssh whether it runs a VM.
    pub(super) fn domain_on(&mut self, host: HostId, vm: VmId) -> Testimony {
        self.advance(ASKING);
        let cloud = self.transport.cloud();
        let honesty = self.witnesses.get(&host).copied().unwrap_or_default();
        let (opinion, said) = if cloud.answers_front_end(host) {
            honesty.speak(cloud.domain_hosts(vm).contains(&host))
        } else {
            Honesty::Silent.speak(false)
        };
        Testimony { witness: host.to_string(), opinion, said: said.to_owned() }
    }

    /// As if the hook had been started for every VM that went down.
    pub(super) fn crowd(&mut self, down: &VmSubject, within: Duration) -> Crowd {
        self.due();
        let since = self.cloud_now().saturating_sub(within);
        let cloud = self.transport.cloud();
        let downs: BTreeSet<VmId> = cloud
            .happenings()
            .iter()
            .rev()
            .take_while(|happening| happening.at > since)
            .filter_map(|happening| match happening.change {
                Change::Vm(vm, VmState::Poweroff | VmState::Active(LcmState::Unknown), _) => Some(vm),
                Change::Vm(..) | Change::Host(..) | Change::Power(..) | Change::Leader(_) => None,
            })
            .chain((down.source == Source::Event).then_some(down.vm))
            .collect();
        let read = |vm: &VmId| {
            let xml = cloud.vm_xml(*vm)?;
            documents::read::<Vm>(&xml, Limits::HOOK).ok()
        };
        let downs: Vec<Vm> = downs.iter().filter_map(read).collect();
        let mut on_datastore = BTreeMap::new();
        for vm in downs.iter().filter(|vm| vm.system_datastore == down.datastore) {
            *on_datastore.entry(vm.host).or_default() += 1;
        }
        let of_host = downs.iter().filter(|vm| vm.host == down.host).count();
        Crowd { of_host, on_datastore, now: cloud.wall_clock() }
    }
}

impl SimWorld {
    fn carry_out(&mut self, deed: &Deed) -> Reply {
        self.due();
        let (domains, vm) = deed.vm().map_or((Vec::new(), None), |vm| self.truth(vm));
        if let Deed::Offline { host } = deed {
            self.note_look(*host);
        }
        if let Deed::Enable { host } = deed
            && self.transport.cloud().is_offline_by_person(*host)
        {
            self.taken.push(*host);
        }
        let at = self.cloud_now();
        let reply = self.zone.tend(deed);
        self.tended.push(Tended { at, deed: deed.clone(), reply: reply.clone(), domains, vm });
        reply
    }

    fn truth(&self, id: VmId) -> (Vec<crate::model::HostId>, Option<Vm>) {
        let cloud = self.transport.cloud();
        let vm = cloud.vm_xml(id).and_then(|xml| documents::read::<Vm>(&xml, Limits::HOOK).ok());
        (cloud.domain_hosts(id), vm)
    }

    /// How far a host is emptied, as runs have written it down, and when that was sent.
    #[must_use]
    pub fn noted(&self) -> &[(Duration, Evacuation)] {
        &self.noted
    }

    /// What hooks on healthy hosts have changed in the present run.
    #[must_use]
    pub fn tended(&self) -> &[Tended] {
        &self.tended
    }
}
