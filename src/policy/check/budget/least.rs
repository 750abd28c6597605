//! The one line that takes most off.

use super::figures::{hang, lost};
use super::{Figure, Known, Saving, Watcher};
use crate::policy::WaitRules;
use crate::policy::host_error::evidence::WITNESSES;

/// A host that lives has answered ssh by then, however busy it is.
const CONNECT: u64 = 5;

/// A host that has lost so many beacons is worth a look.
const BEACONS: u64 = 3;

/// Less than this is not worth a change.
const WORTH: u64 = 5;

/// The change after which the host is recovered soonest: one that ends what has no end first, then the most seconds.
pub(super) fn most_off(known: &Known<'_>, hook: bool) -> Option<Saving> {
    let changes = [watcher(known), connect(known), interval(known), cycles(known, hook), witnesses(known)];
    let savings = changes.into_iter().flatten().map(|(change, changed)| saving(known, &changed, change));
    let rank = |saving: &Saving| {
        let seconds = saving.power_lost_s.saturating_add(saving.hang_s.unwrap_or(0));
        (saving.hang_s.is_none(), seconds)
    };
    savings.filter(|saving| rank(saving) >= (false, WORTH)).max_by_key(rank)
}

fn saving(known: &Known<'_>, changed: &Known<'_>, change: String) -> Saving {
    let less = |before: Option<u64>, after: Option<u64>| match (before, after) {
        (None, Some(_)) => None,
        (before, after) => Some(before.unwrap_or(0).saturating_sub(after.unwrap_or(0))),
    };
    let off = |of| less(known.sum(of).most_s, changed.sum(of).most_s);
    Saving { change, power_lost_s: off(lost).unwrap_or(0), hang_s: off(hang) }
}

type Change<'a> = Option<(String, Known<'a>)>;

fn watcher<'a>(known: &Known<'a>) -> Change<'a> {
    let Watcher::Installed(silence) = known.facts.watcher else { return None };
    let change = "`systemctl enable --now onerescue-watch`".to_owned();
    Some((change, Known { watcher: Some(silence), ..known.clone() }))
}

fn connect<'a>(known: &Known<'a>) -> Change<'a> {
    let local = known.driver.is_some_and(|driver| driver.local);
    let long = known.connect.is_none_or(|seconds| seconds > CONNECT);
    let change = format!("ConnectTimeout {CONNECT} in ~oneadmin/.ssh/config");
    (long && !local).then(|| (change, Known { connect: Some(CONNECT), ..known.clone() }))
}

fn interval<'a>(known: &Known<'a>) -> Change<'a> {
    let seconds = known.facts.monitord.beacon.seconds.saturating_mul(BEACONS);
    let long = known.watcher.is_none() && known.interval.seconds > seconds;
    let change = format!("MONITORING_INTERVAL_HOST = {seconds} in {}", known.facts.file.0);
    long.then(|| (change, Known { interval: Figure { seconds, set: true }, ..known.clone() }))
}

/// Two witnesses whose silence ends the wait: what a host that hangs is recovered by.
fn witnesses<'a>(known: &Known<'a>) -> Change<'a> {
    let could = known.others >= WITNESSES;
    let sure = WaitRules::default().sure;
    let (change, sure) = match (known.witnesses >= WITNESSES, known.wait.sure.is_zero()) {
        (true, true) => (format!("sure = \"{}s\" under [wait] in the settings", sure.as_secs()), sure),
        (false, false) if could => {
            (format!("peers = {WITNESSES} under [witness] in the settings"), known.wait.sure)
        }
        (true, false) | (false, _) => return None,
    };
    let wait = WaitRules { sure, ..known.wait };
    Some((change, Known { witnesses: WITNESSES, asks: true, wait, ..known.clone() }))
}

fn cycles<'a>(known: &Known<'a>, hook: bool) -> Change<'a> {
    let change =
        if hook { "-p 1 in the hook's ARGUMENTS" } else { "cycles = 1 under [wait] in the settings" };
    let changed = || Known { wait: WaitRules { cycles: 1, ..known.wait }, ..known.clone() };
    (known.wait.cycles > 1).then(|| (change.to_owned(), changed()))
}
