//! One turn of a watcher: what it knows, and what it says once.

use super::known::{Known, Topic};
use super::rules::Policy;
use crate::model::{Epoch, Forced, Host, HostId};
use crate::policy::desk::Desk;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use std::ops::Deref;
use std::time::Duration;

pub(super) struct Run {
    desk: Desk,
    pub(super) policy: Policy,
    pub(super) known: Known,
}

/// A run asks the world at its desk.
impl Deref for Run {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Run {
    pub(super) fn new(desk: Desk, known: Known, policy: Policy) -> Self {
        Self { desk, policy, known }
    }

    /// Say that nothing is done, unless the last word about this was of the same kind.
    pub(super) fn says(&mut self, topic: Topic, kind: &str, text: impl FnOnce() -> String) {
        if self.known.is_new(topic, kind) {
            self.note(Phase::Brake, text());
        }
    }

    /// The same with a failure.
    pub(super) fn holds(&mut self, topic: Topic, kind: &str, failure: &Failure) {
        self.says(topic, kind, || format!("{}; {}", failure.what, failure.advice));
    }

    /// The host as oned has it now; `None` if it is gone.
    pub(super) async fn read(&self, host: HostId) -> Result<Option<Host>, Failure> {
        match self.ask(move |world| world.host(host)).await {
            Ok(host) => Ok(Some(host)),
            Err(failure) => match failure.trouble {
                Trouble::Gone => Ok(None),
                Trouble::Unreachable | Trouble::Refused | Trouble::Settings => Err(failure),
            },
        }
    }
}

/// How long ago that was; a clock that is ahead of this one may have written it.
pub(super) fn age(now: Epoch, forced: &Forced) -> Duration {
    now.since(forced.at).max(forced.at.since(now))
}
