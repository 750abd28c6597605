//! `--hand-over`: what is still to be done on a host that is back is written into its template, and `onerescue
//! reconcile` does it when that time has come.
//!
//! Only where this program has left such a word is anything done without an event. A person's decision ends it: a host
//! that somebody has enabled is not quarantined any more, and one that is DISABLED without a word of ours stays so.

use super::quarantine::Quarantine;
use super::rules::Rules;
use crate::model::{Epoch, Host, HostState, Incident};
use crate::policy::limits::span;
use crate::policy::moments::{CLOCKS, counts, is_ahead, left};
pub(super) use crate::policy::returned::TAIL;
use std::time::Duration;

/// A host that is to be looked after later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Since when it was MONITORED without a break.
    pub(super) since: Epoch,
    /// When oned had heard it last then; 0 if never.
    pub(super) heard: i64,
    /// When to go on.
    pub(super) at: Epoch,
}

impl Mark {
    pub(super) fn read(host: &Host) -> Option<Self> {
        let mut words = host.attributes.get(TAIL)?.split_whitespace().map(str::parse::<i64>);
        let mut word = || words.next()?.ok();
        Some(Self { since: Epoch(word()?), heard: word()?, at: Epoch(word()?) })
    }

    pub(super) fn write(self) -> String {
        format!("{} {} {}", self.since.0, self.heard, self.at.0)
    }

    /// Why this is not the moment, for a host that is MONITORED. A time that cannot be waited for is looked at now.
    fn not_yet(self, now: Epoch, rules: Rules) -> Option<String> {
        let wait = left(now, self.at, rules.longest()).ok().filter(|left| !left.is_zero());
        wait.map(|left| format!("it has {} more to stay MONITORED", span(left)))
    }

    /// Was it written by a clock that was wrong? One was ahead, or was behind: then the host would have been MONITORED
    /// for longer than oned, by its own clock, has heard it since. What `host` was read alone has that.
    fn is_wrong(self, now: Epoch, host: &Host, rules: Rules) -> bool {
        let heard = host.monitored_at.filter(|_| self.heard != 0);
        let heard = heard.map(|heard| Epoch(heard).since(Epoch(self.heard)).saturating_add(CLOCKS));
        is_ahead(now, self.since)
            || left(now, self.at, rules.longest()).is_err()
            || heard.is_some_and(|heard| now.since(self.since) > heard)
    }

    /// How long the host has been MONITORED, if the time has come, oned has heard it since, and it has not failed
    /// meanwhile: its last incident, and for how long that was seen as it is. A pool of hosts does not say when they were
    /// heard, so that is for the run to see.
    pub(super) fn stood(
        self,
        host: &Host,
        last: Option<(&Incident, Duration)>,
        now: Epoch,
        rules: Rules,
    ) -> Option<Duration> {
        let failed = |(incident, seen): (&Incident, Duration)| self.is_before(incident, now, seen);
        let heard = host.monitored_at.unwrap_or(0) > self.heard;
        let due = self.not_yet(now, rules).is_none() && !self.is_wrong(now, host, rules);
        let good = due && heard && !last.is_some_and(failed);
        good.then(|| now.since(self.since))
    }

    /// Has the host failed since? A failure that a wrong clock has dated ahead was before its record was first seen as it
    /// is, this long ago.
    fn is_before(self, incident: &Incident, now: Epoch, seen: Duration) -> bool {
        let mut dates = incident.events.iter().chain([&incident.opened]);
        dates.any(|at| counts(now, *at, seen) > self.since)
    }
}

/// What is due on a host that has not failed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Due {
    /// The end of its quarantine.
    Lift(String),
    /// The rest of what its failure left.
    Tail(String),
    /// Something, and not now.
    NotYet(String),
}

