//! A world that gives the answers of a journal again. Which of them answers what is asked is decided in
//! `policy::replay`; nothing in here reads or changes anything.

use super::World;
use crate::model::{
    DeviceName, DocumentId, Door, Dump, Hold, Holder, Host, HostId, Incident, Level, Memory, Moment, NotOff,
    Outlook, Peer, PowerState, RaftState, Testimony, Vm, VmId, WhoLeads,
};
use crate::policy::Domains;
use crate::policy::healthy::Deed;
use crate::policy::replay::{Begin, Course, Line, Question, Recorded, Replay};
use crate::policy::{
    Claim, Clearance, Entry, Failure, News, Order, Proof, Reply, Survey, Taken, Trouble, VmList, Watch,
};
use crate::wire::journal::Reader;
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// The journal of a run, and how far it was gone through.
#[derive(Debug)]
pub struct Replayed {
    reader: Reader,
    replay: Replay<usize>,
    /// The host as it was read last.
    host: Option<Host>,
    damaged: Option<String>,
}

impl Replayed {
    /// The run that this journal is of, from its beginning.
    ///
    /// # Errors
    /// A text that says what is wrong with the journal.
    pub fn new(reader: Reader) -> Result<(Begin, Self), String> {
        let begin = reader.begin()?;
        let mut course = Course { answers: VecDeque::new(), told: Vec::new(), ended: None };
        for line in 0..reader.len() {
            match reader.line(line)? {
                Line::Told(entry) => course.told.push(entry),
                Line::Answered { at, asked, written } => {
                    let told = std::mem::take(&mut course.told);
                    course.answers.push_back(Recorded { told, at, asked, written, answer: line });
                }
                Line::Ended(ending) => course.ended = Some(ending),
            }
        }
        Ok((begin, Self { reader, replay: Replay::new(course), host: None, damaged: None }))
    }

    /// Whose the incident was when this run first and last read the records: its own among them.
    ///
    /// # Errors
    /// A text that says which line of the journal is damaged.
    pub fn owners(&self) -> Result<BTreeSet<String>, String> {
        let mut owners = BTreeSet::new();
        let Some(document) = self.replay.document() else { return Ok(owners) };
        for line in self.replay.ends_of(&Question::Memory) {
            let Ok(memory) = self.reader.answer::<Result<Memory, Failure>>(line)? else { continue };
            let incident = memory.incidents.into_iter().find(|(id, _)| *id == document);
            owners.extend(incident.map(|(_, incident)| incident.owner));
        }
        Ok(owners)
    }

    /// Can nothing more be answered?
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.replay.is_over() || self.damaged.is_some()
    }

    /// How it went.
    ///
    /// # Errors
    /// A text that says which line of the journal is damaged.
    pub fn done(self) -> Result<Replay<usize>, String> {
        match self.damaged {
            Some(why) => Err(why),
            None => Ok(self.replay),
        }
    }

    /// The recorded answer, and what it was given to.
    fn ask<A: DeserializeOwned>(&mut self, asked: &Question) -> Option<(Question, A)> {
        let recorded = self.replay.ask(asked)?;
        match self.reader.answer(recorded.answer) {
            Ok(answer) => Some((recorded.asked, answer)),
            Err(why) => {
                self.damaged = Some(why);
                None
            }
        }
    }

    /// The recorded answer to what runs of versions before did not ask.
    fn if_recorded<A: DeserializeOwned>(&mut self, asked: &Question) -> Option<A> {
        let recorded = self.replay.ends_of(asked).next().is_some();
        if recorded { self.ask(asked).map(|(_, answer)| answer) } else { None }
    }

    /// The answer to what may fail, and what it was given to. Nobody looks at the failure: it is over then.
    fn tried<A: DeserializeOwned>(&mut self, asked: &Question) -> Result<(Question, A), Failure> {
        match self.ask::<Result<A, Failure>>(asked) {
            Some((then, answer)) => Ok((then, answer?)),
            None => Err(nothing_recorded()),
        }
    }
}

