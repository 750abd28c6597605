//! Is the host really back, and does it stay?

use super::act::Acting;
use super::case::Case;
use super::lead::Leading;
use super::remember::Remembering;
use super::start::Tracing;
use super::{Step, wait};
use crate::model::{Holder, Host, HostState, Locked, Moment};
use crate::policy::holder::{Holds, LONGEST, holds, stuck, who};
use crate::policy::limits::span;
use crate::policy::notes::{Entry, Phase};
use crate::policy::port::Claim;
use crate::policy::port::{Failure, Subject, Trouble};
use crate::policy::report::Outcome;
use crate::policy::settings::HandOver;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    First,
    /// Until it has been MONITORED for long enough.
    Stable,
    /// Just before the next VMs are started.
    Between,
}

/// See [`Step::Observe`].
#[derive(Debug)]
pub struct Observing {
    case: Box<Case>,
    stage: Stage,
    /// When an end of the waiting is in sight: a host that is never MONITORED is not waited for.
    until: Moment,
}

impl Observing {
    pub(super) fn first(case: Box<Case>) -> Step {
        Step::Observe(Self { case, stage: Stage::First, until: Moment::default() })
    }

    /// Look until the host is stable, or leave that to a later run.
    pub(super) fn stable(mut case: Box<Case>, now: Moment) -> Step {
        let stable = case.policy.back.stable;
        if case.rehearses() {
            return Remembering::before_acting(case);
        }
        if let Some(stood) = case.marked_stood(now) {
            case.stood = stood;
            let text = format!("MONITORED for {}, as an earlier run has begun to see", span(stood));
            case.diary.note(now, Phase::Wait, text);
            return Remembering::before_acting(case);
        }
        if case.policy.hand_over == HandOver::Yes && case.since.is_some() {
            return Acting::hand_over(case, now, stable);
        }
        let text =
            format!("{} s before anything is started: until then it says what it has", stable.as_secs());
        case.diary.note(now, Phase::Wait, text);
        let pause = pause(&case);
        wait(pause, Step::Observe(Self { case, stage: Stage::Stable, until: now.plus(stable * 2) }))
    }

    /// Look before the next VMs are started.
    pub(super) fn between(case: Box<Case>, now: Moment) -> Step {
        Step::Observe(Self { case, stage: Stage::Between, until: now })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The host to read.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// The host as oned has it now, or why it could not be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, host: Result<Host, Failure>) -> Step {
        let host = match host {
            Ok(host) => host,
            Err(failure) => {
                return match self.case.diary.silence(now, Phase::Observe, failure) {
                    Ok(pause) => wait(pause, Step::Observe(self)),
                    Err(outcome) => self.case.end(now, outcome),
                };
            }
        };
        let case = &mut self.case;
        case.diary.answered();
        case.subject.name.clone_from(&host.name);
        let (state, heard) = (host.state, host.monitored_at);
        case.host = Some(host);
        if self.stage == Stage::First {
            let text = format!("{} is {state}", case.named());
            case.diary.note(now, Phase::Observe, text);
            return Leading::before_claim(self.case);
        }
        if state == HostState::Monitored {
            return self.monitored(now, heard);
        }
        if state == HostState::Init && self.stage == Stage::Stable && now < self.until {
            self.case.since = None;
            let pause = pause(&self.case);
            return wait(pause, Step::Observe(self));
        }
        gone(*self.case, now, state)
    }

    fn monitored(mut self, now: Moment, heard: Option<i64>) -> Step {
        if self.stage == Stage::Between {
            return Tracing::next(self.case, now);
        }
        let stable = self.case.policy.back.stable;
        let (since, first) = *self.case.since.get_or_insert((now, heard));
        if now.since(since) < stable {
            let pause = pause(&self.case).min(stable.saturating_sub(now.since(since)));
            return wait(pause, Step::Observe(self));
        }
        // `onehost enable` makes a disabled host MONITORED without asking it.
        if heard <= first {
            let what = format!("it is MONITORED, and oned has not heard it for {}", span(now.since(since)));
            let advice =
                format!("see whether {} runs; `onehost forceupdate` asks it", self.case.subject.name);
            return self
                .case
                .end(now, Outcome::Held(Failure { trouble: Trouble::Unreachable, what, advice }));
        }
        let text = format!("MONITORED for {} s without a break", now.since(since).as_secs());
        self.case.diary.note(now, Phase::Wait, text);
        Remembering::before_acting(self.case)
    }
}

