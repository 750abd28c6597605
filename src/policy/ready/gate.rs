//! A gate: what a VM's owner, or its service, says about when it is ready, as far as the settings let it count.

use crate::model::Vm;
use crate::model::text::cut_chars;
use crate::policy::rules::{ReadyKind, ReadyRules};
use core::net::IpAddr;
use std::fmt;
use std::time::Duration;

/// When a VM is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is RUNNING.
    Running,
    /// Its guest agent answers.
    Agent,
    /// Its guest has reported `READY=YES`.
    Context,
    /// It takes a connection at this port of its first address, or of this one of its own.
    Tcp(Option<IpAddr>, u16),
    /// This command of the settings succeeds in its guest.
    Exec(String),
}

/// What a VM's readiness is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// What it is ready by.
    pub kind: Kind,
    /// For so long it must be so.
    pub delay: Duration,
    /// What of its attributes does not count, and why.
    pub notes: Vec<String>,
}

/// A word of an owner in a text.
const LONGEST: usize = 40;

impl Gate {
    /// The gate of a VM; `served` where its service waits for READY.
    #[must_use]
    pub fn of(vm: &Vm, served: bool, rules: &ReadyRules) -> Self {
        let mut notes = Vec::new();
        let kind = match vm.attributes.get("HA_READY").map(|text| text.trim()) {
            None | Some("") if served && rules.owner_may.contains(&ReadyKind::Context) => Kind::Context,
            None | Some("") => Kind::Running,
            Some(text) => read(text, rules).unwrap_or_else(|why| {
                notes.push(format!("its HA_READY {:?} counts as RUNNING: {why}", cut_chars(text, LONGEST)));
                Kind::Running
            }),
        };
        let delay =
            vm.attributes.get("HA_READY_DELAY").map_or(Duration::ZERO, |text| match text.trim().parse() {
                Ok(seconds) if Duration::from_secs(seconds) <= rules.delay => Duration::from_secs(seconds),
                Ok(_) => {
                    notes.push(format!(
                        "its HA_READY_DELAY counts as {} s, as [ready] delay says",
                        rules.delay.as_secs()
                    ));
                    rules.delay
                }
                Err(_) => {
                    let text = cut_chars(text, LONGEST);
                    notes.push(format!(
                        "its HA_READY_DELAY {text:?} is no number of seconds and does not count"
                    ));
                    Duration::ZERO
                }
            });
        Self { kind, delay, notes }
    }

    /// Is there anything to wait for, or to be said?
    pub(super) fn is_there(&self) -> bool {
        self.waits() || !self.notes.is_empty()
    }

    /// Is it more than RUNNING?
    #[must_use]
    pub fn waits(&self) -> bool {
        self.kind != Kind::Running || !self.delay.is_zero()
    }
}

fn read(text: &str, rules: &ReadyRules) -> Result<Kind, String> {
    let (word, rest) = text.split_once(':').map_or((text, None), |(word, rest)| (word, Some(rest.trim())));
    let word = word.trim();
    if word.eq_ignore_ascii_case("RUNNING") && rest.is_none() {
        return Ok(Kind::Running);
    }
    let unknown =
        || "that is none of RUNNING, AGENT, CONTEXT, TCP:PORT, TCP:ADDRESS:PORT and EXEC:NAME".to_owned();
    let kind = ReadyKind::read(word).ok_or_else(unknown)?;
    if !rules.owner_may.contains(&kind) {
        return Err(format!("{kind} is not among [ready] owner_may"));
    }
    match (kind, rest) {
        (ReadyKind::Agent, None) => Ok(Kind::Agent),
        (ReadyKind::Context, None) => Ok(Kind::Context),
        (ReadyKind::Tcp, Some(rest)) => tcp(rest).ok_or_else(unknown),
        (ReadyKind::Exec, Some(name)) if rules.commands.contains_key(name) => Ok(Kind::Exec(name.to_owned())),
        (ReadyKind::Exec, Some(_)) => Err("[ready] commands has no such command".to_owned()),
        (ReadyKind::Agent | ReadyKind::Context, Some(_)) | (ReadyKind::Tcp | ReadyKind::Exec, None) => {
            Err(unknown())
        }
    }
}

