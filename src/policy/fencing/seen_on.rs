//! Which devices may prove that the host is off.
//!
//! A device that was never seen ON while its host was healthy (MONITORED) may be wired to nothing: some say off for an
//! outlet that does not exist. Such a device proves nothing here, and its whole level with it (`[fence] seen_on =
//! "required"`, the default); with "waived" none need have been seen, for -r and -d neither. What was seen counts for the target
//! that the device has now. A machine that shows its UUID with turned bytes counts if it was seen ON so.
//!
//! A device without a status command proves nothing either way, unless its exit code is accepted (`accept_exit_code`). Without a
//! level that is left nothing is sent, and the run is held (`fencing::attempt`); where the settings are at fault it ends at once.
//!
//! With "required", a device that was seen ON longer ago than `seen_on_age` (30 days), or at a moment that is more than 300 s ahead
//! (`CLOCKS`), or whose exit code is accepted, proves enough to move VMs, and is not used by a run that destroys (-r, -d).
//! `check::seen_on` says what was seen, and `onerescue check` writes it down, on a front-end that leads or is alone.

use crate::model::{Asked, DeviceName, FenceDevice, Level, ReadBack, Route, SeenOn};
use crate::policy::moments::is_ahead;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::rules::Control;
use crate::policy::run::Run;
use crate::policy::settings::{Mode, Purpose};

/// Note the devices that are reached from other hosts only.
pub(in crate::policy) fn reached_by_peers(run: &mut Run, levels: &[Level]) {
    let devices = levels.iter().flat_map(|level| &level.0);
    let by_peer = devices.filter(|device| device.route == Route::Peer);
    run.suspect.by_peer = by_peer.map(|device| device.name.clone()).collect();
}

/// Say which machines count although they show their UUID with turned bytes: those that `check` has seen ON so, at the target
/// that the device has now.
pub(in crate::policy) async fn recognise(run: &Run, levels: &[Level]) {
    let devices = levels.iter().flat_map(|level| &level.0);
    let turned = devices.filter_map(|device| Some((device.name.clone(), seen(run, device)?.turned.clone()?)));
    let (host, turned) = (run.subject.host, turned.collect::<Vec<_>>());
    if !turned.is_empty() {
        run.ask(move |world| world.recognise(host, &turned)).await;
    }
}

/// The devices whose power can be read.
pub(super) fn readable(levels: &[Level]) -> Vec<DeviceName> {
    let devices = levels.iter().flat_map(|level| &level.0);
    devices.filter(|device| device.read_back == ReadBack::Status).map(|device| device.name.clone()).collect()
}

/// `pdu_a and pdu_b`
pub(in crate::policy) fn names(level: &Level) -> String {
    let names: Vec<_> = level.0.iter().map(|device| device.name.0.as_str()).collect();
    names.join(" and ")
}

/// The levels whose devices may all prove something, and why the first of the others may not.
pub(super) fn usable(run: &Run, levels: &[Level]) -> (Vec<Level>, Option<Failure>) {
    let mut first = None;
    let mut good = Vec::new();
    for level in levels {
        match level.0.iter().find_map(|device| unusable(run, device)) {
            None if level.0.is_empty() => {}
            None => good.push(level.clone()),
            Some(failure) => {
                run.note_once(Phase::Fence, format!("not by {}: {}", names(level), failure.what));
                first.get_or_insert(failure);
            }
        }
    }
    (good, first)
}

/// Levels whose devices may all prove something.
pub(in crate::policy) fn good(run: &Run, levels: Vec<Level>) -> Vec<Level> {
    let good = |level: &Level| level.0.iter().all(|device| unusable(run, device).is_none());
    levels.into_iter().filter(|level| !level.0.is_empty() && good(level)).collect()
}

fn unusable(run: &Run, device: &FenceDevice) -> Option<Failure> {
    match device.read_back {
        ReadBack::ExitCodeOnly => Some(Failure {
            trouble: Trouble::Settings,
            what: format!("{} has no status command, and an exit code proves nothing", device.name),
            advice: format!("give [device.{0}] a status command, or accept_exit_code = true", device.name),
        }),
        ReadBack::Status if run.policy.fence.seen_on == Control::Required && seen(run, device).is_none() => {
            Some(Failure {
                trouble: Trouble::Unreachable,
                what: format!(
                    "{} was never seen ON while {} was healthy, so its \"off\" proves nothing",
                    device.name,
                    run.host()
                ),
                advice: format!(
                    "run `onerescue check` after every change of devices; now, when you have seen that the host is off, \
                     `onerescue confirm-off {} --reason …`",
                    run.subject.name
                ),
            })
        }
        ReadBack::Status | ReadBack::ExitCodeAccepted => {
            let destroys = run.policy.mode != Mode::Migrate && run.policy.purpose != Purpose::Fence;
            let why = aged(run, device).filter(|_| destroys)?;
            Some(Failure {
                trouble: Trouble::Unreachable,
                what: format!("{} proves too little for -r and -d, which destroy data: {why}", device.name),
                advice: format!(
                    "run `onerescue check` after every change of devices and from a timer; now, `{}` \
                     moves what can be moved",
                    Asked { mode: Mode::Migrate, ..run.flags() }.command(&run.subject.name)
                ),
            })
        }
    }
}

/// When this device was seen ON, at the target that it has now.
fn seen<'a>(run: &'a Run, device: &FenceDevice) -> Option<&'a SeenOn> {
    let same = |seen: &&SeenOn| seen.device == device.name && seen.target == device.target;
    run.suspect.seen_on.iter().filter(same).max_by_key(|seen| seen.at)
}

/// Why what these devices prove does not authorise a recreate or a delete.
pub(super) fn reservation(run: &Run, level: &Level) -> Option<String> {
    level.0.iter().find_map(|device| aged(run, device))
}

fn aged(run: &Run, device: &FenceDevice) -> Option<String> {
    if run.policy.fence.seen_on == Control::Waived {
        return None;
    }
    let age = run.policy.fence.seen_on_age;
    let at = run.epoch();
    match (device.read_back, seen(run, device)) {
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
