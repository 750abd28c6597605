//! What a message says. Names of hosts and reasons come from the cloud: they are texts of one line and of a length.

use crate::model::text::{cut, one_line, span, vms};
use crate::model::{DocumentId, Epoch, Event, HostId, Incident, Memory, Progress};
use crate::policy::arming::utc;
use crate::policy::record::history::{Counts, aborted, counts};
use serde::Serialize;
use std::fmt::Write as _;

/// Changes that a text describes; of more it says how many there are.
const DESCRIBED: usize = 20;

/// One change. The names of fields stay; more may come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `opened`, `held`, `needs_you`, `ended`, `cannot_be_lost` or `can_be_lost`.
    pub event: Event,
    /// The incident's number in `onerescue history`; none where it is about the loss of a host.
    pub incident: Option<u32>,
    /// The host.
    pub host_id: u32,
    /// Its name then.
    pub host: String,
    /// Its cluster then.
    pub cluster_id: u32,
    /// How far the incident has come.
    pub state: Option<Progress>,
    /// This change in one line, with the command that shows more.
    pub subject: String,
    /// Why it is so.
    pub reason: Option<String>,
    /// The one thing to do, where it is known.
    pub do_this: Option<String>,
    /// When a machine looks again, in epoch seconds.
    pub next_look: Option<i64>,
    /// `onerescue show 41`, `onerescue plan 7`
    pub command: String,
    /// When it was opened, and written last, in epoch seconds; of a loss: since when, and when it was planned last.
    pub opened: i64,
    /// See `opened`.
    pub updated: i64,
    /// How many VMs ended how.
    pub vms: Counts,
    /// This change may have been sent before: its sender was killed, or got no answer.
    pub maybe_repeated: bool,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// An incident.
    Incident(DocumentId),
    /// What the loss of this host would hold.
    Loss(HostId),
}

impl Change {
    /// What it is about.
    #[must_use]
    pub fn about(&self) -> About {
        self.incident.map_or(About::Loss(HostId(self.host_id)), |id| About::Incident(DocumentId(id)))
    }
}

/// What a receiver gets: `command` and `webhook` as JSON. The names of fields stay; more may come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// 1
    pub format: u32,
    /// Nothing has happened: somebody tries the receivers out.
    pub test: bool,
    /// One line.
    pub subject: String,
    /// The same with everything that is known, in lines.
    pub text: String,
    /// In the order of their incidents, then of the hosts that cannot be lost.
    pub changes: Vec<Change>,
}

impl Message {
    /// What these changes are, in one message.
    #[must_use]
    pub fn of(changes: Vec<Change>) -> Self {
        let again = changes.iter().any(|change| change.maybe_repeated);
        let doubt = if again { " (may have been sent before)" } else { "" };
        let subject = match changes.as_slice() {
            [one] => one.subject.clone(),
            all => many(all),
        };
        let mut text = String::new();
        for change in changes.iter().take(DESCRIBED) {
            let separator = if text.is_empty() { "" } else { "\n" };
            let _ = write!(text, "{separator}{}", described(change));
        }
        if let Some(more) = changes.len().checked_sub(DESCRIBED).filter(|more| *more > 0) {
            let _ = writeln!(text, "\nand {more} more: {}", commands(&changes));
        }
        Self { format: 1, test: false, subject: subject + doubt, text, changes }
    }
}

/// A message that says that nothing has happened.
#[must_use]
pub fn test_message(receiver: &str, front_end: &str) -> Message {
    let subject = format!("onerescue on {} tries out the receiver {receiver}", one_line(front_end));
    let text = format!("{subject}.\nNothing has happened, and there is nothing to do.\n");
    Message { format: 1, test: true, subject, text, changes: Vec::new() }
}

/// What is told of an incident now.
pub(super) fn change(
    memory: &Memory,
    document: DocumentId,
    incident: &Incident,
    event: Event,
    maybe_repeated: bool,
) -> Change {
    let line = |text: &str, most| cut(&one_line(text), most);
    let held = incident.held.as_ref().filter(|_| incident.progress == Progress::Held);
    let host = line(&incident.name, 60);
    let command = format!("onerescue show {}", document.0);
    let waits = incident.progress == Progress::Held || incident.waiting.is_some();
    let next = incident.until.filter(|until| waits && *until > memory.now);
    let reason = reason(memory, document, incident).map(|why| line(&why, 400));
    let vms = counts(incident);
    let what = what(memory, incident, event, vms);
    let why = reason.as_deref().map_or_else(String::new, |why| format!(": {}", cut(why, 100)));
    let waiting = match vms.on_its_way + vms.held + vms.failed {
        down if down > 0 && incident.progress != Progress::Closed => format!("; {} wait", self::vms(down)),
        _ => String::new(),
    };
    Change {
        event,
        incident: Some(document.0),
        host_id: incident.host.0,
        subject: format!("{host} {what}{why}{waiting}; look: {command}"),
        host,
        cluster_id: incident.cluster.0,
        state: Some(incident.progress),
        reason,
        do_this: held.map(|held| line(&held.advice, 400)).filter(|advice| !advice.is_empty()),
        next_look: next.map(|until| until.0),
        command,
        opened: incident.opened.0,
        updated: incident.updated.0,
        vms,
        maybe_repeated,
    }
}

