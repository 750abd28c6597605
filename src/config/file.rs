//! `[device.NAME]` and `[[host]]` as they are written. Unknown keys are errors that show the line. Bounds, and what
//! belongs together, are checked in `device` and `host`.

use crate::model::Event;
use jiff::fmt::serde::unsigned_duration::friendly::compact::optional;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// `[device.NAME]`, for every driver: which keys belong to which driver is checked in `device`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    pub(super) driver: DriverKind,
    #[serde(default, with = "optional")]
    pub(super) timeout: Option<Duration>,
    pub(super) agent: Option<String>,
    pub(super) params: Option<BTreeMap<String, String>>,
    pub(super) secrets: Option<BTreeMap<String, String>>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) off: Option<Vec<String>>,
    pub(super) status: Option<Vec<String>>,
    pub(super) accept_exit_code: Option<bool>,
    pub(super) datastores: Option<Vec<u32>>,
    pub(super) off_anyway: Option<bool>,
    pub(super) accept_all_else_as_off: Option<bool>,
    pub(super) power: Option<PowerKind>,
    pub(super) from: Option<FromKind>,
    pub(super) concurrency: Option<u32>,
}

/// `power`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PowerKind {
    Host,
    External,
}

/// `from`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FromKind {
    #[serde(rename = "front-end")]
    FrontEnd,
    Peer,
}

/// `driver`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum DriverKind {
    Agent,
    Redfish,
    Command,
    Storage,
}

/// `names` and `clusters`
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a pattern such as \"kvm*\", or a list of them")]
pub(super) enum Globs {
    One(String),
    Many(Vec<String>),
}

impl Globs {
    /// As it is written in the file.
    pub(super) fn written(&self) -> String {
        match self {
            Self::One(one) => format!("{one:?}"),
            Self::Many(many) => format!("{many:?}"),
        }
    }

    pub(super) fn list(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// `[[notify]]`, for every kind: which keys belong to which kind is checked in `receiver`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notify {
    pub(super) name: String,
    pub(super) command: Option<Vec<String>>,
    pub(super) webhook: Option<String>,
    pub(super) webhook_file: Option<PathBuf>,
    pub(super) alertmanager: Option<String>,
    pub(super) mail: Option<Vec<String>>,
    pub(super) events: Option<Vec<Event>>,
    #[serde(default, with = "optional")]
    pub(super) timeout: Option<Duration>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) header: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) fingerprint: Option<String>,
    pub(super) from: Option<String>,
    pub(super) sendmail: Option<Vec<String>>,
}

/// `[[host]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Host {
    pub(super) id: Option<u32>,
    pub(super) name: Option<String>,
    pub(super) names: Option<Globs>,
    pub(super) clusters: Option<Globs>,
    pub(super) devices: Option<Vec<String>>,
    pub(super) levels: Option<Vec<Vec<String>>>,
    pub(super) address: Option<String>,
    pub(super) consul_node: Option<String>,
    #[serde(default)]
    pub(super) same_power_accepted: bool,
    #[serde(default)]
    pub(super) params: BTreeMap<String, BTreeMap<String, String>>,
}
