//! The only reader of the environment and of the settings file.
//!
//! It says what the operator chose. It does not read the command line, contact anything or open secret
//! files; who needs a secret reads it when it is needed.

mod agent;
mod device;
pub(crate) mod entries;
mod entry;
mod environment;
mod file;
mod host;
mod hosts;
mod outlet;
pub(crate) mod parameter;
mod pattern;
mod placeholder;
mod read;
pub(crate) mod receiver;
pub(crate) mod redfish;
pub(crate) mod replace;
mod sections;
mod together;
pub(crate) mod trust;

pub use device::{Device, Driver, ExitCode};
pub use environment::Environment;
pub use host::HostEntry;
pub use pattern::Pattern;
pub(crate) use pattern::{Met, meet};
pub use receiver::Receiver;
pub use sections::{
    ConsulSettings, FenceSettings, MetricsSettings, ObserverSettings, OnedSettings, Paths, ReconcileSettings,
    RecordSettings, ReportSettings, WitnessSettings,
};

use crate::error::{Error, Result};
use crate::model::{DeviceName, HostId, Surroundings};
use crate::policy::losses::LossRules;
use crate::policy::{Rules, evacuate, host_back, vm_down, watch};
use crate::section::{Section as _, Setting};
use read::Rest;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use together::together;

/// Where settings come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// There is no file: the defaults hold.
    #[default]
    Defaults,
    /// The file at the default place.
    Found,
    /// A file that was named, by `--config` or `ONERESCUE_CONFIG`.
    Named,
}

/// Everything the settings file says, with a default for every key. `templates/onerescue.toml` is this. By default no device is
/// declared, so every fence fails and says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The settings file, whether it exists or not: where the operator would add a line.
    pub file: PathBuf,
    /// Where they come from.
    pub origin: Origin,
    /// The log and the lock files.
    pub paths: Paths,
    /// `[oned]`
    pub oned: OnedSettings,
    /// `[wait]`, `[brake]`, `[observer]`, `[witness]`, `[fence]`, `[hold]`, `[settle]`, `[ready]`, `[plan]`, `[exclude]` and `[record]`, as
    /// far as they are rules.
    pub rules: Rules,
    /// `[plan]`: what is planned by day.
    pub losses: LossRules,
    /// `[host_back]`
    pub back: host_back::Rules,
    /// `[evacuate]`
    pub evacuate: evacuate::Rules,
    /// `[vm_down]`
    pub down: vm_down::Rules,
    /// `[watch]`
    pub watch: watch::Rules,
    /// `[observer]`: how this front-end looks at itself.
    pub observer: ObserverSettings,
    /// `[witness]`: how witnesses are asked.
    pub witness: WitnessSettings,
    /// `[fence]`: where its programs are.
    pub fence: FenceSettings,
    /// `[reconcile]`
    pub reconcile: ReconcileSettings,
    /// `[metrics]`
    pub metrics: MetricsSettings,
    /// `[record]`: where what is remembered is kept.
    pub record: RecordSettings,
    /// `[report]`
    pub report: ReportSettings,
    /// `[device.NAME]`
    pub devices: BTreeMap<DeviceName, Device>,
    /// `[[host]]` with id and name.
    pub hosts: BTreeMap<HostId, HostEntry>,
    /// `[[host]]` for every host that matches.
    pub patterns: Vec<Pattern>,
    /// `[[notify]]`
    pub receivers: Vec<Receiver>,
}

type Settings = for<'a> fn(&'a mut Config) -> Vec<Setting<'a>>;

/// Which settings are in which section of the file, "" before the first one.
const SECTIONS: [(&str, Settings); 26] = [
    ("", |config| config.paths.settings()),
    ("oned", |config| config.oned.settings()),
    ("wait", |config| config.rules.wait.settings()),
    ("brake", |config| config.rules.brake.settings()),
    ("observer", |config| config.rules.observer.settings()),
    ("observer", |config| config.observer.settings()),
    ("witness", |config| config.rules.witness.settings()),
    ("witness", |config| config.witness.settings()),
    ("fence", |config| config.fence.settings()),
    ("fence", |config| config.rules.fence.settings()),
    ("hold", |config| config.rules.hold.settings()),
    ("plan", |config| config.rules.plan.settings()),
    ("plan", |config| config.losses.settings()),
    ("exclude", |config| config.rules.plan.exclude.settings()),
    ("settle", |config| config.rules.settle.settings()),
    ("ready", |config| config.rules.ready.settings()),
    ("watch", |config| config.watch.settings()),
    ("reconcile", |config| config.reconcile.rules.settings()),
    ("reconcile", |config| config.reconcile.settings()),
    ("record", |config| config.rules.record.settings()),
    ("record", |config| config.record.settings()),
    ("metrics", |config| config.metrics.settings()),
    ("report", |config| config.report.settings()),
    ("host_back", |config| config.back.settings()),
    ("evacuate", |config| config.evacuate.settings()),
    ("vm_down", |config| config.down.settings()),
];

