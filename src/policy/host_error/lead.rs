//! Only a front-end that leads its zone claims a host, and one that has lost the lead gives up what it has claimed: what
//! oned shows it may be old, and the leader's run would find the host taken.
//!
//! It is asked before the host is claimed, while the run waits for it, where it looks around, and before the first order. A
//! run that has sent orders goes on to their end: it holds the record, so no other run works on the host, and whatever it
//! sends reaches the leader.

use crate::policy::lead::{Leads, leads};
use crate::policy::moving::ending::give_up;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Source};
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::record::Left;
use crate::policy::run::stop::Stop;
use crate::policy::settings::Purpose;

/// Ask whether this front-end leads, where it must; it does, or the run is over.
pub(in crate::policy) async fn lead(run: &mut Run) -> Result<(), Stop> {
    if !must_lead(run) {
        return Ok(());
    }
    loop {
        let lead = run.ask(|world| world.lead()).await;
        let failure = match leads(&lead) {
            Leads::Yes => return Ok(()),
            Leads::Unclear(failure) => {
                if let Some(pause) = run.patience(run.policy.wait, Phase::Claim, &failure) {
                    run.pause(pause).await?;
                    continue;
                }
                failure
            }
            Leads::No(failure) => failure,
        };
        return Err(follows(run, failure));
    }
}

/// Must this run's front-end lead for what comes next?
pub(in crate::policy) fn must_lead(run: &Run) -> bool {
    let acts = run.policy.purpose != Purpose::Rehearse;
    // VMs are on their way: they are seen to their end.
    let sent = run.vms.touched || run.fence.earlier.is_some();
    run.policy.observer.leader && acts && !sent
}

/// Another front-end leads: nothing is claimed, and what was is left as far as it has come.
pub(in crate::policy) fn follows(run: &mut Run, failure: Failure) -> Stop {
    let Failure { trouble, what, advice } = failure;
    if run.record.document.is_none() {
        // One that another run has written was only read.
        run.record.incident = None;
        let advice = match run.subject.source {
            Source::Person => format!("{advice}: `{}`", run.command()),
            Source::Event | Source::Reconcile => {
                format!(
                    "nothing is needed: `onerescue reconcile` begins on the leader; or {advice}: `{}`",
                    run.command()
                )
            }
        };
        return Stop::Ended(Outcome::Held(Failure { trouble, what, advice }));
    }
    let what = format!("{what}; this run does not work on its incident any more");
    let advice = format!(
        "nothing is needed: `onerescue reconcile` of the leader goes on; or {advice}: `{}`",
        run.command()
    );
    run.record.left = Left::AsItStands;
    give_up(run, &what);
    Stop::Ended(Outcome::Held(Failure { trouble, what, advice }))
}
