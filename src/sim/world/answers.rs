//! The answers of the simulated world to the policy's questions.
//!
//! oned is asked through the real client; each exchange is written down with what was true at that moment.

use super::super::seen::Seen;
use super::SimWorld;
use crate::model::Hook;
use crate::model::{
    DeviceName, DocumentId, Door, Dump, Evacuation, Forced, Heard, Hold, Holder, Host, HostId, Incident,
    Level, Memory, Moment, NotOff, Outlook, Peer, PowerState, Testimony, Vm, VmId, WhoLeads,
};
use crate::policy::healthy::Deed;
use crate::policy::vm_down::Kept;
use crate::policy::{Claim, Clearance, Entry, Failure, Order, Proof, Reply, Survey, Taken, Trouble, VmList};
use crate::policy::{Crowd, Domains, HoldRules, News, VmSubject, Watch};
use crate::world::World;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

impl World for SimWorld {
    fn now(&mut self) -> Moment {
        Moment(self.cloud_now().saturating_sub(self.began))
    }

    fn wait(&mut self, pause: Duration) {
        self.advance(pause);
    }

    fn wait_for_news(&mut self, pause: Duration, watch: &Watch) -> News {
        self.wait_for_words(pause, watch)
    }

    fn host(&mut self, id: HostId) -> Result<Host, Failure> {
        self.due();
        let host = self.zone.host(id);
        let at = self.cloud_now();
        self.seen.push(Seen::Host { at, host: host.as_ref().ok().cloned() });
        host
    }

    fn memory(&mut self) -> Result<Memory, Failure> {
        self.due();
        let (at, memory) = (self.cloud_now(), self.remembered());
        self.seen.extend(memory.iter().map(|memory| Seen::Memory { at, memory: Box::new(memory.clone()) }));
        memory
    }

    fn record(&mut self, document: Option<DocumentId>, incident: &Incident) -> Result<DocumentId, Failure> {
        self.due();
        let at = self.cloud_now();
        let answer = self.zone.record(document, incident);
        let (incident, said) = (Box::new(incident.clone()), answer.clone());
        self.seen.push(Seen::Record { at, document, incident, answer: said });
        answer
    }

    fn take(&mut self, host: HostId, document: DocumentId, over: Option<Hold>) -> Result<Taken, Failure> {
        self.due();
        self.taking.insert(host, document);
        let taken = self.zone.take(document, over);
        match taken {
            Ok(Taken::Held { .. }) => drop(self.taking.remove(&host)),
            Ok(Taken::Ours(lock)) => drop(self.locked.insert(document, lock)),
            Err(_) => {}
        }
        taken
    }

    fn leave(
        &mut self,
        host: HostId,
        unlock: Option<DocumentId>,
        forget: &[DocumentId],
    ) -> Result<(), Failure> {
        self.due();
        let done = self.zone.leave(unlock, forget);
        if done.is_ok() {
            self.taking.remove(&host);
            self.locked.clear();
        }
        done
    }

    fn outlook(&mut self) -> Result<Outlook, Failure> {
        self.due();
        let outlook = self.look();
        let seen = outlook.as_ref().ok().cloned().map(Box::new);
        self.seen.push(Seen::Outlook { at: self.cloud_now(), outlook: seen });
        outlook
    }

    fn witnesses(&mut self, host: HostId, peers: &[Peer]) -> Vec<Testimony> {
        self.ask_witnesses(host, peers)
    }

    fn lead(&mut self) -> WhoLeads {
        self.due();
        self.zone.lead()
    }

    fn claim(&mut self, host: HostId, over: &[Holder]) -> Result<Claim, Failure> {
        if let Some(locked) = self.held_lock(over) {
            return Ok(Claim::Held(locked));
        }
        self.held = None;
        Ok(if self.claimed == Some(host) {
            Claim::Others
        } else {
            Claim::Ours(self.taking.get(&host).copied())
        })
    }

    fn fence_levels(&mut self, host: HostId) -> Result<Vec<Level>, Failure> {
        match self.devices.get(&host) {
            Some(devices) => {
                let mut levels: BTreeMap<usize, Vec<_>> = BTreeMap::new();
                for device in devices {
                    levels.entry(device.level).or_default().push(device.plain());
                }
                Ok(levels.into_values().map(Level).collect())
            }
            None => Err(Failure {
                trouble: Trouble::Settings,
                what: format!("no fence device is set for {host}"),
                advice: "add a [[host]] entry with its devices to onerescue.toml".to_owned(),
            }),
        }
    }

    fn recognise(&mut self, host: HostId, turned: &[(DeviceName, String)]) {
        self.recognised.extend(turned.iter().map(|(device, uuid)| ((host, device.clone()), uuid.clone())));
    }

