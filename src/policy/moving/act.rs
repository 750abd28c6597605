//! Send orders, few at a time, and note what oned says to them.
//!
//! A batch has `[settle] parallel` (4) orders. Before each batch of orders that move, start or end VMs, and not of those
//! that take RESCHED flags back, the devices of the proof must have said off, asked at most `[fence] recheck` (10 s) ago, the
//! record must have been this run's at most 10 s ago, and oned must not hear the host (`moving::ready`). The power is read while
//! the batch before is sent, once the last reading, which may be the proof's, is 5 s old, half of `recheck` (`fencing::beside`).
//! Where that gave no answer, or is older than 10 s, with a person's word and with "0s", the batch waits while the devices are
//! asked (`fencing::recheck`).
//!
//! What takes so long that it is old by then is repeated, three times at most, with the devices as the last that is asked; then the
//! batch is sent: "off" is older than 10 s only where the devices themselves take that long.
//!
//! Nothing more is sent when a device says on, or gives no answer for more than 30 s (`[fence] patience`): it is asked again after
//! 4, 8, 16 and 16 s (`interval`, 2 s, times 2, 4, 8 and 8). With a person's word a device without an answer is passed over, and asked
//! again after 120 s. The host is fenced again then, `[fence] again` (2) times at most in one run; after that, or where oned hears
//! the host, what was not sent is held, and what was sent is read back all the same (`moving::ending`).
//!
//! 30 s after the survey the rest is planned anew; after 3 s where VMs wait for the first one on their target (not by `HA_AFTER`).
//!
//! Behind these, just before each few, READY=YES is taken away where it is of a guest that has died (`moving::gated`), and who leads is
//! seen where several may (`moving::torn`).
//!
//! An answer is never a success: that is read back, see [`super::settle`].

use super::apply::hold;
use super::gated;
use super::ready::{Ready, Seen, ready, reopen};
use super::torn::{see_who_takes, see_who_took};
use super::{Moved, Next, next};
use crate::model::text::times;
use crate::model::{Moment, Refusal, VmId};
use crate::policy::fencing::proof::Proof;
use crate::policy::notes::Phase;
use crate::policy::order::{Order, Reply};
use crate::policy::record::writing::{Needed, write};
use crate::policy::run::Run;
use crate::policy::run::progress::VmProgress;
use crate::policy::run::stop::Stop;
use crate::policy::timings::CURRENT;
use std::time::Duration;

/// So long after a survey it is looked whether the first VMs run on their targets, where others wait for that.
const TRIED: Duration = Duration::from_secs(3);

/// Send these orders, few at a time; before each few the record and the power are looked at.
pub(super) async fn send(
    run: &mut Run,
    proof: &Proof,
    seen: &mut Seen,
    mut orders: Vec<Order>,
) -> Result<Next, Stop> {
    if orders.is_empty() {
        return Ok(next(run));
    }
    run.begins_to_retry(proof);
    // Written down first, so that no later run forgets a VM that was touched.
    write(run, Needed::No).await?;
    // Somebody may switch the host on meanwhile: "off" may be as old as that, and no older.
    let within = run.policy.fence.recheck;
    while !orders.is_empty() {
        let mut all = ready(run, proof, seen, &orders, within).await?;
        let few: Vec<_> = orders.iter().take(batch(run)).copied().collect();
        if all == Ready::Yes && gated::clear(run, &few).await {
            // That may have taken long.
            all = ready(run, proof, seen, &orders, within).await?;
        }
        if let Some(next) = not_ready(run, all) {
            return Ok(next);
        }
        see_who_takes(run).await;
        orders = one_batch(run, proof, orders).await;
        if orders.is_empty() || !run.vms.hosts.is_seen_lately(run.now()) {
            see_who_took(run).await;
        }
        let current = if run.vms.progress.values().any(VmProgress::is_behind) { TRIED } else { CURRENT };
        if !orders.is_empty() && run.now().since(seen.surveyed) >= current {
            reopen(run, &orders);
            break;
        }
    }
    Ok(next(run))
}

