//! A person's word that an incident is to end: no more is sent for it, by whichever run.
//!
//! What a run makes of it is decided where it looks around and before each thing that it sends.

use super::evacuation;
use super::history::aborted;
use super::lease::standing;
use crate::model::{Abort, DocumentId, Emptying, Evacuation, HostId, Incident, Memory, Progress};
use crate::policy::limits::unreadable;
use crate::policy::port::{Failure, Trouble};

/// The word, to be written; it counts for the host's incident that is open now and for no other.
///
/// # Errors
/// Why there is nothing to end.
pub fn abort(memory: &Memory, host: HostId, name: &str, by: &str, reason: &str) -> Result<Abort, Failure> {
    let refused = |what: String, advice: String| Failure { trouble: Trouble::Refused, what, advice };
    let history = format!("`onerescue history --host {name}` has them all");
    // The open one may be among those that cannot be read.
    let none = |what: String| match unreadable(memory) {
        Some(failure) => refused(format!("{what} that can be read; {}", failure.what), failure.advice),
        None => refused(what, history.clone()),
    };
    let counts = standing(memory, host);
    let open = |incident: &Incident| incident.progress != Progress::Closed || incident.waiting.is_some();
    if let Some((document, evacuation)) = emptied(memory, host)
        && counts.is_none_or(|(_, incident)| !open(incident))
    {
        if let Some(word) = evacuation::ended_by(memory, *document, evacuation) {
            let what = format!("{document} of {name} was ended already by {}: {}", word.by, word.reason);
            return Err(refused(what, history));
        }
        let (by, reason) = (by.to_owned(), reason.to_owned());
        return Ok(Abort { host, incident: *document, by, reason, at: memory.now });
    }
    let (document, incident) =
        counts.ok_or_else(|| none(format!("{name} ({host}) has no incident to end")))?;
    if !open(incident) {
        return Err(none(format!("{name} ({host}) has no open incident, its last one has ended")));
    }
    if let Some(word) = aborted(memory, *document) {
        let what = format!("{document} of {name} was ended already by {}: {}", word.by, word.reason);
        return Err(refused(what, history));
    }
    let (by, reason) = (by.to_owned(), reason.to_owned());
    Ok(Abort { host, incident: *document, by, reason, at: memory.now })
}

/// The evacuation of the host that is under way.
fn emptied(memory: &Memory, host: HostId) -> Option<&(DocumentId, Evacuation)> {
    let under = |(_, evacuation): &&(DocumentId, Evacuation)| {
        matches!(evacuation.stage, Emptying::Under | Emptying::Restoring)
    };
    evacuation::standing(memory, host).filter(under)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Epoch, Looks};
    use crate::policy::record::lease::ended_by;

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
        let waiting = Incident {
            host: HostId(7),
            progress: Progress::Closed,
            waiting: Some(Looks { since: Epoch(5), outcome: String::new() }),
            ..Incident::default()
        };
        let memory = Memory { incidents: vec![(DocumentId(3), waiting)], ..Memory::default() };
        assert!(abort(&memory, HostId(7), "node7", "alice", "the VM that is held is ours").is_ok());
        assert!(ended(Progress::Closed, Vec::new()).unwrap_err().what.contains("its last one has ended"));
        // Of two open ones it is the one that a run goes on with, and a run hears the word for either.
        let open = |opened| Incident { host: HostId(7), opened: Epoch(opened), ..Incident::default() };
        let incidents = vec![(DocumentId(3), open(1)), (DocumentId(4), open(2))];
        let two = Memory { incidents, ..Memory::default() };
        let word = abort(&two, HostId(7), "node7", "alice", "x").unwrap();
        assert_eq!(word.incident, DocumentId(3));
        let other = Abort { incident: DocumentId(4), ..word };
        let heard = Memory { aborts: vec![other], ..two };
        assert!(ended_by(&heard, HostId(7), DocumentId(3)).is_some());
        let none = abort(&Memory::default(), HostId(7), "node7", "alice", "x").unwrap_err();
        assert!(none.what.contains("no incident to end"), "{}", none.what);
    }
}
