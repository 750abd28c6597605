//! HTTP with one controller, for the time of one call.
//!
//! Every request has an end, a bounded answer and a connection of its own, and goes to the controller of the
//! settings and nowhere else: no redirect is followed but that to the same place with a final slash, proxies are not used,
//! and a path that a document names must be on the same origin. What an answer means is not judged here.

use super::super::secret::{Secret, redact};
use super::reply::{LATE, Reply, TOKEN, root};
use super::tls::Certificates;
use crate::config::redfish::{Controller, Login};
use crate::world::clock::now;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::Client;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue, IF_MATCH};
use reqwest::{Method, Url};
use std::thread;
use std::time::{Duration, Instant};

/// A controller that is there takes a connection within milliseconds.
const CONNECT: Duration = Duration::from_secs(3);
/// Slow controllers take two or three seconds for a system.
const REQUEST: Duration = Duration::from_secs(5);
/// What is kept of the time for deleting a session, and at most a quarter of it.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where sessions are made. Source: DSP0266, "Session login".
const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";

/// A controller for the time of one call.
pub(super) struct Connection<'a> {
    controller: &'a Controller,
    client: Option<Client>,
    /// The header that shows who we are.
    credentials: Option<(HeaderName, HeaderValue)>,
    session: Option<Url>,
    secrets: Vec<Secret>,
    /// The end of the work; then `kept` is left for the session.
    until: Instant,
    kept: Duration,
}

/// What is sent.
pub(super) enum Body {
    Nothing,
    Json(String),
}

impl<'a> Connection<'a> {
    /// Make the client. Nothing is sent, and everything ends after `timeout`.
    ///
    /// # Errors
    /// Why there is no client.
    pub(super) fn new(
        controller: &'a Controller,
        certificates: &Certificates,
        timeout: Duration,
    ) -> Result<Self, String> {
        let client = client(certificates)?;
        let kept = match controller.login {
            Login::EveryRequest => Duration::ZERO,
            Login::Session => FAREWELL.min(timeout / 4),
        };
        let until = now() + timeout.saturating_sub(kept);
        Ok(Self {
            controller,
            client: Some(client),
            credentials: None,
            session: None,
            secrets: Vec::new(),
            until,
            kept,
        })
    }

    /// Show who we are, in every request from now on.
    ///
    /// # Errors
    /// Why there is no session.
    pub(super) fn log_in(&mut self, password: &Secret) -> Result<(), String> {
        self.secrets.push(password.clone());
        let user = &self.controller.username;
        match self.controller.login {
            Login::EveryRequest => {
                let basic = STANDARD.encode(format!("{user}:{}", password.reveal()));
                self.secrets.push(Secret::new(basic.clone()));
                let value =
                    HeaderValue::from_str(&format!("Basic {basic}")).map_err(|why| why.to_string())?;
                self.credentials = Some((AUTHORIZATION, sensitive(value)));
                Ok(())
            }
            Login::Session => {
                let body = serde_json::json!({ "UserName": user, "Password": password.reveal() });
                let reply = self
                    .send(&Method::POST, &self.here(SESSIONS)?, &Body::Json(body.to_string()), None)
                    .and_then(Reply::accepted)
                    .map_err(|why| format!("no session: {why}"))?;
                self.remember(reply)
            }
        }
    }

    /// A session without its place cannot be deleted, and ends by itself.
    fn remember(&mut self, reply: Reply) -> Result<(), String> {
        let token = reply.token.ok_or("no session: the controller gave no X-Auth-Token")?;
        if let Ok(text) = token.to_str() {
            self.secrets.push(Secret::new(text.to_owned()));
        }
        self.session = reply.location.and_then(|place| self.here(&place).ok());
        self.credentials = Some((TOKEN, sensitive(token)));
        Ok(())
    }

    /// Delete the session, if there is one: a controller has few of them.
    pub(super) fn log_out(&mut self) {
        if let Some(session) = self.session.take() {
            self.until += self.kept;
            if let Err(why) =
                self.send(&Method::DELETE, &session, &Body::Nothing, None).and_then(Reply::accepted)
            {
                log::debug!("the session is left to the controller: {}", self.redact(&why));
            }
        }
    }

