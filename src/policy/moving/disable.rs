//! Disable the dead host, so that oned gives up the VMs that wait for it there (RUNNING, or in a transient state).
//!
//! With `-m` only, once, 60 s after the run began (`GIVE_UP_TIME`; the wait of `-p` is in that, so after it at once),
//! unless the host is DISABLED or OFFLINE already; "off" is read once more before it. A person enables the host after its
//! repair. What oned does not give up within 400 s is held (`judge`). `moving::next` asks.

use super::act::not_ready;
use super::ready::{Seen, ready};
use super::{Next, Todo};
use crate::model::{HostState, Moment};
use crate::policy::fencing::proof::Proof;
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::port::Survey;
use crate::policy::record::writing::{Needed, write};
use crate::policy::report::Disabled;
use crate::policy::run::Run;
use crate::policy::run::progress::Stage;
use crate::policy::run::stop::Stop;
use crate::policy::settings::Mode;
use std::time::Duration;

/// oned gives up 1,000 VMs of a dead host within 40 s; VMs that it has not given up by then need
/// help. It counts from the begin of the run: after a longer wait the host is disabled at once.
const GIVE_UP_TIME: Duration = Duration::from_secs(60);

/// Is the host to be disabled, so that oned gives up VMs that it still calls RUNNING?
pub(super) fn is_needed(run: &Run) -> bool {
    // A recreate or delete takes VMs that oned calls RUNNING; only a migration needs oned to give them up.
    let awaits = |stage: &Stage| matches!(stage, Stage::Awaiting { here: true, .. });
    let stuck = run.policy.mode == Mode::Migrate && run.vms.progress.values().any(|vm| awaits(&vm.stage));
    stuck && !run.vms.disable_tried && run.vms.halted.is_none() && run.now() >= Moment(GIVE_UP_TIME)
}

/// Disable the host, unless it is out of service already.
pub(super) fn unless_out_of_service(run: &mut Run, survey: &Survey) -> Todo {
    let state = survey.hosts.iter().find(|host| host.id == run.subject.host).map(|host| host.state);
    if matches!(state, Some(HostState::Disabled | HostState::Offline) | None) {
        run.vms.disable_tried = true;
        return Todo::Orders(Vec::new());
    }
    Todo::Disable
}

/// Disable the host, after one more look at its power.
pub(super) async fn disable(run: &mut Run, proof: &Proof, seen: &mut Seen) -> Result<Next, Stop> {
    // Written down first, so that no later run takes it for a person's doing and forgets its VMs.
    let at = run.epoch();
    if let Some(incident) = &mut run.record.incident {
        incident.disabled = Some(at);
    }
    write(run, Needed::No).await?;
    let ready = ready(run, proof, seen, &[], Duration::ZERO).await?;
    if let Some(next) = not_ready(run, ready) {
        return Ok(next);
    }
    let reply = proof.disable(run).await;
    // What did not leave is tried again with the next look, and so is what may not have arrived, unless that look
    // shows the host DISABLED.
    run.vms.disable_tried = matches!(reply, Reply::Accepted | Reply::Refused(..));
    run.suspect.disabled = match reply {
        Reply::Accepted => Disabled::Yes,
        Reply::Unknown(_) => Disabled::Unsure,
        Reply::Refused(..) | Reply::NotSent(_) => run.suspect.disabled,
    };
    let host = run.host();
    let text = match reply {
        Reply::Accepted => format!(
            "{host} is DISABLED now, so that oned stops calling its VMs RUNNING; enable it after the repair"
        ),
        // A refusal is noted: the VMs may still turn UNKNOWN by themselves.
        Reply::Refused(_, why) | Reply::NotSent(why) => format!("{host} could not be disabled: {why}"),
        Reply::Unknown(why) => format!("{host} was to be disabled, and oned's answer was lost: {why}"),
    };
    run.note(Phase::Act, text);
    Ok(Next::ReadBack)
}
