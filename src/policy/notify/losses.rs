//! What a receiver is to be told of hosts that cannot be lost: once when that is so, again when more VMs would be held, and
//! once when it is over.

use super::message::Change;
use super::plan::{Wanted, is_being_sent};
use crate::model::text::{cut, one_line, vms};
use crate::model::{Attempt, Epoch, Event, HostId, NotedLoss, Notices, Sending};
use crate::policy::losses::{HostLoss, Losses};
use crate::policy::record::history::Counts;
use std::collections::BTreeSet;

/// What is new, and what stands.
#[derive(Debug, Default)]
pub(super) struct LossNews {
    /// Each with what is noted while it is being sent.
    pub(super) changes: Vec<(NotedLoss, Change)>,
    /// Every loss that is told and stands.
    pub(super) standing: Vec<Change>,
    /// Some of it was never tried.
    pub(super) is_fresh: bool,
    /// These are over, and nobody wants to be told of that.
    pub(super) over: Vec<NotedLoss>,
}

/// What is new of these losses; nothing where the plan is older than what was told.
pub(super) fn news(losses: &Losses, notes: &Notices, wanted: &Wanted, now: Epoch, me: &str) -> LossNews {
    let mut news = LossNews::default();
    if losses.planned < notes.planned {
        return news;
    }
    let hosts: BTreeSet<HostId> =
        losses.hosts.keys().copied().chain(notes.losses.iter().map(|noted| noted.host)).collect();
    for host in hosts {
        let (loss, known) = (losses.hosts.get(&host), notes.of_loss(host));
        let held = loss.map_or(0, |loss| loss.held.len());
        let told = known.map_or(0, |noted| noted.held);
        let tried = known.and_then(|noted| noted.attempt.as_ref());
        let may_be_told = tried.is_some_and(|attempt| attempt.sending != Sending::Failed);
        let is_wanted = |event| wanted.events.contains(&event);
        if let Some(loss) = loss.filter(|_| held > 0 && (told > 0 || is_wanted(Event::CannotBeLost))) {
            news.standing.push(change(host, loss, losses.planned, Event::CannotBeLost));
        }
        let event = match held {
            0 if told > 0 || may_be_told => Event::CanBeLost,
            held if held > told => Event::CannotBeLost,
            _ => continue,
        };
        let before = NotedLoss { held: told, ..noted(host, loss, known) };
        if !is_wanted(event) {
            news.over.extend((event == Event::CanBeLost).then_some(before));
            continue;
        }
        let mark = held.to_string();
        let attempt = tried.filter(|attempt| attempt.mark == mark);
        if attempt.is_some_and(|attempt| is_being_sent(attempt, now, me)) {
            continue;
        }
        news.is_fresh |= attempt.is_none();
        let of = HostLoss { name: before.name.clone(), cluster: before.cluster, ..HostLoss::default() };
        let maybe_repeated = attempt.is_some_and(|attempt| attempt.sending != Sending::Failed);
        let change = change(host, loss.unwrap_or(&of), losses.planned, event);
        let attempt = Some(Attempt { mark, by: me.to_owned(), at: now, sending: Sending::Begun });
        news.changes.push((NotedLoss { attempt, ..before }, Change { maybe_repeated, ..change }));
    }
    news
}

/// What is known of the host: it may be gone from the plan, or never told.
fn noted(host: HostId, loss: Option<&HostLoss>, known: Option<&NotedLoss>) -> NotedLoss {
    let (name, cluster) = match (loss, known) {
        (Some(loss), _) => (cut(&one_line(&loss.name), 60), loss.cluster),
        (None, Some(noted)) => (noted.name.clone(), noted.cluster),
        (None, None) => Default::default(),
    };
    NotedLoss { host, name, cluster, held: 0, attempt: None }
}

fn change(host: HostId, loss: &HostLoss, planned: Option<Epoch>, event: Event) -> Change {
    let name = cut(&one_line(&loss.name), 60);
    let command = format!("onerescue plan {}", host.0);
    let reason = loss.text().map(|why| cut(&one_line(&why), 400));
    let what = match loss.held.len() {
        0 => "can be lost again: that would hold no VM".to_owned(),
        held => {
            let first = loss.first.first();
            let first = first.map_or_else(String::new, |vm| {
                let of = if held > 1 { "of which " } else { "" };
                format!(": {of}{} {}: {}", vm.id, vm.name, vm.why)
            });
            format!("cannot be lost: that would hold {}{}", vms(held), cut(&one_line(&first), 120))
        }
    };
    let planned = planned.unwrap_or_default();
    Change {
        event,
        incident: None,
        host_id: host.0,
        subject: format!("{name} {what}; look: {command}"),
        host: name,
        cluster_id: loss.cluster.0,
        state: None,
        reason,
        do_this: None,
        next_look: None,
        command,
        opened: loss.since().unwrap_or(planned).0,
        updated: planned.0,
        vms: Counts { held: loss.held.len(), ..Counts::default() },
        maybe_repeated: false,
    }
}
