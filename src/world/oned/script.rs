//! A transport for tests: answers by rule, writes down every request, and never waits.

#![expect(clippy::unnecessary_wraps, reason = "the arms of a rule have one type")]

use super::{Credentials, Oned, Patience, Session, Transport};
use crate::error::OnedError;
use crate::wire::xml::Limits;
use crate::wire::xmlrpc::{Call, Reply, Value};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(super) const A: &str = "http://a/RPC2";
pub(super) const B: &str = "http://b/RPC2";
pub(super) const C: &str = "http://c/RPC2";

type Rule = Box<dyn Fn(&str, &Call, usize) -> Result<String, OnedError> + Sync + Send>;

/// The rule gets the endpoint, the call, and how often this method was called there before.
pub(super) struct Script {
    rule: Rule,
    log: Mutex<Vec<(String, Call)>>,
    pauses: Mutex<Vec<Duration>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Transport for Script {
    fn post(&self, endpoint: &str, body: &str, _: Duration) -> Result<String, OnedError> {
        let call = Call::read(body, Limits::HOOK).unwrap();
        let earlier = {
            let mut log = lock(&self.log);
            let same = |(at, old): &&(String, Call)| at == endpoint && old.method == call.method;
            let earlier = log.iter().filter(same).count();
            log.push((endpoint.to_owned(), call.clone()));
            earlier
        };
        (self.rule)(endpoint, &call, earlier)
    }

    fn pause(&self, wait: Duration) {
        lock(&self.pauses).push(wait);
    }
}

/// A client of endpoint A that follows this rule.
pub(super) fn oned(
    rule: impl Fn(&str, &Call, usize) -> Result<String, OnedError> + Sync + Send + 'static,
) -> Oned<Script> {
    let transport = Script { rule: Box::new(rule), log: Mutex::default(), pauses: Mutex::default() };
    let credentials =
        Credentials { endpoint: A.to_owned(), session: Session::new("oneadmin:secret".to_owned()) };
    Oned::new(transport, credentials, Patience::default())
}

impl Oned<Script> {
    /// How often each method was called.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, call) in lock(&self.transport.log).iter() {
            *counts.entry(call.method.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// The parameters of the last call of this method, without the session.
    pub(super) fn last(&self, method: &str) -> Vec<Value> {
        let log = lock(&self.transport.log);
        let (_, call) = log.iter().rev().find(|(_, call)| call.method == method).unwrap();
        assert_eq!(call.params[0], Value::Text("oneadmin:secret".to_owned()));
        call.params[1..].to_vec()
    }

    pub(super) fn pauses(&self) -> Vec<Duration> {
        lock(&self.transport.pauses).clone()
    }
}

pub(super) fn good(payload: impl Into<String>) -> Result<String, OnedError> {
    let values = vec![Value::Bool(true), Value::Text(payload.into()), Value::Int(0)];
    Ok(Reply::Value(Value::Array(values)).write())
}

pub(super) fn done(id: i64) -> Result<String, OnedError> {
    let values = vec![Value::Bool(true), Value::Int(id), Value::Int(0)];
    Ok(Reply::Value(Value::Array(values)).write())
}

pub(super) fn refused(code: i64, text: &str) -> Result<String, OnedError> {
    let values = vec![
        Value::Bool(false),
        Value::Text(text.to_owned()),
        Value::Int(code),
        Value::Int(-1),
        Value::Long(-1),
    ];
    Ok(Reply::Value(Value::Array(values)).write())
}

pub(super) fn undefined(method: &str) -> Result<String, OnedError> {
    let text = format!("Method '{method}' not defined");
    Ok(Reply::Fault { code: -506, text }.write())
}

pub(super) fn not_sent() -> Result<String, OnedError> {
    Err(OnedError::NotSent("connection refused".to_owned()))
}

pub(super) fn unknown() -> Result<String, OnedError> {
    Err(OnedError::Unknown("connection reset".to_owned()))
}

/// What a front-end that is alone says of itself.
pub(super) fn solo() -> Result<String, OnedError> {
    good("<RAFT><SERVER_ID>-1</SERVER_ID><STATE>0</STATE><TERM>0</TERM></RAFT>")
}

/// What one of the three says of itself: 1 candidate, 2 follower, 3 leader.
pub(super) fn raft(at: &str, state: i64, term: i64) -> Result<String, OnedError> {
    let id = [A, B, C].iter().position(|endpoint| *endpoint == at).unwrap();
    good(format!("<RAFT><SERVER_ID>{id}</SERVER_ID><STATE>{state}</STATE><TERM>{term}</TERM></RAFT>"))
}

/// The two documents that name the three front-ends of zone 7.
pub(super) fn zone(call: &Call) -> Result<String, OnedError> {
    if call.method == "one.system.config" {
        return good(
            "<OPENNEBULA_CONFIGURATION><FEDERATION><ZONE_ID>7</ZONE_ID></FEDERATION></OPENNEBULA_CONFIGURATION>",
        );
    }
    assert_eq!(call.method, "one.zone.info");
    assert_eq!(call.params[1], Value::Int(7));
    let server = |(id, endpoint)| format!("<SERVER><ID>{id}</ID><ENDPOINT>{endpoint}</ENDPOINT></SERVER>");
    let servers: String = [A, B, C].iter().enumerate().map(server).collect();
    good(format!("<ZONE><ID>7</ID><NAME>z</NAME><SERVER_POOL>{servers}</SERVER_POOL></ZONE>"))
}
