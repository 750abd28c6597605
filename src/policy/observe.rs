//! The first looks: is the host in ERROR, is the run alone with it, does it come back while we wait?

use super::arming::utc;
use super::brake::Braking;
use super::case::Case;
use super::holder::{Holds, holds, who};
use super::incident::{Step, wait};
use super::lead::Leading;
use super::notes::Phase;
use super::port::Claim;
use super::port::{Failure, Source, Subject, Trouble};
use super::record::look_around;
use super::remember::Remembering;
use super::report::{Disabled, Outcome};
use super::settings::{HandOver, Policy, Purpose};
use crate::model::{Epoch, Holder, Host, HostState, Incident, Moment, Progress};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    First,
    Waiting {
        until: Moment,
    },
    /// Something kept the run from fencing; look again.
    Held,
}

/// See [`Step::Observe`].
#[derive(Debug)]
pub struct Observing {
    case: Box<Case>,
    stage: Stage,
}

impl Observing {
    pub(super) fn first_look(subject: Subject, policy: Policy) -> Step {
        Step::Observe(Self { case: Case::new(subject, policy), stage: Stage::First })
    }

    /// Look again at a host whose fence is held.
    pub(super) fn held(case: Box<Case>) -> Step {
        Step::Observe(Self { case, stage: Stage::Held })
    }

    /// Until the host comes back, or its time is over.
    pub(super) fn waits(&self) -> bool {
        matches!(self.stage, Stage::Waiting { .. })
    }

    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
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
            Err(failure) => return self.unread(now, failure),
        };
        self.case.answered();
        if host.name != self.case.subject.name {
            let text = format!("{} is called {} now", self.case.host(), host.name);
            self.case.note(now, Phase::Observe, text);
            self.case.subject.name.clone_from(&host.name);
        }
        match self.stage {
            Stage::First => {
                let text = format!("{host} is {}{}", host.state, error_text(&host));
                self.case.note(now, Phase::Observe, text);
                self.first(now, &host)
            }
            Stage::Waiting { until } => self.waited(now, &host, until),
            Stage::Held => match dead(&self.case, &host) {
                Some(reason) => self.case.stop(now, Outcome::NothingToDo(reason)),
                None => look_around(self.case, now),
            },
        }
    }

    fn unread(mut self, now: Moment, failure: Failure) -> Step {
        if let Some(pause) = self.case.patience(now, Phase::Observe, &failure) {
            return wait(pause, Step::Observe(self));
        }
        let Self { mut case, stage } = self;
        match (unreadable(failure), stage) {
            (Outcome::NothingToDo(reason), Stage::First) if case.subject.source == Source::Reconcile => {
                case.over = Some(Over { outcome: Outcome::NothingToDo(reason), state: None });
                Leading::before(Claiming::step(case))
            }
            (outcome, _) => case.stop(now, outcome),
        }
    }

    fn first(mut self, now: Moment, host: &Host) -> Step {
        self.case.heard = host.monitored_at;
        self.case.cluster = Some(host.cluster);
        self.case.error.clone_from(&host.error);
        let early = self.case.subject.source == Source::Event && now < Moment(COMMIT);
        if early && matches!(host.state, HostState::Monitored | HostState::Init) {
            return wait(self.case.policy.wait.look, Step::Observe(self));
        }
        let Self { mut case, .. } = self;
        if case.policy.purpose == Purpose::Rehearse {
            return Step::Brake(Braking::new(case));
        }
        let aside = set_aside(&case, host).map(Outcome::Held);
        if let Some(outcome) = aside.or_else(|| not_dead(host).map(Outcome::NothingToDo)) {
            if !asks_the_record(&case, host) {
                return case.stop(now, outcome);
            }
            case.over = Some(Over { outcome, state: Some(host.state) });
        }
        Leading::before(Claiming::step(case))
    }

    fn waited(self, now: Moment, host: &Host, until: Moment) -> Step {
        let Self { mut case, .. } = self;
        if let Some(reason) = dead(&case, host) {
            return case.stop(now, Outcome::NothingToDo(reason));
        }
        if now < until {
            return look_again(case, now, until);
        }
        case.note(now, Phase::Wait, "the host did not come back");
        look_around(case, now)
    }
}

