//! One thing that was looked at, and how it is.

use crate::policy::Failure;
use serde::Serialize;

/// How something is, better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, but not in every night.
    Warning,
    /// A host would not be recovered, or the wrong machine would be switched off.
    Broken,
}

/// What was looked at. The names are those of `--json`, and stay. Of two findings in the same state the one whose item is
/// first here is worse: what concerns every host is before what concerns one. Without a hook no host is recovered and
/// nothing says so in that night; a host without a device is named by its run, and the others are recovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Item {
    Settings,
    File,
    Oned,
    Credentials,
    Leader,
    Grace,
    Machine,
    Gateway,
    Watcher,
    Hook,
    Record,
    Disarmed,
    Incident,
    Entry,
    Device,
    SeenOn,
    Level,
    Power,
    Target,
    Witness,
    Layer,
    Loss,
    Charge,
    Down,
    Zombie,
}

impl Item {
    /// Its name in the table: as in `--json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::File => "file",
            Self::Oned => "oned",
            Self::Credentials => "credentials",
            Self::Leader => "leader",
            Self::Grace => "grace",
            Self::Machine => "machine",
            Self::Gateway => "gateway",
            Self::Watcher => "watcher",
            Self::Hook => "hook",
            Self::Record => "record",
            Self::Disarmed => "disarmed",
            Self::Incident => "incident",
            Self::Entry => "entry",
            Self::Device => "device",
            Self::SeenOn => "seen_on",
            Self::Level => "level",
            Self::Power => "power",
            Self::Target => "target",
            Self::Witness => "witness",
            Self::Layer => "layer",
            Self::Loss => "loss",
            Self::Charge => "charge",
            Self::Down => "down",
            Self::Zombie => "zombie",
        }
    }
}

/// One item of one object: how it is, in one sentence, and one thing to do unless it is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub item: Item,
    /// Of what: `node7 (host 7)`, `/etc/one/onerescue.toml`.
    pub object: String,
    /// How it is.
    pub state: State,
    /// One sentence.
    pub text: String,
    /// The one thing to do.
    pub advice: Option<String>,
    /// How it is told together with those of other hosts; `--json` has every finding singly.
    #[serde(skip)]
    pub alike: Option<Alike>,
}

/// Findings of one kind about many hosts are one line: `bmc gives no answer for 97 hosts: node1 … node97`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The host that this one is about.
    pub host: String,
    /// The line, with `{}` for `97 hosts`. Findings with the same text are of one kind.
    pub text: String,
    /// What may be another thing for each of them.
    pub why: Option<String>,
    /// What to do for all of them; where it is none, each has its own.
    pub advice: Option<String>,
}

impl Finding {
    /// It is as it should be.
    #[must_use]
    pub fn ok(item: Item, object: impl Into<String>, text: impl Into<String>) -> Self {
        let (object, text) = (object.into(), text.into());
        Self { item, object, state: State::Ok, text, advice: None, alike: None }
    }

    /// It works, but.
    #[must_use]
    pub fn warning(
        item: Item,
        object: impl Into<String>,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let (object, text, advice) = (object.into(), text.into(), Some(advice.into()));
        Self { item, object, state: State::Warning, text, advice, alike: None }
    }

    /// It does not work.
    #[must_use]
    pub fn broken(
        item: Item,
        object: impl Into<String>,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { state: State::Broken, ..Self::warning(item, object, text, advice) }
    }

    /// It worked, or it is broken.
    #[must_use]
    pub fn of(item: Item, object: impl Into<String>, look: Result<String, Failure>) -> Self {
        match look {
            Ok(text) => Self::ok(item, object, text),
            Err(failure) => Self::broken(item, object, failure.what, failure.advice),
        }
    }

    /// The text for many hosts, with `{}` for their number: `bmc gives no answer for {}`.
    pub(super) fn alike(self, host: &str, text: impl Into<String>) -> Self {
        let alike = Alike { host: host.to_owned(), text: text.into(), why: None, advice: None };
        Self { alike: Some(alike), ..self }
    }

    /// What may be another thing for each host.
    pub(super) fn because(mut self, why: &str) -> Self {
        self.alike = self.alike.map(|alike| Alike { why: Some(why.to_owned()), ..alike });
        self
    }

    /// What to do for all of them.
    pub(super) fn for_all(mut self, advice: impl Into<String>) -> Self {
        self.alike = self.alike.map(|alike| Alike { advice: Some(advice.into()), ..alike });
        self
    }
}