    /// The address of a path that the settings or a document of the controller name.
    ///
    /// # Errors
    /// That it is not on this controller.
    pub(super) fn here(&self, place: &str) -> Result<Url, String> {
        let base = &self.controller.url;
        let absolute = place.starts_with('/') || place.starts_with("https://");
        let url = base.join(place).ok().filter(|_| absolute);
        let own = |url: &Url| {
            url.origin() == base.origin() && url.username().is_empty() && url.password().is_none()
        };
        url.filter(own).ok_or_else(|| format!("{place} is not a place on the controller"))
    }

    /// Read a document.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn get(&self, url: &Url) -> Result<Reply, String> {
        let reply = self.send(&Method::GET, url, &Body::Nothing, None)?;
        if reply.status == 200 { Ok(reply) } else { Err(reply.refusal()) }
    }

    /// One exchange. Some controllers have every place with a final slash, and say so by a redirect: that one is followed, once.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) fn send(
        &self,
        method: &Method,
        url: &Url,
        body: &Body,
        if_match: Option<&str>,
    ) -> Result<Reply, String> {
        let reply = self.exchange(method, url, body, if_match)?;
        match reply.with_slash(url) {
            Some(place) => self.exchange(method, &place, body, if_match),
            None => Ok(reply),
        }
    }

    fn exchange(
        &self,
        method: &Method,
        url: &Url,
        body: &Body,
        if_match: Option<&str>,
    ) -> Result<Reply, String> {
        let client = self.client.as_ref().ok_or("the connection is over")?;
        let left = self.until.saturating_duration_since(now());
        if left.is_zero() {
            return Err(LATE.to_owned());
        }
        let mut request = client
            .request(method.clone(), url.clone())
            .timeout(REQUEST.min(left))
            .header("Accept", "application/json")
            .header("OData-Version", "4.0")
            .header("Accept-Encoding", "identity")
            .header("Connection", "close");
        if let Some((name, value)) = &self.credentials {
            request = request.header(name, value);
        }
        if let Some(tag) = if_match {
            request = request.header(IF_MATCH, tag);
        }
        if let Body::Json(text) = body {
            request = request.header("Content-Type", "application/json").body(text.clone());
        }
        Reply::read(request.send().map_err(failure)?)
    }

    /// A text without what must not be told.
    pub(super) fn redact(&self, text: &str) -> String {
        redact(text, &self.secrets)
    }
}

/// Dropping a client waits for a name server that does not answer, so somebody else does it.
impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let client = self.client.take();
        let _ = thread::Builder::new().spawn(move || drop(client));
    }
}

#[expect(clippy::disallowed_methods, reason = "controllers have certificates of their own, oned has not")]
fn client(certificates: &Certificates) -> Result<Client, String> {
    let builder = Client::builder()
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .https_only(true);
    let builder = match certificates {
        Certificates::System => builder,
        Certificates::Own(config) => builder.tls_backend_preconfigured(config.as_ref().clone()),
    };
    builder.build().map_err(|error| format!("no HTTP client: {}", root(&error)))
}

fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// Without the URL: the reason stands beside the device and the host.
fn failure(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        LATE.to_owned()
    } else if error.is_connect() {
        format!("no connection: {}", in_words(root(&error)))
    } else {
        root(&error)
    }
}

/// What to do about a certificate that no authority has signed, in place of the name that rustls has for it.
pub(in crate::world) fn in_words(cause: String) -> String {
    // A self-signed certificate is its own authority, as openssl makes it.
    if cause.contains("CaUsedAsEndEntity") {
        return "its certificate is self-signed: set `fingerprint`, which `openssl s_client -connect HOST:443 </dev/null | openssl \
                x509 -noout -fingerprint -sha256` tells"
            .to_owned();
    }
    if cause.contains("UnknownIssuer") {
        return "nobody knows who has signed its certificate (UnknownIssuer): set `ca_file`, or `fingerprint` if it is \
                self-signed"
            .to_owned();
    }
    cause
}
