//! A ClusterLabs fence agent: parameters on its standard input, one `key=value` per line.
//!
//! Only `action=off` and `action=status` are ever sent: without an action an agent reboots the host.
//!
//! A peer that is asked to fence runs its own copy of the agent, in the first of our `agents_dir`, and gets the same
//! input over ssh, secrets included. Its copy's parameters are not looked at before. When the device's timeout
//! cuts the connection, the agent over there may live on and power the host off later; it never powers one on.

use super::runner::{Call, Outcome, Ran, run};
use super::secret::{Secret, redacted};
use super::verdict;
use crate::config::parameter::check_value;
use crate::config::{HostEntry, trust};
use crate::model::{DeviceName, HostId, NotOff, Peer, PowerState, Route};
use crate::world::ssh::Ssh;
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
    pub(super) route: Route,
}

/// An agent that is ready for one host.
pub(super) struct Agent<'a> {
    /// On this machine; `None` where only peers need to have it.
    here: Option<PathBuf>,
    /// On a peer.
    there: PathBuf,
    ssh: &'a Ssh,
    host: HostId,
    /// The names of all parameters, as the operator wrote them.
    keys: Vec<String>,
    /// Every line but the action. It has the secrets.
    input: Secret,
    secrets: Vec<Secret>,
    ca_file: Option<PathBuf>,
    timeout: Duration,
}

impl<'a> Agent<'a> {
    /// Find the program, unless it is a peer's, and read the secrets.
    ///
    /// # Errors
    /// A text that names the program, the file or the parameter that cannot be used.
    pub(super) fn prepare(
        declared: Declared<'_>,
        agents_dir: &[PathBuf],
        ssh: &'a Ssh,
        device: &DeviceName,
        entry: &HostEntry,
    ) -> Result<Self, String> {
        let here = match declared.route {
            Route::FrontEnd => Some(trust::find_program(declared.agent, agents_dir)?),
            Route::Peer => None,
        };
        let there = agents_dir.first().ok_or("no directory of agents is named")?.join(declared.agent);
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
        let (host, input, timeout) = (entry.id, Secret::new(lines), declared.timeout);
        let ca_file = declared.ca_file.map(Path::to_owned);
        Ok(Self { here, there, ssh, host, keys, input, secrets, ca_file, timeout })
    }

    /// Whether it can be asked at all: the agent on this machine, or ssh for one on a peer.
    ///
    /// # Errors
    /// A text that names what cannot be used.
    pub(super) fn check(&self) -> Result<(), String> {
        match &self.here {
            Some(program) => self.check_parameters(program),
            None => self.ssh.check(),
        }
    }

    /// Ask the agent, not the device, which parameters it has: an agent ignores the others, and writes them
    /// with their values into the system log. An agent that does not say is not held against it.
    fn check_parameters(&self, program: &Path) -> Result<(), String> {
        let ran = run(&Call {
            program,
            arguments: &["-o".to_owned(), "metadata".to_owned()],
            stdin: b"",
            deadline: self.timeout,
            ca_file: self.ca_file.as_deref(),
        });
        let known = parameters_in(&ran.stdout);
        let stranger = self.keys.iter().find(|key| !known.contains(&key.replace('-', "_").as_str()));
        match stranger {
            Some(key) if ran.outcome == Outcome::Exited(0) && !ran.cut && !known.is_empty() => {
                Err(format!("{} has no parameter `{key}`", program.display()))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Tell the device to power the host off. Its answer is information, not a proof.
    ///
    /// # Errors
    /// Why the agent thinks that it did not work, or was not started, on one line, and on which peer.
    pub(super) fn off(&self, via: Option<&Peer>) -> Result<(), NotOff> {
        let told = self.call("off", via).map_err(NotOff::not_sent).and_then(|ran| verdict::order(&ran));
        told.map_err(|failed| failed.map(|why| from(via, why)))
    }

    /// Ask the device for the host's power.
    pub(super) fn status(&self, via: Option<&Peer>) -> PowerState {
        match self.call("status", via).map(|ran| verdict::agent_status(&ran)) {
            Ok(PowerState::Unknown(why)) | Err(why) => {
                PowerState::Unknown(verdict::one_line(&from(via, why)))
            }
            Ok(known @ (PowerState::On | PowerState::Off)) => known,
        }
    }

    fn call(&self, action: &str, via: Option<&Peer>) -> Result<Ran, String> {
        let input = format!("{}action={action}\n", self.input.reveal());
        let (stdin, deadline) = (input.as_bytes(), self.timeout);
        let ran = match (via, &self.here) {
            (Some(peer), _) if peer.id == self.host => {
                return Err("a host is not asked to fence itself".to_owned());
            }
            // No argument: an agent that has one does not read its input.
            (Some(peer), _) => {
                self.ssh.run(peer, &[self.there.to_string_lossy().into_owned()], stdin, deadline)?
            }
            (None, Some(program)) => {
                run(&Call { program, arguments: &[], stdin, deadline, ca_file: self.ca_file.as_deref() })
            }
            (None, None) => return Err("it is reached from a peer, and none was named".to_owned()),
        };
        Ok(redacted(ran, &self.secrets))
    }
}

/// A reason with the peer that it comes from.
fn from(via: Option<&Peer>, why: String) -> String {
    match via {
        Some(peer) => format!("from {peer}: {why}"),
        None => why,
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
    secret_in(key, Path::new(&entry.filled(path)))
}

/// Read one secret.
pub(super) fn secret_in(key: &str, path: &Path) -> Result<Secret, String> {
    let text = trust::read(path, trust::Role::Secret)
        .map_err(|why| format!("the secret file {} cannot be used: {why}", path.display()))?;
    let secret = Secret::from_file(&text);
    check_value(key, secret.reveal())
        .map_err(|why| format!("in the secret file {}: {why}", path.display()))?;
    Ok(secret)
}
