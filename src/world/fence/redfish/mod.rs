//! A Redfish controller, asked without an agent.
//!
//! Every call begins with the machine's identity, so that a controller that was swapped or renumbered says
//! nothing and switches nothing off. The only order is `ForceOff`, sent to where the system itself says that
//! orders go. Deliberately absent: looking for a system, any other order, waiting, and believing an order's
//! answer. Source: DMTF DSP0266 and the `ComputerSystem` schema.

mod answer;
pub(in crate::world) mod connection;
pub(super) mod list;
pub(in crate::world) mod reply;
pub(in crate::world) mod tls;

use super::super::stop;
use super::agent::read_secret;
use super::secret::Secret;
use super::verdict::one_line;
use crate::config::HostEntry;
use crate::config::redfish::{Controller, Parameters};
use crate::model::{NotOff, PowerState};
use answer::{Reset, System};
use connection::{Body, Connection};
use reqwest::{Method, Url};
use std::collections::BTreeMap;
use std::time::Duration;
use tls::Certificates;

/// Power off at once. `GracefulShutdown` asks the host's system, which may hang; `ForceRestart` and
/// `PowerCycle` give the host back.
const FORCE_OFF: &str = "ForceOff";

/// What [`Redfish::system`] finds.
type Found = (System, Option<String>, Option<String>);

/// Why a machine with this UUID does not count.
pub(super) fn unmet(uuid: &str) -> String {
    format!(
        "its UUID is {uuid}, that of the settings with turned bytes: it counts when `onerescue check` has seen it ON while its \
         host was MONITORED"
    )
}

/// A controller that is ready for one host.
pub(super) struct Redfish {
    controller: Controller,
    password: Secret,
    certificates: Certificates,
    timeout: Duration,
}

impl Redfish {
    /// Read the parameters, the secret and the certificates. Nothing is sent.
    ///
    /// # Errors
    /// A text that names the parameter or the file that cannot be used.
    pub(super) fn prepare(
        parameters: &Parameters<'_>,
        secrets: &BTreeMap<String, String>,
        timeout: Duration,
        entry: &HostEntry,
    ) -> Result<Self, String> {
        let controller = Controller::read(parameters)?;
        let (key, path) = secrets.iter().next().ok_or("driver = \"redfish\" needs a password")?;
        let password = read_secret(key, path, entry)?;
        let certificates = Certificates::read(&controller.trust)?;
        Ok(Self { controller, password, certificates, timeout })
    }

    /// Tell the controller to power the machine off. Its answer is information, not a proof.
    ///
    /// # Errors
    /// Why nothing was sent, or what the controller said against it, on one line.
    pub(super) fn off(&self, met: Option<&String>) -> Result<(), NotOff> {
        // Whatever fails before the order itself has told the machine nothing.
        let told = self.connected(|connection| {
            let (system, etag, turned) = self.system(connection)?;
            if let Some(uuid) = turned.filter(|uuid| met != Some(uuid)) {
                return Err(unmet(&uuid));
            }
            let reset = system.reset()?;
            let target = connection.here(reset.target)?;
            offers_force_off(connection, &reset)?;
            if stop::is_stopped() {
                return Err("this process is to stop".to_owned());
            }
            Ok(order(connection, &target, etag).map_err(|why| one_line(&connection.redact(&why))))
        });
        told.map_err(NotOff::not_sent)?.map_err(NotOff::Sent)
    }

    /// Ask the controller for the machine's power. If the machine shows its UUID with turned bytes, that is put into `turned`: whether
    /// it counts is not judged here.
    pub(super) fn status(&self, turned: &mut Option<String>) -> PowerState {
        let asked = self.connected(|connection| {
            let (system, _, uuid) = self.system(connection)?;
            *turned = uuid;
            Ok(system.power())
        });
        asked.unwrap_or_else(PowerState::Unknown)
    }

    /// The system of exactly this machine, the tag of its state, and its UUID if the bytes of that are turned.
    fn system(&self, connection: &Connection<'_>) -> Result<Found, String> {
        let path = &self.controller.system;
        let reply = connection.get(&connection.here(path)?)?;
        let system = System::read(&reply.body)?;
        let turned = system.identify(&self.controller.identity).map_err(|why| format!("{path} {why}"))?;
        let etag = reply.etag.or_else(|| system.etag());
        Ok((system, etag, turned))
    }

    /// Do something with the controller; afterwards no session is left, whatever came of it.
    fn connected<T>(&self, work: impl FnOnce(&Connection<'_>) -> Result<T, String>) -> Result<T, String> {
        let mut connection = Connection::new(&self.controller, &self.certificates, self.timeout)?;
        let done = connection.log_in(&self.password).and_then(|()| work(&connection));
        connection.log_out();
        done.map_err(|why| one_line(&connection.redact(&why)))
    }
}

/// Send the order.
fn order(connection: &Connection<'_>, target: &Url, etag: Option<String>) -> Result<(), String> {
    let order = || Body::Json(format!("{{\"ResetType\":\"{FORCE_OFF}\"}}"));
    let reply = connection.send(&Method::POST, target, &order(), None)?;
    // The controller wants to hear which state of the system is meant.
    let reply = match (reply.status, etag) {
        (412 | 428, Some(etag)) => connection.send(&Method::POST, target, &order(), Some(&etag))?,
        _ => reply,
    };
    reply.accepted().map(drop)
}

/// Whether the controller says that it can do `ForceOff`; one that says nothing about it is tried.
fn offers_force_off(connection: &Connection<'_>, reset: &Reset<'_>) -> Result<(), String> {
    let elsewhere = || {
        let info = reset.info.and_then(|info| connection.here(info).ok())?;
        answer::values_in(&connection.get(&info).ok()?.body)
    };
    match reset.values.clone().or_else(elsewhere) {
        Some(values) if !values.iter().any(|value| value == FORCE_OFF) => {
            Err(format!("the controller does not offer {FORCE_OFF}, only {}", values.join(", ")))
        }
        Some(_) | None => Ok(()),
    }
}
