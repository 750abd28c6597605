//! Is it us? Is it alive? The last looks before something that cannot be taken back.
//!
//! Silence is never read as death here: that is for the fence to prove.

use super::Trouble;
use super::case::{Case, Failure, Subject};
use super::fence::{self, ChoosingDevices, Fencing as Fence};
use super::incident::{Step, wait};
use super::notes::{Entry, Phase};
use super::observe::{not_dead, unreadable};
use super::proof::{Evidence, Proof};
use super::recover::{Proven, Surveying};
use super::report::Outcome;
use super::rules::ProbeError;
use super::settings::{Fencing, Purpose};
use super::still::After;
use crate::model::{Host, HostState, Moment, Outlook};

/// See [`Step::Brake`].
#[derive(Debug)]
pub struct Braking {
    case: Box<Case>,
}

impl Braking {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.trail
    }

    pub(super) fn new(case: Box<Case>) -> Self {
        Self { case }
    }

    /// Every host of the zone, or why they could not be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, outlook: Result<Outlook, Failure>) -> Step {
        let hosts = match outlook {
            Ok(outlook) => outlook.hosts,
            Err(failure) => {
                if let Some(pause) = self.case.patience(now, Phase::Brake, &failure) {
                    return wait(pause, Step::Brake(self));
                }
                return self.case.stop(now, unreadable(failure));
            }
        };
        let Self { mut case } = self;
        case.answered();
        let others: Vec<_> = hosts.iter().filter(|host| host.id != case.subject.host).collect();
        let healthy = others.iter().filter(|host| host.state == HostState::Monitored).count();
        let brake = (healthy == 0).then(|| nobody_is_healthy(others.len()));
        case.note(now, Phase::Brake, format!("{healthy} of {} other hosts are MONITORED", others.len()));
        if case.policy.purpose == Purpose::Rehearse {
            let host = hosts.iter().find(|host| host.id == case.subject.host);
            return rehearse(case, now, brake, host);
        }
        if let Some(failure) = brake {
            return case.stop(now, Outcome::Held(failure));
        }
        Step::Confirm(Confirming { case, asked: now, then: Then::Fence(Ahead::Devices) })
    }
}

/// A front-end that sees nobody is more likely to be cut off than to be alone in the world.
fn nobody_is_healthy(others: usize) -> Failure {
    let what = if others == 0 {
        "there is no other host, so nothing could run elsewhere".to_owned()
    } else {
        format!(
            "none of the {others} other hosts is MONITORED: this front-end may be the one that is cut off"
        )
    };
    let advice =
        "check the front-end's network and `onehost list`, then run the same command again".to_owned();
    Failure { trouble: Trouble::Unreachable, what, advice }
}

/// Say where the real run would stop, and go on.
fn rehearse(mut case: Box<Case>, now: Moment, brake: Option<Failure>, host: Option<&Host>) -> Step {
    if let Some(reason) = host.and_then(not_dead) {
        case.note(now, Phase::Observe, format!("WOULD STOP HERE: {reason}; going on as if it were dead"));
        case.stops_with(Outcome::NothingToDo(reason));
    }
    let life = host.and_then(|host| Some(alive(host, &sign_of_life(host)?)));
    let life = life.filter(|_| case.policy.fence.probe_error == ProbeError::Hold);
    for failure in brake.into_iter().chain(life) {
        case.note(now, Phase::Confirm, format!("WOULD STOP HERE: {}; {}", failure.what, failure.advice));
        case.stops_with(Outcome::Held(failure));
    }
    match case.policy.fencing {
        Fencing::Required => Step::ChooseDevices(ChoosingDevices::new(case)),
        Fencing::Waived => fence::rehearse(case, now),
    }
}

/// What a look is for.
#[derive(Debug)]
enum Then {
    Fence(Ahead),
    Change(After),
}

/// What of the fence comes next.
#[derive(Debug)]
enum Ahead {
    Devices,
    PowerOff(Box<Fence>),
}

