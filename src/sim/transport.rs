//! The in-memory door: the oned client's transport, with simulated time and faults.
//!
//! Requests and replies go through the real wire code, so what is tested is what would be sent.

use super::cloud::Cloud;
use super::faults::{Fault, FaultRule};
use super::strike::{OnTheWay, lost};
use crate::error::OnedError;
use crate::wire::record;
use crate::wire::xml::Limits;
use crate::wire::xmlrpc::{Call, Reply, Value};
use crate::world::Zone;
use crate::world::oned::{Credentials, Oned, Patience, Session, Transport};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The zone's own address, which is the leader's.
pub(super) const ZONE: &str = "http://localhost:2633/RPC2";

/// The zone as whoever asks this front-end has it.
pub(super) fn zone_at(transport: &SimTransport, endpoint: String) -> Zone<SimTransport> {
    let credentials = Credentials { endpoint, session: Session::new("oneadmin:password".to_owned()) };
    Zone::new(Oned::new(transport.clone(), credentials, Patience::default()), record::TYPE)
}

/// What became of a call, as the client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A good answer.
    Done,
    /// oned refused, with its text and code.
    Refused {
        /// For example 512.
        code: i64,
        /// oned's text.
        text: String,
    },
    /// An XML-RPC fault.
    Fault(i64),
    /// Connection refused.
    NotSent,
    /// The client does not know whether it was executed.
    Unknown,
}

/// One call, for assertions and transcripts. It never holds the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// When it was sent, since the simulation began.
    pub at: Duration,
    /// The front-end that was asked.
    pub server: usize,
    /// `one.vm.migrate`
    pub method: String,
    /// The parameters after the session: `0, 2, false, true, -1, 0`.
    pub params: String,
    /// What the client saw.
    pub outcome: Outcome,
    /// The length of the reply.
    pub bytes: usize,
}

/// Prints `one.vm.migrate(0, 2, false, true, -1, 0): done`.
impl fmt::Display for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}): ", self.method, self.params)?;
        match &self.outcome {
            Outcome::Done => f.write_str("done"),
            Outcome::Refused { code, text } => write!(f, "refused {code}: {text}"),
            Outcome::Fault(code) => write!(f, "fault {code}"),
            Outcome::NotSent => f.write_str("not sent"),
            Outcome::Unknown => f.write_str("outcome unknown"),
        }
    }
}

/// A transport into a cloud in memory. Clones share the cloud, the faults and the log.
#[derive(Clone, Debug)]
pub struct SimTransport {
    cloud: Arc<Mutex<Cloud>>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    latency: Duration,
    rules: Vec<FaultRule>,
    log: Vec<CallRecord>,
    /// The client's process was killed inside a call.
    dead: bool,
}

impl SimTransport {
    /// A transport without faults, 5 ms a call.
    #[must_use]
    pub fn new(cloud: Arc<Mutex<Cloud>>) -> SimTransport {
        let latency = Duration::from_millis(5);
        let shared = Shared { latency, rules: Vec::new(), log: Vec::new(), dead: false };
        SimTransport { cloud, shared: Arc::new(Mutex::new(shared)) }
    }

    /// The cloud behind it, to look at or to change. Do not hold it while the client works.
    pub fn cloud(&self) -> MutexGuard<'_, Cloud> {
        self.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cloud itself, to serve it through another door as well.
    #[must_use]
    pub fn shared_cloud(&self) -> Arc<Mutex<Cloud>> {
        Arc::clone(&self.cloud)
    }

    /// Add a fault. The first rule that strikes a call decides; the rules behind it do not see that call.
    pub fn add_fault(&self, rule: FaultRule) {
        self.shared().rules.push(rule);
    }

