//! The clearance: everything that could forbid a fence was looked at, and nothing does. One "off" may go out by it, within 10 s
//! (`FRESH`).
//!
//! - Is it this run's to do (the record's owner, a person's `abort`, the zone's leader)? Is it us (brakes)? Is it dead
//!   (witnesses)? Before an "off" these are asked only if the last answers are 10 s old.
//! - Does the device at work still say what it said? It is asked if its answer is 10 s old.
//! - Is it dead (the host as oned has it)? This is always asked. An answer that takes 10 s has all of it asked again, once; then
//!   the run is held.
//!
//! `fencing::device::send` asks for it, and has the rest: the gain and the crash dump before it, the record that is written and the
//! other fences that are counted after it. What takes longer than 10 s there has everything looked at again.
//!
//! Silence is never read as death here: that is for the fence to prove.

pub(in crate::policy) mod learn;
pub(in crate::policy) mod token;

use super::life::{alive, sign_of_life};

use super::tries::Tries;
use crate::model::{Host, Outlook, PowerState, WhoLeads};
use crate::policy::host_error::brakes::{brakes, left};
use crate::policy::host_error::itself::{Leader, young_lead};
use crate::policy::host_error::lead::{follows, lead, must_lead};
use crate::policy::host_error::observe::{dead, unreadable};
use crate::policy::host_error::witnesses;
use crate::policy::lead::{Leads, leads};
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::record::lease::standing;
use crate::policy::record::ownership::{abort_of, lost};
use crate::policy::rules::ProbeError;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::run::vms::AtWork;
use crate::policy::settings::{Fencing, Purpose};
use crate::policy::timings::FRESH;
use learn::{figures, learn};
use std::time::Duration;
use token::Clearance;

/// A front-end that says it leads when it is asked, and then that it does not know, is asked no more often.
const UNSURE: u32 = 3;

/// What would come next.
pub(super) enum Ahead<'a, 'device> {
    /// A look at the devices; with `-u` straight to the VMs.
    Fence,
    /// "Off" to the device at work.
    Off(&'a mut Tries<'device>),
}

/// What came of the looks.
pub(super) enum Cleared {
    Yes(Clearance),
    /// The device at work says something else than before.
    Heard(PowerState),
}

/// Look at everything. Brakes and witnesses that were just asked are not asked again before an "off".
pub(super) async fn clearance(run: &mut Run, mut ahead: Ahead<'_, '_>) -> Result<Cleared, Stop> {
    let now = run.now();
    let asked = run.fence.cleared.is_some_and(|at| now.since(at) < FRESH);
    if !asked || matches!(ahead, Ahead::Fence) {
        look_around(run, &ahead).await?;
    }
    loop {
        if let Some(state) = power_changed(run, &mut ahead).await {
            return Ok(Cleared::Heard(state));
        }
        let asked = run.now();
        let host = match run.read_host(Phase::Confirm).await? {
            Ok(host) => host,
            Err(failure) => return Err(Stop::Ended(unreadable(failure))),
        };
        may_be_dead(run, &host)?;
        let took = run.now().since(asked);
        if took < FRESH {
            run.fence.slow = 0;
            run.fails_of(&host);
            if matches!(ahead, Ahead::Fence) {
                run.suspect.heard = run.suspect.heard.or(host.monitored_at);
                let text = format!("still {}, and it sent no error of its own", host.state);
                run.note_once(Phase::Confirm, text);
            }
            return Ok(Cleared::Yes(Clearance::new(run.subject.host, run.now())));
        }
        // oned was away: what else was looked at is old.
        run.fence.slow += 1;
        if run.fence.slow > 1 {
            return Err(Stop::held(slow(took)));
        }
        look_around(run, &ahead).await?;
    }
}

fn may_be_dead(run: &Run, host: &Host) -> Result<(), Stop> {
    if let Some(reason) = dead(run, host) {
        return Err(Stop::nothing(reason));
    }
    match (sign_of_life(host), run.policy.fence.probe_error) {
        (Some(text), ProbeError::Hold) => Err(Stop::held(alive(host, &text))),
        (Some(_) | None, _) => Ok(()),
    }
}

/// "Off" goes to a device that says now what it said then: an answer that is 10 s old is asked for again. Another one is judged
/// as any answer.
async fn power_changed(run: &mut Run, ahead: &mut Ahead<'_, '_>) -> Option<PowerState> {
    let Ahead::Off(tries) = ahead else { return None };
    if !tries.is_old(run.now()) {
        return None;
    }
    let device = &tries.device.name;
    let state = run.power_state(device, tries.turn).await;
    if tries.said.as_ref() != Some(&state) {
        return Some(state);
    }
    run.detail(Phase::Prove, format!("{device} still says {state}"));
    if state == PowerState::On {
        run.is_on();
    }
    tries.read = Some(run.now());
    None
}

