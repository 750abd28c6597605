//! A rehearsed fence: everything is asked that the real one would ask, and nothing is sent.

use super::clearance::learn::{figures, learn};
use super::life::{alive, sign_of_life};
use super::seen_on::{reached_by_peers, readable, recognise, usable};
use crate::model::{DeviceName, Host, Level, Moment, PowerState};
use crate::policy::fencing::proof::Evidence;
use crate::policy::fencing::proof::Proof;
use crate::policy::host_error::brakes::brakes;
use crate::policy::host_error::hold::passes;
use crate::policy::host_error::itself::{Leader, young_lead};
use crate::policy::host_error::observe::{not_dead, unreadable};
use crate::policy::host_error::witnesses;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::Outcome;
use crate::policy::rules::ProbeError;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::run::would_stop::{WouldStop, says};
use crate::policy::settings::Fencing;
use std::collections::BTreeMap;

/// Say where the real run would stop, and go on with what is enough for a rehearsal.
pub(in crate::policy) async fn rehearse(run: &mut Run, stop: &mut WouldStop) -> Result<Proof, Stop> {
    look_around(run, stop).await?;
    witnesses::rehearse(run, stop).await;
    if run.policy.fencing == Fencing::Waived {
        return Ok(Proof::new(run.subject.host, Moment::default(), Evidence::Rehearsal));
    }
    let host = run.subject.host;
    let levels = run.ask(move |world| world.fence_levels(host)).await;
    passes(run);
    match levels {
        Ok(levels) => ask_devices(run, stop, &levels).await,
        Err(failure) => says(run, stop, Phase::Fence, failure, Outcome::NotFenced),
    }
    Ok(Proof::new(run.subject.host, run.now(), Evidence::Rehearsal))
}

async fn look_around(run: &mut Run, stop: &mut WouldStop) -> Result<(), Stop> {
    let outlook = match run.read(Phase::Brake, |world| world.outlook()).await? {
        Ok(outlook) => outlook,
        Err(failure) => return Err(Stop::Ended(unreadable(failure))),
    };
    run.record.owned = run.now();
    learn(run, &outlook);
    run.note_once(Phase::Brake, figures(run, &outlook));
    let young = young_lead(&outlook.observer, &run.policy.brake);
    run.fence.leader = if young.is_some() { Leader::Young } else { Leader::Known };
    let brakes = brakes(run, &outlook);
    let host = outlook.hosts.iter().find(|host| host.id == run.subject.host);
    if let Some(reason) = host.and_then(not_dead) {
        run.note(Phase::Observe, format!("WOULD STOP HERE: {reason}; going on as if it were dead"));
        stop.with(Outcome::NothingToDo(reason));
    }
    let brakes = brakes.into_iter().map(|brake| brake.failure);
    for failure in brakes.chain(young).chain(host.and_then(|host| lives(run, host))) {
        says(run, stop, Phase::Confirm, failure, Outcome::Held);
    }
    Ok(())
}

fn lives(run: &Run, host: &Host) -> Option<Failure> {
    let life = alive(host, &sign_of_life(host)?);
    (run.policy.fence.probe_error == ProbeError::Hold).then_some(life)
}

/// Ask every device once what the power is, so that a rehearsal finds one that gives no answer.
async fn ask_devices(run: &mut Run, stop: &mut WouldStop, levels: &[Level]) {
    reached_by_peers(run, levels);
    recognise(run, levels).await;
    let (good, why) = usable(run, levels);
    if let Some(failure) = why.filter(|_| good.is_empty()) {
        says(run, stop, Phase::Fence, failure, Outcome::NotFenced);
    }
    // Those that give no answer, and why.
    let mut mute: BTreeMap<DeviceName, String> = BTreeMap::new();
    let mut devices = readable(levels);
    while let Some(device) = devices.pop() {
        let state = run.power_state(&device, 0).await;
        run.note(Phase::Fence, format!("{device} says {state}"));
        if let PowerState::Unknown(why) = state {
            mute.insert(device, why);
        }
    }
    let answers = |level: &Level| level.0.iter().all(|device| !mute.contains_key(&device.name));
    if let (Some((device, why)), false) = (mute.first_key_value(), good.iter().any(answers)) {
        let what = format!("{device} gives no answer for {}: {why}", run.host());
        let advice = format!("repair {device} now; at night it would leave every VM of this host down");
        let failure = Failure { trouble: Trouble::Unreachable, what, advice };
        says(run, stop, Phase::Fence, failure, Outcome::NotFenced);
    }
}
