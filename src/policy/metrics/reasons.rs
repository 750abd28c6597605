//! Why an incident is held, in one word of a few: a label must not have figures and names in it.

/// What the reason has in it, and its word. The first that fits counts.
const WORDS: [(&str, &str); 20] = [
    ("CONTRADICTION", "runs_twice"),
    ("was proven off before, and ran", "runs_twice"),
    ("is not proven to be off", "not_proven_off"),
    ("flaps", "flaps"),
    ("because a probe failed on it", "probe"),
    ("is alive", "alive"),
    ("must get no answer", "witnesses"),
    ("would recover no VM", "no_gain"),
    ("at the same time", "storm"),
    ("documents that remember incidents cannot be read", "record"),
    ("other hosts were fenced within", "many_fenced"),
    ("fencing is disarmed", "disarmed"),
    ("its template says HA = NO", "unprotected"),
    ("is Waiting", "nowhere"),
    ("there is no other host", "nowhere"),
    ("other hosts is MONITORED", "cut_off"),
    ("of the gateways", "cut_off"),
    ("oned has been running", "starting"),
    ("the leader of this zone is known here", "starting"),
    ("was never seen ON", "never_seen_on"),
];

/// Every word.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    let mut words: Vec<&str> = WORDS.iter().map(|(_, word)| *word).chain(["other"]).collect();
    words.sort_unstable();
    words.dedup();
    words.into_iter()
}

/// The word for a reason.
pub(super) fn word(why: &str) -> &'static str {
    WORDS.iter().find(|(part, _)| why.contains(part)).map_or("other", |(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts change; the words stay.
    #[test]
    fn each_word_is_of_a_reason_that_a_run_has_given() {
        let said = include_str!("../../../tests/texts.txt");
        for (part, word) in WORDS {
            assert!(said.contains(part), "{word}: no text of a run has {part:?}");
        }
        let held = said.lines().filter_map(|line| line.strip_prefix("hold HELD: "));
        let other: Vec<&str> = held.filter(|why| super::word(why) == "other").collect();
        assert!(other.len() < 5, "{other:#?}");
    }
}
