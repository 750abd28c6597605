//! The only reader of the environment and of the settings file.
//!
//! It says what the operator chose. It does not read the command line, contact anything or open secret
//! files; who needs a secret reads it when it is needed.

mod agent;
mod bounds;
mod device;
mod environment;
mod file;
mod host;
pub(crate) mod parameter;
mod read;
pub(crate) mod redfish;
mod settings;
mod together;
pub(crate) mod trust;
mod words;

pub use device::{Device, Driver, ExitCode};
pub use environment::Environment;
pub use host::HostEntry;
pub(crate) use words::check_address;

use crate::error::{Error, Result};
use crate::model::{DeviceName, HostId, Surroundings};
use crate::policy::reconcile::ReconcileRules;
use crate::policy::{Rules, host_back, vm_down};
use crate::wire::record;
use read::Draft;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use together::together;
use words::words;

/// Where settings come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// There is no file: the defaults hold.
    Defaults,
    /// The file at the default place.
    Found,
    /// A file that was named, by `--config` or `ONERESCUE_CONFIG`.
    Named,
}

/// Everything the settings file says, with a default for every key. `templates/onerescue.toml` is this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The settings file, whether it exists or not: where the operator would add a line.
    pub file: PathBuf,
    /// Where they come from.
    pub origin: Origin,
    /// The log. Default: `$ONE_LOCATION/var/host_error.log` for a self-contained installation, else this.
    pub log: PathBuf,
    /// A folder on this front-end with the answers of each run, for `onerescue replay`; as old and of as many incidents
    /// at most. "" records nothing. Default: beside the log, with another ending.
    ///
    /// Absent = nothing is recorded.
    pub journal: Option<PathBuf>,
    /// Where the lock file of each host is; nobody but oneadmin or root may write there. Default: `$ONE_LOCATION/var`,
    /// else this.
    pub run_dir: PathBuf,
    /// `[oned]`
    pub oned: OnedSettings,
    /// `[wait]`, `[brake]`, `[witness]`, `[fence]`, `[hold]`, `[settle]`, `[plan]` and `[exclude]`, as far as they
    /// are rules.
    pub rules: Rules,
    /// `[host_back]`
    pub back: host_back::Rules,
    /// `[vm_down]`
    pub down: vm_down::Rules,
    /// `[observer]`: how this front-end looks at itself.
    pub observer: ObserverSettings,
    /// `[witness]`: how witnesses are asked.
    pub witness: WitnessSettings,
    /// `[reconcile]`
    pub reconcile: ReconcileSettings,
    /// The type number of the documents; any that nobody else uses.
    pub record_type: i64,
    /// Where fence agents are.
    ///
    /// Looked for in this order.
    pub agents_dir: Vec<PathBuf>,
    /// `[device.NAME]`
    pub devices: BTreeMap<DeviceName, Device>,
    /// `[[host]]`
    pub hosts: BTreeMap<HostId, HostEntry>,
}

/// `[oned]`: how oned is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnedSettings {
    /// Default: `ONE_XMLRPC`, `~/.one/one_endpoint`, `/var/lib/one/.one/one_endpoint`, then this.
    ///
    /// `http://localhost:2633/RPC2`
    pub endpoint: Option<String>,
    /// A file with `user:password`. Default: `ONE_AUTH`, `~/.one/one_auth`, `/var/lib/one/.one/one_auth`.
    pub auth_file: Option<PathBuf>,
    /// The end of one call.
    pub deadline: Duration,
    /// The end of connecting.
    pub connect: Duration,
    /// How often a call that only reads is tried.
    pub reads: u32,
}

impl Default for OnedSettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            auth_file: None,
            deadline: Duration::from_secs(30),
            connect: Duration::from_secs(5),
            reads: 5,
        }
    }
}

/// `[observer]`: is this front-end connected?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObserverSettings {
    /// Addresses of which at least one must answer; none = nobody is asked.
    pub gateways: Vec<String>,
    /// How they are asked: exit code 0 is an answer.
    ///
    /// `{address}` is the gateway's.
    pub ping: Vec<String>,
}

/// `[witness]`: how witnesses are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessSettings {
    /// What a peer runs: exit code 0 is alive, 1 is no answer, with others it could not tell.
    ///
    /// `{address}` is the suspect's.
    pub probe: Vec<String>,
    /// What a healthy host runs when a VM is to leave it: exit code 0 is that the VM runs there, 1 that it does not. `{vm}`
    /// is its id.
    ///
    /// The shell that looks must not find itself.
    pub domain: Vec<String>,
    /// What peers run before the VMs of a dead host are planned: exit code 0 is that some of them run there, and the output names
    /// them as one-ID; 1 that none does. `{vms}` is their ids, with | between them. `[]`: nobody is asked.
    pub domains: Vec<String>,
    /// How a peer is reached; its name and the probe are added.
    pub ssh: Vec<String>,
    /// The end of one question.
    pub timeout: Duration,
    /// `[witness.consul]`
    pub consul: Option<ConsulSettings>,
}