/// The time between two looks.
fn pause(case: &Case) -> Duration {
    case.policy.wait.look.max(case.policy.back.stable / 10)
}

/// A host that is not MONITORED is nobody's to start VMs on.
fn gone(mut case: Case, now: Moment, state: HostState) -> Step {
    let why = match state {
        HostState::Error => "it is in ERROR again",
        HostState::Disabled | HostState::Offline => "somebody has taken it out of service",
        HostState::Monitored
        | HostState::Init
        | HostState::MonitoringMonitored
        | HostState::MonitoringError
        | HostState::MonitoringInit
        | HostState::MonitoringDisabled
        | HostState::Unknown(_) => "it is not MONITORED",
    };
    let why = format!("{why} ({state})");
    if case.started == 0 && case.queue.is_empty() && case.vms.is_empty() {
        return case.end(now, Outcome::NothingToDo(why));
    }
    case.hold_rest(now, &why);
    if case.away.is_empty() {
        return case.end(now, Outcome::Partly);
    }
    super::start::Settling::step(Box::new(case))
}

/// See [`Step::Claim`].
#[derive(Debug)]
pub struct Claiming {
    case: Box<Case>,
    /// Those who hold the lock and are no runs.
    over: Vec<Holder>,
}

/// Somebody holds the lock of the host on this front-end.
fn held(case: Box<Case>, now: Moment, locked: Locked, over: &[Holder]) -> Step {
    match holds(&locked) {
        Holds::Strangers if over != locked.holders => Step::Claim(Claiming { case, over: locked.holders }),
        Holds::Run | Holds::OldRun if locked.since.is_none_or(|since| since < LONGEST) => {
            let text = format!("another run works on this host: {}", who(&locked));
            case.end(now, Outcome::NothingToDo(text))
        }
        Holds::Run | Holds::OldRun | Holds::Strangers => {
            let again = format!("host_back --host {}", case.subject.name);
            let failure = stuck(&locked, &case.subject.name, &again);
            case.end(now, Outcome::Held(failure))
        }
    }
}

impl Claiming {
    pub(super) fn step(case: Box<Case>) -> Step {
        Step::Claim(Self { case, over: Vec::new() })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The host to claim.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// Those who hold its lock and are no runs: it is taken from them.
    #[must_use]
    pub fn over(&self) -> &[Holder] {
        &self.over
    }

    /// Whether it is ours, by the same lock that `host_error` takes.
    #[must_use]
    pub fn answer(self, now: Moment, claim: Result<Claim, Failure>) -> Step {
        let Self { mut case, over } = self;
        match claim {
            Ok(Claim::Ours(_) | Claim::Stopped(_)) => {}
            Ok(Claim::Held(locked)) => return held(case, now, locked, &over),
            Ok(Claim::Others | Claim::Fencing { .. }) => {
                return case.end(now, Outcome::NothingToDo("another run works on this host".to_owned()));
            }
            Err(failure) => return case.end(now, Outcome::NotStarted(failure)),
        }
        let Some(host) = case.host.as_ref() else {
            return Observing::first(case);
        };
        match host.state {
            HostState::Monitored | HostState::Init => {
                case.since = (host.state == HostState::Monitored).then_some((now, host.monitored_at));
                Remembering::first(case)
            }
            // It may be our own quarantine.
            HostState::Disabled => Remembering::first(case),
            HostState::Error
            | HostState::Offline
            | HostState::MonitoringMonitored
            | HostState::MonitoringError
            | HostState::MonitoringInit
            | HostState::MonitoringDisabled
            | HostState::Unknown(_) => {
                let state = host.state;
                gone(*case, now, state)
            }
        }
    }
}
