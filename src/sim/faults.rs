//! What can go wrong between a client and oned, declared before it happens.

use std::time::Duration;

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request does not leave: connection refused. Nothing is executed.
    NotSent,
    /// Executed, but the answer is lost: the client does not know.
    LostReply,
    /// Not executed, but the client does not know that.
    LostRequest,
    /// The client does not know, and the call is executed this much later.
    Late(Duration),
    /// oned refuses it.
    Refused {
        /// For example 2048.
        code: i64,
        /// oned's text without the method in front.
        text: String,
    },
    /// Executed, but the reply is this body instead.
    Garbage(String),
    /// Executed, and the answer takes this much longer; past the client's deadline it does not know.
    Slow(Duration),
    /// The front-end that is asked does not lead any more: it forwards the call, gives up on the leader after ten seconds
    /// and says so, and the leader executes the call this much after it was sent. A read it answers itself.
    Forwarded(Duration),
    /// The leader steps down as the call arrives: nothing is executed, and nobody leads until the next election.
    Election,
    /// Executed and answered, and then the leader dies.
    LeaderDies,
    /// Executed and answered, and for this long every read shows the cloud as it was before.
    Stale(Duration),
    /// From this call on no front-end answers for this long.
    Away(Duration),
    /// The client's process is killed: before the call is sent, or when it was executed and before the answer is there.
    /// Nothing else of that process is sent; see [`super::SimTransport::is_dead`].
    Killed {
        /// Was the call executed?
        done: bool,
    },
}

/// A fault and the calls that it strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// The method, `one.vm.migrate`; `*` is every method.
    pub method: String,
    /// How many calls of the method are spared first.
    pub skip: u32,
    /// How many calls are struck after that.
    pub times: u32,
    /// What happens to them.
    pub fault: Fault,
}

impl FaultRule {
    /// Strike the next call of this method, once.
    #[must_use]
    pub fn once(method: &str, fault: Fault) -> FaultRule {
        FaultRule { method: method.to_owned(), skip: 0, times: 1, fault }
    }

    /// Strike every call of this method.
    #[must_use]
    pub fn always(method: &str, fault: Fault) -> FaultRule {
        FaultRule { times: u32::MAX, ..FaultRule::once(method, fault) }
    }

    /// The same, but spare this many calls first.
    #[must_use]
    pub fn after(mut self, skip: u32) -> FaultRule {
        self.skip = skip;
        self
    }

    /// The same, but strike this many calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> FaultRule {
        self.times = times;
        self
    }

    /// Does it strike this call? Counts the call.
    pub(crate) fn strikes(&mut self, method: &str) -> bool {
        if self.method != "*" && self.method != method || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = self.times.saturating_sub(u32::from(self.times != u32::MAX));
        true
    }
}
