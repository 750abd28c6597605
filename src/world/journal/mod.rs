//! A world that writes every answer down before the next step, so that `onerescue replay` can ask today's policy.
//!
//! A line for each answer, for each line of the trail, and for the end. It is for people and decides nothing: what
//! cannot be written is a warning, said once, and the run goes on. No secret is in it: it holds what the model keeps of
//! a document and writes of an attribute, see `model::attributes`, and no world reads a secret into the model.

mod folder;
mod pages;

pub(crate) use folder::trusted;
pub use folder::{Found, Sheet, found, read, read_begin};
pub use pages::Paper;

use super::World;
use crate::model::{
    DeviceName, DocumentId, Door, Dump, Hold, Holder, Host, HostId, Incident, Level, Memory, Moment, NotOff,
    Outlook, Peer, PowerState, Testimony, Vm, VmId, WhoLeads,
};
use crate::policy::Domains;
use crate::policy::healthy::Deed;
use crate::policy::replay::{Begin, Ending, Line, Question};
use crate::policy::{
    Claim, Clearance, Entry, Failure, News, Order, Proof, Reply, Report, Survey, Taken, VmList, Watch,
};
use pages::Pages;
use std::time::Duration;

/// Wraps a world.
#[derive(Debug)]
pub struct Journal<W, P> {
    world: W,
    pages: Pages<P>,
}

impl<W: World, P: Paper> Journal<W, P> {
    /// Write on this; on nothing if there is none.
    #[must_use]
    pub fn begin(world: W, paper: Option<P>, begin: &Begin) -> Self {
        Self { world, pages: Pages::begin(paper, begin) }
    }

    /// The run is over.
    pub fn end(&mut self, report: &Report) {
        self.pages.line(&Line::Ended(Ending::of(report)));
    }

    /// The world, and what was written on; nothing if that has failed.
    #[must_use]
    pub fn into_parts(self) -> (W, Option<P>) {
        (self.world, self.pages.into_paper())
    }
}

impl<W: World, P: Paper> World for Journal<W, P> {
    fn now(&mut self) -> Moment {
        let now = self.world.now();
        self.pages.at(now);
        now
    }

    fn between_steps(&mut self) {
        self.world.between_steps();
    }

    fn wait(&mut self, pause: Duration) {
        self.world.wait(pause);
        self.pages.answered(Question::Wait { pause }, &());
    }

    fn wait_for_news(&mut self, pause: Duration, watch: &Watch) -> News {
        let news = self.world.wait_for_news(pause, watch);
        self.pages.answered(Question::Wait { pause }, &news);
        news
    }

    fn host(&mut self, id: HostId) -> Result<Host, Failure> {
        let answer = self.world.host(id);
        self.pages.answered(Question::Host, &answer);
        answer
    }

    fn beside(&mut self, id: HostId) -> Result<Host, Failure> {
        let answer = self.world.beside(id);
        self.pages.answered(Question::Beside, &answer);
        answer
    }

    fn memory(&mut self) -> Result<Memory, Failure> {
        let answer = self.world.memory();
        self.pages.answered(Question::Memory, &answer);
        answer
    }

    fn record(&mut self, document: Option<DocumentId>, incident: &Incident) -> Result<DocumentId, Failure> {
        let answer = self.world.record(document, incident);
        self.pages.answered(Question::Record { document, progress: incident.progress }, &answer);
        if answer.is_ok() {
            self.pages.written(incident.updated);
        }
        self.pages.about(document.or_else(|| answer.as_ref().ok().copied()));
        answer
    }

    fn take(&mut self, host: HostId, document: DocumentId, over: Option<Hold>) -> Result<Taken, Failure> {
        let answer = self.world.take(host, document, over);
        self.pages.answered(Question::Take { document, over }, &answer);
        self.pages.about(Some(document));
        answer
    }

    fn leave(
        &mut self,
        host: HostId,
        unlock: Option<DocumentId>,
        forget: &[DocumentId],
    ) -> Result<(), Failure> {
        let answer = self.world.leave(host, unlock, forget);
        self.pages.answered(Question::Leave { unlock, forget: forget.to_vec() }, &answer);
        answer
    }

    fn outlook(&mut self) -> Result<Outlook, Failure> {
        let answer = self.world.outlook();
        self.pages.answered(Question::Outlook, &answer);
        answer
    }

    fn witnesses(&mut self, host: HostId, peers: &[Peer]) -> Vec<Testimony> {
        let answer = self.world.witnesses(host, peers);
        self.pages.answered(Question::Witnesses { peers: peers.to_vec() }, &answer);
        answer
    }

