//! Does this front-end lead its zone? One that does not claims nothing, and lets go of what it has claimed: what oned shows
//! it may be old, and the leader's run would find the host taken.
//!
//! It is asked before the host is claimed, while the run waits for it, where it looks around, and before the first order. A
//! run that has sent orders goes on to their end: it holds the record, so no other run works on the host, and whatever it
//! sends reaches the leader.

use super::beat::case_of;
use super::case::{Case, Left};
use super::ending::give_up;
use super::incident::{Step, wait};
use super::notes::Phase;
use super::port::{Failure, Source, Trouble};
use super::report::Outcome;
use super::rules::BrakeRules;
use super::settings::Purpose;
use crate::model::{Moment, RaftState, WhoLeads};

/// What a front-end's answer means for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// It leads, or is alone.
    Yes,
    /// Nobody is known to lead: ask again.
    Unclear(Failure),
    /// Another one does.
    No(Failure),
}

/// Does the front-end lead?
#[must_use]
pub fn leads(lead: &WhoLeads) -> Leads {
    let unreachable = |what: String, advice: String| Failure { trouble: Trouble::Unreachable, what, advice };
    let at = match &lead.leader {
        Some(leader) => format!("run it on the leader, {leader}"),
        None => "run it on the leader: `onezone show` names it".to_owned(),
    };
    let not = "this front-end does not lead its zone, so what it sees may be old";
    match (&lead.state, &lead.leader) {
        (Ok(RaftState::Solo | RaftState::Leader), _) => Leads::Yes,
        (Ok(RaftState::Follower | RaftState::Unknown(_)), _) | (Ok(RaftState::Candidate), Some(_)) => {
            Leads::No(unreachable(not.to_owned(), at))
        }
        (Ok(RaftState::Candidate), None) => {
            let what = format!("{not}: the front-ends elect a leader now");
            Leads::Unclear(unreachable(what, at))
        }
        // The one that is named may be this one: a lost answer takes the lead from nobody.
        (Err(why), Some(_)) => {
            let what = format!("this front-end cannot say whether it leads its zone: {why}");
            Leads::Unclear(unreachable(what, at))
        }
        (Err(why), None) => {
            let what = format!("this front-end cannot say whether it leads its zone: {why}");
            Leads::Unclear(unreachable(what, "check oned here: `onezone show`".to_owned()))
        }
    }
}

/// Why `onerescue reconcile` has nothing to do on this front-end; `None` if it leads, or need not.
///
/// # Errors
/// A [`Failure`] if nobody knows that.
pub fn idle(lead: &WhoLeads, rules: &BrakeRules) -> Result<Option<String>, Failure> {
    let why = match (&lead.state, leads(lead)) {
        _ if !rules.leader => return Ok(None),
        (_, Leads::Yes) => return Ok(None),
        (Err(_), Leads::Unclear(failure) | Leads::No(failure)) => return Err(failure),
        (Ok(RaftState::Candidate), _) => "the front-ends elect a leader now".to_owned(),
        (Ok(RaftState::Unknown(state)), _) => format!("this front-end is in the unknown state {state}"),
        (Ok(RaftState::Follower | RaftState::Leader | RaftState::Solo), _) => {
            "this front-end is a follower".to_owned()
        }
    };
    Ok(Some(why))
}

/// See [`Step::Lead`].
#[derive(Debug)]
pub struct Leading {
    then: Box<Step>,
}

impl Leading {
    /// Ask, then go on with this; where it need not lead, or changes nothing, at once.
    pub(super) fn before(then: Step) -> Step {
        if then.case().is_some_and(must_lead) { Step::Lead(Self { then: Box::new(then) }) } else { then }
    }

    pub(super) fn then(&self) -> &Step {
        &self.then
    }

    pub(super) fn then_mut(&mut self) -> &mut Step {
        &mut self.then
    }

    /// What the front-end says it is.
    #[must_use]
    pub fn answer(mut self, now: Moment, lead: &WhoLeads) -> Step {
        let failure = match leads(lead) {
            Leads::Yes => return *self.then,
            Leads::Unclear(failure) => {
                let case = self.then.case_mut();
                if let Some(pause) = case.and_then(|case| case.patience(now, Phase::Claim, &failure)) {
                    return wait(pause, Step::Lead(self));
                }
                failure
            }
            Leads::No(failure) => failure,
        };
        match case_of(&mut self.then) {
            Some(case) => let_go(case, now, failure),
            None => *self.then,
        }
    }
}

/// Must this run's front-end lead for what comes next?
pub(super) fn must_lead(case: &Case) -> bool {
    let acts = case.policy.purpose != Purpose::Rehearse;
    // VMs are on their way: they are seen to their end.
    let sent = case.touched || case.earlier.is_some();
    case.policy.brake.leader && acts && !sent
}

/// Another front-end leads: nothing is claimed, and what was is let go as far as it has come.
pub(super) fn let_go(mut case: Box<Case>, now: Moment, failure: Failure) -> Step {
    let Failure { trouble, what, advice } = failure;
    if case.document.is_none() {
        // One that another run has written was only read.
        case.incident = None;
        let advice = match case.subject.source {
            Source::Person => format!("{advice}: `{}`", case.command()),
            Source::Event | Source::Reconcile => {
                format!("nothing: `onerescue reconcile` begins there; or {advice}: `{}`", case.command())
            }
        };
        return case.stop(now, Outcome::Held(Failure { trouble, what, advice }));
    }
    let what = format!("{what}; its incident is let go");
    let advice =
        format!("nothing: `onerescue reconcile` goes on on the leader; or {advice}: `{}`", case.command());
    case.left = Left::AsItStands;
    give_up(&mut case, &what);
    case.stop(now, Outcome::Held(Failure { trouble, what, advice }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(state: Result<RaftState, String>, leader: Option<&str>) -> Leads {
        leads(&WhoLeads { state, leader: leader.map(str::to_owned) })
    }

    #[test]
    fn only_who_leads_or_is_alone_works_and_the_others_name_the_leader() {
        assert_eq!(of(Ok(RaftState::Leader), None), Leads::Yes);
        assert_eq!(of(Ok(RaftState::Solo), None), Leads::Yes);
        for state in [Ok(RaftState::Follower), Ok(RaftState::Candidate), Ok(RaftState::Unknown(9))] {
            let Leads::No(failure) = of(state, Some("fe2 (http://fe2:2633/RPC2)")) else { panic!() };
            assert_eq!(failure.advice, "run it on the leader, fe2 (http://fe2:2633/RPC2)");
        }
        assert!(matches!(of(Ok(RaftState::Follower), None), Leads::No(_)));
        for state in [Ok(RaftState::Candidate), Err("away".to_owned())] {
            assert!(matches!(of(state, None), Leads::Unclear(_)));
        }
        let Leads::Unclear(failure) = of(Err("away".to_owned()), Some("fe2")) else { panic!() };
        assert_eq!(failure.advice, "run it on the leader, fe2");
    }
}
