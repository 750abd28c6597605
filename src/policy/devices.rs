//! Which devices may prove that the host is off, level by level.
//!
//! A device that was never seen ON while its host was healthy may be wired to nothing: some say off for an outlet that
//! does not exist. Such a device proves nothing here.

use super::case::Case;
use super::fence::{self, Fencing};
use super::hold::hold;
use super::incident::Step;
use super::moments::is_ahead;
use super::notes::Phase;
use super::port::{Failure, Subject, Trouble};
use super::prove::Proving;
use super::report::Outcome;
use super::rules::Control;
use super::settings::{Mode, Purpose};
use crate::model::{DeviceName, FenceDevice, Level, Moment, ReadBack, Route, SeenOn};

/// See [`Step::ChooseDevices`].
#[derive(Debug)]
pub struct ChoosingDevices {
    case: Box<Case>,
}

impl ChoosingDevices {
    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
    }

    pub(super) fn new(case: Box<Case>) -> Self {
        Self { case }
    }

    /// The host to fence.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// The levels of devices in the order to try them; or why there are none.
    #[must_use]
    pub fn answer(self, now: Moment, levels: Result<Vec<Level>, Failure>) -> Step {
        let Self { mut case } = self;
        case.released(now);
        let levels = match levels {
            Ok(levels) => levels,
            Err(failure) if case.confirmation(now).is_some() => {
                case.note(now, Phase::Fence, failure.what);
                return fence::accept(case, now, Vec::new());
            }
            Err(failure) => return unfenceable(case, now, failure),
        };
        let devices = || levels.iter().flat_map(|level| &level.0);
        case.by_peer = devices()
            .filter(|device| device.route == Route::Peer)
            .map(|device| device.name.clone())
            .collect();
        let readable: Vec<_> = devices()
            .filter(|device| device.read_back == ReadBack::Status)
            .map(|device| device.name.clone())
            .collect();
        let (good, why) = usable(&mut case, now, levels);
        if case.policy.purpose == Purpose::Rehearse {
            return rehearse(case, now, readable, good, why);
        }
        if case.confirmation(now).is_some() {
            return Proving::doubt(case, now, readable);
        }
        begin(case, now, &good, why)
    }
}

/// Take up the first level; without one, hold.
pub(super) fn begin(mut case: Box<Case>, now: Moment, levels: &[Level], why: Option<Failure>) -> Step {
    let text: Vec<_> = levels.iter().map(names).collect();
    let Some(fence) = Fencing::new(now, levels) else {
        let failure = why.unwrap_or_else(|| none(&case));
        return hold(case, now, failure, Outcome::NotFenced);
    };
    case.note_once(now, Phase::Fence, format!("by {}", text.join("; if that fails by ")));
    fence.begin_device(case, now)
}

/// `pdu_a and pdu_b`
pub(super) fn names(level: &Level) -> String {
    let names: Vec<_> = level.0.iter().map(|device| device.name.0.as_str()).collect();
    names.join(" and ")
}

fn rehearse(
    mut case: Box<Case>,
    now: Moment,
    readable: Vec<DeviceName>,
    good: Vec<Level>,
    why: Option<Failure>,
) -> Step {
    if let Some(failure) = why.filter(|_| good.is_empty()) {
        case.note(now, Phase::Fence, format!("WOULD STOP HERE: {}; {}", failure.what, failure.advice));
        case.stops_with(Outcome::NotFenced(failure));
    }
    Proving::rehearse(case, now, readable, good)
}

fn unfenceable(mut case: Box<Case>, now: Moment, failure: Failure) -> Step {
    if case.policy.purpose == Purpose::Rehearse {
        case.note(now, Phase::Fence, format!("WOULD STOP HERE: {}; {}", failure.what, failure.advice));
        case.stops_with(Outcome::NotFenced(failure));
        return fence::rehearse(case, now);
    }
    hold(case, now, failure, Outcome::NotFenced)
}

