//! Where nothing may be fenced: disarming and arming the zone or a cluster.

use super::record::lease::standing;
use crate::model::{ClusterId, Disarmed, DocumentId, Epoch, Incident, Memory, Progress};
use std::collections::BTreeSet;

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 200;

/// A reason as it may be kept: one line, not empty, of at most 200 characters.
///
/// # Errors
/// What is wrong with it.
pub fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("--reason is empty: others must understand why".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("--reason must be one line without control characters".to_owned());
    }
    if text.chars().count() > LONGEST_REASON {
        return Err(format!("--reason has more than {LONGEST_REASON} characters"));
    }
    Ok(text.to_owned())
}

/// What disarms exactly this scope already: the zone for `None`, or the cluster.
#[must_use]
pub fn disarmed_already(memory: &Memory, scope: Option<ClusterId>) -> Option<&Disarmed> {
    memory.disarmed.iter().find(|disarmed| disarmed.cluster == scope)
}

/// What is disarmed when this scope is too. One that is already keeps its first reason.
#[must_use]
pub fn disarm(memory: &Memory, scope: Option<ClusterId>, reason: &str, by: &str) -> Vec<Disarmed> {
    let mut all = kept(memory, |_| true);
    if disarmed_already(memory, scope).is_none() {
        all.push(Disarmed { cluster: scope, reason: reason.to_owned(), by: by.to_owned(), at: memory.now });
    }
    all
}

/// What stays disarmed when this scope is armed. Arming the zone does not arm a cluster that was disarmed by itself,
/// nor the other way round.
#[must_use]
pub fn arm(memory: &Memory, scope: Option<ClusterId>) -> Vec<Disarmed> {
    kept(memory, |disarmed| disarmed.cluster != scope)
}

/// Each scope once, whatever stood there twice.
fn kept(memory: &Memory, keep: impl Fn(&Disarmed) -> bool) -> Vec<Disarmed> {
    let mut all: Vec<Disarmed> = Vec::new();
    for disarmed in memory.disarmed.iter().filter(|disarmed| keep(disarmed)) {
        if !all.iter().any(|other| other.cluster == disarmed.cluster) {
            all.push(disarmed.clone());
        }
    }
    all
}

/// The incidents in this scope that are held: they look again by themselves as long as their run is there.
#[must_use]
pub fn held(memory: &Memory, scope: Option<ClusterId>) -> Vec<(DocumentId, &Incident)> {
    let hosts: BTreeSet<_> = memory.incidents.iter().map(|(_, incident)| incident.host).collect();
    let counts = hosts.into_iter().filter_map(|host| standing(memory, host));
    let inside = |(_, incident): &(DocumentId, &Incident)| {
        incident.progress == Progress::Held && scope.is_none_or(|cluster| incident.cluster == cluster)
    };
    counts.map(|(document, incident)| (*document, incident)).filter(inside).collect()
}

/// `since 2026-11-20 09:00 UTC by alice (as oneadmin): switch maintenance`
#[must_use]
pub fn told(disarmed: &Disarmed) -> String {
    format!("since {} by {}: {}", utc(disarmed.at), disarmed.by, disarmed.reason)
}

/// A moment as people read it: `2026-11-20 09:00 UTC`.
#[must_use]
pub fn utc(at: Epoch) -> String {
    let (days, second) = (at.0.div_euclid(86_400), at.0.rem_euclid(86_400));
    // Days since 1 March of year 0, in eras of 400 years, so that the leap day is the last of a year.
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", second / 3600, second / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HostId;

    fn memory() -> Memory {
        Memory { now: Epoch(1_795_165_200), ..Memory::default() }
    }

    fn incident(host: u32, cluster: u32, progress: Progress) -> Incident {
        Incident {
            host: HostId(host),
            name: format!("node{host}"),
            cluster: ClusterId(cluster),
            owner: String::new(),
            opened: Epoch(1),
            updated: Epoch(1),
            progress,
            events: Vec::new(),
            error: None,
            fenced: None,
            on: None,
            held: None,
            began: None,
            proof: None,
            confirmation: None,
            outcome: None,
            ..Incident::default()
        }
    }

    #[test]
    fn a_scope_is_disarmed_once_and_keeps_its_first_reason() {
        let mut memory = memory();
        memory.disarmed = disarm(&memory, None, "switches", "alice");
        memory.disarmed = disarm(&memory, Some(ClusterId(3)), "racks", "bob");
        let again = disarm(&memory, None, "other", "carol");
        assert_eq!(again, memory.disarmed);
        assert_eq!(told(&again[0]), "since 2026-11-20 09:00 UTC by alice: switches");
        assert_eq!(disarmed_already(&memory, Some(ClusterId(3))).map(|one| one.by.as_str()), Some("bob"));
        assert_eq!(disarmed_already(&memory, Some(ClusterId(4))), None);
    }

    #[test]
    fn arming_one_scope_leaves_the_others() {
        let mut memory = memory();
        memory.disarmed = disarm(&memory, None, "switches", "alice");
        memory.disarmed = disarm(&memory, Some(ClusterId(3)), "racks", "bob");
        assert_eq!(
            arm(&memory, None).iter().map(|one| one.cluster).collect::<Vec<_>>(),
            [Some(ClusterId(3))]
        );
        assert_eq!(
            arm(&memory, Some(ClusterId(3))).iter().map(|one| one.cluster).collect::<Vec<_>>(),
            [None]
        );
        assert_eq!(arm(&memory, Some(ClusterId(9))), memory.disarmed);
    }

    #[test]
    fn what_stands_there_twice_is_written_once() {
        let mut memory = memory();
        let twice = disarm(&memory, None, "switches", "alice");
        memory.disarmed = [twice.clone(), twice.clone()].concat();
        assert_eq!(disarm(&memory, None, "x", "y"), twice);
        assert_eq!(arm(&memory, None), []);
    }

    #[test]
    fn only_the_incident_of_a_host_that_counts_is_held() {
        let mut memory = memory();
        memory.incidents = vec![
            (DocumentId(1), incident(1, 0, Progress::Held)),
            (DocumentId(2), incident(2, 5, Progress::Held)),
            (DocumentId(3), incident(1, 0, Progress::Closed)),
            (DocumentId(4), incident(3, 0, Progress::Held)),
        ];
        let hosts = |scope| held(&memory, scope).iter().map(|(_, one)| one.host.0).collect::<Vec<_>>();
        assert_eq!(hosts(None), [2, 3]);
        assert_eq!(hosts(Some(ClusterId(5))), [2]);
    }

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(reason("  rack 3 is moved "), Ok("rack 3 is moved".to_owned()));
        assert_eq!(reason(&"ä".repeat(200)).map(|text| text.len()), Ok(400));
        for bad in ["", " \t ", "a\nb", "a\u{1b}[31m", "a\u{85}b", &"a".repeat(201)] {
            assert!(reason(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn moments_are_told_as_dates() {
        for (epoch, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (-1, "1969-12-31 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59 UTC"),
            (1_795_165_200, "2026-11-20 09:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(utc(Epoch(epoch)), text, "{epoch}");
        }
        for extreme in [i64::MIN, i64::MAX] {
            assert!(utc(Epoch(extreme)).ends_with(" UTC"));
        }
    }
}