    fn domains(&mut self, peers: &[Peer], vms: &[VmId]) -> Vec<Domains> {
        let answer = self.world.domains(peers, vms);
        self.pages.answered(Question::Domains { peers: peers.to_vec(), vms: vms.to_vec() }, &answer);
        answer
    }

    fn lead(&mut self) -> WhoLeads {
        let answer = self.world.lead();
        self.pages.answered(Question::Lead, &answer);
        answer
    }

    fn claim(&mut self, host: HostId, over: &[Holder]) -> Result<Claim, Failure> {
        let answer = self.world.claim(host, over);
        self.pages.answered(Question::Claim, &answer);
        answer
    }

    fn fence_levels(&mut self, host: HostId) -> Result<Vec<Level>, Failure> {
        let answer = self.world.fence_levels(host);
        self.pages.answered(Question::FenceLevels, &answer);
        answer
    }

    fn clues(&mut self, host: HostId) -> Result<(Vec<Level>, Outlook), Failure> {
        let answer = self.world.clues(host);
        self.pages.answered(Question::Clues, &answer);
        answer
    }

    fn recognise(&mut self, host: HostId, turned: &[(DeviceName, String)]) {
        // Not written down: it has no answer, and what follows from it has.
        self.world.recognise(host, turned);
    }

    fn power_off(
        &mut self,
        clearance: Clearance,
        device: &DeviceName,
        via: Option<&Peer>,
    ) -> Result<(), NotOff> {
        let answer = self.world.power_off(clearance, device, via);
        let asked = Question::PowerOff { device: device.clone(), via: via.map(|peer| peer.id) };
        self.pages.answered(asked, &answer);
        answer
    }

    fn dump(&mut self, host: HostId, listen: Duration) -> Dump {
        let answer = self.world.dump(host, listen);
        self.pages.answered(Question::Dump, &answer);
        answer
    }

    fn power_state(&mut self, host: HostId, device: &DeviceName, via: Option<&Peer>) -> PowerState {
        let answer = self.world.power_state(host, device, via);
        let asked = Question::PowerState { device: device.clone(), via: via.map(|peer| peer.id) };
        self.pages.answered(asked, &answer);
        answer
    }

    fn begin_reading(&mut self, host: HostId, devices: &[(DeviceName, Option<Peer>)]) {
        // Not written down: it has no answer.
        self.world.begin_reading(host, devices);
    }

    fn reading(&mut self, wait: bool) -> Option<Vec<(DeviceName, PowerState)>> {
        let answer = self.world.reading(wait);
        self.pages.answered(Question::Reading, &answer);
        answer
    }

    fn has_place(&mut self) -> bool {
        // Not written down: it is about other runs, and a replay has none.
        self.world.has_place()
    }

    fn survey(&mut self, host: HostId, also: &[VmId]) -> Result<Survey, Failure> {
        let answer = self.world.survey(host, also);
        self.pages.answered(Question::Survey { also: also.to_vec() }, &answer);
        answer
    }

    fn vms(&mut self, ids: &[VmId]) -> Result<VmList, Failure> {
        let answer = self.world.vms(ids);
        self.pages.answered(Question::Vms { ids: ids.to_vec() }, &answer);
        answer
    }

    fn histories(&mut self, ids: &[VmId]) -> Result<Vec<Vm>, Failure> {
        let answer = self.world.histories(ids);
        self.pages.answered(Question::Histories { ids: ids.to_vec() }, &answer);
        answer
    }

    fn disable(&mut self, proof: &Proof) -> Reply {
        let answer = self.world.disable(proof);
        self.pages.answered(Question::Disable, &answer);
        answer
    }

    fn act(&mut self, proof: &Proof, orders: &[Order]) -> Vec<Reply> {
        let answer = self.world.act(proof, orders);
        self.pages.answered(Question::Act { orders: orders.to_vec() }, &answer);
        answer
    }

    fn tend(&mut self, deeds: &[Deed]) -> Vec<Reply> {
        let answer = self.world.tend(deeds);
        self.pages
            .answered(Question::Tend { deeds: deeds.iter().map(ToString::to_string).collect() }, &answer);
        answer
    }

    fn connect(&mut self, doors: &[Door], within: Duration) -> Vec<Result<(), String>> {
        let answer = self.world.connect(doors, within);
        self.pages.answered(Question::Connect { doors: doors.to_vec() }, &answer);
        answer
    }

    fn tell(&mut self, entry: &Entry) {
        self.pages.line(&Line::Told(entry.clone()));
        self.world.tell(entry);
    }
}
