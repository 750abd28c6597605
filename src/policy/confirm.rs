//! The last look at the host itself, just before something that cannot be taken back.
//!
//! Silence is never read as death here: that is for the fence to prove.

use super::FRESH;
use super::ahead::Ahead;
use super::brake::Braking;
use super::case::Case;
use super::hear::Hearing;
use super::hold::hold;
use super::incident::{Step, wait};
use super::notes::Phase;
use super::observe::{dead, unreadable};
use super::port::{Failure, Subject, Trouble};
use super::proof::{Evidence, Proof};
use super::prove::Proving;
use super::report::Outcome;
use super::rules::ProbeError;
use super::settings::{Fencing, Purpose};
use super::still::After;
use super::weigh::Weighing;
use crate::model::{Host, Moment};
use std::time::Duration;

/// See [`Step::Confirm`].
#[derive(Debug)]
pub struct Confirming {
    case: Box<Case>,
    asked: Moment,
    ahead: Ahead,
}

impl Confirming {
    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
    }

    /// Look at the host for the last time; at its power first, if that was read too long ago.
    pub(super) fn before(case: Box<Case>, now: Moment, ahead: Ahead) -> Step {
        match ahead {
            Ahead::PowerOff(fence) if fence.is_old(now) => Proving::before_off(case, fence),
            Ahead::Fence | Ahead::PowerOff(_) | Ahead::Change(_) => {
                Step::Confirm(Self { case, asked: now, ahead })
            }
        }
    }

    /// Look once more at a host whose power nobody can read, then change something.
    pub(super) fn before_change(after: After, case: Box<Case>, now: Moment) -> Step {
        Self::before(case, now, Ahead::Change(Box::new(after)))
    }

    /// The host to read.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    fn unread(mut self, now: Moment, failure: Failure) -> Step {
        if let Some(pause) = self.case.patience(now, Phase::Confirm, &failure) {
            return wait(pause, Step::Confirm(self));
        }
        match self.ahead {
            Ahead::Change(after) => after.unseen(self.case, now, failure),
            Ahead::Fence | Ahead::PowerOff(_) => self.case.stop(now, unreadable(failure)),
        }
    }

    /// The host as oned has it now, or why it could not be read.
    #[must_use]
    pub fn answer(self, now: Moment, host: Result<Host, Failure>) -> Step {
        let host = match host {
            Ok(host) => host,
            Err(failure) => return self.unread(now, failure),
        };
        let Self { mut case, asked, ahead } = self;
        case.answered();
        if let Ahead::Change(after) = ahead {
            return after.seen(case, now, &host);
        }
        if let Some(reason) = dead(&case, &host) {
            return case.stop(now, Outcome::NothingToDo(reason));
        }
        if let (Some(text), ProbeError::Hold) = (sign_of_life(&host), case.policy.fence.probe_error) {
            return hold(case, now, alive(&host, &text), Outcome::Held);
        }
        if now.since(asked) >= FRESH {
            // oned was away: what else was looked at is old.
            case.slow += 1;
            if case.slow > 1 {
                return hold(case, now, slow(now.since(asked)), Outcome::Held);
            }
            return Braking::again(case, ahead);
        }
        case.slow = 0;
        case.fails_of(&host);
        match ahead {
            Ahead::Fence => {
                case.heard = case.heard.or(host.monitored_at);
                case.note_once(
                    now,
                    Phase::Confirm,
                    format!("still {}, and it sent no error of its own", host.state),
                );
                begin(case, now)
            }
            Ahead::PowerOff(fence) => fence.send(case, now),
            Ahead::Change(after) => after.seen(case, now, &host),
        }
    }
}

/// Looking again and again would never end where oned answers, but always too late.
fn slow(took: Duration) -> Failure {
    Failure {
        trouble: Trouble::Unreachable,
        what: format!(
            "oned takes {} s to answer, so whatever was looked at before is old when the host may be fenced",
            took.as_secs()
        ),
        advice: "find out what slows oned down: its log, its database, the load of the front-end".to_owned(),
    }
}

fn begin(mut case: Box<Case>, now: Moment) -> Step {
    // Who asks for a fence and nothing else cannot waive it.
    if case.policy.fencing == Fencing::Required || case.policy.purpose == Purpose::Fence {
        return Weighing::before_the_fence(case, now);
    }
    case.note(now, Phase::Fence, format!("WARNING: {}", Evidence::Waived));
    let at = case.epoch(now);
    if let Some(incident) = &mut case.incident {
        incident.fenced = Some(at);
    }
    let proof = Proof::new(case.subject.host, now, vec![Evidence::Waived]);
    Hearing::after_off(case, now, proof)
}

/// The text that a live host's failed probe left in `TEMPLATE/ERROR`; a host that is silent leaves none.
/// Shape: `Fri Nov 20 08:44:08 2026 : Error monitoring Host node1 (1): Error executing kvm.rb: …`.
/// Source: `src/monitor/src/monitor/HostMonitorManager.cc`.
pub(super) fn sign_of_life(host: &Host) -> Option<String> {
    let text = host.error.as_deref()?;
    let (_, after) = text.split_once("Error monitoring Host ")?;
    let (_, said) = after.split_once("): ").or_else(|| after.split_once("):"))?;
    let said = said.trim();
    // A missing driver is the front-end's own trouble and says nothing about the host.
    if said.is_empty() || said.starts_with("Cannot find driver") { None } else { Some(said.to_owned()) }
}

pub(super) fn alive(host: &Host, text: &str) -> Failure {
    Failure {
        trouble: Trouble::Refused,
        what: format!("{host} is in ERROR because a probe failed on it, so it was alive to say so: {text}"),
        advice: format!(
            "mend the probe on {name}; if {name} died since, `onehost forceupdate {name}` and wait for the next \
             event, or set probe_error = \"fence\" under [fence]",
            name = host.name
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostId, HostState};

    fn says(text: &str) -> Option<String> {
        sign_of_life(&Host {
            error: Some(text.to_owned()),
            ..Host::new(HostId(1), "node1", HostState::Error)
        })
    }

    #[test]
    fn only_a_probe_s_own_words_are_a_sign_of_life() {
        let begin = "Fri Nov 20 08:44:08 2026 : Error monitoring Host node1 (1):";
        assert_eq!(says(&format!("{begin} ")), None);
        assert_eq!(says(begin), None);
        assert_eq!(says(&format!("{begin} Cannot find driver: 'monitord'")), None);
        assert_eq!(says("something else"), None);
        let probe = "Error executing kvm.rb: No space left";
        assert_eq!(says(&format!("{begin} {probe}")), Some(probe.to_owned()));
    }
}