/// Does this state end an incident that an earlier run has left open, or may it be that run's own doing? INIT may
/// become ERROR again at any moment.
fn asks_the_record(case: &Case, host: &Host) -> bool {
    let over = matches!(host.state, HostState::Monitored | HostState::Offline);
    host.state == HostState::Disabled || over && case.subject.source == Source::Reconcile
}

/// Why nothing is to be recovered, unless the record shows otherwise.
#[derive(Clone, Debug)]
pub(super) struct Over {
    outcome: Outcome,
    /// The host's state; none if it is gone.
    state: Option<HostState>,
}

impl Over {
    pub(super) fn stop(self, case: Box<Case>, now: Moment) -> Step {
        case.stop(now, self.outcome)
    }

    /// Does this incident go on although the host is DISABLED?
    pub(super) fn goes_on(&self, heard: Option<i64>, incident: &Incident) -> bool {
        let silent = !matches!((heard, incident.heard), (Some(now), Some(before)) if now > before);
        self.state == Some(HostState::Disabled) && is_set_aside_by(incident) && silent
    }
}

/// May the host be DISABLED by a run of this incident, or was it proven off before somebody else did that? A run that
/// is not killed goes on then too.
pub(super) fn is_set_aside_by(incident: &Incident) -> bool {
    incident.disabled.is_some() || incident.proof.is_some()
}

/// oned sends the event before it writes the host's new state: for this long a host that looks healthy is looked
/// at again. Source: `HostPool::update`.
const COMMIT: Duration = Duration::from_secs(30);

/// A person asks for a host that is DISABLED or OFFLINE and still has VMs: that is not "nothing to do".
fn set_aside(case: &Case, host: &Host) -> Option<Failure> {
    let aside = matches!(host.state, HostState::Disabled | HostState::Offline);
    let asked = case.subject.source == Source::Person && case.policy.purpose == Purpose::Recover;
    (aside && asked && !host.vms.is_empty()).then(|| Failure {
        trouble: Trouble::Refused,
        what: format!(
            "{host} is {}, which is a person's decision or an earlier run's, and has {} VMs",
            host.state,
            host.vms.len()
        ),
        advice: format!(
            "if it is dead, `onehost forceupdate {}`: monitoring finds that again, and the hook runs",
            host.name
        ),
    })
}

fn look_again(case: Box<Case>, now: Moment, until: Moment) -> Step {
    let pause = case.policy.wait.look.min(until.since(now));
    wait(pause, Step::Observe(Observing { case, stage: Stage::Waiting { until } }))
}

/// Why this host is not ours to recover, where it may be this run that has disabled it.
pub(super) fn dead(case: &Case, host: &Host) -> Option<String> {
    let ours = host.state == HostState::Disabled && case.disabled != Disabled::No;
    match ours {
        true if case.heard_again(host) => {
            Some("it is monitored again, although this run has disabled it".to_owned())
        }
        true => None,
        false => not_dead(host),
    }
}

/// Why a host in this state is not ours to recover; `None` for ERROR.
pub(super) fn not_dead(host: &Host) -> Option<String> {
    let reason = match host.state {
        HostState::Error => return None,
        HostState::Monitored => "it is MONITORED, not in ERROR",
        HostState::Init => "it is INIT: monitoring starts again, and a new event comes if that fails",
        HostState::Disabled => {
            "it is DISABLED, by an operator or by an earlier run; if it is dead, `onehost forceupdate` it and \
             monitoring finds that again"
        }
        HostState::Offline => "an operator has set it OFFLINE",
        HostState::MonitoringMonitored
        | HostState::MonitoringError
        | HostState::MonitoringInit
        | HostState::MonitoringDisabled
        | HostState::Unknown(_) => {
            return Some(format!("its {} is not one that leads to a recovery", host.state));
        }
    };
    Some(reason.to_owned())
}

/// A failure to read, once patience is over. A host that is gone was deleted by somebody.
pub(super) fn unreadable(failure: Failure) -> Outcome {
    match failure.trouble {
        Trouble::Gone => Outcome::NothingToDo("the host does not exist any more".to_owned()),
        Trouble::Unreachable | Trouble::Refused | Trouble::Settings => Outcome::NoCloud(failure),
    }
}

fn error_text(host: &Host) -> String {
    host.error.as_ref().map_or_else(String::new, |text| format!(": {}", text.trim()))
}

/// See [`Step::Claim`].
#[derive(Debug)]
pub struct Claiming {
    case: Box<Case>,
    /// Those who hold the lock and are no runs.
    over: Vec<Holder>,
    /// Since when a fence program is waited for.
    since: Option<Moment>,
}

