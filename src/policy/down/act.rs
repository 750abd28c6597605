//! Calls that change something, and what oned says to them.

use super::case::{Case, STATE};
use super::settle::{Settling, Way};
use super::{Step, wait};
use crate::model::{HostId, Moment};
use crate::policy::notes::{Entry, Phase};
use crate::policy::order::{MigrationType, Reply};
use crate::policy::report::{Outcome, VmReport};
use crate::policy::tend::Deed;

#[derive(Clone, Debug)]
enum Then {
    /// It boots.
    Started,
    /// Its disks move.
    Moved(HostId),
    /// It runs, and that was written down.
    Runs(VmReport),
    /// Its crash loop has a name.
    Named(String),
}

/// See [`Step::Act`].
#[derive(Debug)]
pub struct Acting {
    case: Box<Case>,
    deeds: Vec<Deed>,
    then: Then,
}

impl Acting {
    /// One attempt: counted first, then made.
    pub(super) fn start(mut case: Box<Case>, now: Moment) -> Step {
        let vm = case.subject.vm;
        let attributes = vec![case.count(now), (STATE, "RESTARTING".to_owned())];
        let deeds = vec![Deed::NoteVm { vm, attributes }, Deed::Resume { vm }];
        Step::Act(Self { case, deeds, then: Then::Started })
    }

    /// The same elsewhere: first its disks go there.
    pub(super) fn move_to(mut case: Box<Case>, now: Moment, to: HostId, kind: MigrationType) -> Step {
        let vm = case.subject.vm;
        let attributes = vec![case.count(now), (STATE, "MOVING".to_owned())];
        let deeds = vec![Deed::NoteVm { vm, attributes }, Deed::Move { vm, to, kind }];
        Step::Act(Self { case, deeds, then: Then::Moved(to) })
    }

    /// Its disks are there: start it. It is counted already.
    pub(super) fn start_there(case: Box<Case>) -> Step {
        let deeds = vec![Deed::Resume { vm: case.subject.vm }];
        Step::Act(Self { case, deeds, then: Then::Started })
    }

    pub(super) fn runs(case: Box<Case>, report: VmReport) -> Step {
        let deeds =
            vec![Deed::NoteVm { vm: case.subject.vm, attributes: vec![(STATE, "RESTARTED".to_owned())] }];
        Step::Act(Self { case, deeds, then: Then::Runs(report) })
    }

    pub(super) fn name(case: Box<Case>, deeds: Vec<Deed>, why: String) -> Step {
        Step::Act(Self { case, deeds, then: Then::Named(why) })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// What to do, in this order; what follows a call that was not accepted is not sent.
    #[must_use]
    pub fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    /// What oned said to each.
    #[must_use]
    pub fn answer(self, now: Moment, replies: &[Reply]) -> Step {
        let Self { mut case, deeds, then } = self;
        for (deed, reply) in deeds.iter().zip(replies) {
            case.diary.note(now, Phase::Act, format!("{deed}: {}", reply.said()));
        }
        let look = case.policy.rules.wait.look;
        let way = match then {
            Then::Runs(report) => return case.end(now, Outcome::Recovered, Some(report)),
            Then::Named(why) => return case.failed(now, why),
            Then::Started => Way::Boots,
            Then::Moved(to) => Way::Moves(to),
        };
        match replies.last() {
            // One whose answer was lost may have been carried out: it is read back, never sent again.
            Some(Reply::Accepted | Reply::Unknown(_)) => {
                wait(look, Step::Settle(Settling::new(case, now, way)))
            }
            Some(Reply::Refused(..) | Reply::NotSent(_)) | None => {
                let first = replies.iter().find(|reply| **reply != Reply::Accepted).map(Reply::said);
                let why = first.unwrap_or_else(|| "nothing was sent".to_owned());
                case.hold(now, format!("it was not started: {why}"))
            }
        }
    }
}