fn what(memory: &Memory, incident: &Incident, event: Event, vms: Counts) -> String {
    match event {
        Event::Opened => "is in ERROR, and is being recovered".to_owned(),
        Event::Held => "is held".to_owned(),
        Event::NeedsYou if incident.progress == Progress::Closed => {
            format!("needs you, {} not recovered", self::vms(vms.held + vms.failed))
        }
        Event::NeedsYou => {
            let held = incident.held.as_ref().filter(|_| incident.progress == Progress::Held);
            let time = held.map_or_else(String::new, |held| {
                format!(", held for {}", span(memory.now.since(held.since)))
            });
            format!("needs you{time}")
        }
        // The others are no incident's.
        Event::Ended | Event::CannotBeLost | Event::CanBeLost => "has ended".to_owned(),
    }
}

fn reason(memory: &Memory, document: DocumentId, incident: &Incident) -> Option<String> {
    if incident.ran_on().is_some() {
        let why = "it ran while VMs of it were moved away, so they may run twice";
        return Some(why.to_owned());
    }
    if let Some(word) = aborted(memory, document) {
        return Some(format!("{} has ended it: {}", word.by, word.reason));
    }
    if incident.progress == Progress::Closed {
        return incident.outcome.clone();
    }
    incident.held.as_ref().filter(|_| incident.progress == Progress::Held).map(|held| held.why.clone())
}

/// `12 incidents: 3 held, 9 opened; 2 hosts cannot be lost; look: onerescue history, onerescue plan --all`
fn many(changes: &[Change]) -> String {
    let count = |event| changes.iter().filter(|change| change.event == event).count();
    let named = |events: &[(Event, &str)]| {
        let some = events.iter().map(|(event, name)| (count(*event), name)).filter(|(count, _)| *count > 0);
        some.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    };
    let incidents = changes.iter().filter(|change| change.incident.is_some()).count();
    let of_incidents = named(&[
        (Event::Ended, "ended"),
        (Event::NeedsYou, "need you"),
        (Event::Held, "held"),
        (Event::Opened, "opened"),
    ]);
    let of_losses =
        named(&[(Event::CannotBeLost, "cannot be lost"), (Event::CanBeLost, "can be lost again")]);
    let all = [
        (incidents > 0).then(|| format!("{incidents} incidents: {of_incidents}")),
        (incidents < changes.len()).then(|| format!("hosts: {of_losses}")),
    ];
    let all: Vec<_> = all.into_iter().flatten().collect();
    format!("{}; look: {}", all.join("; "), commands(changes))
}

/// Where the rest is seen.
fn commands(changes: &[Change]) -> String {
    let any = |is: bool| changes.iter().any(|change| change.incident.is_some() == is);
    let all = [any(true).then_some("onerescue history"), any(false).then_some("onerescue plan --all")];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn described(change: &Change) -> String {
    let mut text = change.subject.clone() + "\n";
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "  {key:<10} {value}");
        }
    };
    add("host", Some(format!("{} (host {}, cluster {})", change.host, change.host_id, change.cluster_id)));
    add("reason", change.reason.clone());
    add("do this", change.do_this.clone());
    add("VMs", counted(change.vms));
    let (opened, updated) = match change.about() {
        About::Incident(_) => ("opened", "written"),
        About::Loss(_) => ("since", "planned"),
    };
    add(opened, Some(utc(Epoch(change.opened))));
    add(updated, Some(utc(Epoch(change.updated))));
    add("next look", change.next_look.map(|at| utc(Epoch(at))));
    add("command", Some(change.command.clone()));
    add("note", change.maybe_repeated.then(|| "this may have been sent before".to_owned()));
    text
}

fn counted(vms: Counts) -> Option<String> {
    let all = [
        (vms.recovered, "recovered"),
        (vms.deleted, "deleted"),
        (vms.failed, "failed"),
        (vms.held, "held"),
        (vms.on_its_way, "on their way"),
        (vms.left, "left alone"),
        (vms.left_out, "not in the record"),
    ];
    let parts: Vec<_> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