/// See [`Step::Confirm`].
#[derive(Debug)]
pub struct Confirming {
    case: Box<Case>,
    asked: Moment,
    then: Then,
}

impl Confirming {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.trail
    }

    /// Look once more, then send "off".
    pub(super) fn before_off(fence: Fence, case: Box<Case>, now: Moment) -> Step {
        Step::Confirm(Self { case, asked: now, then: Then::Fence(Ahead::PowerOff(Box::new(fence))) })
    }

    /// Look once more at a host whose power nobody can read, then change something.
    pub(super) fn before_change(after: After, case: Box<Case>, now: Moment) -> Step {
        Step::Confirm(Self { case, asked: now, then: Then::Change(after) })
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
        match self.then {
            Then::Change(after) => after.unseen(self.case, now, failure),
            Then::Fence(_) => self.case.stop(now, unreadable(failure)),
        }
    }

    /// The host as oned has it now, or why it could not be read.
    #[must_use]
    pub fn answer(self, now: Moment, host: Result<Host, Failure>) -> Step {
        let host = match host {
            Ok(host) => host,
            Err(failure) => return self.unread(now, failure),
        };
        let Self { mut case, asked, then } = self;
        case.answered();
        let ahead = match then {
            Then::Change(after) => return after.seen(case, now, &host),
            Then::Fence(ahead) => ahead,
        };
        if let Some(reason) = not_dead(&host) {
            return ended(case, now, reason, &ahead);
        }
        if let (Some(text), ProbeError::Hold) = (sign_of_life(&host), case.policy.fence.probe_error) {
            return case.stop(now, Outcome::Held(alive(&host, &text)));
        }
        match ahead {
            Ahead::Devices => {
                case.heard = host.monitored_at;
                case.note(now, Phase::Confirm, "still ERROR, and it sent no error of its own");
                confirmed(case, now)
            }
            // The devices' deadline does not run while oned is away.
            Ahead::PowerOff(fence) => fence.send(case, now.since(asked)),
        }
    }
}

/// The host is not ours to recover. If "off" was sent already, it may still take effect, and that is said.
fn ended(case: Box<Case>, now: Moment, reason: String, ahead: &Ahead) -> Step {
    match ahead {
        Ahead::PowerOff(fence) if !fence.told.is_empty() => {
            let told: Vec<_> = fence.told.iter().map(ToString::to_string).collect();
            let what = format!(
                "\"off\" was sent to {} by {}, so it may still go off, but {reason}",
                case.host(),
                told.join(" and ")
            );
            let advice =
                "look at the machine and its devices: put them on again, or power it off and run the same command again".to_owned();
            case.stop(now, Outcome::Held(Failure { trouble: Trouble::Refused, what, advice }))
        }
        Ahead::PowerOff(_) | Ahead::Devices => case.stop(now, Outcome::NothingToDo(reason)),
    }
}

fn confirmed(mut case: Box<Case>, now: Moment) -> Step {
    // Who asks for a fence and nothing else cannot waive it.
    if case.policy.fencing == Fencing::Required || case.policy.purpose == Purpose::Fence {
        return Step::ChooseDevices(ChoosingDevices::new(case));
    }
    case.note(now, Phase::Fence, format!("WARNING: {}", Evidence::Waived));
    let proof = Proof::new(case.subject.host, now, vec![Evidence::Waived]);
    Step::Survey(Surveying::new(Proven { case, proof, checked: now, surveyed: now }))
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

fn alive(host: &Host, text: &str) -> Failure {
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
    use crate::model::{Capacity, ClusterId, HostId};

    fn says(text: &str) -> Option<String> {
        sign_of_life(&Host {
            id: HostId(1),
            name: "node1".to_owned(),
            state: HostState::Error,
            cluster: ClusterId(0),
            vms: Vec::new(),
            capacity: Capacity::default(),
            pci: Vec::new(),
            error: Some(text.to_owned()),
            monitored_at: None,
            attributes: std::collections::BTreeMap::new(),
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
