//! What people and other front-ends do to the documents of a zone: disarm, arm, confirm that a host is off, remember
//! a failure; and what damages one.
//!
//! They write as the record has it; whether a run may use what they wrote is the policy's business.

use super::cloud::Cloud;
use super::state::LockInfo;
use super::template::{Attribute, Template};
use crate::model::{
    ClusterId, Confirmation, Disarmed, Document, DocumentId, Emptying, End, Epoch, Evacuated, Evacuation,
    Held, HostId, Incident, IncidentVm, Memory, Progress, VmId,
};
use crate::policy::record::abort::abort;
use crate::policy::record::lease::standing;
use crate::wire::record::{self, Record};
use crate::wire::xml::Limits;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

/// How long a person's word counts.
const VALID: Duration = Duration::from_secs(600);

/// Where a damaged document keeps what stood in it.
const WAS: &str = "WAS";

/// Was it made by oneadmin, with our type? Others make documents of our type too.
fn is_ours(document: &super::state::Document) -> bool {
    document.kind == record::TYPE && document.owner.0 == 0
}

/// Who people are in a simulation.
const OPERATOR: &str = "operator (as oneadmin)";

impl Cloud {
    /// Nothing may be fenced in this cluster, or in the whole zone, from now on.
    pub fn disarm(&mut self, cluster: Option<ClusterId>) {
        let (at, by) = (self.wall_clock(), OPERATOR.to_owned());
        let disarmed = Disarmed { cluster, reason: "maintenance".to_owned(), by, at };
        self.change_control(|all| {
            all.retain(|other| other.cluster != cluster);
            all.push(disarmed.clone());
        });
    }

    /// Take a [`Cloud::disarm`] back.
    pub fn arm(&mut self, cluster: Option<ClusterId>) {
        self.change_control(|all| all.retain(|other| other.cluster != cluster));
    }

    /// A person confirms that a host is off, for its open incident. Without an open incident there is nothing to
    /// confirm.
    pub fn confirm_off(&mut self, host: HostId) {
        let Some((incident, _)) = self.open_incident(host) else { return };
        let at = self.wall_clock();
        let word = Record::Confirmation(Confirmation {
            host,
            incident,
            by: OPERATOR.to_owned(),
            reason: "its plugs are pulled".to_owned(),
            at,
            expires: at.plus(VALID),
        });
        self.add_record(&word);
        self.standpoint.confirmed.push((host, self.now));
    }

    /// A person takes the brakes off the open incident of a host. Without one there is nothing to take them off.
    pub fn proceed(&mut self, host: HostId) {
        let Some((incident, _)) = self.open_incident(host) else { return };
        let (by, reason, at) =
            (OPERATOR.to_owned(), "the rack has lost its power".to_owned(), self.wall_clock());
        let word = Confirmation { host, incident, by, reason, at, expires: at.plus(VALID) };
        self.add_record(&Record::Proceed(word));
    }

    /// A person ends the open incident of a host, as `onerescue abort` does. Without one there is nothing to end.
    pub fn abort(&mut self, host: HostId) {
        if let Ok(word) = abort(&self.memory(), host, "", OPERATOR, "we look ourselves") {
            self.add_record(&Record::Abort(word));
        }
    }

    /// A person locks the record of the open incident of a host. Without one there is nothing to lock.
    pub(crate) fn lock_record(&mut self, host: HostId) {
        let Some((id, _)) = self.open_incident(host) else { return };
        let lock = LockInfo { level: 1, time: self.epoch(), request: self.request_id() };
        if let Some(document) = self.state.documents.get_mut(&id.0) {
            document.lock = Some(lock);
        }
    }

    /// Another front-end's run takes the open incident of a host over, whoever is at work on it. Without one there is
    /// nothing to take.
    pub(crate) fn taken_over(&mut self, host: HostId) {
        let Some((id, incident)) = self.open_incident(host) else { return };
        let owner = "another-front-end 4711 1795165661".to_owned();
        let taken = Incident { owner, updated: self.wall_clock(), ..incident };
        self.replace_record(id, &Record::Incident(Box::new(taken)));
    }

