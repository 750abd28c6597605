//! The front-ends of the zone, and the older copies of its state that followers have.

use super::state::State;
use crate::model::HostId;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// One oned.
#[derive(Clone, Debug)]
pub(crate) struct FrontServer {
    pub(crate) alive: bool,
    pub(crate) endpoint: String,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct FrontEnd {
    pub(crate) servers: Vec<FrontServer>,
    pub(crate) leader: Option<usize>,
    pub(crate) term: i64,
    pub(crate) log_index: i64,
    /// When a front-end was elected, in order; none before the first election.
    pub(super) elected: Vec<Duration>,
    /// When the last leader was lost, and who it was.
    pub(crate) lost: Option<(Duration, usize)>,
    /// No front-end can be reached before.
    pub(super) away_until: Duration,
    /// Until then every read is answered from this state.
    pub(super) behind: Option<(Duration, State)>,
    /// Older copies of the state, oldest first.
    pub(super) copies: VecDeque<(Duration, State)>,
    /// How often each host went away or came back.
    pub(crate) generations: BTreeMap<HostId, u64>,
}

impl Default for FrontEnd {
    fn default() -> FrontEnd {
        FrontEnd {
            servers: vec![FrontServer { alive: true, endpoint: "http://localhost:2633/RPC2".to_owned() }],
            leader: Some(0),
            term: 0,
            log_index: -1,
            elected: Vec::new(),
            lost: None,
            away_until: Duration::ZERO,
            behind: None,
            copies: VecDeque::new(),
            generations: BTreeMap::new(),
        }
    }
}

impl FrontEnd {
    pub(crate) fn is_solo(&self) -> bool {
        self.servers.len() == 1
    }

    pub(super) fn has_quorum(&self) -> bool {
        self.servers.iter().filter(|server| server.alive).count() * 2 > self.servers.len()
    }

    /// Keep a copy of the state for followers, and drop those that are too old to matter.
    pub(crate) fn remember(&mut self, now: Duration, lag: Duration, state: &State) {
        if self.is_solo() {
            return;
        }
        self.copies.push_back((now, state.clone()));
        let horizon = now.saturating_sub(lag);
        while self.copies.get(1).is_some_and(|(at, _)| *at <= horizon) {
            self.copies.pop_front();
        }
    }

    /// The state as a follower has it.
    pub(crate) fn stale(&self, now: Duration, lag: Duration) -> Option<&State> {
        let horizon = now.checked_sub(lag)?;
        let known = self.copies.iter().rev().find(|(at, _)| *at <= horizon);
        known.or(self.copies.front()).map(|(_, state)| state)
    }
}