/// The levels whose devices may all prove something, and why the first of the others may not.
fn usable(case: &mut Case, now: Moment, levels: Vec<Level>) -> (Vec<Level>, Option<Failure>) {
    let mut first = None;
    let mut good = Vec::new();
    for level in levels {
        match level.0.iter().find_map(|device| unusable(case, now, device)) {
            None => good.push(level),
            Some(failure) => {
                case.note_once(now, Phase::Fence, format!("not by {}: {}", names(&level), failure.what));
                first.get_or_insert(failure);
            }
        }
    }
    (good, first)
}

fn unusable(case: &Case, now: Moment, device: &FenceDevice) -> Option<Failure> {
    match device.read_back {
        ReadBack::ExitCodeOnly => Some(Failure {
            trouble: Trouble::Settings,
            what: format!("{} has no status command, and an exit code proves nothing", device.name),
            advice: format!("give [device.{0}] a status command, or accept_exit_code = true", device.name),
        }),
        ReadBack::Status
            if case.policy.fence.control == Control::Required && seen(case, device).is_none() =>
        {
            Some(Failure {
                trouble: Trouble::Unreachable,
                what: format!(
                    "{} was never seen ON while {} was healthy, so its \"off\" proves nothing",
                    device.name,
                    case.host()
                ),
                advice: format!(
                    "run `onerescue check` after every change of devices; now, when you have seen that the host is off, \
                     `onerescue confirm-off {} --reason …`",
                    case.subject.name
                ),
            })
        }
        ReadBack::Status | ReadBack::ExitCodeAccepted => {
            let destroys = case.policy.mode != Mode::Migrate && case.policy.purpose != Purpose::Fence;
            let why = aged(case, now, device).filter(|_| destroys)?;
            Some(Failure {
                trouble: Trouble::Unreachable,
                what: format!("what {} proves does not authorise what destroys data: {why}", device.name),
                advice: format!(
                    "run `onerescue check` after every change of devices and from a timer; now, `host_error --host {} -m` \
                     moves what can be moved",
                    case.subject.name
                ),
            })
        }
    }
}

/// When this device was seen ON, at the target that it has now.
fn seen<'a>(case: &'a Case, device: &FenceDevice) -> Option<&'a SeenOn> {
    let same = |seen: &&SeenOn| seen.device == device.name && seen.target == device.target;
    case.seen_on.iter().filter(same).max_by_key(|seen| seen.at)
}

/// Why what these devices prove does not authorise a recreate or a delete.
pub(super) fn reservation(case: &Case, now: Moment, level: &Level) -> Option<String> {
    level.0.iter().find_map(|device| aged(case, now, device))
}

fn aged(case: &Case, now: Moment, device: &FenceDevice) -> Option<String> {
    if case.policy.fence.control == Control::Waived {
        return None;
    }
    let age = case.policy.fence.control_age;
    let at = case.epoch(now);
    match (device.read_back, seen(case, device)) {
        (ReadBack::Status, Some(seen)) if is_ahead(at, seen.at) => Some(format!(
            "{} was last seen ON at a moment that is {} s ahead: a clock was wrong",
            device.name,
            seen.at.since(at).as_secs()
        )),
        (ReadBack::Status, Some(seen)) if at.since(seen.at) <= age => None,
        (ReadBack::Status, Some(seen)) => Some(format!(
            "{} was last seen ON {} days ago",
            device.name,
            at.since(seen.at).as_secs() / 86_400
        )),
        (ReadBack::Status, None) => Some(format!("{} was never seen ON", device.name)),
        (ReadBack::ExitCodeAccepted | ReadBack::ExitCodeOnly, _) => {
            Some(format!("{} cannot be read, so nobody has seen it work", device.name))
        }
    }
}

fn none(case: &Case) -> Failure {
    Failure {
        trouble: Trouble::Settings,
        what: format!("no fence device is set for {}", case.host()),
        advice: "add a [[host]] entry with its devices to onerescue.toml".to_owned(),
    }
}
