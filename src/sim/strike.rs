//! What a fault does to one call: what becomes of it in the cloud, and what its client sees.

use super::cloud::Cloud;
use super::faults::Fault;
use super::queue::Event;
use crate::error::OnedError;
use crate::wire::xmlrpc::{Call, Reply, Value};
use std::time::Duration;

/// How long a follower waits for the leader. Source: `src/rm/Request.cc`.
const FORWARDING: Duration = Duration::from_secs(10);

/// oned's text for a write that it could not forward, as recorded for a leader that was dead; the end of it is libcurl's.
const TIMED_OUT: &str = "libcurl failed to execute the HTTP POST transaction, explaining:  Operation timed out after \
                         10000 milliseconds with 0 bytes received";

/// A call that has just reached a front-end.
pub(super) struct OnTheWay<'a> {
    pub(super) server: usize,
    pub(super) call: &'a Call,
    /// How long its client waits for the answer, and how much of that is over.
    pub(super) deadline: Duration,
    pub(super) latency: Duration,
}

impl OnTheWay<'_> {
    /// Without any trouble.
    pub(super) fn arrives(&self, cloud: &mut Cloud) -> String {
        cloud.call(self.server, self.call).write()
    }

    /// With this trouble.
    pub(super) fn strikes(&self, fault: Fault, cloud: &mut Cloud) -> Result<String, OnedError> {
        match fault {
            Fault::LostReply => {
                cloud.call(self.server, self.call);
                lost("the connection was reset")
            }
            Fault::LostRequest => lost("the connection was reset"),
            Fault::Late(delay) => self.late(delay, cloud),
            Fault::Refused { code, text } => Ok(refused(self.call, code, &text)),
            Fault::Garbage(body) => {
                cloud.call(self.server, self.call);
                Ok(body)
            }
            Fault::Slow(delay) => {
                let reply = self.arrives(cloud);
                cloud.advance(delay.min(self.deadline));
                if delay < self.deadline { Ok(reply) } else { lost(NO_ANSWER) }
            }
            Fault::Forwarded(delay) if cloud.is_for_leader(&self.call.method) => self.forwarded(delay, cloud),
            // A read; and what was seen to before the call left.
            Fault::Forwarded(_) | Fault::NotSent | Fault::Away(_) | Fault::Killed { .. } => {
                Ok(self.arrives(cloud))
            }
            Fault::Election => {
                cloud.leader_steps_down();
                Ok(self.arrives(cloud))
            }
            Fault::LeaderDies => {
                let reply = self.arrives(cloud);
                if let Some(leader) = cloud.leader() {
                    cloud.server_dies(leader);
                }
                Ok(reply)
            }
            Fault::Stale(time) => {
                let before = cloud.state.clone();
                let reply = self.arrives(cloud);
                cloud.shows_for(time, before);
                Ok(reply)
            }
        }
    }

    fn late(&self, delay: Duration, cloud: &mut Cloud) -> Result<String, OnedError> {
        cloud.after(delay, Event::LateCall { server: self.server, call: self.call.clone() });
        cloud.advance(self.deadline.saturating_sub(self.latency).min(delay));
        lost(NO_ANSWER)
    }

    fn forwarded(&self, delay: Duration, cloud: &mut Cloud) -> Result<String, OnedError> {
        let server = cloud.leader().unwrap_or(self.server);
        cloud.after(delay, Event::LateCall { server, call: self.call.clone() });
        cloud.advance(FORWARDING.min(self.deadline));
        if FORWARDING < self.deadline { Ok(refused(self.call, 0x2000, TIMED_OUT)) } else { lost(NO_ANSWER) }
    }
}

const NO_ANSWER: &str = "no answer within the deadline";

pub(super) fn lost(why: &str) -> Result<String, OnedError> {
    Err(OnedError::Unknown(why.to_owned()))
}

fn refused(call: &Call, code: i64, text: &str) -> String {
    let text = Value::Text(format!("[{}] {text}", call.method));
    let values = vec![Value::Bool(false), text, Value::Int(code), Value::Int(-1), Value::Long(-1)];
    Reply::Value(Value::Array(values)).write()
}
