//! Send orders, few at a time, and note what oned says to them.
//!
//! An answer is never a success: that is read back, see [`super::Settling`].

use super::case::Case;
use super::ending::send_on;
use super::incident::Step;
use super::notes::Phase;
use super::order::{Order, Reply};
use super::proof::Proof;
use super::recover::Proven;
use super::report::Disabled;
use super::round::hold;
use super::settle::Settling;
use crate::model::{Moment, Refusal};

/// See [`Step::Disable`].
#[derive(Debug)]
pub struct Disabling {
    proven: Proven,
}

impl Disabling {
    pub(super) fn step(proven: Proven) -> Step {
        Step::Disable(Self { proven })
    }

    pub(super) fn case(&self) -> &Case {
        &self.proven.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.proven.case
    }

    /// What names the host to disable.
    #[must_use]
    pub fn proof(&self) -> &Proof {
        &self.proven.proof
    }

    /// What oned said. A refusal is noted: the VMs may still turn UNKNOWN by themselves.
    #[must_use]
    pub fn answer(self, now: Moment, reply: &Reply) -> Step {
        let Self { mut proven } = self;
        let case = &mut proven.case;
        // What did not leave is tried again with the next look, and so is what may not have arrived, unless that look
        // shows the host DISABLED.
        case.disable_tried = matches!(reply, Reply::Accepted | Reply::Refused(..));
        case.disabled = match reply {
            Reply::Accepted => Disabled::Yes,
            Reply::Unknown(_) => Disabled::Unsure,
            Reply::Refused(..) | Reply::NotSent(_) => case.disabled,
        };
        let text = match reply {
            Reply::Accepted => format!(
                "{} is DISABLED now, so that oned gives up the VMs it still calls RUNNING; enable it after the repair",
                case.host()
            ),
            Reply::Refused(_, why) | Reply::NotSent(why) => {
                format!("{} could not be disabled: {why}", case.host())
            }
            Reply::Unknown(why) => {
                format!("{} was to be disabled, and oned's answer was lost: {why}", case.host())
            }
        };
        case.note(now, Phase::Act, text);
        Settling::later(proven)
    }
}

/// See [`Step::Act`].
#[derive(Debug)]
pub struct Acting {
    proven: Proven,
    batch: Vec<Order>,
    rest: Vec<Order>,
}

impl Acting {
    pub(super) fn case(&self) -> &Case {
        &self.proven.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.proven.case
    }

    pub(super) fn begin(proven: Proven, mut orders: Vec<Order>) -> Step {
        let parallel = usize::try_from(proven.case.policy.settle.parallel.max(1)).unwrap_or(1);
        let rest = orders.split_off(parallel.min(orders.len()));
        Step::Act(Self { proven, batch: orders, rest })
    }

    /// What names the dead host. There is no order without it.
    #[must_use]
    pub fn proof(&self) -> &Proof {
        &self.proven.proof
    }

    /// The orders to send now, at the same time.
    #[must_use]
    pub fn orders(&self) -> &[Order] {
        &self.batch
    }

    /// What oned said, in the order of [`Acting::orders`].
    #[must_use]
    pub fn answer(self, now: Moment, replies: Vec<Reply>) -> Step {
        let Self { mut proven, batch, rest } = self;
        let mut replies = replies.into_iter();
        for order in batch {
            let lost = || Reply::Unknown("no answer".to_owned());
            let reply = replies.next().unwrap_or_else(lost);
            answered(&mut proven.case, now, order, &reply, proven.proof.at());
        }
        send_on(proven, now, rest)
    }
}

fn answered(case: &mut Case, now: Moment, order: Order, reply: &Reply, proof: Moment) {
    let vm = order.vm();
    let (said, held) = match reply {
        Reply::Accepted => ("accepted".to_owned(), None),
        Reply::NotSent(why) => (format!("not sent, {why}"), None),
        Reply::Unknown(why) => (format!("outcome unknown, {why}; reading it back"), None),
        Reply::Refused(kind, why) => (format!("refused, {why}"), hold_for(*kind, why)),
    };
    let text = format!("{}, on the proof of {proof}: {said}", case.say(&order));
    case.detail(now, Phase::Act, text);
    case.touched |= matches!(reply, Reply::Accepted | Reply::Unknown(_));
    if let (Order::Migrate { to, .. }, Reply::Accepted | Reply::Unknown(_)) = (order, reply) {
        case.sent.insert(vm, to);
    }
    let Some(course) = case.courses.get_mut(&vm) else {
        return;
    };
    course.answered(order, reply, now);
    if let Order::Unresched { .. } = order {
        return;
    }
    let name = course.name.clone();
    let offers = course.refusals;
    let doubt = course.doubt;
    let migrates = matches!(order, Order::Migrate { .. });
    match (held, reply) {
        (Some(reason), _) => hold(case, now, vm, &name, reason),
        // Only a migration has another host to try.
        (None, Reply::Refused(_, why))
            if !doubt && (offers >= case.policy.settle.targets || offers > 1 && !migrates) =>
        {
            hold(case, now, vm, &name, format!("refused {offers} times, last: {why}"));
        }
        _ => {}
    }
}

/// Refusals that another host would not change.
fn hold_for(kind: Refusal, why: &str) -> Option<String> {
    match kind {
        // Does not fit, a state that has changed, a host that is gone: look again and plan again.
        Refusal::Action | Refusal::NoExists => None,
        Refusal::Authentication
        | Refusal::Authorization
        | Refusal::Api
        | Refusal::Internal
        | Refusal::Allocate
        | Refusal::Locked
        | Refusal::Replication
        | Refusal::Other => {
            Some(format!("oned refused, as for a lock, a quota or a right that is missing: {why}"))
        }
    }
}
