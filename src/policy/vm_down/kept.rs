//! A VM that is looked at again: its run was ended before it was done, or holds it because of what may pass. The lock file of
//! the VM says so, and `onerescue reconcile` of the same front-end looks, more and more slowly.

use crate::model::Epoch;
use crate::policy::limits::lately;
use crate::policy::moments;
use crate::policy::rules::HoldRules;
use std::time::Duration;

/// What a run has left in the lock file of its VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When the first of its runs began.
    pub since: Epoch,
    /// When a VM that is held is looked at next; `None` where a run was ended before it was done.
    pub next: Option<Epoch>,
}

impl Kept {
    /// The run holds its VM, and ends now. Another look follows after as long as it is held, between `[hold] look` and `longest`.
    #[must_use]
    pub fn held(since: Option<Epoch>, hold: &HoldRules, now: Epoch) -> Self {
        let since = since.map_or(now, |since| since.min(now));
        let pause = now.since(since).min(hold.longest).max(hold.look);
        Self { since, next: Some(now.plus(pause)) }
    }

    /// Is it gone on with? For as long as VMs that are held on a dead host. One that a wrong clock has dated ahead is gone on
    /// with.
    #[must_use]
    pub fn goes_on(&self, hold: &HoldRules, now: Epoch) -> bool {
        lately(now, self.since, Duration::ZERO, hold.vms)
    }

    /// The time to the next look. One that is further away than any setting allows is due.
    #[must_use]
    pub fn left(&self, hold: &HoldRules, now: Epoch) -> Duration {
        let most = hold.longest.max(hold.look);
        self.next.map_or(Duration::ZERO, |next| moments::left(now, next, most).unwrap_or_default())
    }

    /// Why it is looked at.
    #[must_use]
    pub fn why(&self, now: Epoch) -> String {
        match self.next {
            None => "its run of vm_down was ended before it was done".to_owned(),
            Some(_) => format!("held by vm_down for {} s: looked at again", now.since(self.since).as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_more_and_more_slow_and_end_with_the_time_for_held_vms() {
        let (hold, begun) = (HoldRules::default(), Epoch(1_795_165_200));
        let (mut kept, mut looks) = (Kept::held(None, &hold, begun), Vec::new());
        for tick in (60..86_460).step_by(60) {
            let now = begun.plus(Duration::from_secs(tick));
            if kept.goes_on(&hold, now) && kept.left(&hold, now).is_zero() {
                looks.push(tick);
                kept = Kept::held(Some(kept.since), &hold, now);
            }
        }
        assert_eq!(looks.get(..6), Some(&[60, 120, 240, 480, 780, 1080][..]));
        assert!(looks.len() < 300 && looks.last() > Some(&86_000), "{looks:?}");
    }

    #[test]
    fn a_wrong_clock_keeps_no_vm_from_its_look() {
        let (hold, now) = (HoldRules::default(), Epoch(1_795_165_200));
        let ahead = now.plus(Duration::from_secs(9000));
        let kept = Kept { since: ahead, next: Some(ahead) };
        assert!(kept.goes_on(&hold, now) && kept.left(&hold, now).is_zero());
        assert_eq!(Kept::held(Some(ahead), &hold, now).since, now);
    }
}
