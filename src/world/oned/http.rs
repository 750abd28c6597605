//! HTTP to a front-end: the only HTTP client of the program.
//!
//! One exchange, with an end, a bounded reply and a connection of its own; oned gives every idle connection
//! one of its 15 slots. Deliberately absent: redirects, proxies, a pool of connections, and any judgement on
//! what the reply says.
//!
//! `https://` is believed only with a certificate for that very address, signed by an authority that the system
//! trusts. `SSL_CERT_FILE` and `SSL_CERT_DIR` name other authorities, in place of the system's. Any other
//! certificate ends in [`OnedError::NotSent`], for example `invalid peer certificate: UnknownIssuer`: the
//! handshake failed, so neither a call nor the credentials left. There is no switch that turns this off.
//! Source: measured in `tests/hooks/tls.rs`.

use super::Transport;
use crate::error::OnedError;
use crate::wire::xml::{Limits, XmlError};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use std::io::Read as _;
use std::sync::OnceLock;
use std::time::Duration;

/// Clients live as long as the process: dropping one waits for a name server that does not answer.
type Slot = OnceLock<Result<Client, String>>;
static PLAIN: Slot = Slot::new();
static ENCRYPTED: Slot = Slot::new();

/// The live [`Transport`]. Blocking: never use it inside an async runtime.
#[derive(Clone, Copy, Debug)]
pub struct Http {
    /// The end of connecting. It is the same for the whole process: the first one that is used counts.
    pub connect: Duration,
    /// The longest reply in bytes that is read.
    pub longest_reply: usize,
}

/// Two seconds for connecting: a front-end that is there answers within milliseconds.
impl Default for Http {
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), longest_reply: Limits::REPLY.bytes }
    }
}

impl Transport for Http {
    fn post(&self, endpoint: &str, body: &str, deadline: Duration) -> Result<String, OnedError> {
        let request = client(endpoint, self.connect)?
            .post(endpoint)
            .timeout(deadline)
            .header("Content-Type", "text/xml")
            .header("Accept-Encoding", "identity")
            .header("Connection", "close")
            .body(body.to_owned());
        let reply = request.send().map_err(failure)?;
        if reply.status().as_u16() != 200 {
            return Err(OnedError::Unknown(format!("HTTP status {}", reply.status())));
        }
        let most = u64::try_from(self.longest_reply).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        reply
            .take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| OnedError::Unknown(format!("the reply broke off: {}", root(&error))))?;
        if bytes.len() > self.longest_reply {
            return Err(OnedError::Reply(XmlError::TooLong(self.longest_reply)));
        }
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the pause between two tries of a read, on the live transport"
    )]
    fn pause(&self, wait: Duration) {
        std::thread::sleep(wait);
    }
}

/// The client for an endpoint. The one for `http://` does not load the system's certificates, which takes
/// longer than the whole exchange.
fn client(endpoint: &str, connect: Duration) -> Result<&'static Client, OnedError> {
    let client = if endpoint.starts_with("https://") {
        ENCRYPTED.get_or_init(|| build(Certificates::System, connect))
    } else {
        PLAIN.get_or_init(|| build(Certificates::None, connect))
    };
    client.as_ref().map_err(|why| OnedError::NotSent(format!("no HTTP client: {why}")))
}

#[derive(Clone, Copy)]
enum Certificates {
    None,
    System,
}

#[expect(clippy::disallowed_methods, reason = "the one place that builds an HTTP client")]
fn build(certificates: Certificates, connect: Duration) -> Result<Client, String> {
    // Only the first installation counts; without one the builder panics.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .connect_timeout(connect)
        .pool_max_idle_per_host(0)
        .redirect(Policy::none())
        .no_proxy();
    let builder = match certificates {
        Certificates::None => builder.tls_certs_only([]),
        Certificates::System => builder,
    };
    builder.build().map_err(|error| root(&error))
}

/// Only a connection that was not made proves that nothing was sent.
fn failure(error: reqwest::Error) -> OnedError {
    let error = error.without_url();
    let text = root(&error);
    if error.is_connect() {
        OnedError::NotSent(text)
    } else if error.is_timeout() {
        OnedError::Unknown("no reply before the deadline".to_owned())
    } else if error.is_builder() {
        OnedError::NotSent(format!("the endpoint cannot be used: {text}"))
    } else {
        OnedError::Unknown(text)
    }
}

/// The innermost cause: `Connection refused (os error 111)`.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
