//! Many VMs that go down at once are the failure of a host or of storage, not of a VM.

use super::run::{End, Run};
use crate::policy::limits::span;
use crate::policy::port::{Failure, Source, Trouble};
use crate::policy::report::Outcome;

/// Count the VMs that went down lately, unless somebody has named this one.
pub(super) async fn must_be_no_crowd(run: &Run) -> Result<(), End> {
    match run.subject.source {
        Source::Event => {}
        Source::Person | Source::Reconcile => return Ok(()),
    }
    let (subject, window) = (run.subject.clone(), run.policy.down.crowd);
    let crowd = run.ask(move |world| world.crowd(&subject, window.time)).await;
    let crowd = crowd.map_err(|failure| run.ended(Outcome::NotStarted(failure)))?;
    let most = usize::try_from(window.count).unwrap_or(usize::MAX);
    let which = match (run.subject.host, run.subject.datastore) {
        (Some(host), _) if crowd.of_host >= most => format!("{} VMs of {host}", crowd.of_host),
        (_, Some(on)) if crowd.of_datastore >= most => format!("{} VMs on {on}", crowd.of_datastore),
        (Some(_) | None, Some(_) | None) => return Ok(()),
    };
    let time = span(window.time);
    let what =
        format!("{which} went down within {time}: that is the failure of a host or of storage, not of a VM");
    let advice =
        format!("look at {} and its storage; then `{}` or `onevm resume` for each", run.place, run.command());
    Err(End::held_by(Failure { trouble: Trouble::Refused, what, advice }))
}
