//! `[[notify]]`: who is told what a person must know. No file is read here and nothing is sent.

use super::file;
use super::redfish::{self, Trust};
use crate::model::Event;
use crate::section::{Raw, SECOND, minutes, program, seconds, within};
use reqwest::Url;
use reqwest::header::HeaderName;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// How long one message may take when the settings do not say.
const TIMEOUT: Duration = seconds(10);

/// `[[notify]]`: a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Its name. What it was told is noted under it.
    pub name: String,
    /// What it is told.
    pub events: BTreeSet<Event>,
    /// How long one message may take.
    pub timeout: Duration,
    /// How it is reached.
    pub(crate) way: Way,
}

/// How a receiver is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `command`: a program with its arguments.
    Command(Vec<String>),
    /// `webhook` or `webhook_file`
    Webhook(Place, Http),
    /// `alertmanager`: what stands before `/api/v2/alerts`.
    Alertmanager(Place, Http),
    /// `mail`
    Mail { to: Vec<String>, from: Option<String>, sendmail: Vec<String> },
}

/// Where a request goes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Url(Url),
    /// It is a secret itself, in this file.
    File(PathBuf),
}

/// Its path may be a secret.
impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url.host_str().unwrap_or_default()),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What a request shows, and whom it believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Http {
    /// A header, and the file with its value.
    pub(crate) secret: Option<(HeaderName, PathBuf)>,
    pub(crate) trust: Trust,
}

/// Check `[[notify]]`.
pub(super) fn receivers(raw: Vec<file::Notify>) -> Result<Vec<Receiver>, String> {
    let mut names = BTreeSet::new();
    let one = |raw: file::Notify| {
        let label = format!("[[notify]] name = {:?}", raw.name);
        if !names.insert(raw.name.clone()) {
            return Err(format!("{label} stands there twice"));
        }
        receiver(raw).map_err(|why| format!("{label}: {why}"))
    };
    raw.into_iter().map(one).collect()
}

fn receiver(raw: file::Notify) -> Result<Receiver, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if raw.name.is_empty() || raw.name.len() > 40 || !raw.name.chars().all(plain) {
        return Err("a name has up to 40 letters, digits and - _ .".to_owned());
    }
    let all = || {
        let of_losses = [Event::CannotBeLost, Event::CanBeLost];
        [Event::Opened, Event::Held, Event::NeedsYou, Event::Ended].into_iter().chain(of_losses).collect()
    };
    let events: BTreeSet<Event> = raw.events.clone().map_or_else(all, |events| events.into_iter().collect());
    if events.is_empty() {
        return Err("`events` is empty".to_owned());
    }
    let timeout = within("timeout", raw.timeout.unwrap_or(TIMEOUT), SECOND, minutes(1))?;
    let name = raw.name.clone();
    Ok(Receiver { name, events, timeout, way: way(raw)? })
}

fn way(raw: file::Notify) -> Result<Way, String> {
    let kinds = [
        raw.command.is_some(),
        raw.webhook.is_some(),
        raw.webhook_file.is_some(),
        raw.alertmanager.is_some(),
        raw.mail.is_some(),
    ];
    if kinds.into_iter().filter(|is_given| *is_given).count() != 1 {
        return Err(
            "give it one of `command`, `webhook`, `webhook_file`, `alertmanager` and `mail`".to_owned()
        );
    }
    let of_http = raw.secret_file.is_some()
        || raw.header.is_some()
        || raw.ca_file.is_some()
        || raw.fingerprint.is_some();
    let of_mail = raw.from.is_some() || raw.sendmail.is_some();
    let foreign =
        |yes: bool, keys: &str| if yes { Err(format!("{keys} have no meaning here")) } else { Ok(()) };
    let http = "`secret_file`, `header`, `ca_file` and `fingerprint`";
    if let Some(command) = raw.command {
        foreign(of_http, http)?;
        foreign(of_mail, "`from` and `sendmail`")?;
        return Ok(Way::Command(words("command", command)?));
    }
    if let Some(to) = raw.mail {
        foreign(of_http, http)?;
        return mail(to, raw.from, raw.sendmail);
    }
    foreign(of_mail, "`from` and `sendmail`")?;
    let settings = http_of(raw.secret_file, raw.header, raw.ca_file.as_deref(), raw.fingerprint.as_deref())?;
    let has_secret = settings.secret.is_some();
    match (raw.webhook, raw.webhook_file, raw.alertmanager) {
        (Some(url), _, _) => Ok(Way::Webhook(Place::Url(address("webhook", &url, has_secret)?), settings)),
        (None, Some(path), _) if path.is_absolute() => Ok(Way::Webhook(Place::File(path), settings)),
        (None, Some(_), _) => Err("`webhook_file` must be an absolute path".to_owned()),
        (None, None, url) => {
            let url = address("alertmanager", &url.unwrap_or_default(), has_secret)?;
            Ok(Way::Alertmanager(Place::Url(url), settings))
        }
    }
}

