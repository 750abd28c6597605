//! A host that is not to be trusted is disabled, with the reason in its own template.
//!
//! A host has failed too often with three failures within an hour (`[brake] flaps`, `flap_time`), and is disabled for
//! `[host_back] quarantine` (3600 s). Who lifts it: a person with `onehost enable`, at any time; `onerescue reconcile`, or
//! `host_back` by hand, when that time is over. A quarantine for VMs that run there although they were moved has no end:
//! only a person can tell which of the two is the right one.

use super::later::{Mark, TAIL};
use super::remember::{read_memory, said};
use super::rules::Rules;
use super::run::Run;
use super::survey::named;
use crate::model::{Epoch, Host, HostState, Memory};
use crate::policy::healthy::deed::Deed;
use crate::policy::limits::{events_lately, span};
use crate::policy::moments::left;
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::{Fate, Outcome};
use std::collections::BTreeSet;
use std::time::Duration;

/// Why the host is disabled; `NO` once that is over.
const REASON: &str = "HA_QUARANTINE";
/// Until when, in epoch seconds; 0 where only a person ends it.
const UNTIL: &str = "HA_QUARANTINE_UNTIL";
/// `NO` from the moment when the host is about to be disabled until oned has done that: a host that is MONITORED then
/// was not enabled by a person. Without it the host was disabled.
const BEGUN: &str = "HA_QUARANTINE_BEGUN";
/// Since when it is known that it ran while VMs of it were moved away, where it was disabled for that.
const FOR: &str = "HA_QUARANTINE_FOR";

/// Our own quarantine of a host, as its template has it.
pub(super) struct Quarantine {
    /// The host's name.
    host: String,
    pub(super) reason: String,
    until: Option<Epoch>,
    pub(super) begun: bool,
}

impl Quarantine {
    pub(super) fn read(host: &Host) -> Option<Self> {
        let reason = host.attributes.get(REASON)?.trim();
        let ours = !reason.is_empty() && reason != "NO";
        let begun = host.attributes.get(BEGUN).is_none_or(|word| word.trim() != "NO");
        ours.then(|| Self { host: host.name.clone(), reason: reason.to_owned(), until: until(host), begun })
    }

    /// Is it over? Why it is.
    ///
    /// # Errors
    /// Why it is not.
    pub(super) fn left(&self, now: Epoch, rules: Rules) -> Result<String, String> {
        let Some(until) = self.until else {
            return Err(format!(
                "it is quarantined until a person enables it (`onehost enable {}`): {}",
                self.host, self.reason
            ));
        };
        match left(now, until, rules.quarantine) {
            Ok(Duration::ZERO) => Ok("its quarantine is over".to_owned()),
            Ok(left) => Err(format!(
                "it is quarantined for another {}, or until `onehost enable {}`: {}",
                span(left),
                self.host,
                self.reason
            )),
            Err(ahead) => Ok(format!(
                "its quarantine would end in {}, later than any setting allows: a clock was wrong, so it is over",
                span(ahead)
            )),
        }
    }
}

/// Is this host out of service because it is not to be trusted?
#[must_use]
pub fn is_quarantined(host: &Host) -> bool {
    host.state == HostState::Disabled && Quarantine::read(host).is_some_and(|quarantine| quarantine.begun)
}

fn until(host: &Host) -> Option<Epoch> {
    let until: i64 = host.attributes.get(UNTIL)?.trim().parse().ok()?;
    (until != 0).then_some(Epoch(until))
}

/// A DISABLED host is enabled again, if that is our own quarantine and its time is over.
pub(super) async fn lift(run: &mut Run) -> Result<(), Outcome> {
    read_memory(run).await?;
    let not_noted = |run: &Run| Quarantine::read(&run.host).is_some_and(|quarantine| !quarantine.begun);
    if not_noted(run) && !run.rehearses() {
        // An earlier run was ended before it could note that the host is disabled.
        note(run, BEGUN, "YES").await;
        read_memory(run).await?;
    }
    let Some(quarantine) = Quarantine::read(&run.host) else {
        return Err(Outcome::NothingToDo("somebody has taken it out of service (DISABLED)".to_owned()));
    };
    let why = quarantine.left(run.epoch(), run.policy.back).map_err(Outcome::NothingToDo)?;
    run.note(Phase::Brake, format!("{why} ({}): it is enabled", quarantine.reason));
    if run.rehearses() {
        return Err(Outcome::Rehearsed(None));
    }
    let (host, attributes) = (run.id, vec![(REASON, "NO".to_owned()), (UNTIL, "0".to_owned())]);
    let replies = run.tend(vec![Deed::Enable { host }, Deed::NoteHost { host, attributes }]).await;
    if let Some(bad) = refusal(&replies) {
        let what = format!("its quarantine is over, and it could not be enabled: {bad}");
        return Err(held(what, format!("`onehost enable {}`", run.host.name)));
    }
    // oned has made it MONITORED without asking it.
    run.since = Some((run.now(), run.host.monitored_at));
    Ok(())
}

