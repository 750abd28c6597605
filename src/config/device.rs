//! `[device.NAME]`: the fence devices.
//!
//! Everything that can be known without touching a device or a secret file is checked here, so that a
//! mistake shows when the settings are read and not when a host has died.

use super::agent;
use super::file::{self, DriverKind, FromKind, PowerKind};
use super::parameter::{Origin, canonical, check_key, check_value};
use super::redfish;
use crate::model::{DatastoreId, DeviceName, PowerDomain, ReadBack, Route, Scope};
use crate::section::{SECOND, minutes, within};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one call of a device may take when the settings do not say. The defaults of `fence_ipmilan`
/// need up to 75 s.
const TIMEOUT: Duration = Duration::from_secs(75);

/// How many calls a device takes at the same time when the settings do not say. Controllers have few sessions.
const CONCURRENCY: u32 = 4;

/// `[device.NAME]`: a fence device, declared once for all hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// How long one call may take before its whole process group is ended.
    pub timeout: Duration,
    /// What feeds it.
    pub power: PowerDomain,
    /// From where it is asked and told.
    pub route: Route,
    /// How many calls it takes at the same time; more wait.
    pub concurrency: u32,
    /// One that says off unasked is sent "off" all the same, and that counts once it has taken it.
    pub off_anyway: bool,
    /// Who does it.
    pub driver: Driver,
}

/// `driver`: who powers a host off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Driver {
    /// `driver = "agent"`: a ClusterLabs fence agent.
    Agent {
        /// Its file name, `fence_ipmilan`.
        agent: String,
        /// Parameters that are the same for every host, `lanplus` = `1`.
        params: BTreeMap<String, String>,
        /// Parameters whose value is in a file; `{host}` and `{id}` in its path stand for the host's.
        secrets: BTreeMap<String, String>,
        /// The authorities whose certificates it believes, in place of the system's. It is handed over as
        /// `REQUESTS_CA_BUNDLE`, which `fence_redfish` and its kind read; they have no parameter for it.
        ca_file: Option<PathBuf>,
    },
    /// `driver = "redfish"`: a management controller, asked without an agent.
    Redfish {
        /// Parameters that are the same for every host: `username`, `ca_file` …
        params: BTreeMap<String, String>,
        /// Parameters whose value is in a file: `password`.
        secrets: BTreeMap<String, String>,
    },
    /// `driver = "storage"`: a program that cuts the host off these datastores and can say whether it is.
    Storage {
        /// The program and its arguments that cut the host off.
        off: Vec<String>,
        /// The program and its arguments that print `on` or `off`.
        status: Vec<String>,
        /// The datastores that the host cannot reach then.
        datastores: Vec<DatastoreId>,
    },
    /// `driver = "command"`: the operator's own program; it gets what the stock `fence_host.sh` gets.
    Command {
        /// The program and its arguments that power the host off.
        off: Vec<String>,
        /// The program and its arguments that print `on` or `off`.
        status: Option<Vec<String>>,
        /// What the exit code of `off` is worth when there is no `status`.
        exit_code: ExitCode,
    },
}

/// What a command's exit code is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// The default: nothing.
    ProvesNothing,
    /// `accept_exit_code = true`: the operator takes exit code 0 for a proof.
    Accepted,
}

impl Device {
    /// What this device can show.
    #[must_use]
    pub fn read_back(&self) -> ReadBack {
        match &self.driver {
            Driver::Agent { .. }
            | Driver::Redfish { .. }
            | Driver::Storage { .. }
            | Driver::Command { status: Some(_), .. } => ReadBack::Status,
            Driver::Command { exit_code: ExitCode::Accepted, .. } => ReadBack::ExitCodeAccepted,
            Driver::Command { exit_code: ExitCode::ProvesNothing, .. } => ReadBack::ExitCodeOnly,
        }
    }

    /// What is cut off when it says off.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match &self.driver {
            Driver::Storage { datastores, .. } => Scope::Datastores(datastores.clone()),
            Driver::Agent { .. } | Driver::Redfish { .. } | Driver::Command { .. } => Scope::Host,
        }
    }
}

/// Check `[device.*]`.
pub(super) fn devices(raw: BTreeMap<String, file::Device>) -> Result<BTreeMap<DeviceName, Device>, String> {
    let mut devices = BTreeMap::new();
    for (name, raw) in raw {
        check_name(&name)?;
        let device = device(raw).map_err(|why| format!("[device.{name}]: {why}"))?;
        devices.insert(DeviceName(name), device);
    }
    Ok(devices)
}

/// A device's name is part of the names of its lock files.
fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err(format!("[device.{name:?}]: a device's name has 1 to 64 letters, digits, `_` and `-`"));
    }
    Ok(())
}

