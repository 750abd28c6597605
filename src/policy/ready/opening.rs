//! How far a VM with a gate has come: it runs, it is ready, it was so for its delay.

use super::gate::Gate;
use super::judge::{Asked, Readiness};
use crate::model::{Moment, Opened, Vm};
use std::time::Duration;

/// A VM with a gate, on its way to be ready.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What it is ready by.
    pub gate: Gate,
    /// Its owner, a user's id.
    pub owner: u32,
    /// What was asked about it.
    pub asked: Asked,
    /// When it was read back RUNNING.
    pub ran: Option<Moment>,
    /// When its guest was asked last.
    pub turn: Option<Moment>,
    /// Since when it is ready without a break.
    ready: Option<Moment>,
    /// Why it is not ready, as it was seen last.
    why: String,
    /// So long after it ran it was ready, when that is over.
    took: Option<Duration>,
}

impl Opening {
    /// One that is not started yet.
    #[must_use]
    pub fn new(gate: Gate, vm: &Vm) -> Self {
        Self {
            gate,
            owner: vm.owner.user,
            asked: Asked::default(),
            ran: None,
            turn: None,
            ready: None,
            why: "it was not looked at yet".to_owned(),
            took: None,
        }
    }

    /// It was read while it did not run yet, or ran anew: READY=YES that is away then was reported after its start, if it comes.
    pub fn reads(&mut self, vm: &Vm) {
        self.asked.cleared |= !vm.reports_ready();
    }

    /// It is seen so at this moment.
    pub fn is_seen(&mut self, now: Moment, readiness: Readiness) {
        match readiness {
            Readiness::Ready => {
                self.ready.get_or_insert(now);
            }
            Readiness::NotYet(why) => (self.ready, self.why) = (None, why),
        }
    }

    /// So long after it ran it was ready; none while it is not, or was not so for its delay yet.
    pub fn opens(&mut self, now: Moment) -> Option<Duration> {
        let since = self.ready.filter(|since| now.since(*since) >= self.gate.delay)?;
        let took = since.since(self.ran.unwrap_or(since));
        self.took = Some(took);
        Some(took)
    }

    /// Why it is not ready.
    #[must_use]
    pub fn why(&self) -> String {
        match self.ready {
            Some(_) => format!("it was not ready for {} s without a break", self.gate.delay.as_secs()),
            None => self.why.clone(),
        }
    }

    /// What is remembered of it.
    #[must_use]
    pub fn opened(&self) -> Opened {
        Opened { after: self.took.map(|took| took.as_secs()), cleared: self.asked.cleared }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{VmId, VmState};
    use crate::policy::ready::Kind;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    #[test]
    fn one_that_flaps_is_not_ready_until_it_was_so_for_its_delay() {
        let gate = Gate { kind: Kind::Agent, delay: Duration::from_secs(10), notes: Vec::new() };
        let mut opening = Opening::new(gate, &Vm::new(VmId(1), "db", VmState::RUNNING, None));
        opening.ran = Some(at(5));
        for (now, ready, opens) in [
            (6, false, None),
            (10, true, None),
            (15, false, None),
            (20, true, None),
            (29, true, None),
            (30, true, Some(15)),
        ] {
            let seen = if ready { Readiness::Ready } else { Readiness::NotYet("silent".to_owned()) };
            opening.is_seen(at(now), seen);
            assert_eq!(opening.opens(at(now)).map(|took| took.as_secs()), opens, "{now} s");
        }
        assert_eq!(opening.opened().after, Some(15));
    }
}