/// A host that flaps is disabled, and so is one whose quarantine could not begin before.
pub(super) async fn brake(run: &mut Run) -> Result<(), Outcome> {
    let mut memory = read_memory(run).await?;
    if let Some(quarantine) = Quarantine::read(&run.host) {
        if !quarantine.begun && quarantine.left(run.epoch(), run.policy.back).is_err() {
            // An earlier run has written it down, and oned did not disable the host then.
            return Err(begin(run, quarantine.reason, quarantine.until).await);
        }
        // A person has enabled it; a later DISABLED is not ours then. Until when the quarantine would have been stays, so
        // that the same failures do not begin another one.
        note(run, REASON, "NO").await;
        memory = read_memory(run).await?;
    }
    if let Some((at, why)) = ran_on(run) {
        run.host.attributes.insert(FOR.to_owned(), at.0.to_string());
        return Err(begin(run, why, None).await);
    }
    if let Some(why) = flaps(run, &memory) {
        let end = run.epoch().plus(run.policy.back.quarantine);
        return Err(begin(run, why, Some(end)).await);
    }
    if let Some(incident) = run.incident() {
        run.note(Phase::Observe, format!("its last incident is {}", said(incident)));
    }
    Ok(())
}

/// Its VMs were moved away while it ran, and nobody has looked yet which of them run twice: since when that is known, and
/// the VMs. A person who has enabled it after that has looked; what the host says then counts.
fn ran_on(run: &Run) -> Option<(Epoch, String)> {
    let incident = run.incident()?;
    let at = incident.ran_on()?;
    if run.host.attributes.get(FOR).is_some_and(|text| text.trim() == at.0.to_string()) {
        return None;
    }
    let away = incident.vms.iter().filter(|vm| vm.to.is_some_and(|to| to != run.id));
    let names = named(away.map(|vm| format!("{} {}", vm.id, vm.name).trim_end().to_owned()));
    Some((at, format!("it ran while VMs of it were moved away, and may run them too: {names}")))
}

/// Did the host fail too often lately? A person who has enabled it before the end of its quarantine has seen that.
fn flaps(run: &Run, memory: &Memory) -> Option<String> {
    let (window, now) = (run.policy.flaps, run.epoch());
    let events = events_lately(memory.incidents.iter(), memory, run.id, now, window.time);
    let count = BTreeSet::from_iter(events).len();
    if count < usize::try_from(window.count).unwrap_or(usize::MAX) {
        return None;
    }
    let what = format!("it flaps: {count} ERROR events within {}", span(window.time));
    // One that ends later than the settings allow was dated by a clock that was wrong, and is over.
    let rest = |until| left(now, until, run.policy.back.quarantine).unwrap_or_default();
    if until(&run.host).is_some_and(|until| !rest(until).is_zero()) {
        run.note(Phase::Brake, format!("{what}; a person has enabled it all the same"));
        return None;
    }
    Some(what)
}

/// A word of the quarantine is written into the host's template. It counts for this run even where oned has not taken it.
async fn note(run: &mut Run, name: &'static str, word: &str) {
    run.write(vec![(name, word.to_owned())]).await;
    run.host.attributes.insert(name.to_owned(), word.to_owned());
}

/// The host is disabled, and VMs that were decided to be started are held. Without a time only a person ends that.
pub(super) async fn begin(run: &mut Run, why: String, until: Option<Epoch>) -> Outcome {
    let rest = Fate::Held(format!("the host is quarantined: {why}"));
    let advice = advice(run, until);
    run.note(Phase::Brake, format!("{why}: it is disabled"));
    if run.rehearses() {
        run.settle_rest(&rest);
        return Outcome::Rehearsed(Some(Box::new(held(why, advice))));
    }
    let (host, until) = (run.id, until.map_or(0, |until| until.0).to_string());
    let mut attributes = vec![(REASON, why.clone()), (UNTIL, until), (BEGUN, "NO".to_owned())];
    attributes.extend(run.host.attributes.get(FOR).map(|at| (FOR, at.clone())));
    // Whoever enables it begins anew.
    attributes.extend(Mark::read(&run.host).map(|_| (TAIL, "0".to_owned())));
    let begun = Deed::NoteHost { host, attributes: vec![(BEGUN, "YES".to_owned())] };
    let deeds = vec![Deed::NoteHost { host, attributes }, Deed::Disable { host }, begun];
    let replies = run.tend(deeds).await;
    run.settle_rest(&rest);
    // The last call only notes that it is done.
    let disabled = replies.get(1) == Some(&Reply::Accepted);
    if disabled {
        run.host.state = HostState::Disabled;
    }
    match refusal(&replies).filter(|_| !disabled) {
        None => held(why, advice),
        Some(bad) => held(
            format!("{why}; it could not be disabled: {bad}"),
            format!("`onehost disable {}`; {advice}", run.host.name),
        ),
    }
}

fn advice(run: &Run, until: Option<Epoch>) -> String {
    let name = &run.host.name;
    let Some(end) = until else {
        // No call of oned ends a domain on a host that the VM is not charged to.
        return format!(
            "for each VM see which of the two has the data that counts; `virsh destroy one-ID` on the host of the wrong one \
             ends that; then `onehost enable {name}`"
        );
    };
    let rest = span(end.since(run.epoch()));
    format!(
        "repair it, then `onehost enable {name}`; `onerescue reconcile` enables it after {rest}, or `host_back --host {name}`"
    )
}

fn held(what: String, advice: String) -> Outcome {
    Outcome::Held(Failure { trouble: Trouble::Refused, what, advice })
}

/// The first call that was not accepted.
fn refusal(replies: &[Reply]) -> Option<String> {
    replies.iter().find(|reply| **reply != Reply::Accepted).map(Reply::said)
}
