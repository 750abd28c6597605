//! What a front-end's answer to the question who leads its zone means.

use super::port::{Failure, Trouble};
use super::rules::ObserverRules;
use crate::model::{RaftState, WhoLeads};

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
pub fn idle(lead: &WhoLeads, rules: ObserverRules) -> Result<Option<String>, Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(state: Result<RaftState, String>, leader: Option<&str>) -> Leads {
        leads(&WhoLeads { state, leader: leader.map(str::to_owned), term: None })
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