fn nothing_recorded() -> Failure {
    Failure { trouble: Trouble::Gone, what: "nothing like it was recorded".to_owned(), advice: String::new() }
}

impl World for Replayed {
    fn now(&mut self) -> Moment {
        self.replay.now()
    }

    fn wait(&mut self, pause: Duration) {
        let _ = self.ask::<Option<News>>(&Question::Wait { pause });
    }

    fn wait_for_news(&mut self, pause: Duration, _watch: &Watch) -> News {
        // A plain wait has no answer, and those of versions before had no other.
        let answer = self.ask::<Option<News>>(&Question::Wait { pause });
        answer.and_then(|(_, news)| news).unwrap_or_default()
    }

    fn host(&mut self, _id: HostId) -> Result<Host, Failure> {
        let host: Host = self.tried(&Question::Host)?.1;
        self.host = Some(host.clone());
        Ok(host)
    }

    fn beside(&mut self, _id: HostId) -> Result<Host, Failure> {
        // Journals of versions before have no such line.
        let recorded = self.replay.ends_of(&Question::Beside).next().is_some();
        match self.host.clone().filter(|_| !recorded) {
            Some(host) => Ok(host),
            None => Ok(self.tried(&Question::Beside)?.1),
        }
    }

    fn memory(&mut self) -> Result<Memory, Failure> {
        let (_, mut memory): (_, Memory) = self.tried(&Question::Memory)?;
        self.replay.as_written_today(&mut memory);
        Ok(memory)
    }

    fn record(&mut self, document: Option<DocumentId>, incident: &Incident) -> Result<DocumentId, Failure> {
        let (_, document) = self.tried(&Question::Record { document, progress: incident.progress })?;
        self.replay.is_written(document, incident);
        Ok(document)
    }

    fn take(&mut self, _host: HostId, document: DocumentId, over: Option<Hold>) -> Result<Taken, Failure> {
        Ok(self.tried(&Question::Take { document, over })?.1)
    }

    fn leave(
        &mut self,
        _host: HostId,
        unlock: Option<DocumentId>,
        forget: &[DocumentId],
    ) -> Result<(), Failure> {
        self.tried(&Question::Leave { unlock, forget: forget.to_vec() }).map(|(_, ())| ())
    }

    fn outlook(&mut self) -> Result<Outlook, Failure> {
        Ok(self.tried(&Question::Outlook)?.1)
    }

    fn witnesses(&mut self, _host: HostId, peers: &[Peer]) -> Vec<Testimony> {
        self.ask(&Question::Witnesses { peers: peers.to_vec() }).map(|(_, heard)| heard).unwrap_or_default()
    }

    fn domains(&mut self, peers: &[Peer], vms: &[VmId]) -> Vec<Domains> {
        // Journals of versions before have no such line.
        let asked = Question::Domains { peers: peers.to_vec(), vms: vms.to_vec() };
        let recorded = self.replay.ends_of(&asked).next().is_some();
        let answer = if recorded { self.ask(&asked) } else { None };
        answer.map(|(_, said)| said).unwrap_or_default()
    }

    fn lead(&mut self) -> WhoLeads {
        // Journals of versions before have no such line.
        let alone = WhoLeads { state: Ok(RaftState::Solo), leader: None, term: None };
        let recorded = self.replay.ends_of(&Question::Lead).next().is_some();
        let answer = if recorded { self.ask(&Question::Lead) } else { None };
        answer.map_or(alone, |(_, lead)| lead)
    }

    fn claim(&mut self, _host: HostId, _over: &[Holder]) -> Result<Claim, Failure> {
        Ok(self.tried(&Question::Claim)?.1)
    }

    fn fence_levels(&mut self, _host: HostId) -> Result<Vec<Level>, Failure> {
        Ok(self.tried(&Question::FenceLevels)?.1)
    }

