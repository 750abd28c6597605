//! Calls that change something, and what oned says to them.

use super::case::{Away, Case};
use super::later::{Mark, TAIL};
use super::look::Observing;
use super::remember::Remembering;
use super::start::Settling;
use super::survey::RETURNED;
use super::{Step, failback, quarantine, wait};
use crate::model::{Epoch, Moment, Vm};
use crate::policy::arming::utc;
use crate::policy::notes::{Entry, Phase};
use crate::policy::order::Reply;
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::{Fate, Outcome};
use crate::policy::settings::HandOver;
use crate::policy::tend::Deed;
use std::time::Duration;

/// VMs that are remembered as not started. Of more, the others are left to people.
const MOST: usize = 200;

#[derive(Clone, Debug)]
enum Then {
    /// The host was disabled.
    Quarantined(Failure),
    /// The host was enabled.
    Lifted,
    /// It was noted that a person has enabled it, or that its quarantine has begun.
    Noted,
    /// A later run goes on.
    HandedOver(Outcome),
    /// VMs were started.
    Started,
    /// The end was written down.
    Closed(Outcome),
}

/// See [`Step::Act`].
#[derive(Debug)]
pub struct Acting {
    case: Box<Case>,
    deeds: Vec<Deed>,
    then: Then,
}

impl Acting {
    pub(super) fn quarantine(case: Box<Case>, deeds: Vec<Deed>, why: Failure) -> Step {
        Step::Act(Self { case, deeds, then: Then::Quarantined(why) })
    }

    pub(super) fn lift(case: Box<Case>, deeds: Vec<Deed>) -> Step {
        Step::Act(Self { case, deeds, then: Then::Lifted })
    }

    /// Before anything else.
    pub(super) fn note_first(case: Box<Case>, deed: Deed) -> Step {
        Step::Act(Self { case, deeds: vec![deed], then: Then::Noted })
    }

    /// Write down that a later run goes on when the host has been MONITORED for this long.
    pub(super) fn hand_over(case: Box<Case>, now: Moment, stable: Duration) -> Step {
        let epoch = case.epoch(now);
        let since = Epoch(epoch.0.saturating_sub(i64::try_from(case.stood(now).as_secs()).unwrap_or(0)));
        let heard = case.since.and_then(|(_, heard)| heard).unwrap_or(0);
        let mark = Mark { since, heard, at: since.plus(stable) };
        let looked = case.guests.is_some();
        let mut attributes = vec![(TAIL, mark.write())];
        attributes.extend(returned(&case, now).filter(|_| looked));
        let outcome = if looked && is_open(&case) {
            Outcome::Partly
        } else {
            Outcome::HandedOver(format!(
                "`onerescue reconcile` goes on in {} s, at {}, if it stays MONITORED",
                mark.at.since(epoch).as_secs(),
                utc(mark.at)
            ))
        };
        let deeds = vec![Deed::NoteHost { host: case.subject.host, attributes }];
        Step::Act(Self { case, deeds, then: Then::HandedOver(outcome) })
    }

    pub(super) fn start(mut case: Box<Case>, vms: &[&Vm], now: Moment) -> Step {
        for vm in vms {
            let (name, error) = (vm.name.clone(), vm.error.clone());
            case.away.insert(vm.id, Away { name, sent: now, error, from: None, begun: false, doubt: false });
        }
        let deeds = vms.iter().map(|vm| Deed::Resume { vm: vm.id }).collect();
        Step::Act(Self { case, deeds, then: Then::Started })
    }

    /// One VM goes back.
    pub(super) fn go_back(mut case: Box<Case>, vm: &Vm, now: Moment) -> Step {
        let (name, error, from) = (vm.name.clone(), vm.error.clone(), vm.host);
        case.away.insert(vm.id, Away { name, sent: now, error, from, begun: false, doubt: false });
        let deeds = vec![Deed::Live { vm: vm.id, to: case.subject.host }];
        Step::Act(Self { case, deeds, then: Then::Started })
    }

    /// Everything has its outcome. What was not started is written into the host, so that a later run tries those again,
    /// and a VM whose guest shuts itself down by then is not taken for a victim of that failure.
    pub(super) fn close(case: Box<Case>, now: Moment) -> Step {
        failback::next(case, now)
    }