impl Default for ObserverSettings {
    fn default() -> Self {
        Self { gateways: Vec::new(), ping: words("/usr/bin/ping -c 1 -W 2 {address}") }
    }
}

impl Default for WitnessSettings {
    fn default() -> Self {
        Self {
            probe: words("/usr/bin/ping -c 3 -W 2 {address}"),
            domain: words("/usr/bin/pgrep -f [g]uest=one-{vm},"),
            domains: words("/usr/bin/pgrep -a -f [g]uest=one-({vms}),"),
            ssh: words("/usr/bin/ssh -o BatchMode=yes -o ConnectTimeout=5"),
            timeout: Duration::from_secs(20),
            consul: None,
        }
    }
}

/// `[witness.consul]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsulSettings {
    /// An agent: `https://127.0.0.1:8501`.
    pub url: String,
    /// The authority of its certificate. Default: the system's.
    pub ca_file: Option<PathBuf>,
    /// A file with a token that may read nodes: mode 0600, owned by oneadmin.
    pub token_file: Option<PathBuf>,
}

impl ConsulSettings {
    fn check(self) -> Result<Self, String> {
        if !self.url.starts_with("https://") && !self.url.starts_with("http://") {
            return Err("witness.consul.url must begin with http:// or https://".to_owned());
        }
        if self.ca_file.iter().chain(&self.token_file).any(|path| !path.is_absolute()) {
            return Err("the files of [witness.consul] must be absolute paths".to_owned());
        }
        Ok(self)
    }
}

/// `[reconcile]`: hosts in ERROR that no hook works on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReconcileSettings {
    /// `age` and `parallel`
    pub rules: ReconcileRules,
    /// The options for a host whose event was lost. Default: those of the registered hook.
    pub options: Option<Vec<String>>,
}

impl Default for Config {
    /// What holds without a settings file and without `ONE_LOCATION`. No device is declared, so every fence
    /// fails and says so.
    fn default() -> Self {
        let environment = Environment::default();
        Self::without_file(environment.default_settings_file(), &environment)
    }
}

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
        Surroundings { settings, run_dir: self.run_dir.display().to_string(), named }
    }

    /// The settings in `text`, which was read from `path`.
    ///
    /// # Errors
    /// [`Error::Settings`] with the line of an unknown key or a bad value, or with the name of the key that
    /// is out of bounds or does not fit the others.
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Self> {
        let settings = |why: String| Error::Settings { file: path.to_owned(), why };
        let draft = Draft::read(text, Self::without_file(path.to_owned(), environment));
        draft.map_err(|error| explain(&error, text)).flatten().and_then(Self::whole).map_err(settings)
    }

    fn whole(draft: Draft) -> Result<Self, String> {
        let Draft { config, devices, hosts, has_journal, .. } = draft;
        let journal = if has_journal { config.journal } else { Some(beside(&config.log)) };
        let devices = device::devices(devices)?;
        let hosts = host::hosts(hosts, &devices)?;
        together(Self { origin: Origin::Found, journal, devices, hosts, ..config })
    }

    fn without_file(file: PathBuf, environment: &Environment) -> Self {
        Self {
            file,
            origin: Origin::Defaults,
            log: environment.default_log(),
            journal: Some(beside(&environment.default_log())),
            run_dir: environment.default_run_dir(),
            oned: OnedSettings::default(),
            rules: Rules::default(),
            back: host_back::Rules::default(),
            down: vm_down::Rules::default(),
            observer: ObserverSettings::default(),
            witness: WitnessSettings::default(),
            reconcile: ReconcileSettings::default(),
            record_type: record::TYPE,
            agents_dir: ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from).to_vec(),
            devices: BTreeMap::new(),
            hosts: BTreeMap::new(),
        }
    }
}

/// `/var/log/one/host_error.journal` for `/var/log/one/host_error.log`.
fn beside(log: &Path) -> PathBuf {
    log.with_extension("journal")
}

/// The parser's error with its line, unless somebody wrote a secret there.
fn explain(error: &toml::de::Error, text: &str) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let number = text.bytes().take(start).filter(|byte| *byte == b'\n').count();
    let line = text.lines().nth(number).unwrap_or_default();
    if parameter::may_hold_a_secret(line) {
        return format!("line {} cannot be read; it is not shown because it may hold a secret", number + 1);
    }
    error.to_string()
}

#[cfg(test)]
mod tests;
