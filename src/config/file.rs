//! The settings file as it is written: one struct per section, every key optional.
//!
//! Unknown keys are errors that show the line. Bounds are checked here; what belongs together (devices and
//! hosts) is checked in `device` and `host`.

use super::OnedSettings;
use crate::policy::{FenceRules, ProbeError, SettleRules, WaitRules};
use jiff::fmt::serde::unsigned_duration::friendly::compact::{optional, required};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
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
    pub(super) fence: Fence,
    pub(super) settle: Settle,
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

/// `[wait]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wait {
    cycles: u32,
    #[serde(with = "required")]
    cycle: Duration,
    #[serde(with = "required")]
    look: Duration,
    #[serde(with = "required")]
    oned: Duration,
}

/// `[fence]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Fence {
    pub(super) agents_dir: Vec<PathBuf>,
    samples: u32,
    #[serde(with = "required")]
    interval: Duration,
    attempts: u32,
    #[serde(with = "required")]
    patience: Duration,
    #[serde(with = "required")]
    deadline: Duration,
    probe_error: Probe,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Probe {
    Hold,
    Fence,
}

/// `[settle]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settle {
    parallel: u32,
    targets: u32,
    retries: u32,
    #[serde(with = "required")]
    deadline: Duration,
    #[serde(with = "required")]
    unknown: Duration,
    #[serde(with = "required")]
    cleanup: Duration,
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
    pub(super) off: Option<Vec<String>>,
    pub(super) status: Option<Vec<String>>,
    pub(super) accept_exit_code: Option<bool>,
}

/// `driver`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum DriverKind {
    Agent,
    Command,
}

/// `[[host]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Host {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) devices: Vec<String>,
    #[serde(default)]
    pub(super) params: BTreeMap<String, BTreeMap<String, String>>,
}

impl Default for Oned {
    fn default() -> Self {
        let OnedSettings { endpoint, auth_file, deadline, connect, reads } = OnedSettings::default();
        Self { endpoint, auth_file, deadline, connect, reads }
    }
}

impl Default for Wait {
    fn default() -> Self {
        let WaitRules { cycles, cycle, look, oned } = WaitRules::default();
        Self { cycles, cycle, look, oned }
    }
}

impl Default for Fence {
    fn default() -> Self {
        let FenceRules { samples, interval, attempts, patience, deadline, probe_error } =
            FenceRules::default();
        let probe_error = match probe_error {
            ProbeError::Hold => Probe::Hold,
            ProbeError::Fence => Probe::Fence,
        };
        let agents_dir = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from).to_vec();
        Self { agents_dir, samples, interval, attempts, patience, deadline, probe_error }
    }
}

impl Default for Settle {
    fn default() -> Self {
        let SettleRules { parallel, targets, retries, deadline, unknown, cleanup } = SettleRules::default();
        Self { parallel, targets, retries, deadline, unknown, cleanup }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const SECOND: Duration = Duration::from_secs(1);
const TENTH: Duration = Duration::from_millis(100);
const MILLISECOND: Duration = Duration::from_millis(1);

/// A value if it is in its bounds.
pub(super) fn within<T: PartialOrd + std::fmt::Debug>(
    key: &str,
    value: T,
    bounds: RangeInclusive<T>,
) -> Result<T, String> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    Err(format!("{key} is {value:?}; it must be between {:?} and {:?}", bounds.start(), bounds.end()))
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

impl Wait {
    pub(super) fn check(self) -> Result<WaitRules, String> {
        Ok(WaitRules {
            cycles: within("wait.cycles", self.cycles, 0..=1000)?,
            cycle: within("wait.cycle", self.cycle, TENTH..=HOUR)?,
            look: within("wait.look", self.look, TENTH..=5 * MINUTE)?,
            oned: within("wait.oned", self.oned, SECOND..=DAY)?,
        })
    }
}

impl Fence {
    pub(super) fn check(&self) -> Result<FenceRules, String> {
        let deadline = within("fence.deadline", self.deadline, SECOND..=HOUR)?;
        let samples = within("fence.samples", self.samples, 1..=100)?;
        let interval = within("fence.interval", self.interval, MILLISECOND..=5 * MINUTE)?;
        if interval * (samples - 1) >= deadline {
            return Err(format!(
                "fence.samples and fence.interval need {:?}, but fence.deadline is {deadline:?}",
                interval * (samples - 1)
            ));
        }
        if self.agents_dir.iter().any(|dir| !dir.is_absolute()) {
            return Err("fence.agents_dir must name absolute paths".to_owned());
        }
        Ok(FenceRules {
            samples,
            interval,
            attempts: within("fence.attempts", self.attempts, 1..=100)?,
            patience: within("fence.patience", self.patience, Duration::ZERO..=HOUR)?,
            deadline,
            probe_error: match self.probe_error {
                Probe::Hold => ProbeError::Hold,
                Probe::Fence => ProbeError::Fence,
            },
        })
    }
}

impl Settle {
    pub(super) fn check(self) -> Result<SettleRules, String> {
        Ok(SettleRules {
            parallel: within("settle.parallel", self.parallel, 1..=10)?,
            targets: within("settle.targets", self.targets, 1..=100)?,
            retries: within("settle.retries", self.retries, 0..=100)?,
            deadline: within("settle.deadline", self.deadline, SECOND..=DAY)?,
            unknown: within("settle.unknown", self.unknown, Duration::ZERO..=DAY)?,
            cleanup: within("settle.cleanup", self.cleanup, SECOND..=DAY)?,
        })
    }
}