pub(super) fn not_ready(run: &Run, ready: Ready) -> Option<Next> {
    match ready {
        Ready::Yes => None,
        Ready::CalledOff => Some(next(run)),
        Ready::FlagsFirst => Some(Next::ReadBack),
        Ready::OnAgain => Some(Next::Done(Moved::OnAgain)),
    }
}

/// Take RESCHED flags back.
pub(super) async fn take_back(run: &mut Run, proof: &Proof, mut flags: Vec<Order>) -> Next {
    while !flags.is_empty() {
        flags = one_batch(run, proof, flags).await;
    }
    next(run)
}

/// How many orders a batch has.
pub(super) fn batch(run: &Run) -> usize {
    usize::try_from(run.policy.settle.parallel.max(1)).unwrap_or(1)
}

/// Send the first few; the rest comes back.
async fn one_batch(run: &mut Run, proof: &Proof, mut orders: Vec<Order>) -> Vec<Order> {
    let rest = orders.split_off(batch(run).min(orders.len()));
    let mut replies = proof.act(run, orders.clone()).await.into_iter();
    for order in orders {
        let lost = || Reply::Unknown("no answer".to_owned());
        let reply = replies.next().unwrap_or_else(lost);
        answered(run, order, &reply, proof.at());
    }
    rest
}

fn answered(run: &mut Run, order: Order, reply: &Reply, proof: Moment) {
    let vm = order.vm();
    let (said, held) = match reply {
        Reply::Accepted => ("accepted".to_owned(), None),
        Reply::NotSent(why) => (format!("not sent, {why}"), None),
        Reply::Unknown(why) => (format!("outcome unknown, {why}; reading it back"), None),
        Reply::Refused(kind, why) => (format!("refused, {why}"), hold_for(vm, *kind, why)),
    };
    run.detail(Phase::Act, format!("{}, on the proof of {proof}: {said}", run.say(&order)));
    if matches!(reply, Reply::Accepted | Reply::Unknown(_)) {
        run.is_touched();
        if let Order::Migrate { to, .. } = order {
            run.vms.places.sent.insert(vm, to);
        }
    }
    let now = run.now();
    let Some(progress) = run.vms.progress.get_mut(&vm) else {
        return;
    };
    progress.answered(order, reply, now);
    if let Order::Unresched { .. } = order {
        return;
    }
    let (name, offers, doubt) = (progress.name.clone(), progress.refusals, progress.doubt);
    let migrates = matches!(order, Order::Migrate { .. });
    match (held, reply) {
        (Some(reason), _) => hold(run, vm, &name, reason),
        // Only a migration has another host to try.
        (None, Reply::Refused(_, why))
            if !doubt && (offers >= run.policy.settle.targets || offers > 1 && !migrates) =>
        {
            hold(run, vm, &name, format!("refused {}, last: {why}", times(offers)));
        }
        _ => {}
    }
}

/// What oned says where the table of history records has a row that the VM's document has not: the leader died between
/// the two. No call leads out of that. `onedb fsck` compares the two and deletes the row (`src/onedb/fsck/history.rb`), but not in
/// older versions, and none of onedb's commands for history deletes one row: `purge-history` keeps the last two.
const TORN_ROW: &str = "Cannot update virtual machine history";

/// Refusals that another host would not change.
fn hold_for(vm: VmId, kind: Refusal, why: &str) -> Option<String> {
    if why.contains(TORN_ROW) {
        let id = vm.0;
        return Some(format!(
            "oned moves it no more, because a leader that died has left a row of its history in the database: stop oned on every \
             front-end, back the database up, `onedb fsck` (a new one removes the row; else `DELETE FROM history WHERE \
             vid={id} AND seq>SEQ`, where SEQ is the last one of `onevm show {id} -x`), start oned, and run the same command \
             again: {why}"
        ));
    }
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
