//! What there is to tell of past and present incidents, newest first.
//!
//! Pure: rows from what is remembered. How they look is the command's business.

use super::evacuation;
use super::lease::{ended_by, is_twin};
use super::stages::plug_to_last;
use crate::model::{Abort, DocumentId, End, Epoch, Evacuation, HostId, Incident, Memory, Progress};
use crate::policy::report::DELETED;
use serde::Serialize;

/// How many VMs of an incident ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Read back where they should be.
    pub recovered: usize,
    /// Deleted, as that was asked for.
    pub deleted: usize,
    /// Not touched, with a reason that needs a person.
    pub held: usize,
    /// Touched, and not where they should be.
    pub failed: usize,
    /// Not touched, because nobody asked for that.
    pub left: usize,
    /// Not ended yet.
    pub on_its_way: usize,
    /// There were too many for the record.
    pub left_out: usize,
}

/// What an incident is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The host has failed.
    Failure,
    /// The host is emptied by day; by whom, and why.
    Evacuation,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its document.
    pub incident: DocumentId,
    /// What it is about.
    pub about: About,
    /// Who wants an evacuation, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The host.
    pub host: HostId,
    /// Its name then.
    pub name: String,
    /// When it was opened.
    pub opened: Epoch,
    /// From there to its end, or until now.
    pub took_s: u64,
    /// From when the host was heard last to the last VM, if both are known and no VM is on its way.
    pub plug_to_last_vm_s: Option<u64>,
    /// How far it has come.
    pub progress: Progress,
    /// How its last run ended.
    pub outcome: Option<String>,
    /// What holds it now.
    pub held: Option<String>,
    /// Who has ended it by hand, and why.
    pub aborted: Option<String>,
    /// Who works on it, or did last.
    pub owner: String,
    /// Its VMs.
    pub vms: Counts,
}

/// Every incident, or those of one host, newest first.
#[must_use]
pub fn rows(memory: &Memory, host: Option<HostId>) -> Vec<Row> {
    let of = |incident: &Incident| host.is_none_or(|host| incident.host == host);
    let wanted = memory.incidents.iter().filter(|(_, incident)| of(incident) && !is_twin(memory, incident));
    let mut rows: Vec<_> = wanted.map(|(document, incident)| row(memory, *document, incident)).collect();
    let emptied = memory.evacuations.iter().filter(|(_, one)| host.is_none_or(|host| one.host == host));
    rows.extend(emptied.map(|(document, one)| evacuation(memory, *document, one)));
    rows.sort_by_key(|row| std::cmp::Reverse((row.opened, row.incident)));
    rows
}

fn row(memory: &Memory, document: DocumentId, incident: &Incident) -> Row {
    let closed = incident.progress == Progress::Closed;
    let until = if closed { incident.updated } else { memory.now };
    let held = incident.held.as_ref().filter(|_| incident.progress == Progress::Held);
    Row {
        incident: document,
        about: About::Failure,
        asked: None,
        host: incident.host,
        name: incident.name.clone(),
        opened: incident.opened,
        took_s: until.since(incident.opened).as_secs(),
        plug_to_last_vm_s: plug_to_last(incident),
        progress: incident.progress,
        outcome: incident.outcome.clone(),
        held: held.map(|held| held.why.clone()),
        aborted: ended_by(memory, incident.host, document)
            .map(|word| format!("{}: {}", word.by, word.reason)),
        owner: incident.owner.clone(),
        vms: counts(incident),
    }
}

/// An evacuation, as far as it is like an incident.
fn evacuation(memory: &Memory, document: DocumentId, evacuation: &Evacuation) -> Row {
    let open = evacuation::is_open(evacuation);
    let until = if open { memory.now } else { evacuation.updated };
    let mut vms = Counts::default();
    for vm in &evacuation.vms {
        let count = match vm.end {
            Some(End::Recovered) => &mut vms.recovered,
            Some(End::Held) => &mut vms.held,
            Some(End::Failed) => &mut vms.failed,
            Some(End::Left) => &mut vms.left,
            None => &mut vms.on_its_way,
        };
        *count += 1;
    }
    Row {
        incident: document,
        about: About::Evacuation,
        asked: Some(format!("{}: {}", evacuation.by, evacuation.reason)),
        host: evacuation.host,
        name: evacuation.name.clone(),
        opened: evacuation.opened,
        took_s: until.since(evacuation.opened).as_secs(),
        plug_to_last_vm_s: None,
        progress: if open { Progress::Open } else { Progress::Closed },
        outcome: evacuation.outcome.clone(),
        held: None,
        aborted: evacuation::ended_by(memory, document, evacuation)
            .map(|word| format!("{}: {}", word.by, word.reason)),
        owner: evacuation.owner.clone(),
        vms,
    }
}

