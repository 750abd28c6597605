//! A ClusterLabs fence agent: parameters on its standard input, one `key=value` per line.
//!
//! Only `action=off` and `action=status` are ever sent: without an action an agent reboots the host.

use super::runner::{Call, Outcome, Ran, run};
use super::secret::{Secret, redacted};
use super::verdict;
use crate::config::parameter::check_value;
use crate::config::{HostEntry, trust};
use crate::model::{DeviceName, Peer, PowerState};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the settings say about an agent.
#[derive(Clone, Copy)]
pub(super) struct Declared<'a> {
    pub(super) agent: &'a str,
    pub(super) params: &'a BTreeMap<String, String>,
    pub(super) secrets: &'a BTreeMap<String, String>,
    pub(super) ca_file: Option<&'a Path>,
    pub(super) timeout: Duration,
}

/// An agent that is ready for one host.
pub(super) struct Agent {
    program: PathBuf,
    /// The names of all parameters, as the operator wrote them.
    keys: Vec<String>,
    /// Every line but the action. It has the secrets.
    input: Secret,
    secrets: Vec<Secret>,
    ca_file: Option<PathBuf>,
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
        // An agent whose file is missing would fail at the worst moment, or believe the system's authorities.
        declared.ca_file.map(read_authorities).transpose()?;
        let (mut keys, mut lines, mut secrets) = (Vec::new(), String::new(), Vec::new());
        let mut add = |key: &str, value: &str| {
            keys.push(key.to_owned());
            lines.extend([key, "=", value, "\n"]);
        };
        for (key, value) in entry.parameters(device, declared.params).into_values() {
            check_value(key, &value)?;
            add(key, &value);
        }
        for (key, path) in declared.secrets {
            let secret = read_secret(key, path, entry)?;
            add(key, secret.reveal());
            secrets.push(secret);
        }
        let ca_file = declared.ca_file.map(Path::to_owned);
        Ok(Self { program, keys, input: Secret::new(lines), secrets, ca_file, timeout: declared.timeout })
    }

    /// Ask the agent, not the device, which parameters it has: an agent ignores the others, and writes them
    /// with their values into the system log. An agent that does not say is not held against it.
    ///
    /// # Errors
    /// A text that names the first parameter that the agent does not have.
    pub(super) fn check_parameters(&self) -> Result<(), String> {
        let ran = run(&Call {
            program: &self.program,
            arguments: &["-o".to_owned(), "metadata".to_owned()],
            stdin: b"",
            deadline: self.timeout,
            ca_file: self.ca_file.as_deref(),
        });
        let known = parameters_in(&ran.stdout);
        let stranger = self.keys.iter().find(|key| !known.contains(&key.replace('-', "_").as_str()));
        match stranger {
            Some(key) if ran.outcome == Outcome::Exited(0) && !ran.cut && !known.is_empty() => {
                Err(format!("{} has no parameter `{key}`", self.program.display()))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Tell the device to power the host off. Its answer is information, not a proof.
    ///
    /// # Errors
    /// Why the agent thinks that it did not work, on one line.
    pub(super) fn off(&self, _via: Option<&Peer>) -> Result<(), String> {
        verdict::order(&self.call("off"))
    }

    /// Ask the device for the host's power.
    pub(super) fn status(&self, _via: Option<&Peer>) -> PowerState {
        verdict::agent_status(&self.call("status"))
    }

    fn call(&self, action: &str) -> Ran {
        let input = format!("{}action={action}\n", self.input.reveal());
        let ran = run(&Call {
            program: &self.program,
            arguments: &[],
            stdin: input.as_bytes(),
            deadline: self.timeout,
            ca_file: self.ca_file.as_deref(),
        });
        redacted(ran, &self.secrets)
    }
}

/// The names in an agent's description of itself: `<parameter name="ip" unique="0" required="1">`.
fn parameters_in(metadata: &str) -> Vec<&str> {
    let parameters = metadata.split("<parameter name=\"").skip(1);
    parameters.filter_map(|rest| rest.split('"').next()).collect()
}

/// Read a file of certificates. Whoever can write it decides which controllers are believed.
pub(super) fn read_authorities(path: &Path) -> Result<String, String> {
    trust::read(path, trust::Role::Settings)
        .map_err(|why| format!("the ca_file {} cannot be used: {why}", path.display()))
}

/// Read one secret of a host. `{host}` and `{id}` in `path` are the host's.
pub(super) fn read_secret(key: &str, path: &str, entry: &HostEntry) -> Result<Secret, String> {
    let path = entry.filled(path);
    let path = Path::new(&path);
    let text = trust::read(path, trust::Role::Secret)
        .map_err(|why| format!("the secret file {} cannot be used: {why}", path.display()))?;
    let secret = Secret::from_file(&text);
    check_value(key, secret.reveal())
        .map_err(|why| format!("in the secret file {}: {why}", path.display()))?;
    Ok(secret)
}