    /// When people confirmed that this host is off, in an incident that was open, since the simulation began.
    pub(crate) fn confirmed(&self, host: HostId) -> impl Iterator<Item = Duration> + '_ {
        let confirmed = self.standpoint.confirmed.iter();
        confirmed.filter(move |(other, _)| *other == host).map(|(_, at)| *at)
    }

    /// The record of this host's last incident, or the newest of all records, is damaged; where there is none, a
    /// document of our type appears that nobody can read.
    pub fn damage_record(&mut self, host: Option<HostId>) {
        let ours = |record: &Record| match (host, record) {
            (None, _) => true,
            (Some(host), Record::Incident(incident)) => incident.host == host,
            (
                Some(_),
                Record::Control { .. }
                | Record::SeenOn { .. }
                | Record::Confirmation(_)
                | Record::Proceed(_)
                | Record::Abort(_)
                | Record::Forced(_)
                | Record::Evacuation(_)
                | Record::Notices(_),
            ) => false,
        };
        let last = self.our_records().into_iter().rev().find(|(_, record)| ours(record));
        let id =
            last.map_or_else(|| self.add_record(&Record::Control { disarmed: Vec::new() }), |(id, _)| id);
        if let Some(document) = self.state.documents.get_mut(&id.0) {
            let was = document.template.get("BODY").unwrap_or_default().to_owned();
            document.template.set(WAS, was);
            document.template.set("BODY", "{\"format\":1,\"record\":");
        }
    }

    /// A person writes back, over the API, what stood in a damaged document.
    pub fn mend_records(&mut self) {
        let ids: Vec<_> = self.state.documents.values().map(|document| document.id).collect();
        for document in ids {
            let Some(document) = self.state.documents.get_mut(&document) else { continue };
            if let Some(was) = document.template.get(WAS).map(str::to_owned) {
                document.template.set("BODY", was);
                document.template.remove(WAS);
            }
        }
    }

    /// A document of ours appears in a format that is to come.
    pub fn add_newer_record(&mut self) {
        let id = self.add_record(&Record::Control { disarmed: Vec::new() });
        if let Some(document) = self.state.documents.get_mut(&id.0) {
            document.template.set("BODY", "{\"format\":3,\"record\":\"control\",\"disarmed\":[]}");
        }
    }

    /// A person deletes what of ours cannot be read, over the API.
    pub fn delete_unreadable(&mut self) {
        let good: Vec<_> = self.our_records().into_iter().map(|(id, _)| id.0).collect();
        let ours = self.state.documents.values().filter(|document| is_ours(document));
        let bad: Vec<_> = ours.map(|document| document.id).filter(|id| !good.contains(id)).collect();
        for id in bad {
            self.state.documents.remove(&id);
        }
    }

    /// Another front-end has worked on a host's failure, this long ago. `closed` is a host that came back by itself,
    /// `off` one that was proven off.
    pub fn recorded(&mut self, host: HostId, progress: Progress, ago: Duration) {
        let ago = i64::try_from(ago.as_secs()).unwrap_or(i64::MAX);
        let at = Epoch(self.wall_clock().0.saturating_sub(ago));
        let shown = self.host_xml(host);
        let shown =
            shown.and_then(|xml| crate::wire::documents::read::<crate::model::Host>(&xml, Limits::HOOK).ok());
        let Some(known) = self.state.hosts.get(&host) else { return };
        let fenced = matches!(progress, Progress::Fencing | Progress::Off).then_some(at);
        let off = progress == Progress::Off;
        self.add_record(&Record::Incident(Box::new(Incident {
            host,
            name: known.name.clone(),
            cluster: known.cluster,
            owner: "another front-end".to_owned(),
            opened: at,
            updated: at,
            progress,
            events: vec![at],
            error: shown.and_then(|host| host.error),
            fenced,
            on: None,
            held: None,
            began: off.then_some(at),
            proof: off.then(|| "bmc said off 3 times in a row".to_owned()),
            confirmation: None,
            outcome: None,
            ..Incident::default()
        })));
    }

    /// Something that is another one once a document of ours was made, written or deleted.
    pub(crate) fn print_of_documents(&self) -> u64 {
        let mut print = DefaultHasher::new();
        for document in self.state.documents.values().filter(|document| is_ours(document)) {
            (document.id, document.template.get("BODY")).hash(&mut print);
        }
        print.finish()
    }

    /// Everything of ours that can be read, oldest first.
    #[must_use]
    pub fn our_records(&self) -> Vec<(DocumentId, Record)> {
        let ours = self.state.documents.values().filter(|document| is_ours(document));
        let read = |document: &super::state::Document| {
            let single = |(name, value): (&str, &Attribute)| match value {
                Attribute::Single(text) => Some((name.to_owned(), text.clone())),
                Attribute::Vector(_) => None,
            };
            let (id, name) = (DocumentId(document.id), document.name.clone());
            let attributes = document.template.iter().filter_map(single).collect();
            let (kind, user, group) = (document.kind, None, None);
            let document = Document { id, name, kind, user, group, open_to: None, lock: None, attributes };
            Record::read(&document).ok().map(|record| (id, record))
        };
        ours.filter_map(read).collect()
    }

    /// The incident of this host that counts, unless it is closed.
    #[must_use]
    pub fn open_incident(&self, host: HostId) -> Option<(DocumentId, Incident)> {
        standing(&self.memory(), host).filter(|(_, incident)| incident.progress != Progress::Closed).cloned()
    }

    /// What is remembered of failures and their ends, as far as it can be read.
    fn memory(&self) -> Memory {
        let mut memory = Memory { now: self.wall_clock(), ..Memory::default() };
        for (id, record) in self.our_records() {
            match record {
                Record::Incident(incident) => memory.incidents.push((id, *incident)),
                Record::Abort(word) => memory.aborts.push(word),
                Record::Evacuation(evacuation) => memory.evacuations.push((id, *evacuation)),
                Record::Control { .. }
                | Record::SeenOn { .. }
                | Record::Proceed(_)
                | Record::Forced(_)
                | Record::Notices(_)
                | Record::Confirmation(_) => {}
            }
        }
        memory
    }

    fn last_incident(&self, host: HostId) -> Option<(DocumentId, Box<Incident>)> {
        self.our_records().into_iter().rev().find_map(|(id, record)| match record {
            Record::Incident(incident) if incident.host == host => Some((id, incident)),
            Record::Incident(_)
            | Record::Control { .. }
            | Record::SeenOn { .. }
            | Record::Confirmation(_)
            | Record::Proceed(_)
            | Record::Evacuation(_)
            | Record::Notices(_)
            | Record::Forced(_)
            | Record::Abort(_) => None,
        })
    }

    /// Who has worked on the host's last incident has seen that the host ran.
    pub(crate) fn recorded_alive(&mut self, host: HostId) {
        let Some((id, mut incident)) = self.last_incident(host) else { return };
        let why = "CONTRADICTION: it was taken for off, and oned has heard it since".to_owned();
        let since = incident.updated;
        incident.held = Some(Held { why: why.clone(), advice: String::new(), since });
        (incident.alive, incident.outcome, incident.progress) = (Some(since), Some(why), Progress::Held);
        self.replace_record(id, &Record::Incident(incident));
    }

    /// Write a VM into the host's last incident, as one that was recovered on another host.
    pub(crate) fn recorded_vm(&mut self, host: HostId, vm: VmId, to: HostId) {
        let Some((id, mut incident)) = self.last_incident(host) else { return };
        let (order, end) = (Some("migrate".to_owned()), Some(End::Recovered));
        let (name, why) = (String::new(), String::new());
        incident.vms.push(IncidentVm { id: vm, name, order, to: Some(to), end, why, ready: None });
        self.replace_record(id, &Record::Incident(incident));
    }

    /// Write a VM into the evacuation of the host, as one that was moved to another host.
    pub(crate) fn evacuated(&mut self, host: HostId, vm: VmId, to: HostId) {
        let (now, name) = (self.wall_clock(), self.state.hosts.get(&host).map(|host| host.name.clone()));
        let known = self.memory().evacuations.into_iter().find(|(_, evacuation)| evacuation.host == host);
        let fresh = || Evacuation {
            host,
            name: name.unwrap_or_default(),
            by: OPERATOR.to_owned(),
            reason: "firmware".to_owned(),
            owner: "front-end 4711 1".to_owned(),
            opened: now,
            asked: now,
            stage: Emptying::Done,
            disabled: true,
            ..Evacuation::default()
        };
        let (id, mut evacuation) = known.map_or_else(|| (None, fresh()), |(id, known)| (Some(id), known));
        let vm_name = self.state.vms.get(&vm).map(|vm| vm.name.clone()).unwrap_or_default();
        let moved = Evacuated {
            id: vm,
            name: vm_name,
            to: Some(to),
            sequence: None,
            sent: None,
            stopped: false,
            end: Some(End::Recovered),
            why: String::new(),
        };
        (evacuation.updated, evacuation.stage) = (now, Emptying::Done);
        evacuation.vms.push(moved);
        let record = Record::Evacuation(Box::new(evacuation));
        match id {
            Some(id) => self.replace_record(id, &record),
            None => drop(self.add_record(&record)),
        }
    }

    fn change_control(&mut self, change: impl Fn(&mut Vec<Disarmed>)) {
        let mut found = false;
        for (id, record) in self.our_records() {
            if let Record::Control { mut disarmed } = record {
                change(&mut disarmed);
                self.replace_record(id, &Record::Control { disarmed });
                found = true;
            }
        }
        if !found {
            let mut disarmed = Vec::new();
            change(&mut disarmed);
            self.add_record(&Record::Control { disarmed });
        }
    }

    fn replace_record(&mut self, id: DocumentId, record: &Record) {
        let template = record.write().and_then(|text| Template::parse(&text));
        let (Ok(mut template), Some(document)) = (template, self.state.documents.get_mut(&id.0)) else {
            return;
        };
        template.remove("NAME");
        document.template = template;
    }
}
