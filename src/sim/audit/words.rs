//! The safety rules about whose a failure is: what a run has read of its own record before it sends something.
//!
//! A person may have ended the incident, and another run may have taken it over. Both stand in what is remembered, which is
//! read before each "off" and before each batch of orders.

use crate::model::{DocumentId, HostId, Incident, Memory, RunId};
use crate::policy::Order;
use crate::sim::seen::Seen;
use crate::sim::world::SimWorld;
use std::collections::BTreeSet;
use std::time::Duration;

/// How old the last reading may be when something is sent: a batch of calls, and devices, that all run into their deadlines
/// lie between.
const READ: Duration = Duration::from_secs(330);

/// An owner of a record.
type Owner = (String, Option<RunId>);

/// The record that a run has written, and what was read of it.
#[derive(Default)]
struct Own {
    written: Option<(DocumentId, Owner)>,
    /// Owners that were there before this run wrote its name: a late write of theirs means nothing.
    earlier: BTreeSet<Owner>,
    read: Option<Duration>,
    /// Why nothing may be sent any more.
    over: Option<String>,
}

impl Own {
    fn write(&mut self, document: DocumentId, incident: &Incident) {
        self.written = Some((document, owner(incident)));
    }

    fn read(&mut self, at: Duration, subject: HostId, memory: &Memory) {
        self.read = Some(at);
        let of_host = memory.incidents.iter().filter(|(_, incident)| incident.host == subject);
        let Some((document, me)) = &self.written else {
            self.earlier.extend(of_host.map(|(_, incident)| owner(incident)));
            return;
        };
        let taken = |(other, incident): &&(DocumentId, Incident)| {
            let now = owner(incident);
            other == document && now != *me && !self.earlier.contains(&now)
        };
        if let Some((_, incident)) = memory.incidents.iter().find(taken) {
            self.over = Some(format!("the record was seen to be that of {}", incident.owner));
        }
        if let Some(word) =
            memory.aborts.iter().find(|word| word.host == subject && word.incident == *document)
        {
            self.over = Some(format!("{} was seen to have ended the incident", word.by));
        }
    }

    /// Why this may not be sent now.
    fn objection(&self, at: Duration) -> Option<String> {
        let old = |read: Duration| at.saturating_sub(read) > READ;
        let unread = self.read.is_none_or(old).then(|| "nobody looked whose the record is".to_owned());
        self.over.clone().or(unread)
    }
}

fn owner(incident: &Incident) -> Owner {
    (incident.owner.clone(), incident.run.clone())
}

/// S5: nothing is sent after a reading that showed a person's word or another owner, nor long after the last reading.
pub(super) fn owned(world: &SimWorld, subject: HostId, broken: &mut Vec<String>) {
    let mut own = Own::default();
    for seen in world.seen() {
        let sent = match seen {
            Seen::Record { incident, answer: Ok(document), .. } if incident.host == subject => {
                own.write(*document, incident);
                None
            }
            Seen::Memory { at, memory } => {
                own.read(*at, subject, memory);
                None
            }
            Seen::Outlook { at, outlook: Some(outlook) } => {
                own.read(*at, subject, &outlook.memory);
                None
            }
            Seen::Survey { at, survey, .. } => {
                own.read(*at, subject, &survey.memory);
                None
            }
            Seen::Off { at, device, .. } => Some((*at, format!("\"off\" to {device}"))),
            // To take a flag back starts nothing.
            Seen::Order { at, order, .. } if !matches!(order, Order::Unresched { .. }) => {
                Some((*at, format!("{order:?}")))
            }
            Seen::Order { .. }
            | Seen::Record { .. }
            | Seen::Outlook { .. }
            | Seen::Host { .. }
            | Seen::Witness { .. }
            | Seen::Dump { .. }
            | Seen::Power { .. }
            | Seen::Vms { .. }
            | Seen::Disable { .. } => None,
        };
        if let Some((at, what)) = sent
            && let Some(why) = own.objection(at)
        {
            broken.push(format!("S5: {what} was sent, and {why}"));
        }
    }
}
