//! What Consul knows of a host: its `serfHealth`, asked of an agent over HTTP.
//!
//! Asked with `?consistent`: an agent may be set up to answer from old state (`discovery_max_stale`), and without a
//! leader old state calls dead nodes passing. Nothing is followed, repeated or remembered here.

mod answer;

use crate::config::{ConsulSettings, trust};
use crate::model::Opinion;
use answer::{Answer, opinion};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Url};
use std::io::Read as _;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// More than a node with hundreds of checks has to say.
const LONGEST_ANSWER: u64 = 1024 * 1024;

/// A Consul agent.
#[derive(Clone, Debug)]
pub(super) struct Consul {
    settings: ConsulSettings,
    timeout: Duration,
    /// It lives as long as the process: dropping one waits for a name server that does not answer.
    client: OnceLock<&'static Client>,
}

impl Consul {
    /// The agent of these settings. Nothing is read or contacted yet.
    pub(super) fn new(settings: ConsulSettings, timeout: Duration) -> Self {
        Self { settings, timeout, client: OnceLock::new() }
    }

    /// What it says about a node, and in which words.
    pub(super) fn ask(&self, node: &str) -> (Opinion, String) {
        match self.answer(node) {
            Ok(answer) => opinion(node, &answer),
            Err(why) => (Opinion::None, why),
        }
    }

    fn answer(&self, node: &str) -> Result<Answer, String> {
        let url = url(&self.settings.url, node)?;
        let request = self.client()?.get(url).timeout(self.timeout).header("Connection", "close");
        let request = match &self.settings.token_file {
            Some(file) => with_token(request, file)?,
            None => request,
        };
        read(request.send().map_err(failure)?)
    }

    fn client(&self) -> Result<&'static Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = build(&self.settings)?;
        Ok(self.client.get_or_init(|| Box::leak(Box::new(client))))
    }
}

fn url(base: &str, node: &str) -> Result<Url, String> {
    // A URL has no segments of these names: it means another place.
    if matches!(node, "" | "." | "..") {
        return Err(format!("{node:?} is not the name of a node"));
    }
    let mut url = Url::parse(base).map_err(|error| format!("witness.consul.url cannot be used: {error}"))?;
    url.path_segments_mut()
        .map_err(|()| "witness.consul.url cannot be used: it has no path".to_owned())?
        .pop_if_empty()
        .extend(["v1", "health", "node", node]);
    url.set_query(Some("consistent"));
    Ok(url)
}

fn with_token(request: RequestBuilder, file: &Path) -> Result<RequestBuilder, String> {
    let unusable =
        |why: &dyn std::fmt::Display| format!("the secret file {} cannot be used: {why}", file.display());
    let text = trust::read(file, trust::Role::Secret).map_err(|why| unusable(&why))?;
    let token = HeaderValue::from_str(text.trim_end());
    let mut token = token.map_err(|_| unusable(&"a token has no line break and no control character"))?;
    token.set_sensitive(true);
    Ok(request.header("X-Consul-Token", token))
}

#[expect(clippy::disallowed_methods, reason = "Consul's own HTTP client: another authority, other deadlines")]
fn build(settings: &ConsulSettings) -> Result<Client, String> {
    // Only the first installation counts; without one the builder panics.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().pool_max_idle_per_host(0).redirect(Policy::none()).no_proxy();
    let builder = match &settings.ca_file {
        Some(file) => builder.tls_certs_only(authorities(file)?),
        // The system's are not loaded where there is no certificate to check.
        None if settings.url.starts_with("http://") => builder.tls_certs_only([]),
        None => builder,
    };
    builder.build().map_err(|error| format!("no HTTP client: {}", root(&error)))
}

fn authorities(file: &Path) -> Result<Vec<Certificate>, String> {
    let unusable = |why: &dyn std::fmt::Display| format!("{} cannot be used: {why}", file.display());
    let text = trust::read(file, trust::Role::Settings).map_err(|why| unusable(&why))?;
    let certificates = Certificate::from_pem_bundle(text.as_bytes()).map_err(|why| unusable(&root(&why)))?;
    if certificates.is_empty() {
        return Err(unusable(&"it has no certificate"));
    }
    Ok(certificates)
}

fn read(response: Response) -> Result<Answer, String> {
    let header = |name| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let status = response.status().as_u16();
    let known_leader = header("X-Consul-KnownLeader");
    let last_contact = header("X-Consul-LastContact");
    let consistency = header("X-Consul-Effective-Consistency");
    let mut body = Vec::new();
    let mut bounded = response.take(LONGEST_ANSWER + 1);
    bounded.read_to_end(&mut body).map_err(|error| format!("the answer broke off: {}", root(&error)))?;
    if body.len() as u64 > LONGEST_ANSWER {
        return Err(format!("an answer of more than {LONGEST_ANSWER} bytes"));
    }
    Ok(Answer { status, known_leader, last_contact, consistency, body })
}

fn failure(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() { "no answer in time".to_owned() } else { root(&error) }
}

/// The innermost cause: `Connection refused (os error 111)`.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
