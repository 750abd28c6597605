//! A person's word that a host is off, for a host whose devices cannot be read any more.
//!
//! It is taken only while nothing says that the host is alive: it is not this machine, oned has it in ERROR or DISABLED, no
//! failed probe has sent a text, no device says on, no witness has an answer. It counts for the failure that is open now
//! and not proven off yet, for 600 s (`VALID_FOR`), and once. While it counts, the storm, the windows, the flaps
//! (`host_error::brakes`) and the gain do not hold. When it is used (`fencing::word`) the devices that can be read are
//! asked once more: one that says on ends the word, else it is the proof, without an "off", and also for -r and -d.
//! [`confirm`] takes it, `Run::confirmation` says whether it still counts.

use super::life::sign_of_life;
use crate::model::{
    Confirmation, DeviceName, DocumentId, Host, HostState, Incident, Machine, Memory, Moment, Opinion,
    PowerState, Progress, Testimony,
};
use crate::policy::host_error::itself::is_this_machine;
use crate::policy::limits::unreadable;
use crate::policy::moments::CLOCKS;
use crate::policy::port::{Failure, Trouble};
use crate::policy::record::lease::standing;
use crate::policy::run::Run;
use crate::policy::run::record::Record;
pub use crate::policy::timings::VALID_FOR;

/// Everything that could contradict the person.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The host as oned has it now.
    pub host: &'a Host,
    /// The machine that the person is at.
    pub machine: &'a Machine,
    /// What is remembered.
    pub memory: &'a Memory,
    /// What its devices say, as far as they could be asked.
    pub power: &'a [(DeviceName, PowerState)],
    /// What witnesses say.
    pub testimonies: &'a [Testimony],
}

/// A word that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The word, to be written.
    pub word: Confirmation,
    /// Whose run works on the incident, or did last.
    pub owner: String,
    /// The command that goes on with it.
    pub command: String,
    /// One that was neither used nor expired, and counts no more.
    pub replaced: Option<Confirmation>,
}

/// Take a person's word that the host is off.
///
/// # Errors
/// Why not: there is no open incident, or something says that the host is alive.
pub fn confirm(look: Look<'_>, by: &str, reason: &str) -> Result<Confirmed, Failure> {
    let (document, incident) = open_incident(look.memory, look.host)?;
    if let Some((what, advice)) = alive(look, incident) {
        return Err(refused(what, advice));
    }
    let said = (look.memory.confirmations.as_slice(), incident.confirmation.as_ref());
    Ok(Confirmed::taken(look.memory, look.host, (document, incident), said, (by, reason)))
}

impl Confirmed {
    /// The word of this person about this incident of the host, among those that were `said` before and the one of them that it
    /// has used.
    pub(super) fn taken(
        memory: &Memory,
        host: &Host,
        (document, incident): (DocumentId, &Incident),
        (said, used): (&[Confirmation], Option<&Confirmation>),
        (by, reason): (&str, &str),
    ) -> Self {
        let at = memory.now;
        let counts = |old: &&Confirmation| old.incident == document && old.expires > at && used != Some(*old);
        let replaced = said.iter().find(counts).cloned();
        let (by, reason, expires) = (by.to_owned(), reason.to_owned(), at.plus(VALID_FOR));
        let word = Confirmation { host: host.id, incident: document, by, reason, at, expires };
        Self { word, owner: incident.owner.clone(), command: incident.command(), replaced }
    }
}

/// The incident of the host that counts, if it still waits for a proof.
pub(super) fn open_incident<'a>(
    memory: &'a Memory,
    host: &Host,
) -> Result<(DocumentId, &'a Incident), Failure> {
    let first = format!("run `host_error --host {} -m` first", host.name);
    // The open one may be among those that cannot be read.
    let none = |what: String| match unreadable(memory) {
        Some(failure) => refused(format!("{what}; {}", failure.what), failure.advice),
        None => refused(what, first.clone()),
    };
    match standing(memory, host.id) {
        Some((document, incident)) => match incident.progress {
            Progress::Open | Progress::Held | Progress::Fencing => Ok((*document, incident)),
            Progress::Off => {
                let what = format!("{host} is proven off already, so nobody's word is needed");
                Err(refused(what, format!("if its run is gone: `{}`", incident.command())))
            }
            Progress::Closed => Err(none(format!("{host} has no open incident: its last one has ended"))),
        },
        None => Err(none(format!("{host} has no open incident"))),
    }
}

/// What says that the host is alive, and what to do then.
fn alive(look: Look<'_>, incident: &Incident) -> Option<(String, String)> {
    let host = look.host;
    if let Some(failure) = is_this_machine(host, look.machine) {
        return Some((failure.what, failure.advice));
    }
    match host.state {
        HostState::Error | HostState::Disabled => {}
        HostState::Init
        | HostState::Monitored
        | HostState::MonitoringMonitored
        | HostState::MonitoringError
        | HostState::MonitoringInit
        | HostState::MonitoringDisabled
        | HostState::Offline
        | HostState::Unknown(_) => {
            let what = format!("{host} is {}, not in ERROR", host.state);
            return Some((what, format!("look at `onehost show {}`", host.id.0)));
        }
    }
    if let Some(text) = sign_of_life(host) {
        let what = format!("a probe on {host} sent an error, so it was alive to say so: {text}");
        let advice =
            format!("if it died since: `onehost forceupdate {}`, and wait for its next ERROR", host.name);
        return Some((what, advice));
    }
    if let Some((device, _)) = look.power.iter().find(|(_, power)| *power == PowerState::On) {
        let what = format!("{device} says that {host} is on");
        return Some((what, format!("`{}` can switch it off by that device", incident.command())));
    }
    let witness = look.testimonies.iter().find(|said| said.opinion == Opinion::Alive)?;
    let what = format!("a witness says that {host} is alive: {witness}");
    Some((what, "look at the machine again, and at what the witness sees".to_owned()))
}

impl Run {
    /// The word that this run has read, if it still counts: in time by whichever clock, not used, and nothing said on since.
    pub(in crate::policy) fn confirmation(&self) -> Option<&Confirmation> {
        let record = &self.record;
        let word = record.word.as_ref()?;
        let incident = record.incident.as_ref()?;
        let used = incident.confirmation.as_ref() == Some(word);
        let contradicted = incident.on.is_some_and(|on| on >= word.at);
        (!used && !contradicted && counts(record, self.now(), word)).then_some(word)
    }
}

/// Is this the time of the word, by whichever clock it is later?
pub(super) fn counts(record: &Record, now: Moment, word: &Confirmation) -> bool {
    let at = record.clock.latest(now);
    at < word.expires.min(word.at.plus(VALID_FOR)) && word.at <= at.plus(CLOCKS)
}

pub(super) fn refused(what: String, advice: String) -> Failure {
    Failure { trouble: Trouble::Refused, what, advice }
}

#[cfg(test)]
mod tests;
