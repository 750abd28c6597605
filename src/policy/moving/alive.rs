//! A host that is proven off, and that oned hears: the controller has lied, or switches another machine. Nothing more is
//! sent, and VMs that were moved may run twice: the incident stays open until `host_back` has looked at that.

use super::ending::call_off;
use super::ready::twice;
use crate::model::{Held, Host, HostState, PowerState};
use crate::policy::fencing::proof::Proof;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::settings::Purpose;

/// Has oned heard the host since the first look after the proof? Until its power went it may have been heard.
pub(super) fn heard(run: &mut Run, host: &Host) -> bool {
    let Some(now) = host.monitored_at else { return false };
    now > *run.fence.heard.get_or_insert(now)
}

/// oned's view of the host, read beside its power: does oned have it as one that is well? Then nothing more is sent.
pub(super) async fn is_heard(run: &mut Run, proof: &Proof) -> Result<bool, Stop> {
    let id = run.subject.host;
    let host = match run.read(Phase::Confirm, move |world| world.beside(id)).await? {
        Ok(host) => host,
        // Its VMs are looked at all the same.
        Err(failure) if failure.trouble == Trouble::Gone => return Ok(false),
        Err(failure) => {
            call_off(run, failure);
            return Ok(true);
        }
    };
    if heard(run, &host) {
        contradicted_by_oned(run, proof, &host);
    } else if host.state == HostState::Monitored {
        let what = format!("{} was taken for dead, but oned has it as MONITORED", run.host());
        let advice = format!("find out who has enabled it; {}", twice(&run.subject.name));
        call_off(run, Failure { trouble: Trouble::Refused, what, advice });
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// Nothing more is sent, and what was proven is not.
pub(super) fn contradicted_by_oned(run: &mut Run, proof: &Proof, host: &Host) {
    let failure = contradiction(run, proof, host);
    mark(run, &failure);
    call_off(run, failure);
}

fn contradiction(run: &Run, proof: &Proof, host: &Host) -> Failure {
    let name = &run.subject.name;
    let what = format!(
        "CONTRADICTION: {} was taken for off ({proof}), and oned has heard it since: it is {}",
        run.host(),
        host.state
    );
    let twice = if run.vms.touched {
        format!("; VMs that were moved may run twice: `host_back --host {name}` looks at them")
    } else {
        String::new()
    };
    let advice = format!("go and look: the fence device may switch another machine than {name}{twice}");
    Failure { trouble: Trouble::Refused, what, advice }
}

fn mark(run: &mut Run, failure: &Failure) {
    (run.fence.contradiction, run.fence.disproven) = (Some(failure.what.clone()), true);
    let (at, touched) = (run.epoch(), run.vms.touched);
    let Some(incident) = &mut run.record.incident else { return };
    let (why, advice) = (failure.what.clone(), failure.advice.clone());
    incident.proof = None;
    incident.held = Some(Held { why, advice, since: at });
    incident.alive = incident.alive.or(touched.then_some(at));
}

/// Everything is done: how it ends where VMs were moved and the host has turned out to be alive. A host that somebody has
/// switched on since then runs none of them, and its devices say so.
pub(in crate::policy) async fn turned_out(
    run: &mut Run,
    proof: &Proof,
    outcome: Outcome,
) -> Result<Outcome, Stop> {
    let over = matches!(outcome, Outcome::Recovered | Outcome::Partly);
    if !over || !run.vms.touched || run.policy.purpose != Purpose::Recover {
        return Ok(outcome);
    }
    let known = run.vms.halted.clone().filter(|_| run.is_alive());
    if let Some(failure) = known {
        return Ok(Outcome::Contradicted(failure));
    }
    let id = run.subject.host;
    let Ok(host) = run.ask(move |world| world.beside(id)).await else { return Ok(outcome) };
    let unseen = run.fence.heard.is_none() && host.state == HostState::Monitored;
    if !unseen && !heard(run, &host) {
        return Ok(outcome);
    }
    for device in proof.devices() {
        if run.power_state(&device, 0).await == PowerState::On {
            let text = format!("{device} says on: somebody has switched it on since, and oned hears it");
            run.note(Phase::Prove, text);
            return Ok(outcome);
        }
    }
    let failure = contradiction(run, proof, &host);
    run.note(Phase::Prove, format!("{}; {}", failure.what, failure.advice));
    mark(run, &failure);
    Ok(Outcome::Contradicted(failure))
}

impl Run {
    /// Is it known that the host runs, and may its VMs run twice?
    fn is_alive(&self) -> bool {
        self.record.incident.as_ref().is_some_and(|incident| incident.alive.is_some())
    }
}
