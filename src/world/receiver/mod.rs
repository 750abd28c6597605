//! Tell a receiver, once, to an end that comes at its deadline. What is told, and whether again, is decided in
//! `policy::notify`.

mod command;
mod http;
mod mail;

use crate::config::Receiver;
use crate::config::receiver::Way;
use crate::config::trust::{self, Role};
use crate::model::{Epoch, Sending};
use crate::policy::notify::{Change, Message};
use std::path::Path;

/// A message that did not arrive, or of which that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// What is known.
    pub sending: Sending,
    /// Why, without any secret.
    pub why: String,
}

impl Unsent {
    fn failed(why: impl Into<String>) -> Self {
        Self { sending: Sending::Failed, why: why.into() }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self { sending: Sending::Unknown, why: why.into() }
    }
}

/// Send this message. `standing` are the incidents whose alerts stand, for a receiver that keeps alerts.
///
/// # Errors
/// [`Unsent`]
pub fn send(receiver: &Receiver, message: &Message, standing: &[Change], now: Epoch) -> Result<(), Unsent> {
    match &receiver.way {
        Way::Command(words) => command::send(words, message, receiver.timeout),
        Way::Webhook(place, settings) => {
            http::post(place, "", settings, &http::json(message), receiver.timeout)
        }
        Way::Alertmanager(place, settings) => {
            let alerts = http::alerts(message, standing, now);
            http::post(place, "api/v2/alerts", settings, &http::json(&alerts), receiver.timeout)
        }
        Way::Mail { to, from, sendmail } => {
            mail::send(sendmail, to, from.as_deref(), message, receiver.timeout)
        }
    }
}

/// Does it keep alerts, which are told again so that they stand?
#[must_use]
pub fn keeps_alerts(receiver: &Receiver) -> bool {
    match receiver.way {
        Way::Alertmanager(..) => true,
        Way::Command(_) | Way::Webhook(..) | Way::Mail { .. } => false,
    }
}

/// Can it be told? Its programs and files are looked at, and nothing is sent.
///
/// # Errors
/// A text that names the file and says why not.
pub fn look(receiver: &Receiver) -> Result<String, String> {
    match &receiver.way {
        Way::Command(words) => program(words).map(|()| "its program can be started".to_owned()),
        Way::Mail { sendmail, .. } => program(sendmail).map(|()| "its sendmail can be started".to_owned()),
        Way::Webhook(place, settings) | Way::Alertmanager(place, settings) => {
            http::look(place, settings).map(|()| "its secrets and certificates can be read".to_owned())
        }
    }
}

fn program(words: &[String]) -> Result<(), String> {
    trust::check_program(Path::new(words.first().map_or("", String::as_str)))
}

fn secret(path: &Path) -> Result<String, String> {
    trust::read(path, Role::Secret)
        .map_err(|why| format!("the secret file {} cannot be used: {why}", path.display()))
}