fn device(raw: file::Device) -> Result<Device, String> {
    let timeout = raw.timeout.unwrap_or(TIMEOUT);
    let timeout = within("timeout", timeout, SECOND, minutes(30))?;
    let concurrency = within("concurrency", raw.concurrency.unwrap_or(CONCURRENCY), 1, 100)?;
    let route = match raw.from {
        Some(FromKind::Peer) if raw.driver == DriverKind::Agent => Route::Peer,
        Some(FromKind::Peer) => return Err("from = \"peer\" works with driver = \"agent\" only".to_owned()),
        Some(FromKind::FrontEnd) | None => Route::FrontEnd,
    };
    let power = match (raw.power, raw.driver) {
        (Some(PowerKind::External), _) | (None, DriverKind::Storage) => PowerDomain::External,
        (Some(PowerKind::Host), _)
        | (None, DriverKind::Agent | DriverKind::Redfish | DriverKind::Command) => PowerDomain::Host,
    };
    let allowed: &[&str] = match raw.driver {
        DriverKind::Agent => &["agent", "params", "secrets", "ca_file", "accept_all_else_as_off"],
        DriverKind::Redfish => &["params", "secrets", "off_anyway"],
        DriverKind::Command => &["off", "status", "accept_exit_code", "off_anyway"],
        DriverKind::Storage => &["off", "status", "datastores"],
    };
    if let Some(key) = raw.keys().into_iter().find(|key| !allowed.contains(key)) {
        let why = match (key, raw.driver) {
            ("off_anyway", DriverKind::Agent) => "; an agent sends nothing to a machine whose status is off",
            _ => "",
        };
        return Err(format!(
            "`{key}` does not belong to this driver, which knows {}{why}",
            allowed.join(", ")
        ));
    }
    let off_anyway = raw.off_anyway.unwrap_or(false);
    if off_anyway && raw.driver == DriverKind::Command && raw.status.is_none() {
        return Err("`off_anyway` is for a device that can be asked: give it a `status`".to_owned());
    }
    let driver = match raw.driver {
        DriverKind::Agent => agent::read(raw)?,
        DriverKind::Redfish => {
            let (params, secrets) = parameters(raw)?;
            redfish::check_names(params.keys())?;
            redfish::check_secrets(&secrets)?;
            Driver::Redfish { params, secrets }
        }
        DriverKind::Command => command(raw)?,
        DriverKind::Storage => storage(raw)?,
    };
    Ok(Device { timeout, power, route, concurrency, off_anyway, driver })
}

impl file::Device {
    /// The keys that only some drivers know, as far as they are given.
    fn keys(&self) -> Vec<&'static str> {
        let given = [
            (self.agent.is_some(), "agent"),
            (self.params.is_some(), "params"),
            (self.secrets.is_some(), "secrets"),
            (self.ca_file.is_some(), "ca_file"),
            (self.off.is_some(), "off"),
            (self.status.is_some(), "status"),
            (self.accept_exit_code.is_some(), "accept_exit_code"),
            (self.datastores.is_some(), "datastores"),
            (self.off_anyway.is_some(), "off_anyway"),
            (self.accept_all_else_as_off.is_some(), "accept_all_else_as_off"),
        ];
        given.into_iter().filter(|(given, _)| *given).map(|(_, key)| key).collect()
    }
}

pub(super) type Parameters = (BTreeMap<String, String>, BTreeMap<String, String>);

/// `params` and `secrets`.
pub(super) fn parameters(raw: file::Device) -> Result<Parameters, String> {
    let (params, secrets) = (raw.params.unwrap_or_default(), raw.secrets.unwrap_or_default());
    let mut names = checked_parameters(&params)?;
    for (key, path) in &secrets {
        check_key(key, Origin::SecretFile)?;
        if names.contains(&canonical(key)) {
            return Err(format!("`{key}` is given twice"));
        }
        names.push(canonical(key));
        if !Path::new(path).is_absolute() {
            return Err(format!("the secret file of `{key}` must be an absolute path"));
        }
    }
    Ok((params, secrets))
}

/// The canonical names of parameters that may all be handed to an agent.
pub(super) fn checked_parameters(params: &BTreeMap<String, String>) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for (key, value) in params {
        check_key(key, Origin::Settings)?;
        check_value(key, value)?;
        if names.contains(&canonical(key)) {
            return Err(format!("`{key}` is given twice, once by another of its names"));
        }
        names.push(canonical(key));
    }
    Ok(names)
}

fn command(raw: file::Device) -> Result<Driver, String> {
    let off = raw.off.ok_or("driver = \"command\" needs `off`, the program and its arguments")?;
    check_command("off", &off)?;
    if let Some(status) = &raw.status {
        check_command("status", status)?;
    }
    let exit_code = match raw.accept_exit_code {
        Some(true) if raw.status.is_some() => {
            return Err("`accept_exit_code` has no meaning beside `status`: leave one of them out".to_owned());
        }
        Some(true) => ExitCode::Accepted,
        Some(false) | None => ExitCode::ProvesNothing,
    };
    Ok(Driver::Command { off, status: raw.status, exit_code })
}

fn storage(raw: file::Device) -> Result<Driver, String> {
    let off = raw.off.ok_or("driver = \"storage\" needs `off`, the program and its arguments")?;
    let status = raw.status.ok_or("driver = \"storage\" needs `status`: an exit code proves nothing")?;
    check_command("off", &off)?;
    check_command("status", &status)?;
    let datastores: Vec<_> = raw.datastores.unwrap_or_default().into_iter().map(DatastoreId).collect();
    if datastores.is_empty() {
        return Err(
            "driver = \"storage\" needs `datastores`, the ids that the host is cut off from".to_owned()
        );
    }
    Ok(Driver::Storage { off, status, datastores })
}

fn check_command(key: &str, words: &[String]) -> Result<(), String> {
    match words.first() {
        Some(program) if Path::new(program).is_absolute() => {}
        Some(_) | None => return Err(format!("`{key}` must begin with the absolute path of a program")),
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err(format!("`{key}` has a NUL character"));
    }
    Ok(())
}
