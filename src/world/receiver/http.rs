//! `webhook` and `alertmanager`: one POST. No redirect is followed, so a secret goes where the settings say and nowhere else;
//! an answer is read up to a bound, and neither the address nor a secret is in an error.

use super::super::fence::redfish::connection::in_words;
use super::super::fence::redfish::reply::root;
use super::super::fence::redfish::tls::Certificates;
use super::super::fence::secret::{Secret, redact};
use super::{Unsent, secret};
use crate::config::receiver::{Http, Place, address};
use crate::model::text::{cut, one_line};
use crate::model::{Epoch, Event};
use crate::policy::notify::{About, Change, Message};
use reqwest::Url;
use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use serde::Serialize;
use std::io::Read as _;
use std::thread;
use std::time::Duration;

/// Of an answer so much is read: what is wrong stands there.
const LONGEST_ANSWER: u64 = 4096;

/// An alert stands for so long without being told again; it is told again with each pass of `onerescue reconcile`.
const STANDS: Duration = Duration::from_secs(3600);

/// `2026-11-30T21:04:00Z`
fn utc_text(at: Epoch) -> String {
    jiff::Timestamp::from_second(at.0).unwrap_or_default().to_string()
}

pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// One alert. Its labels are the same from its first moment to its last: they say which one it is.
/// Source: Alertmanager's `api/v2/openapi.yaml`, `postableAlert`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert {
    labels: Labels,
    annotations: Annotations,
    starts_at: String,
    ends_at: String,
}

#[derive(Serialize)]
struct Labels {
    alertname: &'static str,
    severity: &'static str,
    one_host_id: String,
    host: String,
    incident: String,
}

#[derive(Serialize)]
struct Annotations {
    title: String,
    description: String,
}

/// Every alert that stands, and those that a change resolves.
pub(super) fn alerts(message: &Message, standing: &[Change], now: Epoch) -> Vec<Alert> {
    if message.test {
        return vec![test(message, now)];
    }
    let is_over = |change: &&Change| matches!(change.event, Event::Ended | Event::CanBeLost);
    let ended = message.changes.iter().filter(is_over);
    let alert = |change: &Change| Alert {
        labels: labels(change),
        annotations: Annotations {
            title: change.subject.clone(),
            description: Message::of(vec![change.clone()]).text,
        },
        starts_at: utc_text(Epoch(change.opened).min(now)),
        ends_at: utc_text(if is_over(&change) { now } else { now.plus(STANDS) }),
    };
    standing.iter().chain(ended).map(alert).collect()
}

fn labels(change: &Change) -> Labels {
    let (alertname, severity) = match change.about() {
        About::Incident(_) => ("OnerescueIncident", "critical"),
        About::Loss(_) => ("OnerescueHostLoss", "warning"),
    };
    Labels {
        alertname,
        severity,
        one_host_id: change.host_id.to_string(),
        host: change.host.clone(),
        incident: change.incident.map_or_else(String::new, |id| id.to_string()),
    }
}

fn test(message: &Message, now: Epoch) -> Alert {
    Alert {
        labels: Labels {
            alertname: "OnerescueTest",
            severity: "info",
            one_host_id: String::new(),
            host: String::new(),
            incident: String::new(),
        },
        annotations: Annotations { title: message.subject.clone(), description: message.text.clone() },
        starts_at: utc_text(now),
        ends_at: utc_text(now.plus(Duration::from_secs(60))),
    }
}

/// What a request needs beside its body. Everything is read anew for each, so a secret can be changed at any time.
struct Ready {
    url: Url,
    header: Option<(reqwest::header::HeaderName, HeaderValue)>,
    secrets: Vec<Secret>,
    certificates: Certificates,
}

