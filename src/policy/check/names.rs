//! Many names in few words: `node1 … node97`.

use std::collections::BTreeSet;

/// So many are all named.
const FEW: usize = 4;

/// More stretches than these are counted.
const STRETCHES: usize = 3;

/// A name about its number: `node`, 7, `.example.org`.
type Parts<'a> = (&'a str, &'a str, Option<u64>);

/// All names where they are few. Else what is without a gap is a stretch, `node1 … node40`, and what is left is counted.
pub(super) fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<&str> = all.collect::<BTreeSet<_>>().into_iter().collect();
    all.sort_by_key(|name| parts(name));
    if all.len() <= FEW {
        return all.join(", ");
    }
    let mut stretches: Vec<Vec<&str>> = Vec::new();
    for name in all {
        match stretches.last_mut() {
            Some(stretch) if stretch.last().and_then(|last| next(last)).as_deref() == Some(name) => {
                stretch.push(name);
            }
            _ => stretches.push(vec![name]),
        }
    }
    let mut told: Vec<String> = stretches.iter().take(STRETCHES).map(|names| stretch(names)).collect();
    let more: usize = stretches.iter().skip(STRETCHES).map(Vec::len).sum();
    if more > 0 {
        told.push(format!("{more} more"));
    }
    told.join(", ")
}

fn stretch(names: &[&str]) -> String {
    match names {
        [first, _, .., last] => format!("{first} … {last}"),
        few => few.join(", "),
    }
}

/// The number that counts is the last one of the name before its domain, and the last one of an address.
fn number(name: &str) -> Option<(&str, &str, &str)> {
    let label = name.split('.').next().filter(|label| label.contains(|c: char| c.is_ascii_alphabetic()));
    let end = label.unwrap_or(name).rfind(|c: char| c.is_ascii_digit())? + 1;
    let (head, after) = name.split_at_checked(end)?;
    let before = head.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((before, head.get(before.len()..)?, after))
}

/// What names are sorted by: `node9` is before `node10`.
fn parts(name: &str) -> Parts<'_> {
    let Some((before, digits, after)) = number(name) else { return (name, "", None) };
    (before, after, digits.parse().ok())
}

/// `node10` after `node9`, `kvm010` after `kvm009`.
fn next(name: &str) -> Option<String> {
    let (before, digits, after) = number(name)?;
    let next = digits.parse::<u64>().ok()?.checked_add(1)?;
    Some(format!("{before}{next:0width$}{after}", width = digits.len()))
}

#[cfg(test)]
mod tests {
    use super::names;

    fn told(all: &[&str]) -> String {
        names(all.iter().copied())
    }

    #[test]
    fn few_are_all_named_and_each_once() {
        assert_eq!(told(&["node3"]), "node3");
        assert_eq!(told(&["node10", "node9", "alpha", "node9", "node8"]), "alpha, node8, node9, node10");
    }

    #[test]
    fn what_has_no_gap_is_a_stretch() {
        let nodes: Vec<_> = (1..98).map(|number| format!("node{number}")).collect();
        let nodes: Vec<_> = nodes.iter().map(String::as_str).collect();
        assert_eq!(told(&nodes), "node1 … node97");
        let gap: Vec<_> = nodes.iter().copied().filter(|name| *name != "node41").collect();
        assert_eq!(told(&gap), "node1 … node40, node42 … node97");
        assert_eq!(told(&["kvm099", "kvm098", "kvm100", "kvm101", "kvm102"]), "kvm098 … kvm102");
        assert_eq!(told(&["a1", "a2", "b2", "b3", "b4"]), "a1, a2, b2 … b4");
        assert_eq!(
            told(&["n1.dc2.org", "n2.dc2.org", "n3.dc2.org", "n4.dc2.org", "n4.dc3.org"]),
            "n1.dc2.org … n4.dc2.org, n4.dc3.org"
        );
        assert_eq!(
            told(&["10.0.0.9", "10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.1.1"]),
            "10.0.0.9 … 10.0.0.12, 10.0.1.1"
        );
    }

    #[test]
    fn what_makes_no_stretch_is_named_up_to_a_number_and_counted() {
        assert_eq!(told(&["ant", "bee", "cat", "dog", "elk"]), "ant, bee, cat, 2 more");
        assert_eq!(told(&["n2", "n4", "n6", "n8", "n10", "n12"]), "n2, n4, n6, 3 more");
        let large = "n99999999999999999999999";
        assert_eq!(told(&[large, "n1", "n2", "n3", "ü"]), format!("{large}, n1 … n3, ü"));
    }
}
