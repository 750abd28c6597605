//! One VM between its first decision and its outcome: which orders were sent for it, and how sure we are.

use crate::model::{Epoch, HostId, Moment, VmId, VmState};
use crate::policy::order::{Order, Reply};
use crate::policy::report::Fate;

/// One VM between its first decision and its outcome.
#[derive(Clone, Debug)]
pub(in crate::policy) struct VmProgress {
    pub(in crate::policy) name: String,
    /// Its state when it was first seen.
    pub(in crate::policy) from: VmState,
    /// What follows when it is off on its target.
    pub(in crate::policy) when_off: WhenOff,
    /// Hosts that refused it, or that are gone.
    pub(in crate::policy) refused: Vec<HostId>,
    pub(in crate::policy) refusals: u32,
    /// When the first order was sent: all attempts share one deadline.
    pub(in crate::policy) begun: Option<Moment>,
    /// How many orders may have reached oned.
    pub(in crate::policy) calls: u32,
    last: Option<Order>,
    /// The answer to one of its orders was lost.
    pub(in crate::policy) doubt: bool,
    pub(in crate::policy) tries: Tries,
    pub(in crate::policy) torn: Torn,
    pub(in crate::policy) stage: Stage,
    /// Where it runs, when it has only to be ready: `RUNNING on node1 (host 1)`.
    pub(in crate::policy) runs: String,
    /// VMs that must run first; none when it waits no more.
    pub(in crate::policy) needs: Vec<VmId>,
    /// It has waited.
    pub(in crate::policy) waited: bool,
    pub(in crate::policy) flag: Flag,
}

/// What is known of an order that nobody may be at work on any more.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::policy) struct Torn {
    /// How often the VM was led on where nobody was at work on it: that repeats nothing that has failed.
    pub(in crate::policy) led: Tries,
    /// Its order was sent by an earlier run, whose record was written at this time.
    pub(in crate::policy) before: Option<Epoch>,
}

/// How often a VM was told to go on where it was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::policy) struct Tries {
    /// A driver's step, by "retry".
    pub(in crate::policy) retries: u32,
    /// Its start, by "resume".
    pub(in crate::policy) starts: u32,
}

impl Tries {
    pub(in crate::policy) fn count(&mut self, order: Order) {
        self.retries += u32::from(matches!(order, Order::Retry { .. }));
        self.starts += u32::from(matches!(order, Order::Resume { .. }));
    }

    pub(in crate::policy) fn all(self) -> u32 {
        self.retries.saturating_add(self.starts)
    }

    fn but(self, led: Self) -> Self {
        Self {
            retries: self.retries.saturating_sub(led.retries),
            starts: self.starts.saturating_sub(led.starts),
        }
    }
}

