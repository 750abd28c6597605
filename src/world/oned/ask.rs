//! One exchange with oned, and which of them may be repeated.
//!
//! The rule: a read may always be repeated; a write never, even if its request provably did not leave. What
//! was true when it was decided, above all that the host is off, may not be true any more after a pause, so
//! whoever decided it has to look again.

use super::{Oned, Transport};
use crate::error::{OnedError, Refusal};
use crate::wire::answer;
use crate::wire::xml::Limits;
use crate::wire::xmlrpc::{Call, Value};
use std::time::Duration;

/// The longest pause between two tries: an election is over sooner.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Words of oned's internal errors after which a write may have been carried out nevertheless: a follower
/// that did not hear back from the leader, an election, a log entry that was not replicated in time.
const OPEN_OUTCOMES: [&str; 8] =
    ["leader", "election", "replicat", "reconcil", "libcurl", "connect", "timeout", "timed out"];

/// Words of a front-end that could not even hand a write to somebody who leads: it looks for that before it does
/// anything, so nobody has it. Source: `Request::execute` in `src/rm/Request.cc`, 6.0 to 7.5.
const NOT_BEGUN: [&str; 3] =
    ["no leader found", "oned cluster in election mode", "oned cluster is replicating log"];

impl<T: Transport> Oned<T> {
    /// Ask the leader something that changes nothing, several times if need be.
    pub(super) fn read(&self, method: &str, params: &[Value]) -> Result<Value, OnedError> {
        let mut tries = 1;
        let mut pause = self.settings.first_pause;
        loop {
            let answer = self.ask_leader(method, params);
            match answer {
                Err(error) if is_passing(&error) && tries < self.settings.reads => {
                    log::debug!("{method}, try {tries}: {error}");
                }
                other => return other,
            }
            tries += 1;
            self.transport.pause(pause.min(LONGEST_PAUSE));
            pause = pause.saturating_mul(2);
        }
    }

    /// Tell the leader to change something, once and now. If it is not known who leads, that is found out first,
    /// with one search and no pause.
    pub(super) fn write(&self, method: &str, params: &[Value]) -> Result<Value, OnedError> {
        self.ask_leader(method, params).map_err(outcome)
    }

    fn ask_leader(&self, method: &str, params: &[Value]) -> Result<Value, OnedError> {
        let endpoint = self.leader()?;
        let answer = self.ask(&endpoint, method, params, self.settings.deadline);
        if answer.as_ref().is_err_and(is_passing) {
            self.forget(&endpoint);
        }
        answer
    }

    /// One exchange with one front-end.
    pub(super) fn ask(
        &self,
        endpoint: &str,
        method: &str,
        params: &[Value],
        deadline: Duration,
    ) -> Result<Value, OnedError> {
        log::trace!("{method}");
        let session = Value::Text(self.credentials.session.reveal().to_owned());
        let call = Call {
            method: method.to_owned(),
            params: std::iter::once(session).chain(params.iter().cloned()).collect(),
        };
        let body = self.transport.post(endpoint, &call.write(), deadline)?;
        answer::read(&body, Limits::REPLY)
    }
}

/// Whether this error may pass, or may mean that another front-end leads now.
fn is_passing(error: &OnedError) -> bool {
    match error {
        OnedError::NotSent(_) | OnedError::Unknown(_) => true,
        OnedError::Refused { kind, .. } => matches!(kind, Refusal::Internal | Refusal::Replication),
        OnedError::Fault { .. } | OnedError::Reply(_) => false,
    }
}

/// For a write: a reply that cannot be read, and a refusal that is none, leave the outcome open, unless oned itself says
/// that it has not begun.
fn outcome(error: OnedError) -> OnedError {
    match error {
        OnedError::Reply(_) => OnedError::Unknown(error.to_string()),
        OnedError::Refused { kind: Refusal::Internal, ref text, .. } if is_not_begun(text) => {
            OnedError::NotSent(text.clone())
        }
        OnedError::Refused { kind, ref text, .. } if is_open(kind, text) => {
            OnedError::Unknown(error.to_string())
        }
        OnedError::NotSent(_)
        | OnedError::Unknown(_)
        | OnedError::Refused { .. }
        | OnedError::Fault { .. } => error,
    }
}

/// `[one.vm.migrate] Cannot process request, no leader found`
fn is_not_begun(text: &str) -> bool {
    text.split_once("] Cannot process request, ").is_some_and(|(_, why)| NOT_BEGUN.contains(&why))
}

/// The words that tell may be in the part of a long text that was cut off.
fn is_open(kind: Refusal, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let open = || text.ends_with('…') || OPEN_OUTCOMES.iter().any(|word| text.contains(word));
    kind == Refusal::Replication || kind == Refusal::Internal && open()
}
