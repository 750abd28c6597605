//! Is it ours to start? Asked twice, before and after the wait; the cheapest question first.

use super::attempt::next;
use super::case::Case;
use super::lead::Leading;
use super::{Step, wait};
use crate::model::{
    DatastoreId, Holder, Host, HostId, HostState, Locked, Memory, Moment, Progress, Vm, VmId, VmState,
};
use crate::policy::holder::{Holds, LONGEST, holds, stuck, who};
use crate::policy::limits::{disarmed, span, unreadable};
use crate::policy::notes::{Entry, Phase};
use crate::policy::plan::{excluded, locked};
use crate::policy::port::Claim;
use crate::policy::port::Crowd;
use crate::policy::port::VmSubject as Subject;
use crate::policy::port::{Failure, Source, Trouble};
use crate::policy::record::lease::standing;
use crate::policy::report::Outcome;
use crate::policy::settings::Purpose;
use crate::policy::surroundings::refused;
use crate::policy::tend::{Fallen, PERSON, fallen, may_run_elsewhere};
use std::time::Duration;

pub(super) fn begin(mut case: Box<Case>, event: Option<&Vm>) -> Step {
    let now = Moment::default();
    if let Some(vm) = event {
        let text = format!("{} is {} on {}", case.named(), vm.state, case.place());
        case.diary.note(now, Phase::Observe, text);
        if let Fallen::NotOurs(why) = fallen(vm) {
            return case.leave(now, why);
        }
    }
    crowd(case)
}

/// Count, unless a person has named the VM.
fn crowd(case: Box<Case>) -> Step {
    match case.subject.source {
        Source::Event => Step::Crowd(Crowding { case }),
        Source::Person | Source::Reconcile => after_crowd(case),
    }
}

fn after_crowd(case: Box<Case>) -> Step {
    let must_lead = case.policy.rules.brake.leader && case.policy.purpose == Purpose::Recover;
    match (case.waited, must_lead) {
        (true, _) => Step::Look(Looking::new(case)),
        (false, true) => Leading::step(case),
        (false, false) => Claiming::step(case),
    }
}

/// See [`Step::Crowd`].
#[derive(Debug)]
pub struct Crowding {
    case: Box<Case>,
}

impl Crowding {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The VM with its host and datastore.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// The time that counts.
    #[must_use]
    pub fn within(&self) -> Duration {
        self.case.policy.down.crowd.time
    }

    /// How many there were.
    #[must_use]
    pub fn answer(self, now: Moment, crowd: Result<Crowd, Failure>) -> Step {
        let case = self.case;
        let crowd = match crowd {
            Ok(crowd) => crowd,
            Err(failure) => return case.given_up(now, Outcome::NotStarted(failure)),
        };
        let most = usize::try_from(case.policy.down.crowd.count).unwrap_or(usize::MAX);
        let time = span(case.policy.down.crowd.time);
        let many = |count: usize, of: String| (count >= most).then(|| format!("{count} VMs {of}"));
        let host = case.subject.host.and_then(|host| many(crowd.of_host, format!("of {host}")));
        let datastore = || {
            case.subject.datastore.and_then(|on: DatastoreId| many(crowd.of_datastore, format!("on {on}")))
        };
        let Some(which) = host.or_else(datastore) else {
            return after_crowd(case);
        };
        let what = format!(
            "{which} went down within {time}: that is the failure of a host or of storage, not of a VM"
        );
        let advice = format!(
            "look at {} and its storage; then `vm_down --vm {}` or `onevm resume` for each",
            case.place(),
            case.subject.vm.0
        );
        case.held(now, Failure { trouble: Trouble::Refused, what, advice })
    }
}

/// See [`Step::Claim`].
#[derive(Debug)]
pub struct Claiming {
    case: Box<Case>,
    /// Those who hold the lock and are no runs.
    over: Vec<Holder>,
}

