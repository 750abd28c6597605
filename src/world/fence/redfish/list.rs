//! Which machines a Redfish controller has, for a scan: their identity, and no order.
//!
//! Name and password are sent only where the certificate is believed, and only to a Redfish service. Of a controller whose
//! certificate nobody knows, the fingerprint is told, as it was shown without them.

use super::answer::System;
use super::connection::{Body, Connection};
use super::reply::Reply;
use super::tls::{Certificates, shown};
use crate::config::redfish::{Controller, Identity, Login, Trust};
use crate::world::fence::secret::Secret;
use crate::world::fence::verdict::one_line;
use reqwest::{Method, Url};
use serde_json::Value;
use std::time::Duration;

/// Machines of one controller; a chassis has a dozen.
const MOST: usize = 64;

/// The root of the service. Source: DSP0266, "Service root request".
const ROOT: &str = "/redfish/v1/";

/// Where a controller is, and as whom it is asked.
pub(in crate::world::fence) struct Asked<'a> {
    pub(in crate::world::fence) url: Url,
    pub(in crate::world::fence) username: &'a str,
    pub(in crate::world::fence) password: &'a Secret,
    pub(in crate::world::fence) trust: Trust,
    pub(in crate::world::fence) login: Login,
    pub(in crate::world::fence) timeout: Duration,
}

/// A system of a controller.
pub(in crate::world::fence) struct Listed {
    /// `/redfish/v1/Systems/1`
    pub(in crate::world::fence) system: String,
    pub(in crate::world::fence) uuid: Option<String>,
    pub(in crate::world::fence) serial: Option<String>,
}

/// Why there are no systems.
pub(in crate::world::fence) enum NoList {
    /// Whoever answers there is no Redfish service, as far as that was looked at.
    NotRedfish(String),
    /// Its certificate is not believed; the fingerprint of that, and why.
    Untrusted(String, String),
    /// It is a Redfish service, and something went wrong.
    Failed(String),
}

/// Every system of this controller.
///
/// # Errors
/// Why it is not known.
pub(in crate::world::fence) fn list(asked: &Asked<'_>) -> Result<Vec<Listed>, NoList> {
    let controller = controller(asked, asked.trust.clone());
    let certificates = Certificates::read(&controller.trust).map_err(NoList::Failed)?;
    let mut connection =
        Connection::new(&controller, &certificates, asked.timeout).map_err(NoList::Failed)?;
    let systems = match root(&connection) {
        Ok(systems) => systems.map_err(NoList::NotRedfish)?,
        Err(why) => return Err(without_trust(asked, &why)),
    };
    let done = connection.log_in(asked.password).and_then(|()| members(&connection, &systems));
    connection.log_out();
    done.map_err(|why| NoList::Failed(one_line(&connection.redact(&why))))
}

fn controller(asked: &Asked<'_>, trust: Trust) -> Controller {
    Controller {
        url: asked.url.clone(),
        system: ROOT.to_owned(),
        identity: Identity { uuid: None, serial: None },
        username: asked.username.to_owned(),
        trust,
        login: asked.login,
    }
}

/// Where the systems are listed, or why this is no Redfish service. The error is that nothing was read at all.
fn root(connection: &Connection<'_>) -> Result<Result<String, String>, String> {
    let reply = connection.send(&Method::GET, &connection.here(ROOT)?, &Body::Nothing, None)?;
    let no_redfish = || format!("HTTP status {} for {ROOT}", reply.status);
    let systems = (reply.status == 200).then(|| link(&reply, "Systems")).flatten();
    Ok(systems.ok_or_else(no_redfish))
}

/// What was shown by somebody whose certificate is not believed: nothing but a public document is asked for.
fn without_trust(asked: &Asked<'_>, why: &str) -> NoList {
    let connected = |trust: Trust| {
        let controller = controller(asked, trust);
        let certificates = Certificates::read(&controller.trust)?;
        root(&Connection::new(&controller, &certificates, asked.timeout)?)
    };
    // No certificate has this one, so the handshake ends with what it is.
    let Some((fingerprint, text)) = connected(Trust::Fingerprint([0; 32])).err().as_deref().and_then(shown)
    else {
        return NoList::NotRedfish(one_line(why));
    };
    match connected(Trust::Fingerprint(fingerprint)) {
        Ok(Ok(_)) => NoList::Untrusted(text, one_line(why)),
        Ok(Err(why)) | Err(why) => NoList::NotRedfish(one_line(&why)),
    }
}

fn members(connection: &Connection<'_>, systems: &str) -> Result<Vec<Listed>, String> {
    let reply = connection.get(&connection.here(systems)?)?;
    let list: Value =
        serde_json::from_slice(&reply.body).map_err(|_| "its list of systems is no document")?;
    let members = list.get("Members").and_then(Value::as_array).ok_or("it lists no systems")?;
    if members.len() > MOST {
        return Err(format!("it lists {} systems, more than {MOST}", members.len()));
    }
    let path = |member: &Value| Some(member.get("@odata.id")?.as_str()?.to_owned());
    let paths: Vec<_> = members.iter().filter_map(path).collect();
    let listed = |system: String| {
        let read = System::read(&connection.get(&connection.here(&system)?)?.body)?;
        let (uuid, serial) = read.shows();
        Ok(Listed { system, uuid, serial })
    };
    paths.into_iter().map(listed).collect()
}

/// The place that a document names.
fn link(reply: &Reply, name: &str) -> Option<String> {
    let document: Value = serde_json::from_slice(&reply.body).ok()?;
    Some(document.get(name)?.get("@odata.id")?.as_str()?.to_owned())
}