/// Brakes and witnesses.
async fn look_around(run: &mut Run, ahead: &Ahead<'_, '_>) -> Result<(), Stop> {
    let outlook = outlook(run).await?;
    if let Some(lost) = lost(run, &outlook.memory) {
        return Err(Stop::Lost(lost));
    }
    if let Some(word) = abort_of(run, &outlook.memory) {
        return Err(run.abort(word));
    }
    if matches!(ahead, Ahead::Fence) {
        is_first_record(run, &outlook)?;
    }
    run.record.owned = run.now();
    learn(run, &outlook);
    if matches!(ahead, Ahead::Fence) {
        run.note_once(Phase::Brake, figures(run, &outlook));
    }
    let brakes = brakes(run, &outlook);
    let brakes = left(run, brakes);
    let young = young(run, &outlook, ahead);
    run.fence.leader = if young.is_some() { Leader::Young } else { Leader::Known };
    let only_young = brakes.is_empty() && young.is_some();
    run.hold.at_off &= only_young;
    run.hold.at_off |= only_young && matches!(ahead, Ahead::Off(_));
    let young = young.filter(|_| ahead.is_blind(run)).map(|young| ahead.in_view(young));
    let brakes = brakes.into_iter().map(|brake| brake.failure);
    if let Some(failure) = brakes.chain(young).next() {
        return Err(Stop::held(failure));
    }
    run.fence.cleared = Some(run.now()).filter(|_| run.fence.leader == Leader::Known);
    witnesses::before(run).await
}

/// A lead that is young, unless it would hold this and a person's word takes that brake off too.
fn young(run: &mut Run, outlook: &Outlook, ahead: &Ahead<'_, '_>) -> Option<Failure> {
    let young = young_lead(&outlook.observer, &run.policy.brake)?;
    if run.proceeds().is_none() || !ahead.is_blind(run) {
        return Some(young);
    }
    run.take_word();
    None
}

/// What can be seen from here; this front-end leads.
async fn outlook(run: &mut Run) -> Result<Outlook, Stop> {
    loop {
        let asked = run.now();
        let outlook = match run.read_on(Phase::Brake, |world| world.outlook()).await? {
            Ok(outlook) => outlook,
            Err(failure) => return Err(Stop::Ended(unreadable(failure))),
        };
        let said = WhoLeads { state: outlook.observer.raft.clone(), leader: None, term: None };
        match leads(&said) {
            Leads::No(failure) if must_lead(run) => return Err(follows(run, failure)),
            Leads::Unclear(failure) if must_lead(run) && run.fence.unsure >= UNSURE => {
                return Err(follows(run, failure));
            }
            Leads::Unclear(_) if must_lead(run) => {
                run.fence.unsure += 1;
                lead(run).await?;
            }
            Leads::Yes | Leads::Unclear(_) | Leads::No(_) => {
                run.fence.unsure = 0;
                run.vms.hosts.oned.push(AtWork::new(asked, Some(&outlook.observer)));
                run.answered();
                return Ok(outlook);
            }
        }
    }
}

/// Another record of this incident may have become readable that was made before this run's. A run that has only looked so
/// far goes on with that one.
fn is_first_record(run: &Run, outlook: &Outlook) -> Result<(), Stop> {
    let only_looked = run.fence.told.is_empty() && run.fence.earlier.is_none() && !run.vms.touched;
    let Some(document) = run.record.document.filter(|_| only_looked) else { return Ok(()) };
    let counts = standing(&outlook.memory, run.subject.host).map(|(document, _)| *document);
    let Some(other) = counts.filter(|other| *other < document) else { return Ok(()) };
    let text = format!("{other} remembers this incident too, was made before {document}, and counts");
    run.note(Phase::Claim, text);
    Err(Stop::OtherRecord)
}

impl Ahead<'_, '_> {
    /// Would it happen to a host that no device has shown to be off? Before the fence devices are only read, which a host
    /// that is really off needs nothing more for.
    fn is_blind(&self, run: &Run) -> bool {
        match self {
            Self::Off(_) => true,
            Self::Fence => run.policy.fencing == Fencing::Waived && run.policy.purpose != Purpose::Fence,
        }
    }

    /// What holds it, with what the device at work says.
    fn in_view(&self, failure: Failure) -> Failure {
        match self {
            Self::Off(tries) if tries.said == Some(PowerState::On) => {
                let what = format!("{} says on, and {}", tries.device.name, failure.what);
                Failure { what, ..failure }
            }
            Self::Off(_) | Self::Fence => failure,
        }
    }
}

/// Looking again and again would never end where oned answers, but always too late.
fn slow(took: Duration) -> Failure {
    Failure {
        trouble: Trouble::Unreachable,
        what: format!(
            "oned takes {} s to answer, so whatever was looked at before is old when the host may be fenced",
            took.as_secs()
        ),
        advice: "find out what slows oned down: its log, its database, the load of the front-end".to_owned(),
    }
}