    /// Was the client killed inside a call, by [`Fault::Killed`]? Whoever plays it must not go on with it; until
    /// [`SimTransport::begin_again`] no call leaves.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.shared().dead
    }

    /// Another process begins; calls of the killed one that did not happen will not.
    pub fn begin_again(&self) {
        let mut shared = self.shared();
        shared.dead = false;
        shared.rules.retain(|rule| !matches!(rule.fault, Fault::Killed { .. }));
    }

    /// No call is lost or refused any more.
    pub fn faults_end(&self) {
        self.shared().rules.clear();
    }

    /// How much simulated time a call takes.
    pub fn set_latency(&self, latency: Duration) {
        self.shared().latency = latency;
    }

    /// Every call so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared().log.clone()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault_for(&self, method: &str) -> (Duration, Option<Fault>) {
        let mut shared = self.shared();
        let mut strikes =
            shared.rules.iter_mut().filter_map(|rule| rule.strikes(method).then(|| rule.fault.clone()));
        let fault = strikes.next();
        (shared.latency, fault)
    }

    fn send(&self, server: usize, call: &Call, deadline: Duration) -> Result<String, OnedError> {
        let (latency, mut fault) = self.fault_for(&call.method);
        let mut cloud = self.cloud();
        let slow = cloud.write_time(&call.method);
        if fault.is_none() && !slow.is_zero() {
            fault = Some(if slow < deadline { Fault::Slow(slow) } else { Fault::Late(slow) });
        }
        if let Some(Fault::Away(time)) = fault {
            cloud.away_for(time);
        }
        if fault == Some(Fault::NotSent) || !cloud.is_up(server) {
            return Err(OnedError::NotSent("connection refused".to_owned()));
        }
        if let Some(Fault::Killed { done }) = fault {
            if done {
                cloud.call(server, call);
            }
            self.shared().dead = true;
            return lost("the process was killed");
        }
        cloud.advance(latency);
        let sent = OnTheWay { server, call, deadline, latency };
        match fault {
            Some(fault) => sent.strikes(fault, &mut cloud),
            None => Ok(sent.arrives(&mut cloud)),
        }
    }
}

impl Transport for SimTransport {
    fn post(&self, endpoint: &str, body: &str, deadline: Duration) -> Result<String, OnedError> {
        let call = Call::read(body, Limits::REPLY).map_err(|error| OnedError::Unknown(error.to_string()))?;
        let (at, server) = {
            let cloud = self.cloud();
            (cloud.now(), server_at(&cloud, endpoint))
        };
        if self.is_dead() {
            return Err(OnedError::NotSent("the process was killed".to_owned()));
        }
        let Some(server) = server else {
            return Err(OnedError::NotSent(format!("no such address: {endpoint}")));
        };
        let result = self.send(server, &call, deadline);
        let record = CallRecord {
            at,
            server,
            method: call.method.clone(),
            params: summary(call.params.get(1..).unwrap_or_default()),
            outcome: outcome(&result),
            bytes: result.as_ref().map_or(0, String::len),
        };
        self.shared().log.push(record);
        result
    }

    fn pause(&self, wait: Duration) {
        if !self.is_dead() {
            self.cloud().advance(wait);
        }
    }
}

/// The front-end at this address; the zone's own address is the leader's.
fn server_at(cloud: &Cloud, endpoint: &str) -> Option<usize> {
    let known = cloud.endpoints();
    let exact = known.iter().position(|known| known == endpoint);
    let zone = endpoint == "http://localhost:2633/RPC2";
    exact.or_else(|| zone.then(|| cloud.leader().unwrap_or(0)))
}

fn outcome(result: &Result<String, OnedError>) -> Outcome {
    let body = match result {
        Ok(body) => body,
        Err(OnedError::NotSent(_)) => return Outcome::NotSent,
        Err(_) => return Outcome::Unknown,
    };
    match Reply::read(body, Limits::REPLY) {
        Ok(Reply::Fault { code, .. }) => Outcome::Fault(code),
        Ok(Reply::Value(Value::Array(values))) => match values.as_slice() {
            [Value::Bool(true), ..] => Outcome::Done,
            [_, Value::Text(text), Value::Int(code), ..] => {
                Outcome::Refused { code: *code, text: text.clone() }
            }
            _ => Outcome::Unknown,
        },
        Ok(Reply::Value(_)) | Err(_) => Outcome::Unknown,
    }
}

fn summary(params: &[Value]) -> String {
    let one = |value: &Value| match value {
        Value::Int(number) | Value::Long(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Array(_) => "[…]".to_owned(),
        Value::Struct(_) => "{…}".to_owned(),
    };
    let all: Vec<String> = params.iter().map(one).collect();
    all.join(", ")
}
