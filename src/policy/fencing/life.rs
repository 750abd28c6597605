//! A host in ERROR that was alive to say so.

use crate::model::Host;
use crate::policy::port::{Failure, Trouble};

/// The text that a live host's failed probe left in `TEMPLATE/ERROR`; a host that is silent leaves none.
/// Shape: `Fri Nov 20 08:44:08 2026 : Error monitoring Host node1 (1): Error executing kvm.rb: …`.
/// Source: `src/monitor/src/monitor/HostMonitorManager.cc`.
pub(in crate::policy::fencing) fn sign_of_life(host: &Host) -> Option<String> {
    let text = host.error.as_deref()?;
    let (_, after) = text.split_once("Error monitoring Host ")?;
    let (_, said) = after.split_once("): ").or_else(|| after.split_once("):"))?;
    let said = said.trim();
    // A missing driver is the front-end's own trouble and says nothing about the host.
    if said.is_empty() || said.starts_with("Cannot find driver") { None } else { Some(said.to_owned()) }
}

pub(in crate::policy::fencing) fn alive(host: &Host, text: &str) -> Failure {
    Failure {
        trouble: Trouble::Refused,
        what: format!("{host} is in ERROR because a probe failed on it, so it was alive to say so: {text}"),
        advice: format!(
            "repair the probe on {name}; if {name} died since, `onehost forceupdate {name}`: the hook begins by itself when \
             monitoring finds that",
            name = host.name
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostId, HostState};

    fn says(text: &str) -> Option<String> {
        sign_of_life(&Host {
            error: Some(text.to_owned()),
            ..Host::new(HostId(1), "node1", HostState::Error)
        })
    }

    #[test]
    fn only_a_probe_s_own_words_are_a_sign_of_life() {
        let begin = "Fri Nov 20 08:44:08 2026 : Error monitoring Host node1 (1):";
        assert_eq!(says(&format!("{begin} ")), None);
        assert_eq!(says(begin), None);
        assert_eq!(says(&format!("{begin} Cannot find driver: 'monitord'")), None);
        assert_eq!(says("something else"), None);
        let probe = "Error executing kvm.rb: No space left";
        assert_eq!(says(&format!("{begin} {probe}")), Some(probe.to_owned()));
    }
}
