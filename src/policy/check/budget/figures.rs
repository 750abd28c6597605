//! The seconds of each stage.

use super::{Known, Seconds};
use crate::model::Monitord;
use crate::policy::FenceRules;
use crate::policy::host_error::evidence::{READINGS, WITNESSES};
use crate::policy::settings::HandOver;
use std::time::Duration;

/// As it was measured with up to 200 VMs on a live front-end.
const FIRST: Seconds = Seconds { least_s: 1, most_s: Some(2) };

/// A dead host of the same network is known to be away after so long.
const NO_ROUTE: u64 = 3;

/// The time between two ticks of reconcile.
const TICK: u64 = 60;

/// What `fence_kdump` costs where nothing is said.
const DUMP: Duration = Duration::from_secs(25);

impl Seconds {
    const NONE: Self = Self { least_s: 0, most_s: Some(0) };

    fn plus(self, other: Self) -> Self {
        let most_s = self.most_s.zip(other.most_s).map(|(one, other)| one.saturating_add(other));
        Self { least_s: self.least_s.saturating_add(other.least_s), most_s }
    }

    fn between(least: Duration, most: Duration) -> Self {
        Self { least_s: whole(least), most_s: Some(whole(most)) }
    }

    /// What has no end is the worst.
    pub(super) fn rank(self) -> u64 {
        self.most_s.unwrap_or(u64::MAX)
    }
}

pub(super) fn whole(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// How a host dies, as the place of its figure in a stage.
pub(super) type Death = fn(&(&'static str, Seconds, Seconds)) -> Seconds;

pub(super) fn lost(stage: &(&'static str, Seconds, Seconds)) -> Seconds {
    stage.1
}

pub(super) fn hang(stage: &(&'static str, Seconds, Seconds)) -> Seconds {
    stage.2
}

impl Known<'_> {
    pub(super) fn figures(&self) -> [(&'static str, Seconds, Seconds); 5] {
        let (silence, (ssh, silent), (wait, wait_hung)) = (self.silence(), self.ssh(), self.wait());
        let (off, switched) = self.proof();
        [
            ("silence", silence, silence),
            ("probe", ssh, silent),
            ("wait", wait, wait_hung),
            ("proof", off, switched),
            ("first VM", FIRST, FIRST),
        ]
    }

    pub(super) fn sum(&self, of: Death) -> Seconds {
        self.figures().iter().fold(Seconds::NONE, |sum, stage| sum.plus(of(stage)))
    }

    /// Until monitord looks at the host. Its last beacon may be as old as their interval when it dies.
    fn silence(&self) -> Seconds {
        if let Some(silence) = self.watcher {
            return Seconds::between(silence, silence.saturating_add(self.answer));
        }
        let Monitord { timer, beacon, .. } = &self.facts.monitord;
        let interval = self.interval.seconds;
        let most_s = Some(interval.saturating_add(timer.seconds));
        Seconds { least_s: interval.saturating_sub(beacon.seconds), most_s }
    }

    /// Until its first look over ssh has failed. That one ends by ssh's own rules: the driver's `-w` and `-r` are for what it
    /// starts afterwards. Source: `src/mad/ruby/HostSyncManager.rb`.
    fn ssh(&self) -> (Seconds, Seconds) {
        if let Some(driver) = self.driver.filter(|driver| driver.local) {
            let time = Seconds { least_s: 0, most_s: driver.timeout };
            return (time, time);
        }
        let kernel = whole(self.facts.kernel);
        let most = self.connect.map_or(kernel, |seconds| seconds.min(kernel));
        let silent = Seconds { least_s: self.connect.unwrap_or(kernel), most_s: self.connect };
        (Seconds { least_s: NO_ROUTE.min(most), most_s: Some(most) }, silent)
    }

    /// `-p`, or until there are signs that the host does not come back by itself.
    fn wait(&self) -> (Seconds, Seconds) {
        let most = whole(self.wait.whole());
        let tick = if self.hand_over == HandOver::Yes && most > 0 { TICK } else { 0 };
        let longest = Seconds { least_s: most, most_s: Some(most.saturating_add(tick)) };
        let early = |least: Duration| {
            let late =
                least.saturating_add(self.wait.look.saturating_mul(2)).saturating_add(self.facts.witness);
            let late = whole(late).min(most).saturating_add(tick);
            Seconds { least_s: whole(least).min(most), most_s: Some(late) }
        };
        let between = self.fence.interval.saturating_mul(READINGS - 1);
        let off = between.saturating_add(self.answer.saturating_mul(READINGS));
        let silent = if self.hears() { early(self.wait.sure) } else { longest };
        (if self.devices { early(off) } else { silent }, silent)
    }

    /// Can so many be asked that their silence ends the wait?
    pub(super) fn hears(&self) -> bool {
        self.witnesses >= WITNESSES && !self.wait.sure.is_zero()
    }

    /// From the end of the wait to the proof: of a host that is off, and of one that must be switched off first.
    fn proof(&self) -> (Seconds, Seconds) {
        let FenceRules { samples, interval, patience, .. } = self.fence;
        let readings = self.answer.saturating_mul(samples);
        let least = interval.saturating_mul(samples.saturating_sub(1)).saturating_add(readings);
        let asked = if self.asks { self.facts.witness } else { Duration::ZERO };
        let dump = if self.wait.dump.is_zero() { Duration::ZERO } else { DUMP };
        let before = asked.saturating_add(dump);
        let switched = least.saturating_add(self.answer);
        (
            Seconds::between(least.saturating_add(dump), least.saturating_add(before)),
            Seconds::between(
                switched.saturating_add(dump),
                switched.saturating_add(before).saturating_add(patience),
            ),
        )
    }
}
