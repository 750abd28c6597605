//! Many VMs that go down at once are the failure of a host or of storage, not of a VM.
//!
//! Who is held by that is looked at again by `onerescue reconcile` when it has passed, and is left to the incident of its host
//! if that has failed. VMs of other hosts that fail say nothing about storage: they went down with their hosts.

use super::run::{End, Run};
use crate::model::{Epoch, Host, HostId};
use crate::policy::limits::span;
use crate::policy::port::{Crowd, Failure, Source, Trouble};
use crate::policy::report::Outcome;
use crate::policy::zombies::is_monitored;
use std::cmp::Reverse;
use std::time::Duration;

/// No more hosts than this are asked for: a thousand hooks may be started at once.
const ASKED: usize = 10;

/// oned hears a host that is well at least every 120 s (`MONITOR_HOST` in `monitord.conf`).
const UNHEARD: Duration = Duration::from_secs(150);

/// Count the VMs that went down lately, unless somebody has named this one.
pub(super) async fn must_be_no_crowd(run: &Run) -> Result<(), End> {
    match run.subject.source {
        Source::Event | Source::Reconcile => {}
        Source::Person => return Ok(()),
    }
    let (subject, time) = (run.subject.clone(), run.policy.down.crowd_time);
    let crowd = run.ask(move |world| world.crowd(&subject, time)).await;
    let crowd = crowd.map_err(|failure| run.ended(Outcome::NotStarted(failure)))?;
    let most = usize::try_from(run.policy.down.crowd).unwrap_or(usize::MAX);
    let which = match (run.subject.host, run.subject.datastore) {
        (Some(host), _) if crowd.of_host >= most => format!("{} VMs of {host}", crowd.of_host),
        (_, Some(on)) => match of_storage(run, &crowd, most).await {
            Some(count) => format!("{count} VMs on {on}"),
            None => return Ok(()),
        },
        (Some(_) | None, None) => return Ok(()),
    };
    run.look_again().await;
    let time = span(time);
    let what =
        format!("{which} went down within {time}: that is the failure of a host or of storage, not of a VM");
    let advice = format!(
        "look at {} and its storage; when that is over, `onerescue reconcile` on this front-end starts it, or the incident of \
         its host does; or `{}` for each",
        run.place,
        run.command()
    );
    Err(End::held_by(Failure { trouble: Trouble::Refused, what, advice }))
}

/// How many VMs on the same datastore went down, without those of hosts that fail, if that is a crowd. The hosts of the most
/// VMs are asked for first, and no more than it takes to know.
async fn of_storage(run: &Run, crowd: &Crowd, most: usize) -> Option<usize> {
    let mut count: usize = crowd.on_datastore.values().sum();
    let mut hosts: Vec<_> =
        crowd.on_datastore.iter().filter_map(|(host, vms)| Some(((*host)?, *vms))).collect();
    hosts.sort_by_key(|(host, vms)| (Reverse(*vms), *host));
    let mut well = 0;
    for (host, vms) in hosts.into_iter().take(ASKED) {
        if count < most || well >= most {
            break;
        }
        if fails(run, host, crowd.now).await {
            count = count.saturating_sub(vms);
        } else {
            well += vms;
        }
    }
    (count >= most).then_some(count)
}

/// Has this host failed, or is it failing? One that oned says nothing about does not.
async fn fails(run: &Run, host: HostId, now: Epoch) -> bool {
    let read = run.ask(move |world| world.host(host)).await;
    read.is_ok_and(|host| !is_well(&host, now))
}

fn is_well(host: &Host, now: Epoch) -> bool {
    is_monitored(host) && host.monitored_at.is_none_or(|heard| now.since(Epoch(heard)) <= UNHEARD)
}