/// Somebody holds the lock of the VM on this front-end.
fn held(case: Box<Case>, now: Moment, locked: Locked, over: &[Holder]) -> Step {
    match holds(&locked) {
        Holds::Strangers if over != locked.holders => Step::Claim(Claiming { case, over: locked.holders }),
        Holds::Run | Holds::OldRun if locked.since.is_none_or(|since| since < LONGEST) => {
            case.leave(now, format!("another run works on this VM: {}", who(&locked)))
        }
        Holds::Run | Holds::OldRun | Holds::Strangers => {
            let again = format!("vm_down --vm {}", case.subject.vm.0);
            let failure = stuck(&locked, &case.subject.vm.to_string(), &again);
            case.held(now, failure)
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

    /// The VM to claim.
    #[must_use]
    pub fn vm(&self) -> VmId {
        self.case.subject.vm
    }

    /// Those who hold its lock and are no runs: it is taken from them.
    #[must_use]
    pub fn over(&self) -> &[Holder] {
        &self.over
    }

    /// Whether it is ours.
    #[must_use]
    pub fn answer(self, now: Moment, claim: Result<Claim, Failure>) -> Step {
        match claim {
            Ok(Claim::Ours(_) | Claim::Stopped(_)) => Step::Look(Looking::new(self.case)),
            Ok(Claim::Held(locked)) => held(self.case, now, locked, &self.over),
            Ok(Claim::Others | Claim::Fencing { .. }) => self.case.leave(now, "another run works on this VM"),
            Err(failure) => self.case.given_up(now, Outcome::NotStarted(failure)),
        }
    }
}

/// See [`Step::Look`].
#[derive(Debug)]
pub struct Looking {
    case: Box<Case>,
    ids: [VmId; 1],
}

impl Looking {
    pub(super) fn new(case: Box<Case>) -> Self {
        let ids = [case.subject.vm];
        Self { case, ids }
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The VM to read, with its whole history.
    #[must_use]
    pub fn ids(&self) -> &[VmId] {
        &self.ids
    }

    /// The VM, or nothing if there is none any more.
    #[must_use]
    pub fn answer(mut self, now: Moment, vms: Result<Vec<Vm>, Failure>) -> Step {
        let vms = match vms {
            Ok(vms) => vms,
            Err(failure) => {
                return match self.case.diary.silence(now, Phase::Observe, failure) {
                    Ok(pause) => wait(pause, Step::Look(self)),
                    Err(outcome) => self.case.given_up(now, outcome),
                };
            }
        };
        let mut case = self.case;
        case.diary.answered();
        let Some(vm) = vms.into_iter().find(|vm| vm.id == case.subject.vm) else {
            return case.leave(now, "it does not exist any more");
        };
        case.read(vm);
        judged(case, now)
    }
}

fn judged(case: Box<Case>, now: Moment) -> Step {
    let Some(vm) = &case.vm else {
        return case.leave(now, "it does not exist any more");
    };
    let fallen = match fallen(vm) {
        // What this run has started and failed is off by our own call.
        Fallen::NotOurs(_) if case.made > 0 && by_us(vm) => Fallen::Crashed(None),
        other @ (Fallen::NotOurs(_) | Fallen::Failed(_) | Fallen::Lost | Fallen::Crashed(_)) => other,
    };
    match fallen {
        Fallen::NotOurs(why) => return case.leave(now, why),
        Fallen::Failed(why) => return case.hold(now, why),
        Fallen::Lost | Fallen::Crashed(_) => {}
    }
    if vm.attributes.get("HA_POLICY").is_some_and(|policy| policy.eq_ignore_ascii_case("none")) {
        return case.leave(now, "its HA_POLICY is NONE");
    }
    if let Some(why) = excluded(vm, &case.policy.rules.plan.exclude) {
        return case.leave(now, why);
    }
    if let Some(why) = locked(vm) {
        return case.hold(now, why);
    }
    let Some(host) = vm.host else {
        return case.hold(now, "oned does not say on which host it was");
    };
    if may_run_elsewhere(vm, host) {
        let why =
            "a live migration of it failed, and it may run on the other host; look there with `virsh list`";
        return case.hold(now, why);
    }
    Step::Host(LookingAtHost { case, host })
}

fn by_us(vm: &Vm) -> bool {
    vm.state == VmState::Poweroff && vm.last_action.is_some_and(|action| !PERSON.contains(&action))
}

/// See [`Step::Host`].
#[derive(Debug)]
pub struct LookingAtHost {
    case: Box<Case>,
    host: HostId,
}

impl LookingAtHost {
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
    pub fn answer(mut self, now: Moment, host: Result<Host, Failure>) -> Step {
        let host = match host {
            Ok(host) => host,
            Err(failure) => {
                return match self.case.diary.silence(now, Phase::Observe, failure) {
                    Ok(pause) => wait(pause, Step::Host(self)),
                    Err(outcome) => self.case.given_up(now, outcome),
                };
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
    pub fn answer(mut self, now: Moment, memory: Result<Memory, Failure>) -> Step {
        let memory = match memory {
            Ok(memory) => memory,
            Err(failure) => {
                return match self.case.diary.silence(now, Phase::Observe, failure) {
                    Ok(pause) => wait(pause, Step::Remember(self)),
                    Err(outcome) => self.case.given_up(now, outcome),
                };
            }
        };
        let mut case = self.case;
        case.diary.answered();
        case.clock = Some((memory.now, now));
        if let Some(failure) = refused(&memory) {
            return case.given_up(now, Outcome::NotStarted(failure));
        }
        if let Some(failure) = unreadable(&memory) {
            return case.held(now, failure);
        }
        let cluster = case.host.as_ref().map(|host| host.cluster);
        if let Some(failure) = disarmed(&memory.disarmed, cluster, &[]) {
            return case.held(now, failure);
        }
        let counts = case.subject.host.and_then(|host| standing(&memory, host));
        let open = counts.filter(|(_, incident)| incident.progress != Progress::Closed);
        if let Some((document, incident)) = open {
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