/// An address that a message may be sent to. A secret goes nowhere without TLS, but to this machine.
pub(crate) fn address(key: &str, text: &str, has_secret: bool) -> Result<Url, String> {
    let refuse = |why: &str| Err(format!("`{key}` {why}"));
    let Ok(url) = Url::parse(text) else {
        return refuse("cannot be read; it must be like https://chat.example.org/hooks/onerescue");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return refuse("must begin with https:// or http:// and a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("has a user or a password: put a header's value into `secret_file`");
    }
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if has_secret && url.scheme() == "http" && !here {
        return refuse("must begin with https://, because a secret is sent there");
    }
    Ok(url)
}

fn http_of(
    secret_file: Option<PathBuf>,
    header: Option<String>,
    ca_file: Option<&str>,
    fingerprint: Option<&str>,
) -> Result<Http, String> {
    let trust = redfish::trust(ca_file, fingerprint)?;
    let secret = match (secret_file, header) {
        (None, None) => None,
        (None, Some(_)) => return Err("`header` needs `secret_file`, which has its value".to_owned()),
        (Some(path), _) if !path.is_absolute() => {
            return Err("`secret_file` must be an absolute path".to_owned());
        }
        (Some(path), header) => {
            let header = header.unwrap_or_else(|| "Authorization".to_owned());
            let name = HeaderName::from_bytes(header.as_bytes())
                .map_err(|_| format!("`header`: {header:?} is not the name of a header"))?;
            Some((name, path))
        }
    };
    Ok(Http { secret, trust })
}

fn mail(to: Vec<String>, from: Option<String>, sendmail: Option<Vec<String>>) -> Result<Way, String> {
    if to.is_empty() || to.len() > 20 {
        return Err("`mail` has one to 20 addresses".to_owned());
    }
    for address in to.iter().chain(&from) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "@.-_+=".contains(c);
        if address.is_empty()
            || address.len() > 254
            || address.starts_with('-')
            || !address.chars().all(plain)
        {
            return Err(format!("{address:?} is not an address such as ops@example.org"));
        }
    }
    let default = || ["/usr/sbin/sendmail", "-t", "-oi"].map(str::to_owned).to_vec();
    Ok(Way::Mail { to, from, sendmail: words("sendmail", sendmail.unwrap_or_else(default))? })
}

fn words(key: &str, words: Vec<String>) -> Result<Vec<String>, String> {
    program(key, Raw::Array(words.into_iter().map(Raw::String).collect()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{parse, why};
    use super::*;

    fn one(lines: &str) -> Receiver {
        let config = parse(&format!("[[notify]]\nname = \"ops\"\n{lines}")).unwrap();
        config.receivers.into_iter().next().unwrap()
    }

    #[test]
    fn a_receiver_has_one_kind_and_is_told_everything_unless_it_chooses() {
        let ops = one("mail = [\"ops@example.org\", \"root\"]");
        assert_eq!((ops.events.len(), ops.timeout), (6, seconds(10)));
        let Way::Mail { sendmail, .. } = ops.way else { panic!("another kind") };
        assert_eq!(sendmail, ["/usr/sbin/sendmail", "-t", "-oi"]);
        let pager = one("command = [\"/usr/local/bin/page\"]\nevents = [\"needs_you\"]\ntimeout = \"5s\"");
        assert_eq!((pager.events, pager.timeout), (BTreeSet::from([Event::NeedsYou]), seconds(5)));
    }

    #[test]
    fn what_cannot_be_told_is_refused_by_the_name_of_its_receiver() {
        let bad = [
            ("", "give it one of"),
            ("mail = [\"a\"]\ncommand = [\"/p\"]", "give it one of"),
            ("mail = [\"a@b\\nBcc: c@d\"]", "is not an address"),
            ("mail = []", "one to 20 addresses"),
            ("command = [\"page\"]", "absolute path"),
            ("command = [\"/p\"]\nheader = \"X\"", "have no meaning here"),
            ("webhook = \"ftp://x\"", "must begin with https://"),
            ("webhook = \"https://a:b@x\"", "has a user or a password"),
            ("webhook = \"http://x/\"\nsecret_file = \"/s\"", "because a secret is sent there"),
            ("webhook = \"https://x/\"\nheader = \"X-Key\"", "needs `secret_file`"),
            ("webhook = \"https://x/\"\nsecret_file = \"/s\"\nheader = \"a b\"", "not the name of a header"),
            ("webhook = \"https://x/\"\nfingerprint = \"12\"", "64 hexadecimal digits"),
            ("webhook_file = \"hook\"", "absolute path"),
            ("alertmanager = \"127.0.0.1:9093\"", "`alertmanager` "),
            ("mail = [\"a\"]\ntimeout = \"0s\"", "timeout is 0ns"),
            ("mail = [\"a\"]\nevents = []", "`events` is empty"),
        ];
        for (lines, expected) in bad {
            let error = why(&format!("[[notify]]\nname = \"ops\"\n{lines}"));
            assert!(
                error.starts_with("[[notify]] name = \"ops\": ") && error.contains(expected),
                "{lines}: {error}"
            );
        }
        let twice = "[[notify]]\nname = \"a\"\nmail = [\"a\"]\n";
        assert!(why(&format!("{twice}{twice}")).contains("stands there twice"));
        assert!(why(&twice.replace("\"a\"\nm", "\"a b\"\nm")).contains("letters, digits"));
        assert!(why(&twice.replace("mail", "post")).contains("unknown field `post`"));
        assert!(why("[record]\nnotices = 7113").contains("the same number as record.type"));
    }

    #[test]
    fn the_path_of_a_webhook_is_not_shown() {
        let hook = one("webhook = \"https://chat.example.org/hooks/s3cr3t\"");
        assert!(!format!("{hook:?}").contains("s3cr3t"), "{hook:?}");
    }
}
