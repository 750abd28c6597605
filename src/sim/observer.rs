//! What a front-end sees of itself: which gateways answer, how long its oned has been running, its own clock.

use super::cloud::Cloud;
use crate::model::{Epoch, Machine};
use std::time::Duration;

impl Cloud {
    /// This address is asked from now on, and answers.
    pub fn gateway_answers(&mut self, address: &str) {
        self.standpoint.gateways.insert(address.to_owned(), true);
    }

    /// This address is asked from now on, and does not answer.
    pub fn gateway_silent(&mut self, address: &str) {
        self.standpoint.gateways.insert(address.to_owned(), false);
    }

    /// The addresses that are asked, and whether they answer.
    #[must_use]
    pub fn gateways(&self) -> Vec<(String, bool)> {
        self.standpoint.gateways.iter().map(|(address, answers)| (address.clone(), *answers)).collect()
    }

    /// What the front-end's machine is; one of which nothing is known unless this is said.
    pub fn set_machine(&mut self, machine: Machine) {
        self.standpoint.machine = machine;
    }

    /// See [`Cloud::set_machine`].
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.standpoint.machine
    }

    /// How long oned has been running now; zero is a restart.
    pub fn set_oned_runs_for(&mut self, time: Duration) {
        self.standpoint.oned = (time, self.now);
    }

    /// How long oned has been running.
    #[must_use]
    pub fn oned_runs_for(&self) -> Duration {
        let (time, noted) = self.standpoint.oned;
        time.saturating_add(self.now.saturating_sub(noted))
    }

    /// Set the front-end's clock forward by this many seconds, or back. Neither oned's clock nor the simulation's
    /// moves.
    pub fn clock_jumps(&mut self, seconds: i64) {
        self.standpoint.ahead = self.standpoint.ahead.saturating_add(seconds);
    }

    /// The front-end's clock.
    #[must_use]
    pub fn wall_clock(&self) -> Epoch {
        Epoch(self.epoch().saturating_add(self.standpoint.ahead))
    }

    /// The number by which a run chooses among peers.
    pub fn set_chance(&mut self, chance: u64) {
        self.standpoint.chance = chance;
    }

    /// See [`Cloud::set_chance`].
    #[must_use]
    pub fn chance(&self) -> u64 {
        self.standpoint.chance
    }
}
