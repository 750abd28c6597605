//! Which attributes of an object are written down when it is: people put passwords into templates.

use serde::Serializer;
use std::collections::BTreeMap;

/// What is read of a VM's user template, beside everything that begins with `HA_`.
const OF_VMS: [&str; 5] = ["LABELS", "READY", "ROLE_NAME", "SCHED_REQUIREMENTS", "SERVICE_ID"];

/// Parts of the names of a host's or a cluster's attributes that hold a secret. Requirements may name any other.
const SECRET: [&str; 9] =
    ["PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "COMMUNITY", "AUTH", "PRIVATE"];

/// The attributes of a VM that a decision may depend on, and no others: its owner writes what they like.
pub(super) fn of_vm<S: Serializer>(all: &BTreeMap<String, String>, to: S) -> Result<S::Ok, S::Error> {
    let read = |name: &str| name.starts_with("HA_") || OF_VMS.contains(&name);
    to.collect_map(all.iter().filter(|(name, _)| read(name)))
}

/// The attributes of a host or a cluster whose name does not speak of a secret.
pub(super) fn harmless<S: Serializer>(all: &BTreeMap<String, String>, to: S) -> Result<S::Ok, S::Error> {
    let secret = |name: &str| SECRET.iter().any(|part| name.to_ascii_uppercase().contains(part));
    to.collect_map(all.iter().filter(|(name, _)| !secret(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(kept: &serde_json::Value) -> Vec<&str> {
        kept.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn what_a_decision_needs_is_written_and_no_password() {
        let all = [
            "HA_POLICY",
            "HA_AFTER",
            "LABELS",
            "SCHED_REQUIREMENTS",
            "DB_PASSWORD",
            "NOTE",
            "VCENTER_PASSWORD",
            "REGION",
            "SSH_PRIVATE_KEY",
            "sudo_passwd",
        ];
        let all = all.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        let vm = of_vm(&all, serde_json::value::Serializer).unwrap();
        assert_eq!(names(&vm), ["HA_AFTER", "HA_POLICY", "LABELS", "SCHED_REQUIREMENTS"]);
        let host = harmless(&all, serde_json::value::Serializer).unwrap();
        assert_eq!(names(&host), ["HA_AFTER", "HA_POLICY", "LABELS", "NOTE", "REGION", "SCHED_REQUIREMENTS"]);
    }
}
