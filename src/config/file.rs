//! The settings file as it is written: one struct per section, every key optional.
//!
//! Unknown keys are errors that show the line. Bounds are checked here and in `rules`; what belongs together
//! (devices and hosts) is checked in `device` and `host`.

use super::OnedSettings;
use super::bounds::{MILLISECOND, MINUTE, SECOND, within};
use super::rules::{Brake, Exclude, Fence, Hold, Observer, Plan, Reconcile, Record, Settle, Wait, Witness};
use super::tend::{HostBack, VmDown};
use jiff::fmt::serde::unsigned_duration::friendly::compact::{optional, required};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) log: Option<PathBuf>,
    pub(super) run_dir: Option<PathBuf>,
    pub(super) oned: Oned,
    pub(super) wait: Wait,
    pub(super) brake: Brake,
    pub(super) observer: Observer,
    pub(super) witness: Witness,
    pub(super) fence: Fence,
    pub(super) hold: Hold,
    pub(super) settle: Settle,
    pub(super) reconcile: Reconcile,
    pub(super) plan: Plan,
    pub(super) exclude: Exclude,
    pub(super) record: Record,
    pub(super) host_back: HostBack,
    pub(super) vm_down: VmDown,
    pub(super) device: BTreeMap<String, Device>,
    pub(super) host: Vec<Host>,
}

/// `[oned]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Oned {
    endpoint: Option<String>,
    auth_file: Option<PathBuf>,
    #[serde(with = "required")]
    deadline: Duration,
    #[serde(with = "required")]
    connect: Duration,
    reads: u32,
}

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

/// `[[host]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Host {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) devices: Option<Vec<String>>,
    pub(super) levels: Option<Vec<Vec<String>>>,
    pub(super) address: Option<String>,
    pub(super) consul_node: Option<String>,
    #[serde(default)]
    pub(super) same_power_accepted: bool,
    #[serde(default)]
    pub(super) params: BTreeMap<String, BTreeMap<String, String>>,
}

impl Default for Oned {
    fn default() -> Self {
        let OnedSettings { endpoint, auth_file, deadline, connect, reads } = OnedSettings::default();
        Self { endpoint, auth_file, deadline, connect, reads }
    }
}

impl Oned {
    pub(super) fn check(self) -> Result<OnedSettings, String> {
        let web = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.endpoint.as_ref().is_some_and(|url| !web(url)) {
            return Err("oned.endpoint must begin with http:// or https://".to_owned());
        }
        if self.auth_file.as_ref().is_some_and(|path| !path.is_absolute()) {
            return Err("oned.auth_file must be an absolute path".to_owned());
        }
        let deadline = within("oned.deadline", self.deadline, SECOND..=10 * MINUTE)?;
        Ok(OnedSettings {
            endpoint: self.endpoint,
            auth_file: self.auth_file,
            deadline,
            connect: within("oned.connect", self.connect, MILLISECOND..=deadline)?,
            reads: within("oned.reads", self.reads, 1..=100)?,
        })
    }
}