/// The RESCHED flag of a VM.
#[derive(Clone, Debug, Default)]
pub(in crate::policy) struct Flag {
    /// This run has set it, or may have.
    pub(in crate::policy) is_set: bool,
    /// How often it was set, and how often it was taken back.
    pub(in crate::policy) set: u32,
    pub(in crate::policy) taken_back: u32,
    /// What the VM comes to when it is taken back; without that the VM is planned again.
    pub(in crate::policy) end: Option<Fate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum WhenOff {
    /// It was off before.
    Stays,
    /// It has fallen with its host.
    Starts,
}

impl WhenOff {
    pub(in crate::policy) fn of(starts: bool) -> Self {
        if starts { Self::Starts } else { Self::Stays }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Stage {
    /// To be planned with the next survey.
    Open,
    /// oned must give it up first (`here`, on the dead host), or it is on its way elsewhere without our doing.
    Awaiting { since: Moment, here: bool },
    /// Other VMs must run first.
    Waiting { since: Moment },
    /// This one must be seen to run first on the host that both go to.
    Behind { first: VmId },
    /// It runs elsewhere since then, and is not ready yet.
    Gated { ran: Moment },
    /// An order was sent and is read back.
    Moving { order: Order, sent: Moment, certainty: Certainty },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Certainty {
    /// oned said yes.
    Accepted,
    /// The call provably did not leave.
    NotSent,
    /// Nobody knows.
    Unknown,
}

impl VmProgress {
    pub(in crate::policy) fn new(name: String, from: VmState) -> Self {
        Self {
            name,
            from,
            when_off: WhenOff::Stays,
            refused: Vec::new(),
            begun: None,
            refusals: 0,
            calls: 0,
            last: None,
            doubt: false,
            tries: Tries::default(),
            torn: Torn::default(),
            stage: Stage::Open,
            runs: String::new(),
            needs: Vec::new(),
            waited: false,
            flag: Flag::default(),
        }
    }

    /// An earlier run has sent this order for it.
    pub(in crate::policy) fn adopted(
        name: String,
        from: VmState,
        order: Order,
        now: Moment,
        written: Option<Epoch>,
    ) -> Self {
        Self {
            torn: Torn { before: written, ..Torn::default() },
            begun: Some(now),
            calls: 1,
            last: Some(order),
            stage: Stage::Moving { order, sent: now, certainty: Certainty::Accepted },
            ..Self::new(name, from)
        }
    }

    pub(in crate::policy) fn send(&mut self, order: Order, now: Moment) {
        self.stage = Stage::Moving { order, sent: now, certainty: Certainty::NotSent };
    }

    /// Plan it again; unless an order whose answer was lost may still be carried out: then it is only read back, and
    /// no other host is offered.
    pub(in crate::policy) fn reopen(&mut self, now: Moment) {
        self.stage = match self.last.filter(|_| self.doubt) {
            Some(order) => Stage::Moving { order, sent: now, certainty: Certainty::Unknown },
            None => Stage::Open,
        };
    }

    /// Follow the last order that may have reached oned, if there is one.
    pub(in crate::policy) fn follow(&mut self, now: Moment) -> bool {
        let Some(order) = self.last else { return false };
        self.begun.get_or_insert(now);
        self.stage = Stage::Moving { order, sent: now, certainty: Certainty::Accepted };
        true
    }

    pub(in crate::policy) fn wait_for_oned(&mut self, now: Moment, here: bool) {
        let since = if let Stage::Awaiting { since, .. } = self.stage { since } else { now };
        self.stage = Stage::Awaiting { since, here };
    }

    /// Nothing is sent before these run.
    pub(in crate::policy) fn wait_for(&mut self, now: Moment, needs: Vec<VmId>) {
        let since = if let Stage::Waiting { since } = self.stage { since } else { now };
        self.stage = Stage::Waiting { since };
        self.needs = needs;
    }

    /// It has waited long enough: it is planned again, and sent.
    pub(in crate::policy) fn release(&mut self) {
        (self.stage, self.waited) = (Stage::Open, true);
        self.needs.clear();
    }

    /// Does it wait for the first VM on its target?
    pub(in crate::policy) fn is_behind(&self) -> bool {
        matches!(self.stage, Stage::Behind { .. })
    }

    /// A driver could not start it where it was sent, and it was tried there again.
    pub(in crate::policy) fn start_has_failed(&self) -> bool {
        // One that has fallen with its host is off until it is started.
        let first = u32::from(self.when_off == WhenOff::Starts);
        let Tries { retries, starts } = self.repeated();
        retries > 0 || starts > first
    }

    /// What leads on where nobody was at work any more is no retry.
    pub(in crate::policy) fn repeated(&self) -> Tries {
        self.tries.but(self.torn.led)
    }

    pub(in crate::policy) fn answered(&mut self, order: Order, reply: &Reply, now: Moment) {
        self.begun.get_or_insert(now);
        let certainty = match reply {
            Reply::Accepted => Certainty::Accepted,
            Reply::NotSent(_) => Certainty::NotSent,
            Reply::Unknown(_) => Certainty::Unknown,
            Reply::Refused(..) => {
                if let Order::Unresched { .. } = order {
                    self.flag.taken_back += 1;
                    return;
                }
                self.refusals += 1;
                if let Order::Migrate { to, .. } = order {
                    self.refused.push(to);
                }
                self.calls += u32::from(self.doubt);
                self.reopen(now);
                return;
            }
        };
        let flag = matches!(order, Order::Resched { .. } | Order::Unresched { .. });
        self.doubt |= certainty == Certainty::Unknown && !flag;
        self.flag.set += u32::from(matches!(order, Order::Resched { .. }));
        self.flag.taken_back += u32::from(matches!(order, Order::Unresched { .. }));
        if matches!(order, Order::Unresched { .. }) {
            self.stage = Stage::Moving { order, sent: now, certainty };
            return;
        }
        self.flag.is_set |= matches!(order, Order::Resched { .. }) && certainty != Certainty::NotSent;
        if certainty != Certainty::NotSent {
            self.tries.count(order);
            self.calls += 1;
            self.torn.before = None;
            self.last = Some(order);
        }
        self.stage = Stage::Moving { order, sent: now, certainty };
    }
}
