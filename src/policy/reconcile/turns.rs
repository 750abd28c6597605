//! Whose turn it is while hosts are worked on.

use super::{Decision, Todo, Waits};
use crate::model::{Epoch, HostId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The time between two looks while runs go on, and while an incident waits. A look costs oned two calls.
pub const LOOK: Duration = Duration::from_secs(10);

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
        let pause = if decision.waits == Waits::Heard { LOOK } else { AGAIN };
        let recent = self.ended.get(&host).is_some_and(|at| *at <= now && now.since(*at) < pause);
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

/// Does a pass that has nothing to do now look again? It does while an incident waits, until it has taken `stay`: a person's
/// word is heard, and a time that is over is seen, before the timer comes again.
#[must_use]
pub fn stays(decisions: &[Decision], passed: Duration, stay: Duration) -> bool {
    passed.saturating_add(LOOK) <= stay && decisions.iter().any(|decision| decision.waits != Waits::No)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(host: u32, todo: Todo) -> Decision {
        let (name, why) = (String::new(), String::new());
        Decision {
            host: HostId(host),
            name,
            incident: None,
            todo,
            waited: Duration::ZERO,
            why,
            waits: Waits::No,
        }
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
        let heard = Decision { waits: Waits::Heard, ..held.clone() };
        assert!(!turns.clone().begins(&heard, 1, Epoch(119)) && turns.clone().begins(&heard, 1, Epoch(120)));
        assert!(turns.begins(&held, 1, Epoch(170)) && !turns.is_idle());
    }

    #[test]
    fn a_pass_stays_while_an_incident_waits_and_no_longer_than_it_may() {
        let closed = decision(1, Todo::Leave);
        let open = Decision { waits: Waits::Open, ..decision(2, Todo::Leave) };
        let stays = |decisions: &[Decision], passed| {
            super::stays(decisions, Duration::from_secs(passed), Duration::from_secs(50))
        };
        let both = [closed.clone(), open];
        assert!(stays(&both, 0) && stays(&both, 40) && !stays(&both, 41));
        assert!(!stays(&[closed], 0) && !stays(&[], 0));
        assert!(!super::stays(&both, Duration::ZERO, Duration::ZERO), "by hand");
    }
}
