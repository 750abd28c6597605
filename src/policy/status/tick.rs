//! Does reconcile look? Without it a lost event stays lost, and what is held is not looked at again.

use super::Facts;
use super::urgency::Urgency;
use crate::model::Epoch;
use crate::policy::lead::{Leads, leads};
use crate::policy::moments::is_ahead;
use serde::Serialize;
use std::time::Duration;

/// Its timer comes every minute, and a look at a zone whose front-ends elect a leader takes two.
const LATE: Duration = Duration::from_secs(300);

/// What is known of the last look of reconcile on this front-end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tick {
    /// When it was; none where it never was, or is not this front-end's business.
    pub at: Option<Epoch>,
    /// In words.
    pub text: String,
    /// How much that needs a person; none where it is well.
    pub urgency: Option<Urgency>,
    /// The one thing to do.
    pub advice: Option<String>,
}

pub(super) fn judge(facts: &Facts) -> Tick {
    let asked = facts.rules.observer.leader;
    match leads(&facts.lead) {
        Leads::No(failure) if asked => {
            let text = format!("not seen from here: {}; {}", failure.what, failure.advice);
            return Tick { text, ..Tick::default() };
        }
        // Nobody knows whose business it is now, and this is what this front-end has done.
        Leads::Unclear(_) if asked => {
            return Tick { at: facts.tick, text: "not seen from here".to_owned(), ..Tick::default() };
        }
        Leads::Yes | Leads::No(_) | Leads::Unclear(_) => {}
    }
    let look = "`systemctl status onerescue-reconcile.timer`";
    match facts.tick {
        None => Tick {
            text: "it has never looked on this front-end: lost events stay lost".to_owned(),
            urgency: Some(Urgency::Now),
            advice: Some("`systemctl enable --now onerescue-reconcile.timer`".to_owned()),
            ..Tick::default()
        },
        // A clock was set meanwhile: the moment says nothing.
        Some(at) if is_ahead(facts.now, at) => Tick {
            at: Some(at),
            text: "its last look lies ahead: the clock of this front-end was set".to_owned(),
            urgency: Some(Urgency::Later),
            advice: Some(look.to_owned()),
        },
        Some(at) if facts.now.since(at) > LATE => Tick {
            at: Some(at),
            text: "it does not look any more: lost events stay lost".to_owned(),
            urgency: Some(Urgency::Now),
            advice: Some(look.to_owned()),
        },
        Some(at) => Tick { at: Some(at), text: "it looks".to_owned(), ..Tick::default() },
    }
}
