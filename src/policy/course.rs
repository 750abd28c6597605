//! One VM between its first decision and its outcome: which orders were sent for it, and how sure we are.

use super::order::{Order, Reply};
use crate::model::{HostId, Moment, VmState};

/// One VM between its first decision and its outcome.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) name: String,
    /// Its state when it was first seen.
    pub(super) from: VmState,
    /// Hosts that refused it, or that are gone.
    pub(super) refused: Vec<HostId>,
    pub(super) refusals: u32,
    /// When the first order was sent: all attempts share one deadline.
    pub(super) begun: Option<Moment>,
    /// How many orders may have reached oned.
    pub(super) calls: u32,
    last: Option<Order>,
    /// The answer to one of its orders was lost.
    pub(super) doubt: bool,
    pub(super) retries: u32,
    pub(super) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// To be planned with the next survey.
    Open,
    /// oned must give it up first (`here`, on the dead host), or it is on its way elsewhere without our doing.
    Awaiting { since: Moment, here: bool },
    /// An order was sent and is read back.
    Moving { order: Order, sent: Moment, certainty: Certainty },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// oned said yes.
    Accepted,
    /// The call provably did not leave.
    NotSent,
    /// Nobody knows.
    Unknown,
}

impl Course {
    pub(super) fn new(name: String, from: VmState) -> Self {
        Self {
            name,
            from,
            refused: Vec::new(),
            begun: None,
            refusals: 0,
            calls: 0,
            last: None,
            doubt: false,
            retries: 0,
            stage: Stage::Open,
        }
    }

    pub(super) fn send(&mut self, order: Order, now: Moment) {
        self.stage = Stage::Moving { order, sent: now, certainty: Certainty::NotSent };
    }

    /// Plan it again; unless an order whose answer was lost may still be carried out: then it is only read back, and
    /// no other host is offered.
    pub(super) fn reopen(&mut self, now: Moment) {
        self.stage = match self.last.filter(|_| self.doubt) {
            Some(order) => Stage::Moving { order, sent: now, certainty: Certainty::Unknown },
            None => Stage::Open,
        };
    }

    /// Follow the last order that may have reached oned, if there is one.
    pub(super) fn follow(&mut self, now: Moment) -> bool {
        let Some(order) = self.last else { return false };
        self.stage = Stage::Moving { order, sent: now, certainty: Certainty::Accepted };
        true
    }

    pub(super) fn wait_for_oned(&mut self, now: Moment, here: bool) {
        let since = if let Stage::Awaiting { since, .. } = self.stage { since } else { now };
        self.stage = Stage::Awaiting { since, here };
    }

    pub(super) fn answered(&mut self, order: Order, reply: &Reply, now: Moment) {
        self.begun.get_or_insert(now);
        let certainty = match reply {
            Reply::Accepted => Certainty::Accepted,
            Reply::NotSent(_) => Certainty::NotSent,
            Reply::Unknown(_) => Certainty::Unknown,
            Reply::Refused(..) => {
                self.refusals += 1;
                if let Order::Migrate { to, .. } = order {
                    self.refused.push(to);
                }
                self.calls += u32::from(self.doubt);
                self.reopen(now);
                return;
            }
        };
        self.doubt |= certainty == Certainty::Unknown;
        if certainty != Certainty::NotSent {
            self.retries += u32::from(matches!(order, Order::Retry { .. }));
            self.calls += 1;
            self.last = Some(order);
        }
        self.stage = Stage::Moving { order, sent: now, certainty };
    }
}
