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
    pub(super) retries: u32,
    pub(super) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// To be planned with the next survey.
    Open,
    /// oned must give it up first.
    Awaiting { since: Moment },
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
            retries: 0,
            stage: Stage::Open,
        }
    }

    pub(super) fn send(&mut self, order: Order, now: Moment) {
        self.begun.get_or_insert(now);
        self.stage = Stage::Moving { order, sent: now, certainty: Certainty::NotSent };
    }

    pub(super) fn wait_for_oned(&mut self, now: Moment) {
        if !matches!(self.stage, Stage::Awaiting { .. }) {
            self.stage = Stage::Awaiting { since: now };
        }
    }

    pub(super) fn answered(&mut self, order: Order, reply: &Reply, now: Moment) {
        let certainty = match reply {
            Reply::Accepted => Certainty::Accepted,
            Reply::NotSent(_) => Certainty::NotSent,
            Reply::Unknown(_) => Certainty::Unknown,
            Reply::Refused(..) => {
                self.refusals += 1;
                if let Order::Migrate { to, .. } = order {
                    self.refused.push(to);
                }
                self.stage = Stage::Open;
                return;
            }
        };
        self.calls += u32::from(certainty != Certainty::NotSent);
        self.stage = Stage::Moving { order, sent: now, certainty };
    }
}