fn ready(place: &Place, path: &str, settings: &Http) -> Result<Ready, String> {
    let mut secrets = Vec::new();
    let url = match place {
        Place::Url(url) => url.clone(),
        Place::File(file) => {
            let text = secret(file)?;
            let url = address("webhook_file", text.trim(), settings.secret.is_some());
            let url = url.map_err(|why| format!("{}: {why}", file.display()))?;
            secrets.push(Secret::new(text.trim().to_owned()));
            secrets.extend((url.path().len() > 1).then(|| Secret::new(url.path().to_owned())));
            url
        }
    };
    let mut header = None;
    if let Some((name, file)) = &settings.secret {
        let value = Secret::from_file(&secret(file)?);
        let mut shown = HeaderValue::from_str(value.reveal())
            .map_err(|_| format!("{} has more than one line of plain text", file.display()))?;
        shown.set_sensitive(true);
        // "Bearer xyz": the word behind the blank is the secret too.
        secrets.extend(value.reveal().split_whitespace().map(|word| Secret::new(word.to_owned())));
        secrets.push(value);
        header = Some((name.clone(), shown));
    }
    let certificates = Certificates::read(&settings.trust)?;
    Ok(Ready { url: beneath(url, path), header, secrets, certificates })
}

/// `http://127.0.0.1:9093/prefix` and `api/v2/alerts` are `http://127.0.0.1:9093/prefix/api/v2/alerts`.
fn beneath(mut url: Url, path: &str) -> Url {
    if !path.is_empty() {
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
    }
    url
}

/// Can everything be read that a request needs?
pub(super) fn look(place: &Place, settings: &Http) -> Result<(), String> {
    ready(place, "", settings).map(drop)
}

pub(super) fn post(
    place: &Place,
    path: &str,
    settings: &Http,
    body: &str,
    deadline: Duration,
) -> Result<(), Unsent> {
    let Ready { url, header, secrets, certificates } =
        ready(place, path, settings).map_err(Unsent::failed)?;
    let client = client(&certificates, deadline).map_err(Unsent::failed)?;
    let mut request = client.post(url).header(CONTENT_TYPE, "application/json").body(body.to_owned());
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let answer = request.send().map_err(failure).and_then(judge);
    // Dropping a client waits for a name server that does not answer, so somebody else does it.
    let _ = thread::Builder::new().spawn(move || drop(client));
    answer.map_err(|Unsent { sending, why }| Unsent { sending, why: redact(&why, &secrets) })
}

#[expect(clippy::disallowed_methods, reason = "receivers have certificates of their own, oned has not")]
fn client(certificates: &Certificates, deadline: Duration) -> Result<Client, String> {
    let builder = Client::builder()
        .timeout(deadline)
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    let builder = match certificates {
        Certificates::System => builder,
        Certificates::Own(config) => builder.tls_backend_preconfigured(config.as_ref().clone()),
    };
    builder.build().map_err(|error| format!("no HTTP client: {}", root(&error)))
}

/// Only 2xx is taken. What was answered with another status was not, as far as the receiver says.
fn judge(answer: Response) -> Result<(), Unsent> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    if status.is_redirection() {
        // Its path may be a secret too.
        let place = answer.headers().get(LOCATION).and_then(|place| Url::parse(place.to_str().ok()?).ok());
        let host = place.as_ref().and_then(Url::host_str);
        let to = host.map_or_else(String::new, |host| format!(", to {host}"));
        let why = format!("HTTP status {}: a redirect, which is not followed{to}", status.as_u16());
        return Err(Unsent::failed(why));
    }
    let mut said = Vec::new();
    let _ = answer.take(LONGEST_ANSWER).read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said);
    let said = one_line(said.trim());
    let said = if said.is_empty() { said } else { format!(": {}", cut(&said, 300)) };
    Err(Unsent::failed(format!("HTTP status {}{said}", status.as_u16())))
}

/// A connection that was never there has sent nothing.
fn failure(error: reqwest::Error) -> Unsent {
    let error = error.without_url();
    if error.is_connect() {
        return Unsent::failed(format!("no connection: {}", in_words(root(&error))));
    }
    if error.is_builder() {
        return Unsent::failed(root(&error));
    }
    Unsent::unknown(if error.is_timeout() { "no answer in time".to_owned() } else { root(&error) })
}
