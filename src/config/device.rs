//! `[device.NAME]`: the fence devices.
//!
//! Everything that can be known without touching a device or a secret file is checked here, so that a
//! mistake shows when the settings are read and not when a host has died.

use super::file::{self, DriverKind, within};
use super::parameter::{Origin, canonical, check_key, check_value};
use crate::model::{DeviceName, ReadBack};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How long one call of a device may take when the settings do not say. The defaults of `fence_ipmilan`
/// need up to 75 s.
const TIMEOUT: Duration = Duration::from_secs(75);

/// `[device.NAME]`: a fence device, declared once for all hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// How long one call may take before its whole process group is ended.
    pub timeout: Duration,
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
            Driver::Agent { .. } | Driver::Command { status: Some(_), .. } => ReadBack::Status,
            Driver::Command { exit_code: ExitCode::Accepted, .. } => ReadBack::ExitCodeAccepted,
            Driver::Command { exit_code: ExitCode::ProvesNothing, .. } => ReadBack::ExitCodeOnly,
        }
    }
}

/// Check `[device.*]`.
pub(super) fn devices(raw: BTreeMap<String, file::Device>) -> Result<BTreeMap<DeviceName, Device>, String> {
    let mut devices = BTreeMap::new();
    for (name, raw) in raw {
        let device = device(raw).map_err(|why| format!("[device.{name}]: {why}"))?;
        devices.insert(DeviceName(name), device);
    }
    Ok(devices)
}

fn device(raw: file::Device) -> Result<Device, String> {
    let timeout = raw.timeout.unwrap_or(TIMEOUT);
    let timeout = within("timeout", timeout, Duration::from_secs(1)..=Duration::from_secs(1800))?;
    let driver = match raw.driver {
        DriverKind::Agent => agent(raw)?,
        DriverKind::Command => command(raw)?,
    };
    Ok(Device { timeout, driver })
}

/// Agents that do not power anything off, or that believe whatever they are told.
const NOT_FENCING: [&str; 4] = ["fence_dummy", "fence_ack_manual", "fence_heuristics_ping", "fence_watchdog"];

fn agent(raw: file::Device) -> Result<Driver, String> {
    if raw.off.is_some() || raw.status.is_some() || raw.accept_exit_code.is_some() {
        return Err("`off`, `status` and `accept_exit_code` belong to driver = \"command\"".to_owned());
    }
    let agent = raw.agent.ok_or("driver = \"agent\" needs `agent`, for example \"fence_ipmilan\"")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !agent.starts_with("fence_") || !agent.chars().all(plain) {
        return Err(format!(
            "agent is {agent:?}; it must be the file name of an agent, such as \"fence_ipmilan\""
        ));
    }
    if NOT_FENCING.contains(&agent.as_str()) {
        return Err(format!("{agent} does not power anything off"));
    }
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
    Ok(Driver::Agent { agent, params, secrets })
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
    if raw.agent.is_some() || raw.params.is_some() || raw.secrets.is_some() {
        return Err("`agent`, `params` and `secrets` belong to driver = \"agent\"".to_owned());
    }
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
