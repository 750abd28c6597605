//! Texts of earlier versions in the words of this one: a run that says the same in other words is decided as it was.

/// What an earlier version said, and what this one says instead; `*` stands for what the earlier one did not say.
const WORDS: &[(&str, &str)] = &[
    ("1 VMs: ", "1 VM: "),
    (" full (", " host* full ("),
    (" MiB left)", " MiB left)*"),
    (": left to the scheduler, by its", ": the scheduler moves it, by its"),
    ("sent \"off\" to ", "\"off\" was sent to "),
    (", and was sent \"off\" ", "; \"off\" was sent to * "),
    (", and \"off\" could not be sent: ", "; \"off\" could not be sent to *: "),
    ("not fenced, no VM was touched: ", "no VM was touched: "),
    ("recovered: deleted, as -d asks", "deleted"),
    (" is alive, says ", " is alive: "),
    (": alive (", " says alive ("),
    (": no answer from it (", " got no answer from it ("),
    (": no opinion (", " could not tell ("),
    (" asked, ", " witness* asked, "),
    (" say alive, ", " saw it alive, "),
    (" have no opinion", " could not tell"),
    (
        ": only -r can bring it back, from its images",
        ", so it cannot be moved: `*` creates it again, from its images*",
    ),
    ("a fence of ", ""),
    (" would recover no VM, because ", " is not powered off, because that would recover no VM now: "),
    ("retried 1 times", "retried once"),
    (" that may run VMs twice", " where VMs may run twice"),
    (" needs one more host: ", " needs one more host that can take it: "),
    (": live hosts may be in ERROR then", ", and after a change of leader hosts that run may be in ERROR"),
    (
        "no id of a VM and no name of one of its owner or its group: not waited for",
        "which is no VM of its owner or its group, by id or by name: it does not wait for that",
    ),
    ("the proof does not authorise what destroys data", "the proof is too weak for what destroys data"),
    ("a clock was wrong; it is mended", "a clock was wrong; it is corrected"),
    ("mend ", "repair "),
];

/// What helps stands behind it now.
const NOWHERE: &str = "no host takes ";

/// Do these say the same?
pub(super) fn same(then: &str, now: &str) -> bool {
    // A run that has deleted VMs.
    let deleted = then == "recovered" && now == "deleted";
    let more = if then.contains(NOWHERE) { "*" } else { "" };
    deleted || then == now || fits(&(as_now(then) + more), now)
}

fn as_now(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (then, now)| text.replace(then, now))
}

/// Is this the text, with anything for each `*`?
fn fits(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(begin) else { return false };
    (0..=text.len()).any(|at| text.get(at..).is_some_and(|text| fits(rest, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_are_the_same_and_another_cause_is_not() {
        assert!(same("plan: 1 VMs: 1 held", "plan: 1 VM: 1 held"));
        let then = "not shared: only -r can bring it back, from its images";
        let now = "not shared, so it cannot be moved: `host_error --host node7 -r` creates it again, from its images, too";
        assert!(same(then, now) && !same(then, "not shared"));
        let then = "held: no host takes 1.00 CPU: 4 full (node1 has 2 left)";
        let now = "held: no host takes 1.00 CPU: 4 hosts full (node1 has 2 left); power a less important VM off there, or add a host";
        assert!(
            same(then, now) && !same(then, "held: no host takes 2.00 CPU: 4 hosts full (node1 has 2 left)")
        );
        assert!(!same("held: locked", "held: no room") && same("a * b", "a * b"));
    }
}
