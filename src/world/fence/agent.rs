//! A ClusterLabs fence agent: parameters on its standard input, one `key=value` per line.
//!
//! Only `action=off` and `action=status` are ever sent: without an action an agent reboots the host.

use super::runner::{Call, Ran, run};
use super::secret::{Secret, redacted};
use super::verdict;
use crate::config::parameter::{canonical, check_value};
use crate::config::{HostEntry, trust};
use crate::model::{DeviceName, PowerState};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the settings say about an agent.
#[derive(Clone, Copy)]
pub(super) struct Declared<'a> {
    pub(super) agent: &'a str,
    pub(super) params: &'a BTreeMap<String, String>,
    pub(super) secrets: &'a BTreeMap<String, String>,
    pub(super) timeout: Duration,
}

/// An agent that is ready for one host.
pub(super) struct Agent {
    program: PathBuf,
    /// Every line but the action. It has the secrets.
    input: Secret,
    secrets: Vec<Secret>,
    timeout: Duration,
}

impl Agent {
    /// Find the program and read the secrets.
    ///
    /// # Errors
    /// A text that names the program, the file or the parameter that cannot be used.
    pub(super) fn prepare(
        declared: Declared<'_>,
        agents_dir: &[PathBuf],
        device: &DeviceName,
        entry: &HostEntry,
    ) -> Result<Self, String> {
        let program = trust::find_program(declared.agent, agents_dir)?;
        let mut lines: Vec<String> = entry
            .parameters(device, declared.params)
            .into_iter()
            .map(|(key, value)| format!("{key}={value}\n"))
            .collect();
        let mut secrets = Vec::new();
        for (key, path) in declared.secrets {
            let secret = read_secret(key, path, entry)?;
            lines.push(format!("{}={}\n", canonical(key), secret.reveal()));
            secrets.push(secret);
        }
        Ok(Self { program, input: Secret::new(lines.concat()), secrets, timeout: declared.timeout })
    }

    /// Tell the device to power the host off. Its answer is information, not a proof.
    ///
    /// # Errors
    /// Why the agent thinks that it did not work, on one line.
    pub(super) fn off(&self) -> Result<(), String> {
        verdict::order(&self.call("off"))
    }

    /// Ask the device for the host's power.
    pub(super) fn status(&self) -> PowerState {
        verdict::agent_status(&self.call("status"))
    }

    fn call(&self, action: &str) -> Ran {
        let input = format!("{}action={action}\n", self.input.reveal());
        let ran = run(&Call {
            program: &self.program,
            arguments: &[],
            stdin: input.as_bytes(),
            deadline: self.timeout,
        });
        redacted(ran, &self.secrets)
    }
}

/// Read one secret of a host. `{host}` and `{id}` in `path` are the host's.
fn read_secret(key: &str, path: &str, entry: &HostEntry) -> Result<Secret, String> {
    let path = path.replace("{id}", &entry.id.0.to_string()).replace("{host}", &entry.name);
    let path = Path::new(&path);
    let text = trust::read(path, trust::Role::Secret)
        .map_err(|why| format!("the secret file {} cannot be used: {why}", path.display()))?;
    let secret = Secret::from_file(&text);
    check_value(key, secret.reveal())
        .map_err(|why| format!("in the secret file {}: {why}", path.display()))?;
    Ok(secret)
}