/// How the VMs of an incident ended.
#[must_use]
pub fn counts(incident: &Incident) -> Counts {
    let left_out = usize::try_from(incident.vms_left_out).unwrap_or(usize::MAX);
    let mut counts = Counts { left_out, ..Counts::default() };
    for vm in &incident.vms {
        let count = match vm.end {
            Some(End::Recovered) if vm.why == DELETED => &mut counts.deleted,
            Some(End::Recovered) => &mut counts.recovered,
            Some(End::Held) => &mut counts.held,
            Some(End::Failed) => &mut counts.failed,
            Some(End::Left) => &mut counts.left,
            None => &mut counts.on_its_way,
        };
        *count += 1;
    }
    counts
}

/// The person's word that ends this incident.
#[must_use]
pub fn aborted(memory: &Memory, document: DocumentId) -> Option<&Abort> {
    memory.aborts.iter().find(|word| word.incident == document)
}

/// The incident that an operator names: a document's number, or a host's name, whose newest it is then.
#[must_use]
pub fn find<'a>(memory: &'a Memory, named: &str) -> Option<&'a (DocumentId, Incident)> {
    let mut newest = memory.incidents.iter().rev();
    let number: Option<u32> = named.parse().ok();
    let by_document = memory.incidents.iter().find(|(document, _)| Some(document.0) == number);
    by_document.or_else(|| newest.find(|(_, one)| one.name == named && !is_twin(memory, one)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Held, IncidentVm, VmId};

    fn memory() -> Memory {
        let vm = |id, end| IncidentVm {
            ready: None,
            id: VmId(id),
            name: String::new(),
            order: None,
            to: None,
            end,
            why: String::new(),
        };
        let closed = Incident {
            host: HostId(7),
            name: "node7".to_owned(),
            opened: Epoch(100),
            updated: Epoch(400),
            progress: Progress::Closed,
            outcome: Some("recovered".to_owned()),
            // What held it once does not hold it any more.
            held: Some(Held { why: "storm".to_owned(), advice: String::new(), since: Epoch(1) }),
            vms: vec![vm(1, Some(End::Recovered)), vm(2, Some(End::Recovered)), vm(3, Some(End::Left))],
            ..Incident::default()
        };
        let open = Incident {
            opened: Epoch(900),
            progress: Progress::Held,
            outcome: None,
            vms: vec![vm(1, None), vm(2, Some(End::Held)), vm(3, Some(End::Failed))],
            ..closed.clone()
        };
        let other = Incident { host: HostId(8), name: "12".to_owned(), opened: Epoch(50), ..closed.clone() };
        let incidents = vec![(DocumentId(10), other), (DocumentId(12), closed), (DocumentId(14), open)];
        let (by, reason) = ("alice".to_owned(), "no".to_owned());
        let abort = Abort { host: HostId(7), incident: DocumentId(14), by, reason, at: Epoch(950) };
        Memory { now: Epoch(1000), incidents, aborts: vec![abort], ..Memory::default() }
    }

    #[test]
    fn the_newest_comes_first_with_its_times_counts_and_words() {
        let rows = rows(&memory(), Some(HostId(7)));
        assert_eq!(rows.iter().map(|row| row.incident.0).collect::<Vec<_>>(), [14, 12]);
        assert_eq!((rows[0].took_s, rows[1].took_s), (100, 300));
        assert_eq!((rows[0].held.as_deref(), rows[1].held.as_deref()), (Some("storm"), None));
        assert_eq!((rows[0].aborted.as_deref(), rows[1].aborted.as_deref()), (Some("alice: no"), None));
        let (open, closed) = (rows[0].vms, rows[1].vms);
        assert_eq!((open.on_its_way, open.held, open.failed), (1, 1, 1));
        assert_eq!((closed.recovered, closed.left, closed.on_its_way), (2, 1, 0));
        assert_eq!(super::rows(&memory(), None).len(), 3);
    }

    #[test]
    fn an_incident_is_found_by_its_document_before_a_host_of_that_name() {
        let memory = memory();
        let found = |named| find(&memory, named).map(|(document, _)| document.0);
        assert_eq!((found("14"), found("node7"), found("12")), (Some(14), Some(14), Some(12)));
        assert_eq!((found("node9"), found("7")), (None, None));
    }
}
