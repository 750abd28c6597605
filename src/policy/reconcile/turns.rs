//! Whose turn it is while hosts are worked on.

use super::{Decision, Todo};
use crate::model::{Epoch, HostId};
use std::collections::BTreeMap;
use std::time::Duration;

/// A host whose run has ended is not begun again before this, as if the timer had come again: a long run for one host
/// keeps no other waiting.
const AGAIN: Duration = Duration::from_secs(60);

/// Runs for failures at the same time. Most of what they do is waiting for a device; their VMs have places of their own, of
/// which there are `parallel`. Each keeps one connection to oned busy until then, so that there are no more at once than
/// four runs have that work on VMs.
const AT_ONCE: usize = 16;

/// The hosts that are worked on, and those that were.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    running: BTreeMap<HostId, Todo>,
    ended: BTreeMap<HostId, Epoch>,
}

impl Turns {
    /// Is it this one's turn? Then it runs from now on. Failures do not wait for each other, up to a bound: one that is held, or
    /// whose device is slow, keeps no other from beginning. Beside them one host that is back is worked on, so that no
    /// failure waits for that, and VMs go back one at a time.
    pub fn begins(&mut self, decision: &Decision, parallel: u32, now: Epoch) -> bool {
        let host = decision.host;
        // A clock that was set back meanwhile makes nobody wait for it.
        let recent = self.ended.get(&host).is_some_and(|at| *at <= now && now.since(*at) < AGAIN);
        let same = self.running.values().filter(|todo| todo.is_back() == decision.todo.is_back()).count();
        let most = usize::try_from(parallel).unwrap_or(1).max(AT_ONCE);
        let most = if decision.todo.is_back() { 1 } else { most };
        let begins =
            decision.todo != Todo::Leave && !recent && !self.running.contains_key(&host) && same < most;
        if begins {
            self.running.insert(host, decision.todo);
        }
        begins
    }

    /// Its run has ended.
    pub fn ended(&mut self, host: HostId, now: Epoch) {
        self.running.remove(&host);
        self.ended.insert(host, now);
    }

    /// Does nothing run?
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(host: u32, todo: Todo) -> Decision {
        let (name, why) = (String::new(), String::new());
        Decision { host: HostId(host), name, incident: None, todo, waited: Duration::ZERO, why }
    }

    #[test]
    fn failures_have_their_own_places_and_hosts_that_are_back_one() {
        let mut turns = Turns::default();
        let mut begins = |host, todo| turns.begins(&decision(host, todo), 2, Epoch(0));
        assert!(begins(1, Todo::Tail));
        assert!(!begins(2, Todo::Lift));
        assert!(begins(3, Todo::Recover) && begins(4, Todo::Begin));
        assert!(!begins(3, Todo::Recover) && !begins(6, Todo::Leave));
        // Whatever keeps those two, more begin, up to the bound.
        assert!((10..24).all(|host| begins(host, Todo::GoOn)) && !begins(24, Todo::GoOn));
    }

    #[test]
    fn a_host_has_its_turn_again_when_the_timer_would_have_come_again() {
        let mut turns = Turns::default();
        let held = decision(1, Todo::LookAgain);
        assert!(turns.begins(&held, 1, Epoch(100)));
        turns.ended(HostId(1), Epoch(110));
        assert!(turns.is_idle());
        assert!(!turns.begins(&held, 1, Epoch(169)));
        assert!(turns.begins(&held, 1, Epoch(170)) && !turns.is_idle());
    }
}
