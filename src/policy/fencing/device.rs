//! One device: read its power, send "off" where it says on, or where its "off" alone is not believed, and read again until it has
//! said off often enough.

use super::clearance::{Ahead, Cleared, clearance};
use super::dump;
use super::tries::{Attempt, Failed, Next, Tries, attempts, not_again};
use crate::model::{FenceDevice, NotOff, PowerState, ReadBack};
use crate::policy::fencing::clearance::token::Clearance;
use crate::policy::fencing::proof::Evidence;
use crate::policy::host_error::brakes::too_many;
use crate::policy::host_error::gain::{is_due, is_worth_off};
use crate::policy::notes::Phase;
use crate::policy::port::World;
use crate::policy::record::heartbeat::Mute;
use crate::policy::record::ownership::{abort_of, lost, overwritten};
use crate::policy::record::writing::{Needed, rewrite, write};
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::run::suspect::Told;
use std::time::Duration;

/// What became of "off".
enum Sent {
    /// It went out, and this is what the device said.
    Out(Result<(), String>),
    /// Nobody was told anything, and what kept it may pass.
    NotOut,
    /// The device says something else than before: that counts first.
    Heard(PowerState),
}

/// Have this device say off, several times in a row.
pub(super) async fn off(
    run: &mut Run,
    attempt: &mut Attempt,
    device: &FenceDevice,
    others: bool,
) -> Result<Evidence, Failed> {
    let mut tries = Tries::new(device, others);
    if device.read_back != ReadBack::Status {
        return by_exit_code(run, attempt, &mut tries).await;
    }
    let mut heard = None;
    loop {
        let state = match heard.take() {
            Some(state) => state,
            None => run.power_state(&device.name, tries.turn).await,
        };
        match tries.sample(run, attempt, state)? {
            Next::Proven(evidence) => return Ok(evidence),
            Next::Ask => {}
            Next::AskAfter(pause) => pause_between(run, pause).await?,
            Next::SendOff => match send(run, attempt, &mut tries).await? {
                Sent::Out(_) => {}
                Sent::NotOut => pause_between(run, run.policy.fence.interval).await?,
                Sent::Heard(state) => heard = Some(state),
            },
        }
    }
}

/// Between two questions to a device: what people have written meanwhile counts first.
async fn pause_between(run: &mut Run, pause: Duration) -> Result<(), Stop> {
    if run.pause_for_news(pause, Mute::Left).await? { Err(Stop::Again) } else { Ok(()) }
}

/// A device that cannot be read: its word that it has done it, where the settings accept that.
async fn by_exit_code(
    run: &mut Run,
    attempt: &mut Attempt,
    tries: &mut Tries<'_>,
) -> Result<Evidence, Failed> {
    loop {
        let device = tries.device.name.clone();
        let last = match (tries.device.read_back, send(run, attempt, tries).await?) {
            (ReadBack::ExitCodeAccepted, Sent::Out(Ok(()))) => return Ok(Evidence::ExitCode { device }),
            (_, Sent::Out(Err(said))) => said,
            (_, Sent::Out(Ok(())) | Sent::Heard(_)) => "success that proves nothing".to_owned(),
            (_, Sent::NotOut) => format!("{device} cannot be asked"),
        };
        if tries.tried >= attempts(run) || attempt.is_overdue(run) {
            return Err(tries.fails(run, last));
        }
        pause_between(run, run.policy.fence.interval).await?;
    }
}

/// Send "off": with everything looked at just before, and with the record saying so.
async fn send(run: &mut Run, attempt: &mut Attempt, tries: &mut Tries<'_>) -> Result<Sent, Failed> {
    loop {
        if let Some(why) = not_again(run) {
            return Err(tries.stays_on(run, why));
        }
        if is_due(run) {
            is_worth_off(run).await?;
            continue;
        }
        dump::is_saved(run).await?;
        let clear = match clearance(run, Ahead::Off(tries)).await? {
            Cleared::Yes(clear) => clear,
            Cleared::Heard(state) => return Ok(Sent::Heard(state)),
        };
        attempt.begins(run);
        write(run, Needed::Yes).await?;
        if run.fence.told.is_empty() && run.record.document.is_some() {
            count_others(run, attempt, tries).await?;
        }
        // It may have taken so long until now that everything must be looked at again: the host, and the power.
        if clear.is_fresh(run.now()) && !tries.is_old(run.now()) {
            return Ok(power_off(run, attempt, tries, clear).await);
        }
        if attempt.is_overdue(run) {
            return Err(tries.fails(run, "writing the incident down took too long"));
        }
    }
}

/// It is written down that the first "off" of this run goes out. The others are counted that have written the same: if
/// they are too many, this host has not been fenced after all.
async fn count_others(run: &mut Run, attempt: &Attempt, tries: &Tries<'_>) -> Result<(), Failed> {
    loop {
        let memory = match run.read(Phase::Claim, |world| world.memory()).await? {
            Ok(memory) => memory,
            Err(failure) => {
                attempt.take_back(run);
                return Err(Stop::Ended(Outcome::NoCloud(failure)).into());
            }
        };
        run.record.clock.begin(memory.now, run.now());
        if let Some(lost) = lost(run, &memory) {
            return Err(Stop::Lost(lost).into());
        }
        if let Some(word) = abort_of(run, &memory) {
            attempt.take_back(run);
            return Err(run.abort(word).into());
        }
        run.record.owned = run.now();
        if !overwritten(run, &memory) {
            let Some(failure) = too_many(run, &memory) else { return Ok(()) };
            attempt.take_back(run);
            run.fence.cleared = None;
            return Err(Stop::held(failure).into());
        }
        // What was just written is not there: "off" is not sent before it is.
        if attempt.is_overdue(run) {
            attempt.take_back(run);
            return Err(tries.fails(run, "the incident does not stay written down"));
        }
        run.pause(run.policy.wait.look).await?;
        rewrite(run, Needed::Yes).await?;
    }
}

/// One clearance, one "off". What the device says to it is never a proof.
async fn power_off(run: &mut Run, attempt: &mut Attempt, tries: &mut Tries<'_>, clear: Clearance) -> Sent {
    let device = tries.device.name.clone();
    let via = run.via(&device, tries.turn);
    let from = via.as_ref().map_or_else(String::new, |peer| format!(" from {peer}"));
    let to = device.clone();
    let said = run.ask(move |world: &mut dyn World| world.power_off(clear, &to, via.as_ref())).await;
    tries.tried += 1;
    tries.off.clear();
    tries.turn += usize::from(said.is_err());
    let text = match &said {
        Ok(()) => format!("\"off\" was sent to {device}{from}"),
        Err(NotOff::Sent(why)) => format!("\"off\" was sent to {device}{from}, which says: {why}"),
        Err(NotOff::NotSent { not_sent }) => {
            run.note(Phase::Fence, format!("\"off\" could not be sent to {device}{from}: {not_sent}"));
            // No order is counted or written down.
            attempt.take_back(run);
            tries.unsent = Some(not_sent.clone());
            return Sent::NotOut;
        }
    };
    run.note(Phase::Fence, text);
    let last = run.now();
    let told = run.fence.told.entry(device).or_default();
    *told = Told { times: told.times + 1, last, taken: said.is_ok() };
    attempt.is_sent();
    run.comes_to(|stages| &mut stages.off);
    tries.unsent = None;
    Sent::Out(said.map_err(|failed| failed.why().to_owned()))
}
