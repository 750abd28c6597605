//! A person's word that the brakes do not hold one incident: its host is dead, whatever else fails at the same time.
//!
//! It takes off: the storm, the windows, the flaps, the grace after a start of oned and after a change of leader, and gateways
//! that do not answer. A witness or a device that says alive, oned's own view, and disarming count as ever. It is for the
//! failure that is open now, for 600 s (`VALID_FOR`), and for one fence: [`proceed`] takes it, `Run::proceeds` says whether it
//! still counts, and the first fence that is held without it uses it up.

use super::confirmation::{Confirmed, counts, open_incident, refused};
use crate::model::{Confirmation, Host, HostState, Memory};
use crate::policy::limits::disarmed;
use crate::policy::notes::Phase;
use crate::policy::port::Failure;
use crate::policy::run::Run;

/// Take a person's word that the brakes do not hold the incident of this host.
///
/// # Errors
/// Why not: there is no open incident, the host is not in ERROR, or fencing is disarmed there.
pub fn proceed(memory: &Memory, host: &Host, by: &str, reason: &str) -> Result<Confirmed, Failure> {
    let (document, incident) = open_incident(memory, host)?;
    if !matches!(host.state, HostState::Error | HostState::Disabled) {
        let what = format!("{host} is {}, not in ERROR", host.state);
        return Err(refused(what, format!("look at `onehost show {}`", host.id.0)));
    }
    if let Some(failure) = disarmed(&memory.disarmed, Some(host.cluster), &[]) {
        let what = format!("{}; this word does not end that", failure.what);
        return Err(refused(what, failure.advice));
    }
    let said = (memory.proceeds.as_slice(), incident.proceeded.as_ref());
    Ok(Confirmed::taken(memory, host, (document, incident), said, (by, reason)))
}

impl Run {
    /// The word that takes the brakes off, if it still counts.
    pub(in crate::policy) fn proceeds(&self) -> Option<&Confirmation> {
        let (word, taken) = &self.record.proceed;
        let word = word.as_ref()?;
        let used = self.record.incident.as_ref()?.proceeded.as_ref() == Some(word) && !taken;
        (!used && counts(&self.record, self.now(), word)).then_some(word)
    }

    /// Use it up: it is written down before anything follows from it.
    pub(in crate::policy) fn take_word(&mut self) {
        let Some(word) = self.proceeds().cloned() else { return };
        if !std::mem::replace(&mut self.record.proceed.1, true) {
            self.note(
                Phase::Brake,
                format!("the brakes are off by the word of {}: {}", word.by, word.reason),
            );
        }
        if let Some(incident) = &mut self.record.incident {
            incident.proceeded = Some(word);
        }
    }
}