    fn clues(&mut self, _host: HostId) -> Result<(Vec<Level>, Outlook), Failure> {
        // Journals of versions before have no such line: their hosts had their whole time.
        if self.replay.ends_of(&Question::Clues).next().is_none() {
            return Err(nothing_recorded());
        }
        Ok(self.tried(&Question::Clues)?.1)
    }

    fn power_off(
        &mut self,
        _clearance: Clearance,
        device: &DeviceName,
        via: Option<&Peer>,
    ) -> Result<(), NotOff> {
        let asked = Question::PowerOff { device: device.clone(), via: via.map(|peer| peer.id) };
        self.ask(&asked).map_or_else(|| Err(NotOff::Sent(String::new())), |(_, said)| said)
    }

    fn dump(&mut self, _host: HostId, _listen: Duration) -> Dump {
        self.ask(&Question::Dump).map_or(Dump::Silent, |(_, dump)| dump)
    }

    fn power_state(&mut self, _host: HostId, device: &DeviceName, via: Option<&Peer>) -> PowerState {
        let asked = Question::PowerState { device: device.clone(), via: via.map(|peer| peer.id) };
        self.ask(&asked).map_or_else(|| PowerState::Unknown(String::new()), |(_, state)| state)
    }

    fn reading(&mut self, _wait: bool) -> Option<Vec<(DeviceName, PowerState)>> {
        // In journals of versions before the power was read between batches only.
        let recorded = self.replay.ends_of(&Question::Reading).next().is_some();
        let answer = if recorded { self.ask(&Question::Reading) } else { None };
        answer.map_or_else(|| Some(Vec::new()), |(_, said)| said)
    }

    fn survey(&mut self, _host: HostId, also: &[VmId]) -> Result<Survey, Failure> {
        let (_, mut survey): (_, Survey) = self.tried(&Question::Survey { also: also.to_vec() })?;
        self.replay.as_written_today(&mut survey.memory);
        Ok(survey)
    }

    fn vms(&mut self, ids: &[VmId]) -> Result<VmList, Failure> {
        let (_, mut list): (_, VmList) = self.tried(&Question::Vms { ids: ids.to_vec() })?;
        list.vms.retain(|vm| ids.contains(&vm.id));
        list.unreadable.retain(|(vm, _)| ids.contains(vm));
        Ok(list)
    }

    fn histories(&mut self, ids: &[VmId]) -> Result<Vec<Vm>, Failure> {
        let (_, mut vms): (_, Vec<Vm>) = self.tried(&Question::Histories { ids: ids.to_vec() })?;
        vms.retain(|vm| ids.contains(&vm.id));
        Ok(vms)
    }

    fn disable(&mut self, _proof: &Proof) -> Reply {
        self.ask(&Question::Disable).map_or_else(|| Reply::NotSent(String::new()), |(_, reply)| reply)
    }

    fn act(&mut self, _proof: &Proof, orders: &[Order]) -> Vec<Reply> {
        let answer = self.ask::<Vec<Reply>>(&Question::Act { orders: orders.to_vec() });
        let Some((Question::Act { orders: then }, replies)) = answer else { return Vec::new() };
        let reply = |order| then.iter().zip(&replies).find(|(then, _)| *then == order);
        orders.iter().filter_map(reply).map(|(_, reply)| reply.clone()).collect()
    }

    fn tend(&mut self, deeds: &[Deed]) -> Vec<Reply> {
        let asked = Question::Tend { deeds: deeds.iter().map(ToString::to_string).collect() };
        self.if_recorded(&asked)
            .unwrap_or_else(|| deeds.iter().map(|_| Reply::NotSent(String::new())).collect())
    }

    fn connect(&mut self, doors: &[Door], _within: Duration) -> Vec<Result<(), String>> {
        let asked = Question::Connect { doors: doors.to_vec() };
        self.if_recorded(&asked).unwrap_or_else(|| doors.iter().map(|_| Err(String::new())).collect())
    }

    fn tell(&mut self, entry: &Entry) {
        self.replay.tell(entry);
    }
}
