//! The rules of `[ready]`: when a VM counts as up for those that wait for it.

use crate::section::{NONE, Raw, choice, hours, minutes, plain, section, time};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

section! {
    /// When a VM counts as up.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct ReadyRules {
        /// The kinds of `HA_READY` that a VM's owner may choose beside RUNNING, of AGENT, CONTEXT, TCP and EXEC. Another one counts
        /// as RUNNING. A OneFlow service with `ready_status_gate` counts as CONTEXT for its VMs.
        pub owner_may: BTreeSet<ReadyKind> = ReadyKind::SAFE.into(), kinds;
        /// The longest `HA_READY_DELAY`; a longer one counts as this. "0s": none counts.
        pub delay: Duration = minutes(2), time(NONE, hours(1));
        /// Networks that `HA_READY` = TCP may connect to, always only at addresses of the VM's own interfaces: `["10.0.0.0/8"]`. `[]`:
        /// everywhere but to loopback, link-local and multicast addresses.
        pub networks: Vec<Subnet> = Vec::new(), subnets;
        /// The commands that `HA_READY` = EXEC:NAME names, run in the guest by `one.vm.exec` (OpenNebula 7.2): `{ db = "pg_isready" }`.
        pub commands: BTreeMap<String, String> = BTreeMap::new(), commands;
        /// A run that leaves VMs which are recovered and not ready ends with exit code 0 ("done") or 1 ("fail").
        pub not_ready: NotReady = NotReady::Done, choice;
    }
}

/// `ready.not_ready`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotReady {
    /// The VM runs, and that is what was to be done.
    Done,
    /// A person is to look at it.
    Fail,
}

/// What an owner may choose, without what belongs to one VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ReadyKind {
    /// `AGENT`
    Agent,
    /// `CONTEXT`
    Context,
    /// `TCP`
    Tcp,
    /// `EXEC`
    Exec,
}

impl ReadyKind {
    const ALL: [Self; 4] = [Self::Agent, Self::Context, Self::Tcp, Self::Exec];
    /// Those that run nothing.
    const SAFE: [Self; 3] = [Self::Agent, Self::Context, Self::Tcp];

    /// The kind that is written like this, in any case.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_string().eq_ignore_ascii_case(word.trim()))
    }
}

impl fmt::Display for ReadyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "AGENT",
            Self::Context => "CONTEXT",
            Self::Tcp => "TCP",
            Self::Exec => "EXEC",
        })
    }
}

fn kinds(key: &str, raw: Raw) -> Result<BTreeSet<ReadyKind>, String> {
    let words: Vec<String> = plain(key, raw)?;
    let unknown = |word| format!("{key}: {word:?} is none of AGENT, CONTEXT, TCP and EXEC");
    words.iter().map(|word| ReadyKind::read(word).ok_or_else(|| unknown(word))).collect()
}

/// `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    address: IpAddr,
    bits: u8,
}

impl Subnet {
    /// The subnet that is written like this.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (address, bits) =
            text.trim().split_once('/').map_or((text.trim(), None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Self { address, bits })
    }

    /// Is this address in it?
    #[must_use]
    pub fn has(self, address: IpAddr) -> bool {
        let same = |own: u128, other: u128, width: u32| {
            let rest = width.saturating_sub(u32::from(self.bits));
            own.checked_shr(rest).unwrap_or(0) == other.checked_shr(rest).unwrap_or(0)
        };
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same(u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn subnets(key: &str, raw: Raw) -> Result<Vec<Subnet>, String> {
    let texts: Vec<String> = plain(key, raw)?;
    let bad = |text| format!("{key}: {text:?} is no network like 10.0.0.0/8");
    texts.iter().map(|text| Subnet::read(text).ok_or_else(|| bad(text))).collect()
}

fn commands(key: &str, raw: Raw) -> Result<BTreeMap<String, String>, String> {
    let all: BTreeMap<String, String> = plain(key, raw)?;
    let word = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    for (name, command) in &all {
        if !word(name) || command.trim().is_empty() || command.chars().any(char::is_control) {
            return Err(format!("{key}: {name:?} must be a word and its command a line of text"));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_has_its_own_addresses() {
        let has = |subnet: &str, address: &str| Subnet::read(subnet).unwrap().has(address.parse().unwrap());
        assert!(has("10.0.0.0/8", "10.255.1.2") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("192.168.7.9", "192.168.7.9") && !has("192.168.7.9", "192.168.7.8"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && !has("0.0.0.0/0", "fd00::1"));
        assert!(has("fd00::/8", "fd12::1") && !has("fd00::/8", "fe80::1") && has("::/0", "fe80::1"));
        for text in ["", "10.0.0.0/33", "10.0.0.0/x", "host", "fd00::/129", "10.0.0/8"] {
            assert_eq!(Subnet::read(text), None, "{text}");
        }
    }
}
