//! Finding the front-end that leads.
//!
//! A follower answers reads from a state that may be old, so in a zone of several front-ends only the
//! leader is asked. oned never says "ask the leader": each front-end must be asked what it is. Its own word
//! is not enough: a leader that lost the others goes on saying that it leads, and answers from its old
//! state. So all are asked, and one is the leader only if no other has seen a later term and a majority is
//! in its term. A front-end that is alone costs one call for this; a zone costs two, and one for each of
//! its servers at each search.

use super::{Oned, Transport};
use crate::error::OnedError;
use crate::model::{Raft, RaftState, Server, Zone};
use crate::wire::documents::{Decode, read};
use crate::wire::xml::{Element, Limits, XmlError};
use crate::wire::xmlrpc::Value;
use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

/// A front-end that needs longer than this to say what it is does not lead usefully.
const LOOK: Duration = Duration::from_secs(5);

/// What is known about the front-ends.
#[derive(Debug, Default)]
pub(super) enum Front {
    /// Nothing yet.
    #[default]
    Unasked,
    /// There is one, or it does not say: the configured endpoint is all there is.
    Alone,
    /// There are several.
    Zone {
        /// All of the zone's pool, in its order.
        servers: Vec<Server>,
        /// The endpoint of the one that leads, until it fails or is forgotten.
        leader: Option<String>,
    },
}

impl<T: Transport> Oned<T> {
    /// Look for the leader again before the next call: one that was replaced without a failure goes on
    /// answering reads, from its old state. A front-end that is alone stays known as that.
    pub fn forget_leader(&self) {
        if let Front::Zone { leader, .. } = &mut *self.front() {
            *leader = None;
        }
    }

    /// The leader's endpoint.
    ///
    /// Threads wait here for each other, so one of them looks for all. One search, without pauses.
    ///
    /// # Errors
    /// [`OnedError::NotSent`] if nobody leads a majority: whatever was to be asked has not been sent.
    pub(super) fn leader(&self) -> Result<String, OnedError> {
        let mut front = self.front();
        let mut own = None;
        if matches!(*front, Front::Unasked) {
            (*front, own) = self.first_look().map_err(not_sent)?;
        }
        match &mut *front {
            Front::Unasked | Front::Alone => Ok(self.credentials.endpoint.clone()),
            Front::Zone { leader: Some(leader), .. } => Ok(leader.clone()),
            Front::Zone { servers, leader } => {
                let found = self.search(servers, own)?;
                *leader = Some(found.clone());
                Ok(found)
            }
        }
    }

    /// Is the configured front-end the only one, or does it not tell? It is asked once.
    pub fn is_alone(&self) -> bool {
        let mut front = self.front();
        if matches!(*front, Front::Unasked)
            && let Ok((found, _)) = self.first_look()
        {
            *front = found;
        }
        matches!(*front, Front::Alone)
    }

    /// The name and address of the front-end that leads now; nothing if nobody is known to.
    pub fn leader_name(&self) -> Option<String> {
        self.forget_leader();
        let leader = self.leader().ok()?;
        let Front::Zone { servers, .. } = &*self.front() else { return None };
        let named = servers.iter().find(|server| server.endpoint == leader);
        Some(named.map_or_else(|| leader.clone(), |server| format!("{} ({leader})", server.name)))
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

    /// Ask the configured endpoint what it is, and if it is one of several, for the pool; with what it said.
    fn first_look(&self) -> Result<(Front, Option<Raft>), OnedError> {
        let Some(raft) = self.own_status()? else {
            return Ok((Front::Alone, None));
        };
        match raft.state {
            RaftState::Solo | RaftState::Unknown(_) => return Ok((Front::Alone, None)),
            RaftState::Candidate | RaftState::Follower | RaftState::Leader => {}
        }
        // Without the others nobody can say whether this one leads, so no answer of it counts.
        let servers = self.zone()?.servers;
        Ok((Front::Zone { servers, leader: None }, Some(raft)))
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

    /// Ask every server of the pool once what it is. The configured endpoint stands for the server that
    /// answers there: it may be localhost, or an address that moves with the leader.
    fn search(&self, servers: &[Server], own: Option<Raft>) -> Result<String, OnedError> {
        let configured = &self.credentials.endpoint;
        let own = own.or_else(|| self.status(configured).ok());
        let mut answers: Vec<_> = own.map(|raft| (configured.as_str(), raft)).into_iter().collect();
        for server in servers {
            if server.endpoint == *configured || own.is_some_and(|raft| raft.server == server.id) {
                continue;
            }
            answers.extend(self.status(&server.endpoint).ok().map(|raft| (server.endpoint.as_str(), raft)));
        }
        elected(servers, &answers).map(str::to_owned).ok_or_else(|| {
            OnedError::NotSent(format!(
                "no leader with a majority among {} front-ends, of which {} answered",
                servers.len(),
                answers.len()
            ))
        })
    }

    /// What the configured endpoint says it is; nothing if it does not tell.
    pub(super) fn own_status(&self) -> Result<Option<Raft>, OnedError> {
        if_told(self.status(&self.credentials.endpoint))
    }

    fn status(&self, endpoint: &str) -> Result<Raft, OnedError> {
        decode(&self.text_at(endpoint, "one.zone.raftstatus", &[])?)
    }

    fn text_at(&self, endpoint: &str, method: &str, params: &[Value]) -> Result<String, OnedError> {
        let deadline = self.settings.deadline.min(LOOK);
        text(self.ask(endpoint, method, params, deadline)?)
    }
}

/// The endpoint of the leader that a majority of the pool is in one term with: only that one can have been elected
/// last. A server counts once, by the id that it says it has. A higher term without a majority is a candidate that
/// is cut off, and does not matter.
fn elected<'a>(pool: &[Server], answers: &[(&'a str, Raft)]) -> Option<&'a str> {
    let in_pool = |raft: &Raft| pool.iter().any(|server| server.id == raft.server);
    let followed = |leader: &Raft| {
        let same = answers.iter().filter(|(_, raft)| raft.term == leader.term && in_pool(raft));
        let servers: BTreeSet<i64> = same.map(|(_, raft)| raft.server).collect();
        servers.len() * 2 > pool.len()
    };
    let mut leaders =
        answers.iter().filter(|(_, raft)| raft.state == RaftState::Leader && in_pool(raft) && followed(raft));
    match (leaders.next(), leaders.next()) {
        (Some((endpoint, _)), None) => Some(endpoint),
        _ => None,
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

/// Nothing if the front-end does not know the question, or not from us: the call itself will show why. What
/// cannot be read may be a follower's answer, and is none.
fn if_told<D>(answer: Result<D, OnedError>) -> Result<Option<D>, OnedError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(OnedError::Refused { .. } | OnedError::Fault { .. }) => Ok(None),
        Err(error @ (OnedError::NotSent(_) | OnedError::Unknown(_) | OnedError::Reply(_))) => Err(error),
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