    /// The end, also of what goes back.
    pub(super) fn finish(case: Box<Case>, now: Moment) -> Step {
        let looked = case.guests.is_some() || !case.vms.is_empty();
        let outcome = match (is_open(&case), case.started) {
            (true, _) => Outcome::Partly,
            (false, 0) if looked || case.incident.is_some() => {
                Outcome::NothingToDo("the failure left no VM down on it".to_owned())
            }
            (false, 0) => {
                Outcome::NothingToDo("no VM is charged to it, and no failure of it is recorded".to_owned())
            }
            (false, _) => Outcome::Recovered,
        };
        let mut attributes: Vec<_> = returned(&case, now).into_iter().collect();
        attributes.extend(case.mark().map(|_| (TAIL, "0".to_owned())));
        if attributes.is_empty() || case.rehearses() {
            return case.end(now, outcome);
        }
        let deeds = vec![Deed::NoteHost { host: case.subject.host, attributes }];
        Step::Act(Self { case, deeds, then: Then::Closed(outcome) })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// What to do; those for VMs at the same time, the others in this order.
    #[must_use]
    pub fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    /// What oned said to each.
    #[must_use]
    pub fn answer(self, now: Moment, replies: &[Reply]) -> Step {
        let Self { mut case, deeds, then } = self;
        for (deed, reply) in deeds.iter().zip(replies) {
            case.diary.note(now, Phase::Act, format!("{deed}: {}", reply.said()));
        }
        let bad = replies.iter().find(|reply| **reply != Reply::Accepted).map(Reply::said);
        match then {
            Then::Started => started(case, now, &deeds, replies),
            Then::Quarantined(mut why) => {
                quarantine::hold_all(&mut case, now, &why.what);
                // The last call only notes that it is done.
                let disabled = deeds
                    .iter()
                    .zip(replies)
                    .any(|(deed, reply)| matches!(deed, Deed::Disable { .. }) && *reply == Reply::Accepted);
                if let Some(bad) = bad.filter(|_| !disabled) {
                    why.what = format!("{}; it could not be disabled: {bad}", why.what);
                    why.advice = format!("`onehost disable {}`; {}", case.subject.name, why.advice);
                }
                case.end(now, Outcome::Held(why))
            }
            Then::Lifted => {
                let Some(bad) = bad else {
                    // oned has made it MONITORED without asking it.
                    let heard = case.host.as_ref().and_then(|host| host.monitored_at);
                    case.since = Some((now, heard));
                    return Observing::stable(case, now);
                };
                let advice = format!("`onehost enable {}`", case.subject.name);
                let what = format!("its quarantine is over, and it could not be enabled: {bad}");
                case.end(now, Outcome::Held(Failure { trouble: Trouble::Refused, what, advice }))
            }
            Then::Noted => {
                let noted = deeds.iter().filter_map(|deed| match deed {
                    Deed::NoteHost { attributes, .. } => Some(attributes),
                    Deed::Resume { .. }
                    | Deed::Move { .. }
                    | Deed::Live { .. }
                    | Deed::NoteVm { .. }
                    | Deed::Disable { .. }
                    | Deed::Enable { .. } => None,
                });
                if let Some(host) = &mut case.host {
                    let noted = noted.flatten().map(|(name, value)| ((*name).to_owned(), value.clone()));
                    host.attributes.extend(noted);
                }
                Remembering::first(case)
            }
            Then::HandedOver(outcome) if bad.is_none() => case.end(now, outcome),
            // Nobody would go on: this run waits itself.
            Then::HandedOver(_) => {
                case.policy.hand_over = HandOver::No;
                if case.guests.is_some() { failback::next(case, now) } else { Observing::stable(case, now) }
            }
            // A tail that is not written down is looked at again, and nothing is found then.
            Then::Closed(outcome) => case.end(now, outcome),
        }
    }
}

fn is_open(case: &Case) -> bool {
    case.vms.values().any(|vm| matches!(vm.fate, Fate::Held(_) | Fate::Failed(_)))
}

/// What was done about the host's last failure, and which VMs were not started.
fn returned(case: &Case, now: Moment) -> Option<(&'static str, String)> {
    case.incident.as_ref()?;
    let down = case.vms.values().filter(|vm| matches!(vm.fate, Fate::Held(_) | Fate::Failed(_))).take(MOST);
    let words = std::iter::once(case.epoch(now).0.to_string()).chain(down.map(|vm| vm.id.0.to_string()));
    Some((RETURNED, words.collect::<Vec<_>>().join(" ")))
}

fn started(mut case: Box<Case>, now: Moment, deeds: &[Deed], replies: &[Reply]) -> Step {
    for (vm, reply) in deeds.iter().filter_map(Deed::vm).zip(replies) {
        match reply {
            Reply::Accepted => {
                case.started = case.started.saturating_add(1);
                case.unsent = None;
            }
            // It may have been carried out: it is read back first.
            Reply::Unknown(_) => {
                case.started = case.started.saturating_add(1);
                if let Some(away) = case.away.get_mut(&vm) {
                    away.doubt = true;
                }
            }
            Reply::NotSent(_) if case.again(now, vm) => {}
            Reply::Refused(..) | Reply::NotSent(_) => {
                let Some(away) = case.away.remove(&vm) else { continue };
                let fate = match away.from {
                    None => Fate::Held(format!("its resume was {}", reply.said())),
                    Some(from) => Fate::Left(format!(
                        "RUNNING on {from}, and stays: its migration was {}",
                        reply.said()
                    )),
                };
                case.settle(now, vm, &away.name, fate);
            }
        }
    }
    let look = case.policy.wait.look;
    wait(look, Settling::step(case))
}
