//! One leader, followers with older data, elections. Source: `src/raft/RaftManager.cc`.
//!
//! Deliberately absent: raft's log. A write is either done or it is not.

use super::cloud::{Change, Cloud};
use super::front::FrontServer;
use super::queue::Event;
use super::standpoint::LONG;
use super::state::State;
use std::time::Duration;

impl Cloud {
    /// Make it a zone of this many front-ends; server 0 leads. Ports are 2633, 2733, 2833 … as recorded.
    pub fn set_front_ends(&mut self, count: usize) {
        if count < 2 {
            return;
        }
        let endpoint = |at| format!("http://127.0.0.1:{}/RPC2", 2633 + 100 * at);
        let server = |at| FrontServer { alive: true, endpoint: endpoint(at) };
        self.front.servers = (0..count).map(server).collect();
        self.front.term = 1;
        self.front.log_index = 14;
        self.front.remember(self.now, self.timings.follower_lag, &self.state);
    }

    /// How a front-end is addressed, for example the loopback port where it really listens.
    pub fn set_endpoint(&mut self, server: usize, endpoint: &str) {
        if let Some(server) = self.front.servers.get_mut(server) {
            endpoint.clone_into(&mut server.endpoint);
        }
    }

    /// The endpoints of all front-ends, in order.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        self.front.servers.iter().map(|server| server.endpoint.clone()).collect()
    }

    /// The front-end that leads now.
    #[must_use]
    pub fn leader(&self) -> Option<usize> {
        self.front.leader
    }

    /// How many front-ends the zone has.
    #[must_use]
    pub fn front_ends(&self) -> usize {
        self.front.servers.len()
    }

    /// Another front-end leads from now on; the one before it lives and follows.
    pub fn leads(&mut self, server: usize) {
        if self.front.servers.get(server).is_some_and(|server| server.alive) && !self.front.is_solo() {
            if self.front.leader != Some(server) {
                self.tear();
            }
            self.front.remember(self.now, self.timings.follower_lag, &self.state);
            self.front.leader = Some(server);
            self.front.term += 1;
            self.front.log_index += 1;
            self.front.elected.push(self.now);
            self.happened(Change::Leader(server));
            self.arm_scheduler();
        }
    }

    /// For how long there had been one leader at this moment: that is longer than any simulation before the first
    /// election. It need not be what a front-end knows of that.
    #[must_use]
    pub fn led_for(&self, at: Duration) -> Duration {
        let elected = self.front.elected.iter().rev().find(|elected| **elected <= at);
        elected
            .filter(|_| !self.front.is_solo())
            .map_or(LONG.saturating_add(at), |elected| at.saturating_sub(*elected))
    }

    /// Does this front-end answer at all?
    #[must_use]
    pub fn is_up(&self, server: usize) -> bool {
        self.now >= self.front.away_until && self.front.servers.get(server).is_some_and(|server| server.alive)
    }

    /// No front-end answers for this long, and no late call is executed; then all is as before.
    pub fn away_for(&mut self, time: Duration) {
        self.front.away_until = self.now.saturating_add(time);
    }

    /// For this long every read is answered from `before`.
    pub(super) fn shows_for(&mut self, time: Duration, before: State) {
        self.front.behind = Some((self.now.saturating_add(time), before));
    }

    /// What this front-end reads: a follower lags behind, the leader knows everything.
    pub(super) fn shown_by(&self, server: usize) -> &State {
        let lag = self.timings.follower_lag;
        let follows = self.front.leader != Some(server);
        let stale = self.front.stale(self.now, lag).filter(|_| follows);
        let behind = self.front.behind.as_ref().filter(|(until, _)| self.now < *until);
        behind.map(|(_, state)| state).or(stale).unwrap_or(&self.state)
    }

    /// The leader steps down without dying; there is another election.
    pub fn leader_steps_down(&mut self) {
        if !self.front.is_solo() && self.front.leader.take().is_some() {
            self.tear();
            self.front.lost = None;
            // It forgets nothing of what it has said.
            let known = self.now.saturating_sub(self.timings.follower_lag);
            self.front.remember(known, self.timings.follower_lag, &self.state);
            self.after(self.timings.election, Event::Election);
        }
    }

    /// A front-end dies; if it led, the others elect a leader after [`super::Timings::election`].
    pub fn server_dies(&mut self, server: usize) {
        let Some(dead) = self.front.servers.get_mut(server) else {
            return;
        };
        dead.alive = false;
        if self.front.leader == Some(server) || !self.front.has_quorum() {
            self.tear();
            self.front.leader = None;
            self.front.lost = Some((self.now, server));
            self.after(self.timings.election, Event::Election);
        }
    }

    /// A front-end comes back as a follower.
    pub fn server_returns(&mut self, server: usize) {
        // One that was never gone goes on as it did.
        let Some(back) = self.front.servers.get_mut(server).filter(|back| !back.alive) else { return };
        back.alive = true;
        if self.front.is_solo() {
            self.set_oned_runs_for(Duration::ZERO);
        }
        if self.front.leader.is_none() {
            self.after(self.timings.election, Event::Election);
        }
    }

    pub(crate) fn elect(&mut self) {
        if self.front.leader.is_some() || !self.front.has_quorum() {
            return;
        }
        self.front.leader = self.front.servers.iter().position(|server| server.alive);
        self.front.term += 1;
        self.front.log_index += 1;
        self.front.elected.push(self.now);
        if let Some(leader) = self.front.leader {
            self.happened(Change::Leader(leader));
        }
        self.arm_scheduler();
    }

    /// Why a write on this server cannot be done now; the text as recorded.
    pub(crate) fn no_leader(&self) -> Option<String> {
        if self.front.leader.is_some() {
            return None;
        }
        let recent =
            self.front.lost.filter(|(at, _)| self.now.saturating_sub(*at) < self.timings.leader_timeout);
        let Some(server) = recent.and_then(|(_, server)| self.front.servers.get(server)) else {
            return Some("Cannot process request, no leader found".to_owned());
        };
        let address = server.endpoint.trim_start_matches("http://").trim_end_matches("/RPC2");
        let (host, port) = address.split_once(':').unwrap_or((address, "2633"));
        Some(format!(
            "libcurl failed to execute the HTTP POST transaction, explaining:  Failed to connect to {host} port {port} \
             after 0 ms: Couldn't connect to server"
        ))
    }
}