/// No fence program is given longer than this: its own time is over much earlier.
const FENCING: Duration = Duration::from_secs(1800);

impl Claiming {
    fn step(case: Box<Case>) -> Step {
        Step::Claim(Self { case, over: Vec::new(), since: None })
    }

    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
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

    /// Whose it is.
    #[must_use]
    pub fn answer(self, now: Moment, claim: Result<Claim, Failure>) -> Step {
        let Self { mut case, over, since } = self;
        let locked = match claim {
            Ok(Claim::Ours(left_behind)) => {
                case.left_behind = left_behind;
                return Remembering::open(case);
            }
            Ok(Claim::Stopped(at)) => {
                case.given_up = Some(at);
                return Remembering::open(case);
            }
            Ok(Claim::Fencing { program, left }) => return at_work(case, now, since, program, left),
            Ok(Claim::Others) => return case.stop(now, Outcome::NothingToDo(BUSY.to_owned())),
            Ok(Claim::Held(locked)) => locked,
            Err(failure) => return case.stop(now, Outcome::NotStarted(failure)),
        };
        match holds(&locked) {
            Holds::Strangers if over != locked.holders => {
                let text = format!("the lock of this host is taken from {}, which is no run", who(&locked));
                case.note(now, Phase::Claim, text);
                Step::Claim(Self { case, over: locked.holders, since })
            }
            Holds::Run => case.stop(now, Outcome::NothingToDo(format!("{BUSY}: {}", who(&locked)))),
            Holds::OldRun | Holds::Strangers => Remembering::behind(case, locked),
        }
    }
}

const BUSY: &str = "another run is working on this host";

/// At most one "off" at a time: the program of a run that was killed is waited for.
fn at_work(mut case: Box<Case>, now: Moment, since: Option<Moment>, program: u32, left: Duration) -> Step {
    // Of one that was only about to be started nobody knows the number.
    let who = if program == 0 { "a process".to_owned() } else { format!("process {program}") };
    let what = format!("{who}, the fence program of a run that is gone, is still at work on this host");
    if since.is_some_and(|since| now.since(since) >= FENCING) {
        let advice = format!("end it with `kill -9 {program}`, then run `{}`", case.command());
        return case.stop(now, Outcome::Held(Failure { trouble: Trouble::Refused, what, advice }));
    }
    if since.is_none() {
        case.note(now, Phase::Claim, format!("{what}; waiting for its end, at most {} s", left.as_secs()));
    }
    let pause = left.clamp(Duration::from_secs(1), case.policy.wait.look.max(Duration::from_secs(1)));
    wait(pause, Step::Claim(Claiming { case, over: Vec::new(), since: since.or(Some(now)) }))
}

/// A record that is begun says until when the host may come back; one that goes on keeps that.
pub(super) fn set_until(case: &Case, incident: &mut Incident, at: Epoch) {
    let wait = case.policy.wait;
    let begins = incident.progress == Progress::Closed || case.document.is_none();
    if begins || incident.until.is_none() {
        incident.until = Some(at.plus(wait.whole()));
    }
}

/// Wait for the host to come back by itself. What an earlier run has waited counts.
pub(super) fn begin_to_wait(mut case: Box<Case>, now: Moment) -> Step {
    let wait = case.policy.wait;
    let whole = wait.whole();
    let at = case.epoch(now);
    let until = case.incident.as_ref().and_then(|incident| incident.until);
    let pause = until.map_or(whole, |until| until.since(at)).min(whole);
    if pause.is_zero() {
        return Step::Brake(Braking::new(case));
    }
    if case.policy.hand_over == HandOver::Yes && pause > wait.look {
        let reason = format!(
            "`onerescue reconcile` goes on in {} s, at {}, if the host has not come back",
            pause.as_secs(),
            utc(at.plus(pause))
        );
        return case.stop(now, Outcome::HandedOver(reason));
    }
    let text = if pause < whole {
        format!("{} s are left for the host to come back, of {} s", pause.as_secs(), whole.as_secs())
    } else {
        format!(
            "{} cycles of {} s for the host to come back, looking every {} s",
            wait.cycles,
            wait.cycle.as_secs(),
            wait.look.as_secs()
        )
    };
    case.note(now, Phase::Wait, text);
    look_again(case, now, now.plus(pause))
}