/// What is due on this host; `None` where there is no word of ours on it.
pub(in crate::policy) fn due(host: &Host, now: Epoch, rules: Rules) -> Option<Due> {
    let is_disabled = host.state == HostState::Disabled;
    if !is_disabled && host.state != HostState::Monitored {
        return None;
    }
    if let Some(quarantine) = Quarantine::read(host) {
        let reason = &quarantine.reason;
        return Some(match (quarantine.begun, is_disabled) {
            (false, true) => Due::Tail("its quarantine has begun, which is not noted yet".to_owned()),
            (false, false) => Due::Tail(format!("its quarantine could not begin: {reason}")),
            (true, false) => {
                Due::Tail("somebody has enabled it, so it is not quarantined any more".to_owned())
            }
            (true, true) => match quarantine.left(now, rules) {
                Ok(why) => Due::Lift(format!("{why}: {reason}")),
                Err(why) => Due::NotYet(why),
            },
        });
    }
    let mark = Mark::read(host).filter(|_| !is_disabled)?;
    Some(match mark.not_yet(now, rules) {
        Some(why) => Due::NotYet(why),
        None if mark.is_wrong(now, host, rules) => Due::Tail(
            "its next look is later than any setting allows: a clock was wrong; looking now".to_owned(),
        ),
        None => Due::Tail(format!("it has been MONITORED for {}", span(now.since(mark.since)))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HostId;
    use std::collections::BTreeMap;

    fn host(state: HostState, heard: i64, attributes: &[(&str, &str)]) -> Host {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Host {
            monitored_at: Some(heard),
            attributes: attributes.collect::<BTreeMap<_, _>>(),
            ..Host::new(HostId(7), "node7", state)
        }
    }

    fn quarantined(state: HostState, reason: &str, until: &str) -> Host {
        host(state, 900, &[("HA_QUARANTINE", reason), ("HA_QUARANTINE_UNTIL", until)])
    }

    fn word(host: &Host) -> Option<&'static str> {
        due(host, Epoch(1000), Rules::default()).map(|due| match due {
            Due::Lift(_) => "lift",
            Due::Tail(_) => "tail",
            Due::NotYet(_) => "not yet",
        })
    }

    #[test]
    fn only_our_own_quarantine_for_flapping_ends_and_only_in_time() {
        let disabled = |reason, until| word(&quarantined(HostState::Disabled, reason, until));
        assert_eq!(disabled("it flaps", "1000"), Some("lift"));
        assert_eq!(disabled("it flaps", "1001"), Some("not yet"));
        // It runs VMs twice: only a person knows which of the two is right.
        assert_eq!(disabled("it runs what oned has elsewhere", "0"), Some("not yet"));
        assert_eq!(disabled("it flaps", "soon"), Some("not yet"));
        assert_eq!((disabled("NO", "900"), disabled("", "900")), (None, None));
        assert_eq!(word(&quarantined(HostState::Offline, "it flaps", "900")), None);
        assert_eq!(word(&quarantined(HostState::Monitored, "it flaps", "2000")), Some("tail"));
    }

    #[test]
    fn a_quarantine_that_did_not_begin_was_not_ended_by_a_person() {
        let words =
            [("HA_QUARANTINE", "it flaps"), ("HA_QUARANTINE_UNTIL", "2000"), ("HA_QUARANTINE_BEGUN", "NO")];
        let why = |state| match due(&host(state, 900, &words), Epoch(1000), Rules::default()) {
            Some(Due::Tail(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why(HostState::Monitored), "its quarantine could not begin: it flaps");
        assert_eq!(why(HostState::Disabled), "its quarantine has begun, which is not noted yet");
    }

    #[test]
    fn a_tail_is_due_when_the_host_has_stood() {
        let at = |mark| word(&host(HostState::Monitored, 950, &[(TAIL, mark)]));
        assert_eq!((at("800 790 1000"), at("800 790 1001")), (Some("tail"), Some("not yet")));
        assert_eq!((at("0"), at(""), at("x 1 2")), (None, None, None));
        assert_eq!(word(&host(HostState::Error, 950, &[(TAIL, "800 790 1000")])), None);
    }

    #[test]
    fn a_failure_or_silence_since_then_ends_it() {
        let host = host(HostState::Monitored, 950, &[(TAIL, "800 790 1000")]);
        let mark = Mark::read(&host).unwrap();
        assert_eq!(Mark::write(mark), "800 790 1000");
        let failed = |opened, event| {
            let events = vec![Epoch(event)];
            let last = Incident { opened: Epoch(opened), events, ..Incident::default() };
            mark.stood(&host, Some((&last, Duration::ZERO)), Epoch(1000), Rules::default())
        };
        assert_eq!(failed(700, 700), Some(Duration::from_secs(200)));
        assert_eq!((failed(700, 850), failed(850, 850)), (None, None));
        assert_eq!(mark.stood(&host, None, Epoch(999), Rules::default()), None);
        let silent = Host { monitored_at: Some(790), ..host };
        assert_eq!(mark.stood(&silent, None, Epoch(1000), Rules::default()), None);
    }
}
