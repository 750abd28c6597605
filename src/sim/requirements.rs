//! `SCHED_REQUIREMENTS` and `AUTOMATIC_REQUIREMENTS`, as the scheduler reads them.
//! Source: `src/parsers/expr_bool.y`: `!`, `&` and `|` bind alike and to the left; an attribute that the host does
//! not have makes every comparison false, `!=` too; an empty expression is true, a broken one false.
//!
//! Deliberately absent: monitoring values, but for what is free, as far as it is charged; numbers with a fraction.

use super::cloud::Cloud;
use super::state::{Host, State};
use crate::model::HostId;

/// How deep parentheses may stand in each other.
const DEEPEST: usize = 64;

impl Cloud {
    /// Does the host meet a requirement? For example `CLUSTER_ID = 100 & !(PIN_POLICY = PINNED)`.
    #[must_use]
    pub fn meets(&self, host: HostId, requirement: &str) -> bool {
        self.state.hosts.get(&host).is_some_and(|host| meets(&self.state, host, requirement))
    }
}

pub(crate) fn meets(state: &State, host: &Host, requirement: &str) -> bool {
    let Some(tokens) = tokens(requirement) else { return false };
    if tokens.is_empty() {
        return true;
    }
    let mut reader = Reader { tokens: &tokens, state, host, depth: 0 };
    reader.expression().is_some_and(|met| met && reader.tokens.is_empty())
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Sign(char),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if "!&|()=<>@".contains(first) {
            tokens.push(Token::Sign(first));
            rest = rest.get(1..)?;
        } else if first == '"' {
            let (word, after) = rest.get(1..)?.split_once('"')?;
            tokens.push(Token::Word(word.to_owned()));
            rest = after;
        } else {
            let ends = |c: char| c.is_whitespace() || "!&|()=<>@\"".contains(c);
            let (word, after) = rest.split_at_checked(rest.find(ends).unwrap_or(rest.len()))?;
            tokens.push(Token::Word(word.to_owned()));
            rest = after;
        }
        rest = rest.trim_start();
    }
    Some(tokens)
}

struct Reader<'a> {
    tokens: &'a [Token],
    state: &'a State,
    host: &'a Host,
    depth: usize,
}

impl Reader<'_> {
    fn sign(&mut self, sign: char) -> Option<()> {
        let (first, rest) = self.tokens.split_first()?;
        (*first == Token::Sign(sign)).then(|| self.tokens = rest)
    }

    fn word(&mut self) -> Option<String> {
        let (first, rest) = self.tokens.split_first()?;
        let Token::Word(word) = first else { return None };
        self.tokens = rest;
        Some(word.clone())
    }

    fn expression(&mut self) -> Option<bool> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut met = self.term()?;
        loop {
            if self.sign('&').is_some() {
                met &= self.term()?;
            } else if self.sign('|').is_some() {
                met |= self.term()?;
            } else {
                self.depth -= 1;
                return Some(met);
            }
        }
    }

    fn term(&mut self) -> Option<bool> {
        let mut wanted = true;
        while self.sign('!').is_some() {
            wanted = !wanted;
        }
        let met = if self.sign('(').is_some() {
            let met = self.expression()?;
            self.sign(')')?;
            met
        } else {
            self.comparison()?
        };
        Some(met == wanted)
    }

    fn comparison(&mut self) -> Option<bool> {
        let name = self.word()?;
        let not = self.sign('!').is_some();
        let sign = ['=', '<', '>', '@'].into_iter().find(|sign| self.sign(*sign).is_some())?;
        if sign == '@' {
            self.sign('>')?;
        }
        let value = self.word()?;
        if not && sign != '=' {
            return None;
        }
        if name == "CURRENT_VMS" {
            let holds = self.host.vms.iter().any(|vm| vm.0.to_string() == value);
            return Some(holds != not);
        }
        let Some(found) = attribute(self.state, self.host, &name) else { return Some(false) };
        let numbers = (found.parse::<i64>(), value.parse::<i64>());
        Some(match (sign, numbers) {
            ('<', (Ok(found), Ok(value))) => found < value,
            ('>', (Ok(found), Ok(value))) => found > value,
            (_, (Ok(found), Ok(value))) => (found == value) != not,
            // A number is wanted, and the attribute is none; or texts, which have no order.
            (_, (Err(_), Ok(_))) | ('<' | '>', _) => false,
            (_, (_, Err(_))) => like(&value, &found) != not,
        })
    }
}

/// `HOST/TEMPLATE`, `HOST` and its cluster's template, as the scheduler looks for a name.
fn attribute(state: &State, host: &Host, name: &str) -> Option<String> {
    let cluster = state.clusters.get(&host.cluster);
    Some(match name {
        "ID" => host.id.0.to_string(),
        "NAME" => host.name.clone(),
        "CLUSTER_ID" => host.cluster.0.to_string(),
        "CLUSTER" => cluster?.name.clone(),
        "MAX_CPU" => host.cpu.to_string(),
        "MAX_MEM" => host.memory_kib.to_string(),
        "FREE_CPU" => (host.cpu - host.used_cpu).to_string(),
        "FREE_MEMORY" => (host.memory_kib - host.used_memory_kib).to_string(),
        "RUNNING_VMS" => host.vms.len().to_string(),
        _ => {
            let own = host.template.get(name);
            own.or_else(|| cluster.and_then(|cluster| cluster.template.get(name)))?.to_owned()
        }
    })
}

/// `fnmatch` with `*` and `?`.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // After each character of the pattern: which beginnings of the text match so far?
    let mut reached = vec![false; text.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for sign in pattern {
        let mut next = vec![false; text.len() + 1];
        let mut any = false;
        for (at, so_far) in reached.iter().enumerate() {
            any |= *so_far;
            if sign == '*' {
                next.get_mut(at).into_iter().for_each(|here| *here = any);
            } else if *so_far && text.get(at).is_some_and(|c| sign == '?' || *c == sign) {
                next.get_mut(at + 1).into_iter().for_each(|here| *here = true);
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{HostSpec, Version};

    #[test]
    fn requirements_mean_what_the_scheduler_makes_of_them() {
        let mut cloud = Cloud::new(Version::V7_5);
        let mut spec = HostSpec::new("node0");
        spec.attributes.insert("RACK".to_owned(), "7".to_owned());
        let host = cloud.add_host(spec);
        cloud.set_cluster_attribute(crate::model::ClusterId(0), "ZONE", "east-1");
        for (requirement, met) in [
            ("", true),
            ("ID = 0", true),
            ("ID=\"0\"", true),
            ("ID != 0", false),
            ("RACK > 6 & RACK < 8", true),
            ("ZONE = \"east*\"", true),
            ("ZONE = \"east-?\" & NAME = node0", true),
            ("!(PIN_POLICY = PINNED)", true),
            ("PIN_POLICY != PINNED", false),
            ("ID = 0 | ID = 1 & ID = 1", false),
            ("!ID = 1 & CLUSTER = default", true),
            ("CURRENT_VMS != 3", true),
            ("CURRENT_VMS = 3", false),
            ("NAME > 3", false),
            ("ID = 0 &", false),
            ("(ID = 0", false),
            ("ID = \"0", false),
            ("ID ! 0", false),
        ] {
            assert_eq!(cloud.meets(host, requirement), met, "{requirement}");
        }
        let deep = "(".repeat(100_000);
        assert!(!cloud.meets(host, &deep));
    }
}