/// `5432`, `10.0.0.7:5432`, `[fd00::7]:5432`
fn tcp(text: &str) -> Option<Kind> {
    let (address, port) = match text.rsplit_once(':') {
        None => (None, text),
        Some((address, port)) => {
            let bare =
                address.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
            (Some(bare.trim().parse().ok()?), port)
        }
    };
    port.trim().parse().ok().filter(|port| *port != 0).map(|port| Kind::Tcp(address, port))
}

/// `AGENT`, `TCP:5432`
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("RUNNING"),
            Self::Agent => f.write_str("AGENT"),
            Self::Context => f.write_str("CONTEXT"),
            Self::Tcp(None, port) => write!(f, "TCP:{port}"),
            Self::Tcp(Some(IpAddr::V6(address)), port) => write!(f, "TCP:[{address}]:{port}"),
            Self::Tcp(Some(address), port) => write!(f, "TCP:{address}:{port}"),
            Self::Exec(name) => write!(f, "EXEC:{name}"),
        }
    }
}

/// `AGENT and 30 s more`
impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, delay, .. } = self;
        if delay.is_zero() { kind.fmt(f) } else { write!(f, "{kind} and {} s more", delay.as_secs()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{VmId, VmState};
    use std::collections::{BTreeMap, BTreeSet};

    fn gate(attributes: &[(&str, &str)], served: bool, rules: &ReadyRules) -> Gate {
        let mut vm = Vm::new(VmId(1), "db", VmState::UNKNOWN, None);
        vm.attributes =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Gate::of(&vm, served, rules)
    }

    fn said(word: &str) -> (String, usize) {
        let gate = gate(&[("HA_READY", word)], false, &ReadyRules::default());
        (gate.to_string(), gate.notes.len())
    }

    #[test]
    fn what_an_owner_writes_and_what_counts() {
        let counts = |word: &str, as_what: &str| assert_eq!(said(word), (as_what.to_owned(), 0), "{word}");
        counts("RUNNING", "RUNNING");
        counts(" agent ", "AGENT");
        counts("context", "CONTEXT");
        counts("tcp:5432", "TCP:5432");
        counts("TCP: 10.0.0.7 : 22", "TCP:10.0.0.7:22");
        counts("TCP:[fd00::7]:22", "TCP:[fd00::7]:22");
        counts("TCP:fd00::7:22", "TCP:[fd00::7]:22");
        for word in [
            "YES",
            "TCP",
            "TCP:",
            "TCP:0",
            "TCP:65536",
            "TCP:host:22",
            "TCP:10.0.0.7",
            "AGENT:1",
            "EXEC",
            "EXEC:db",
            "CONTEXT:x",
            "RUNNING:1",
            "\u{1F600}:1",
        ] {
            assert_eq!(said(word), ("RUNNING".to_owned(), 1), "{word}");
        }
    }

    #[test]
    fn the_settings_say_what_an_owner_may_choose() {
        let rules = ReadyRules {
            owner_may: BTreeSet::from([ReadyKind::Exec]),
            commands: BTreeMap::from([("db".to_owned(), "pg_isready".to_owned())]),
            ..ReadyRules::default()
        };
        assert_eq!(gate(&[("HA_READY", "EXEC:db")], false, &rules).kind, Kind::Exec("db".to_owned()));
        assert_eq!(gate(&[("HA_READY", "EXEC:rm")], false, &rules).kind, Kind::Running);
        assert_eq!(gate(&[("HA_READY", "AGENT")], false, &rules).kind, Kind::Running);
        assert_eq!(gate(&[], true, &rules).kind, Kind::Running, "CONTEXT is not allowed");
    }

    #[test]
    fn a_service_counts_where_the_vm_says_nothing() {
        let rules = ReadyRules::default();
        assert_eq!(gate(&[], true, &rules).kind, Kind::Context);
        assert_eq!(gate(&[], false, &rules).kind, Kind::Running);
        assert_eq!(gate(&[("HA_READY", "RUNNING")], true, &rules).kind, Kind::Running);
    }

    #[test]
    fn a_delay_is_bounded() {
        let delay = |text: &str| {
            let gate = gate(&[("HA_READY_DELAY", text)], false, &ReadyRules::default());
            (gate.delay.as_secs(), gate.notes.len())
        };
        assert_eq!(
            [delay("30"), delay("121"), delay("-1"), delay("99999999999999999999")],
            [(30, 0), (120, 1), (0, 1), (0, 1)]
        );
    }
}
