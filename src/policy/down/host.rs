//! Is its host well, and is no incident of it open? Then it is ours: wait, and look at all of it again.

use super::attempt::next;
use super::case::Case;
use super::crowd::crowd;
use super::{Step, wait};
use crate::model::{Host, HostId, HostState, Memory, Moment, Progress};
use crate::policy::case::{Failure, Trouble};
use crate::policy::limits::disarmed;
use crate::policy::notes::{Entry, Phase};

/// See [`Step::Host`].
#[derive(Debug)]
pub struct LookingAtHost {
    case: Box<Case>,
    host: HostId,
}

impl LookingAtHost {
    pub(super) fn step(case: Box<Case>, host: HostId) -> Step {
        Step::Host(Self { case, host })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The host to read.
    #[must_use]
    pub fn host(&self) -> HostId {
        self.host
    }

    /// The host, or why it could not be read.
    #[must_use]
    pub fn answer(self, now: Moment, host: Result<Host, Failure>) -> Step {
        let host = match host {
            Ok(host) => host,
            Err(failure) => {
                return self
                    .case
                    .unread(now, Phase::Observe, failure, |case| Step::Host(Self { case, ..self }));
            }
        };
        let mut case = self.case;
        case.diary.answered();
        let (state, named) = (host.state, host.to_string());
        case.host = Some(host);
        match state {
            HostState::Monitored => Step::Remember(Remembering { case }),
            HostState::Disabled | HostState::Offline => {
                case.leave(now, format!("somebody has taken its host {named} out of service ({state})"))
            }
            HostState::Init
            | HostState::MonitoringMonitored
            | HostState::Error
            | HostState::MonitoringError
            | HostState::MonitoringInit
            | HostState::MonitoringDisabled
            | HostState::Unknown(_) => {
                case.leave(now, format!("its host {named} is {state}: its VMs are left to that"))
            }
        }
    }
}

/// See [`Step::Remember`].
#[derive(Debug)]
pub struct Remembering {
    case: Box<Case>,
}

impl Remembering {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// Everything that is remembered, or why it cannot be read.
    #[must_use]
    pub fn answer(self, now: Moment, memory: Result<Memory, Failure>) -> Step {
        let memory = match memory {
            Ok(memory) => memory,
            Err(failure) => {
                return self.case.unread(now, Phase::Observe, failure, |case| Step::Remember(Self { case }));
            }
        };
        let mut case = self.case;
        case.diary.answered();
        case.clock = Some((memory.now, now));
        if let Some((document, why)) = memory.unreadable.first() {
            let what = format!("{document}, which remembers incidents, cannot be read: {why}");
            let advice = "update onerescue here, or look at it with `onedb`".to_owned();
            return case.held(now, Failure { trouble: Trouble::Settings, what, advice });
        }
        let cluster = case.host.as_ref().map(|host| host.cluster);
        if let Some(failure) = disarmed(&memory.disarmed, cluster, &[]) {
            return case.held(now, failure);
        }
        let open =
            memory.incidents.iter().rev().find(|(_, incident)| Some(incident.host) == case.subject.host);
        if let Some((document, incident)) = open.filter(|(_, incident)| incident.progress != Progress::Closed)
        {
            let progress = format!("{:?}", incident.progress).to_lowercase();
            let why =
                format!("an incident of its host is not closed ({document}, {progress}): it is left to that");
            return case.leave(now, why);
        }
        if case.waited || case.rehearses() {
            return next(case, now);
        }
        case.waited = true;
        let pause = case.policy.down.wait_interval;
        let text = format!("{} s: it may come back, and a person may be at it", pause.as_secs());
        case.diary.note(now, Phase::Wait, text);
        wait(pause, crowd(case))
    }
}
