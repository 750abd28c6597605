//! A person's word that an incident is to end: no more is sent for it, by whichever run.
//!
//! What a run makes of it is decided where it looks around and before each thing that it sends.

use super::case::{Failure, Trouble};
use super::history::aborted;
use crate::model::{Abort, HostId, Memory, Progress};

/// The word, to be written; it counts for the host's incident that is open now and for no other.
///
/// # Errors
/// Why there is nothing to end.
pub fn abort(memory: &Memory, host: HostId, name: &str, by: &str, reason: &str) -> Result<Abort, Failure> {
    let newest = memory.incidents.iter().rfind(|(_, incident)| incident.host == host);
    let refused = |what: String, advice: String| Failure { trouble: Trouble::Refused, what, advice };
    let history = format!("`onerescue history --host {name}` has them all");
    let (document, incident) =
        newest.ok_or_else(|| refused(format!("{name} ({host}) has no incident to end"), history.clone()))?;
    if incident.progress == Progress::Closed {
        return Err(refused(format!("the last incident of {name} ({host}) has ended already"), history));
    }
    if let Some(word) = aborted(memory, *document) {
        let what = format!("{document} of {name} was ended already by {}: {}", word.by, word.reason);
        return Err(refused(what, history));
    }
    let (by, reason) = (by.to_owned(), reason.to_owned());
    Ok(Abort { host, incident: *document, by, reason, at: memory.now })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocumentId, Epoch, Incident};

    fn ended(progress: Progress, words: Vec<Abort>) -> Result<Abort, Failure> {
        let incident = Incident { host: HostId(7), progress, ..Incident::default() };
        let incidents = vec![(DocumentId(3), incident)];
        let memory = Memory { now: Epoch(9), incidents, aborts: words, ..Memory::default() };
        abort(&memory, HostId(7), "node7", "alice", "we look ourselves")
    }

    #[test]
    fn only_the_open_incident_is_ended_and_once() {
        let word = ended(Progress::Fencing, Vec::new()).unwrap();
        assert_eq!((word.incident, word.at), (DocumentId(3), Epoch(9)));
        let again = ended(Progress::Fencing, vec![word.clone()]).unwrap_err();
        assert!(again.what.contains("was ended already by alice: we look ourselves"), "{}", again.what);
        let earlier = Abort { incident: DocumentId(2), ..word };
        assert!(ended(Progress::Held, vec![earlier]).is_ok());
        assert!(ended(Progress::Closed, Vec::new()).unwrap_err().what.contains("has ended already"));
        let none = abort(&Memory::default(), HostId(7), "node7", "alice", "x").unwrap_err();
        assert!(none.what.contains("no incident to end"), "{}", none.what);
    }
}
