//! Findings as lines for people: what is of one kind is told once, of however many hosts.

use super::finding::{Alike, Finding, Item, State};
use super::names::names;
use crate::model::text::{cut, one_line};
use std::collections::BTreeSet;

/// No line is without end.
const LONGEST: usize = 1000;

/// One or many findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it is.
    pub state: State,
    /// What was looked at.
    pub item: Item,
    /// Of what, and how that is.
    pub text: String,
    /// The one thing to do.
    pub advice: Option<String>,
}

/// A line for each finding.
#[must_use]
pub fn singly(findings: &[Finding]) -> Vec<Line> {
    findings.iter().map(single).collect()
}

/// A line for each kind of finding, where the first of the kind is. One alone is told as it is.
#[must_use]
pub fn together(findings: &[Finding]) -> Vec<Line> {
    let mut kinds: Vec<(&Finding, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        match kinds.iter_mut().find(|(first, _)| is_alike(first, finding)) {
            Some((_, others)) => others.push(finding),
            None => kinds.push((finding, Vec::new())),
        }
    }
    kinds.iter().map(|(first, others)| kind(first, others)).collect()
}

/// Without a text for many, only what says the same is of one kind.
fn is_alike(one: &Finding, other: &Finding) -> bool {
    let same = match (&one.alike, &other.alike) {
        (Some(one), Some(other)) => one.text == other.text,
        (None, None) => (&one.text, &one.advice) == (&other.text, &other.advice),
        (Some(_), None) | (None, Some(_)) => false,
    };
    same && (one.state, one.item) == (other.state, other.item)
}

fn single(finding: &Finding) -> Line {
    let text = format!("{}: {}", finding.object, finding.text);
    Line { state: finding.state, item: finding.item, text, advice: finding.advice.clone() }
}

fn kind(first: &Finding, others: &[&Finding]) -> Line {
    // A device that stands in two levels has the same finding twice.
    if others.iter().all(|other| *other == first) {
        return single(first);
    }
    let all = || std::iter::once(first).chain(others.iter().copied());
    let text = match &first.alike {
        Some(alike) => of_hosts(alike, all().filter_map(|finding| finding.alike.as_ref())),
        None => format!("each of {}: {}", names(all().map(|finding| finding.object.as_str())), first.text),
    };
    let for_all = first.alike.as_ref().and_then(|alike| alike.advice.clone());
    let same = others.iter().all(|other| other.advice == first.advice);
    let advice = for_all.or_else(|| {
        let advice = first.advice.clone()?;
        Some(if same { advice } else { format!("{advice}; --verbose has that of each") })
    });
    Line { state: first.state, item: first.item, text: cut(&one_line(&text), LONGEST), advice }
}

/// `bmc gives no answer for 2 hosts: node1, node2; node1: no route to host; --verbose has the others`
fn of_hosts<'a>(first: &Alike, all: impl Iterator<Item = &'a Alike>) -> String {
    let (hosts, whys): (BTreeSet<_>, BTreeSet<_>) =
        all.map(|alike| (alike.host.as_str(), alike.why.as_deref())).unzip();
    let count = format!("{} host{}", hosts.len(), if hosts.len() == 1 { "" } else { "s" });
    let text = format!("{}: {}", first.text.replacen("{}", &count, 1), names(hosts.into_iter()));
    match &first.why {
        None => text,
        Some(why) if whys.len() == 1 => format!("{text}; all the same: {why}"),
        Some(why) => format!("{text}; {}: {why}; --verbose has the others", first.host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undeclared(id: u32) -> Finding {
        let advice = format!("add a `[[host]]` with id = {id}");
        Finding::broken(Item::Entry, format!("node{id} (host {id})"), "it has no device", advice)
            .alike(&format!("node{id}"), "no fence device is declared for {}")
            .for_all("add a `[[host]]` for each")
    }

    fn mute(id: u32, why: &str) -> Finding {
        Finding::broken(Item::Device, format!("node{id} (host {id}): bmc"), why, "repair it")
            .alike(&format!("node{id}"), "bmc gives no answer for {}")
            .because(why)
    }

    /// `text | advice` of each line.
    fn told(findings: &[Finding]) -> Vec<String> {
        let lines = together(findings);
        lines
            .iter()
            .map(|line| format!("{} | {}", line.text, line.advice.as_deref().unwrap_or("-")))
            .collect()
    }

    #[test]
    fn many_hosts_are_one_line_with_the_advice_for_all() {
        let many: Vec<_> = (1..98).map(undeclared).collect();
        let line = "no fence device is declared for 97 hosts: node1 … node97 | add a `[[host]]` for each";
        assert_eq!(told(&many), [line]);
        assert_eq!(singly(&many).len(), 97);
        assert!(singly(&many)[96].text.starts_with("node97 (host 97): it has no device"));
    }

    #[test]
    fn one_alone_is_told_as_it_is() {
        let line = ["node3 (host 3): it has no device | add a `[[host]]` with id = 3"];
        assert_eq!(told(&[undeclared(3)]), line);
        assert_eq!(told(&[undeclared(3), undeclared(3)]), line);
    }

    #[test]
    fn another_state_item_or_text_is_another_kind() {
        let ok = Finding { state: State::Ok, ..undeclared(1) };
        let level = Finding { item: Item::Level, ..undeclared(2) };
        assert_eq!(told(&[undeclared(3), ok, level, mute(4, "x")]).len(), 4);
    }

    #[test]
    fn a_reason_that_all_have_is_told_once_and_of_others_the_first() {
        let same = told(&[mute(1, "login failed"), mute(2, "login failed")]);
        assert_eq!(
            same,
            ["bmc gives no answer for 2 hosts: node1, node2; all the same: login failed | repair it"]
        );
        let others = told(&[mute(1, "no\nroute"), mute(2, "login failed")]);
        let line = "bmc gives no answer for 2 hosts: node1, node2; node1: no route; --verbose has the others | repair it";
        assert_eq!(others, [line]);
    }

    #[test]
    fn what_says_the_same_is_told_once_and_each_advice_that_is_another_is_one_of_many() {
        let gateway = |name: &str, text| Finding::warning(Item::Gateway, name, text, "check the network");
        let lines = told(&[gateway("gw1", "mute"), gateway("gw2", "mute"), gateway("gw3", "not asked")]);
        assert_eq!(
            lines,
            ["each of gw1, gw2: mute | check the network", "gw3: not asked | check the network"]
        );
        let own = |id: u32| Finding { advice: Some(format!("look at {id}")), ..mute(id, "x") };
        assert!(told(&[own(1), own(2)])[0].ends_with("| look at 1; --verbose has that of each"));
    }
}