impl Config {
    /// Read the settings: `named` (the `--config` option), else `ONERESCUE_CONFIG`, else
    /// `$ONE_LOCATION/etc/onerescue.toml`, else `/etc/one/onerescue.toml`.
    ///
    /// Only the default place may be empty: then the defaults hold.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, is missing though it was named, or may be written by group
    /// or others. [`Error::Settings`] if its content cannot be used.
    pub fn load(environment: &Environment, named: Option<&Path>) -> Result<Self> {
        if let Some(file) = named {
            crate::advised::settings(file);
        }
        let named = named.or(environment.onerescue_config.as_deref());
        let path = named.map_or_else(|| environment.default_settings_file(), Path::to_owned);
        match trust::read(&path, trust::Role::Settings) {
            Ok(text) => {
                let origin = if named.is_some() { Origin::Named } else { Origin::Found };
                Ok(Self { origin, ..Self::parse(&text, &path, environment)? })
            }
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
                Ok(Self::without_file(path, environment))
            }
            Err(source) => Err(Error::File { doing: "read", path, source }),
        }
    }

    /// Where these settings and their lock files are.
    #[must_use]
    pub fn surroundings(&self) -> Surroundings {
        let (settings, named) = match self.origin {
            Origin::Defaults => (None, false),
            Origin::Found => (Some(&self.file), false),
            Origin::Named => (Some(&self.file), true),
        };
        let settings = settings.map(|file| file.display().to_string());
        Surroundings { settings, run_dir: self.paths.run_dir.display().to_string(), named }
    }

    /// The settings in `text`, which was read from `path`.
    ///
    /// # Errors
    /// [`Error::Settings`] with the line of an unknown key or a bad value, or with the name of the key that
    /// is out of bounds or does not fit the others.
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Self> {
        let mut config = Self { origin: Origin::Found, ..Self::without_file(path.to_owned(), environment) };
        let read = read::read(text, &mut config).map_err(|error| explain(&error, text));
        read.and_then(|rest| config.whole(rest, text))
            .map_err(|why| Error::Settings { file: path.to_owned(), why })
    }

    fn whole(mut self, rest: Rest, text: &str) -> Result<Self, String> {
        self.devices = device::devices(rest.devices)?;
        let hosts =
            rest.hosts.into_iter().map(|host| (read::line(text, host.span().start), host.into_inner()));
        self.receivers = receiver::receivers(rest.receivers)?;
        (self.hosts, self.patterns) = hosts::hosts(hosts.collect(), &self.devices)?;
        together(self)
    }

    fn without_file(file: PathBuf, environment: &Environment) -> Self {
        let paths = Paths { log: environment.default_log(), run_dir: environment.default_run_dir() };
        Self { file, paths, ..Self::default() }
    }

    /// Where metrics are written, if they are.
    #[must_use]
    pub fn metrics_file(&self) -> Option<&Path> {
        Some(self.metrics.file.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    /// Where runs are recorded, if they are: `/var/log/one/host_error.journal` beside `/var/log/one/host_error.log`.
    #[must_use]
    pub fn journal(&self) -> Option<PathBuf> {
        let beside = || self.paths.log.with_extension("journal");
        Some(self.record.journal.clone().unwrap_or_else(beside)).filter(|path| !path.as_os_str().is_empty())
    }
}

/// The parser's error with its line, unless somebody wrote a secret there.
fn explain(error: &toml::de::Error, text: &str) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let number = read::line(text, start);
    let line = text.lines().nth(number - 1).unwrap_or_default();
    if parameter::may_hold_a_secret(line) {
        return format!("line {number} cannot be read; it is not shown because it may hold a secret");
    }
    error.to_string()
}

#[cfg(test)]
mod tests;
