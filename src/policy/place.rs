//! Has this run a place among those of its process that work on VMs? `onerescue reconcile` works on several hosts, and on the
//! VMs of so many at a time as `[reconcile] parallel` says. Who waits for a device, is held or is looked at takes no place.

use super::case::Case;
use super::incident::{Step, wait};
use super::notes::Phase;
use super::proof::Proof;
use super::recover::{Proven, Surveying};
use crate::model::Moment;

/// See [`Step::Place`].
#[derive(Debug)]
pub struct Placing {
    proven: Proven,
    /// It has said that it waits.
    waits: bool,
}

impl Placing {
    /// The host is proven off: go on to its VMs as soon as there is a place.
    pub(super) fn step(case: Box<Case>, now: Moment, proof: Proof) -> Step {
        Step::Place(Self { proven: Proven { case, proof, checked: now, surveyed: now }, waits: false })
    }

    pub(super) fn case(&self) -> &Case {
        &self.proven.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.proven.case
    }

    /// Whether it has one. It keeps that to its end.
    #[must_use]
    pub fn answer(mut self, now: Moment, has_place: bool) -> Step {
        let case = &mut self.proven.case;
        if has_place {
            let Proven { case, proof, .. } = self.proven;
            return Step::Survey(Surveying::new(Proven { case, proof, checked: now, surveyed: now }));
        }
        if !std::mem::replace(&mut self.waits, true) {
            case.note(now, Phase::Plan, "waiting for a place: the VMs of other hosts are worked on");
        }
        wait(case.policy.wait.look, Step::Place(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HostId;
    use crate::policy::proof::Evidence;
    use crate::policy::{Mode, Policy, Source, Subject};

    #[test]
    fn without_a_place_it_waits_says_so_once_and_touches_nothing() {
        let (host, name) = (HostId(7), "node7".to_owned());
        let subject = Subject { host, name, vms: Vec::new(), source: Source::Reconcile };
        let proof = Proof::new(host, Moment::default(), vec![Evidence::Waived]);
        let mut step =
            Placing::step(Case::new(subject, Policy::new(Mode::Migrate)), Moment::default(), proof);
        for _ in 0..3 {
            let Step::Place(ask) = step else { panic!("{step:?}") };
            let Step::Wait(ask) = ask.answer(Moment::default(), false) else { panic!() };
            step = ask.answer(Moment::default());
        }
        assert_eq!(step.trail().iter().filter(|entry| entry.text.contains("waiting for a place")).count(), 1);
        let Step::Place(ask) = step else { panic!("{step:?}") };
        assert!(matches!(ask.answer(Moment::default(), true), Step::Survey(_)));
    }
}
