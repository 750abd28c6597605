//! Calls that change something, and what oned says to them.

use super::case::{Case, STATE};
use super::look::Looking;
use super::settle::{Settling, Way};
use super::{Step, wait};
use crate::model::{HostId, Moment};
use crate::policy::notes::{Entry, Phase};
use crate::policy::order::{MigrationType, Reply};
use crate::policy::report::{Outcome, VmReport};
use crate::policy::tend::Deed;

/// What a call was for.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// It boots.
    Started,
    /// Its disks move.
    Moved(HostId),
    /// Its disks have moved to this host, and it boots there.
    StartedThere(HostId),
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
    pub(super) fn start_there(case: Box<Case>, to: HostId) -> Step {
        let deeds = vec![Deed::Resume { vm: case.subject.vm }];
        Step::Act(Self { case, deeds, then: Then::StartedThere(to) })
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
            Then::Started | Then::StartedThere(_) => Way::Boots,
            Then::Moved(to) => Way::Moves(to),
        };
        let first = replies.iter().find(|reply| **reply != Reply::Accepted);
        match (replies.last(), first) {
            // One whose answer was lost may have been carried out: it is read back, never sent again.
            (Some(Reply::Unknown(_)), _) => wait(look, Settling::doubtful(case, now, way, then)),
            (Some(Reply::Accepted), _) => {
                case.unmade = None;
                wait(look, Step::Settle(Settling::new(case, now, way)))
            }
            (_, Some(Reply::NotSent(_) | Reply::Unknown(_))) if case.tries_again(now) => {
                wait(look, not_made(case, now, &then))
            }
            _ => {
                let why = first.map_or_else(|| "nothing was sent".to_owned(), Reply::said);
                case.hold(now, format!("it was not started: {why}"))
            }
        }
    }
}

/// Nothing was done for the VM, because oned did not take it, or not the count before it: look at everything again.
pub(super) fn not_made(mut case: Box<Case>, now: Moment, then: &Then) -> Step {
    match then {
        // Its disks are there still.
        Then::StartedThere(to) => return Step::Settle(Settling::new(case, now, Way::Moves(*to))),
        Then::Moved(to) => case.refused.retain(|host| host != to),
        Then::Started | Then::Runs(_) | Then::Named(_) => {}
    }
    case.withdraw();
    Step::Look(Looking::new(case))
}