    fn power_off(
        &mut self,
        clearance: Clearance,
        device: &DeviceName,
        via: Option<&Peer>,
    ) -> Result<(), NotOff> {
        self.tell_off(clearance.host(), device, via)
    }

    fn dump(&mut self, host: HostId, listen: Duration) -> Dump {
        self.listen_for_a_dump(host, listen)
    }

    fn power_state(&mut self, host: HostId, device: &DeviceName, via: Option<&Peer>) -> PowerState {
        self.read_power(host, device, via)
    }

    fn begin_reading(&mut self, host: HostId, devices: &[(DeviceName, Option<Peer>)]) {
        self.ask_beside(host, devices);
    }

    fn reading(&mut self, wait: bool) -> Option<Vec<(DeviceName, PowerState)>> {
        self.said_beside(wait)
    }

    fn survey(&mut self, host: HostId, also: &[VmId]) -> Result<Survey, Failure> {
        self.due();
        let mut survey = self.zone.survey(host, also);
        if let Ok(survey) = &mut survey {
            survey.memory.now = self.transport.cloud().wall_clock();
        }
        if let Ok(survey) = &survey {
            let at = self.cloud_now();
            let vms = self.with_truth(&survey.vms);
            self.seen.push(Seen::Survey { at, survey: Box::new(survey.clone()), vms });
        }
        survey
    }

    fn vms(&mut self, ids: &[VmId]) -> Result<VmList, Failure> {
        self.due();
        let list = self.zone.vms(ids);
        if let Ok(list) = &list {
            let at = self.cloud_now();
            let vms = self.with_truth(&list.vms);
            self.seen.push(Seen::Vms { at, asked: ids.to_vec(), vms });
        }
        list
    }

    fn histories(&mut self, ids: &[VmId]) -> Result<Vec<Vm>, Failure> {
        self.due();
        self.zone.histories(ids)
    }

    fn disable(&mut self, proof: &Proof) -> Reply {
        self.due();
        let (at, host) = (self.cloud_now(), proof.host());
        self.seen.push(Seen::Disable { at, host });
        self.zone.disable(host)
    }

    fn act(&mut self, proof: &Proof, orders: &[Order]) -> Vec<Reply> {
        orders.iter().map(|order| self.send(proof.host(), *order)).collect()
    }

    fn tend(&mut self, deeds: &[Deed]) -> Vec<Reply> {
        Self::tend(self, deeds)
    }

    fn connect(&mut self, doors: &[Door], within: Duration) -> Vec<Result<(), String>> {
        self.knock(doors, within)
    }

    fn hooks(&mut self) -> Result<Vec<Hook>, Failure> {
        Self::hooks(self)
    }

    fn claim_vm(&mut self, vm: VmId, over: &[Holder]) -> Result<Claim, Failure> {
        let _ = vm;
        Ok(Self::claim_vm(self, over))
    }

    fn domains(&mut self, peers: &[Peer], vms: &[VmId]) -> Vec<Domains> {
        self.domains_on(peers, vms)
    }

    fn domain(&mut self, host: HostId, vm: VmId) -> Testimony {
        self.domain_on(host, vm)
    }

    fn crowd(&mut self, down: &VmSubject, within: Duration) -> Result<Crowd, Failure> {
        Ok(Self::crowd(self, down, within))
    }

    fn look_again(&mut self, _: VmId, hold: &HoldRules) {
        let now = self.transport.cloud().wall_clock();
        let since = self.again.map(|kept| kept.since).or(self.since);
        self.again = Some(Kept::held(since, hold, now));
    }

    fn zombies(&mut self, vms: &[VmId]) -> Result<Vec<Host>, Failure> {
        self.due();
        self.zone.zombies(vms)
    }

    fn pool(&mut self) -> Result<Vec<Host>, Failure> {
        self.read_pool()
    }

    fn touch(&mut self, hosts: &Rc<[Peer]>, listen: Duration) -> Vec<(HostId, Heard)> {
        self.listen_to(hosts, listen)
    }

    fn note_forced(&mut self, document: Option<DocumentId>, forced: &Forced) -> Result<DocumentId, Failure> {
        self.write_forced(document, forced)
    }

    fn note_evacuation(
        &mut self,
        document: Option<DocumentId>,
        evacuation: &Evacuation,
    ) -> Result<DocumentId, Failure> {
        self.due();
        let at = self.cloud_now();
        self.noted.push((at, evacuation.clone()));
        self.zone.record_evacuation(document, evacuation)
    }

    fn tell(&mut self, entry: &Entry) {
        (self.tell)(entry);
        self.told.push(entry.clone());
    }
}
