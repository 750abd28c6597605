//! What the lab answers to each question, when, and under which name it is counted.

use crate::lab::Lab;
use onerescue::model::*;
use onerescue::policy::*;
use onerescue::world::World;
use std::time::Duration;

impl World for Lab {
    fn now(&mut self) -> Moment {
        Moment(self.now)
    }

    fn wait(&mut self, pause: Duration) {
        self.asked();
        self.now += pause;
        self.answered("wait", ());
    }

    fn host(&mut self, id: HostId) -> Result<Host, Failure> {
        self.asked();
        let own = self.hosts.iter().find(|host| host.id == id).unwrap().clone();
        let host = (self.read)(self.now, &own);
        let name = format!("host {:?}", host.as_ref().map(|host| host.state).ok());
        self.answered(&name, host)
    }

    fn memory(&mut self) -> Result<Memory, Failure> {
        self.asked();
        let memory = self.remembered();
        self.answered("memory", Ok(memory))
    }

    fn record(&mut self, document: Option<DocumentId>, incident: &Incident) -> Result<DocumentId, Failure> {
        self.asked();
        let written = self.wrote(document, incident);
        let name = format!("record {:?}, written {}", incident.progress, written.is_ok());
        self.answered(&name, written)
    }

    fn take(&mut self, _: HostId, _: DocumentId, over: Option<Hold>) -> Result<Taken, Failure> {
        self.asked();
        let taken = (self.take)(self.now, over);
        self.answered("take", Ok(taken))
    }

    fn leave(&mut self, _: HostId, _: Option<DocumentId>, _: &[DocumentId]) -> Result<(), Failure> {
        self.asked();
        self.answered("leave", Ok(()))
    }

    fn outlook(&mut self) -> Result<Outlook, Failure> {
        self.asked();
        let mut observer = Observer {
            raft: Ok(RaftState::Solo),
            gateways: Vec::new(),
            oned_runs_for: None,
            leader_for: None,
            term: None,
            machine: Machine::default(),
        };
        (self.view)(self.now, &mut observer);
        let (hosts, memory) = (self.hosts.clone(), self.remembered());
        let outlook = Outlook { hosts, clusters: Vec::new(), memory, observer, chance: 0 };
        self.answered("outlook", Ok(outlook))
    }

    fn witnesses(&mut self, _: HostId, _: &[Peer]) -> Vec<Testimony> {
        self.asked();
        let heard = (self.witness)(self.now);
        self.answered("witnesses", heard)
    }

    /// The front-end is the only one; here it takes no time to ask that.
    fn lead(&mut self) -> WhoLeads {
        WhoLeads { state: Ok(RaftState::Solo), leader: None, term: None }
    }

    fn claim(&mut self, _: HostId, _: &[Holder]) -> Result<Claim, Failure> {
        self.asked();
        self.answered("claim", Ok(Claim::Ours(None)))
    }

    fn fence_levels(&mut self, _: HostId) -> Result<Vec<Level>, Failure> {
        self.asked();
        let levels = self.levels.clone();
        self.answered("fence levels", levels)
    }

    fn power_off(
        &mut self,
        clearance: Clearance,
        device: &DeviceName,
        _: Option<&Peer>,
    ) -> Result<(), NotOff> {
        self.asked();
        let said = (self.order)(self.now);
        if matches!(said, Err(NotOff::NotSent { .. })) {
            return self.answered(&format!("not sent by {device}"), said);
        }
        self.off += 1;
        *self.told.entry(clearance.host()).or_default() += 1;
        self.answered(&format!("power off by {device}"), said)
    }

    fn power_state(&mut self, host: HostId, device: &DeviceName, _: Option<&Peer>) -> PowerState {
        self.asked();
        let off = self.told.get(&host).copied().unwrap_or(0);
        let state = (self.power)(&device.0, self.now, off);
        self.answered(&format!("power state by {device}: {state}"), state)
    }

    fn survey(&mut self, _: HostId, _: &[VmId]) -> Result<Survey, Failure> {
        self.asked();
        let survey = self.surveyed();
        self.answered("survey", Ok(survey))
    }

    fn vms(&mut self, ids: &[VmId]) -> Result<VmList, Failure> {
        self.asked();
        let vms = self.vms.iter().filter(|vm| ids.contains(&vm.id)).cloned().collect();
        self.answered("vms", Ok(VmList { vms, unreadable: Vec::new() }))
    }

    fn histories(&mut self, _: &[VmId]) -> Result<Vec<Vm>, Failure> {
        self.asked();
        self.answered("histories", Ok(Vec::new()))
    }

    fn disable(&mut self, _: &Proof) -> Reply {
        self.asked();
        self.answered("disable", Reply::Accepted)
    }

    fn act(&mut self, proof: &Proof, orders: &[Order]) -> Vec<Reply> {
        self.asked();
        let replies = orders.iter().map(|order| (self.reply)(self.now, order)).collect();
        self.answered(&format!("act {orders:?} on scope {:?}", proof.scope()), replies)
    }

    fn tell(&mut self, _: &Entry) {}
}
