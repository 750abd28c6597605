//! Finding the front-end that leads.
//!
//! A follower answers reads from a state that may be old, so in a zone of several front-ends only the
//! leader is asked. oned never says "ask the leader": each front-end must be asked what it is. A front-end
//! that is alone costs one call for this, a zone three and one for each server until the leader is found.

use super::{Oned, Transport};
use crate::error::OnedError;
use crate::model::{Raft, RaftState, Zone};
use crate::wire::documents::{Decode, read};
use crate::wire::xml::{Element, Limits, XmlError};
use crate::wire::xmlrpc::Value;
use std::sync::PoisonError;
use std::time::Duration;

/// A front-end that needs longer than this to say what it is does not lead usefully.
const LOOK: Duration = Duration::from_secs(5);

/// What is known about the front-ends.
#[derive(Debug)]
pub(super) enum Front {
    /// Nothing yet.
    Unasked,
    /// There is one, or it does not say: the configured endpoint is all there is.
    Alone,
    /// There are several.
    Zone {
        /// Their endpoints, the configured one first.
        servers: Vec<String>,
        /// The one that leads, until it fails.
        leader: Option<String>,
    },
}

impl<T: Transport> Oned<T> {
    /// Look for the leader again before the next call: one that was replaced without a failure goes on
    /// answering reads, from its old state.
    pub fn forget_leader(&self) {
        if let Front::Zone { leader, .. } = &mut *self.front() {
            *leader = None;
        }
    }

    /// The leader's endpoint.
    ///
    /// Threads wait here for each other, so one of them looks for all.
    ///
    /// # Errors
    /// [`OnedError::NotSent`] if nobody leads: whatever was to be asked has not been sent.
    pub(super) fn leader(&self) -> Result<String, OnedError> {
        let mut front = self.front();
        if matches!(*front, Front::Unasked) {
            *front = self.first_look().map_err(not_sent)?;
        }
        match &mut *front {
            Front::Unasked | Front::Alone => Ok(self.credentials.endpoint.clone()),
            Front::Zone { leader: Some(leader), .. } => Ok(leader.clone()),
            Front::Zone { servers, leader } => {
                let found = self.search(servers)?;
                *leader = Some(found.clone());
                Ok(found)
            }
        }
    }

    /// This endpoint failed: if it is still taken for the leader, look again before the next call.
    pub(super) fn forget(&self, endpoint: &str) {
        if let Front::Zone { leader, .. } = &mut *self.front()
            && leader.as_deref() == Some(endpoint)
        {
            *leader = None;
        }
    }

    fn front(&self) -> std::sync::MutexGuard<'_, Front> {
        self.front.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ask the configured endpoint what it is, and if it is one of several, for the others.
    fn first_look(&self) -> Result<Front, OnedError> {
        let configured = &self.credentials.endpoint;
        let Some(raft) = if_told(self.status(configured))? else {
            return Ok(Front::Alone);
        };
        match raft.state {
            RaftState::Solo | RaftState::Unknown(_) => return Ok(Front::Alone),
            RaftState::Candidate | RaftState::Follower | RaftState::Leader => {}
        }
        let Some(zone) = if_told(self.zone())? else {
            log::warn!("this user may not see the zone's front-ends: only the configured one is asked");
            return Ok(Front::Alone);
        };
        let mut servers = vec![configured.clone()];
        let others = zone.servers.into_iter().map(|server| server.endpoint);
        servers.extend(others.filter(|endpoint| endpoint != configured));
        let leads = raft.state == RaftState::Leader;
        Ok(Front::Zone { servers, leader: leads.then(|| configured.clone()) })
    }

    /// The zone of the configured endpoint. Its id is not always 0: in a federation zone 0 is another
    /// zone's, with other hosts under the same ids.
    fn zone(&self) -> Result<Zone, OnedError> {
        let endpoint = &self.credentials.endpoint;
        let config = self.text_at(endpoint, "one.system.config", &[])?;
        let config = Element::parse_root(&config, "OPENNEBULA_CONFIGURATION", Limits::HOOK)
            .map_err(OnedError::Reply)?;
        let federation = config.child("FEDERATION");
        let id = match federation.map(|federation| federation.number_of::<u32>("ZONE_ID")) {
            Some(id) => id.map_err(OnedError::Reply)?.unwrap_or(0),
            None => 0,
        };
        let params = [Value::Int(i64::from(id)), Value::Bool(false)];
        decode(&self.text_at(endpoint, "one.zone.info", &params)?)
    }

    /// Ask one server after the other until one says that it leads.
    fn search(&self, servers: &[String]) -> Result<String, OnedError> {
        let mut silent = 0;
        for endpoint in servers {
            match self.status(endpoint) {
                Ok(raft) if raft.state == RaftState::Leader => return Ok(endpoint.clone()),
                Ok(_) => {}
                Err(_) => silent += 1,
            }
        }
        Err(OnedError::NotSent(format!(
            "no leader among {} front-ends, {silent} of them silent",
            servers.len()
        )))
    }

    fn status(&self, endpoint: &str) -> Result<Raft, OnedError> {
        decode(&self.text_at(endpoint, "one.zone.raftstatus", &[])?)
    }

    fn text_at(&self, endpoint: &str, method: &str, params: &[Value]) -> Result<String, OnedError> {
        let deadline = self.settings.deadline.min(LOOK);
        text(self.ask(endpoint, method, params, deadline)?)
    }
}

/// The payload as text.
pub(super) fn text(payload: Value) -> Result<String, OnedError> {
    match payload {
        Value::Text(text) => Ok(text),
        Value::Int(_) | Value::Long(_) | Value::Bool(_) | Value::Array(_) | Value::Struct(_) => {
            Err(OnedError::Reply(XmlError::Missing("string".to_owned())))
        }
    }
}

/// The payload as a document.
pub(super) fn decode<D: Decode>(text: &str) -> Result<D, OnedError> {
    read(text, Limits::REPLY).map_err(OnedError::Reply)
}

/// Nothing if the front-end answered, but does not say, or not to us: the call itself will show why.
fn if_told<D>(answer: Result<D, OnedError>) -> Result<Option<D>, OnedError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(OnedError::Refused { .. } | OnedError::Fault { .. } | OnedError::Reply(_)) => Ok(None),
        Err(error @ (OnedError::NotSent(_) | OnedError::Unknown(_))) => Err(error),
    }
}

/// A question that came first failed, so the call itself did not leave.
fn not_sent(error: OnedError) -> OnedError {
    match error {
        OnedError::NotSent(why) | OnedError::Unknown(why) => OnedError::NotSent(why),
        OnedError::Refused { .. } | OnedError::Fault { .. } | OnedError::Reply(_) => {
            OnedError::NotSent(error.to_string())
        }
    }
}
