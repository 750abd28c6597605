//! What was seen of a host's power, by whom and when.

use super::{DatastoreId, HostId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A point on the monotonic clock of a run: the time since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment(pub Duration);

impl Moment {
    /// The time from `earlier` to this moment; zero if it is not later.
    #[must_use]
    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment this much later.
    #[must_use]
    pub fn plus(self, wait: Duration) -> Moment {
        Moment(self.0.saturating_add(wait))
    }
}

/// Prints as `+01:05.3`, minutes, seconds and tenths since the run began.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0.as_millis() / 100;
        write!(f, "+{:02}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
    }
}

/// The name of a fence device in the settings, `bmc` in `[device.bmc]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceName(pub String);

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a device says about a host's power. Anything that is not plainly on or off is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PowerState {
    /// The device says on.
    On,
    /// The device says off.
    Off,
    /// The device gave no usable answer; the text says what it did instead.
    Unknown(String),
}

impl fmt::Display for PowerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On => f.write_str("on"),
            Self::Off => f.write_str("off"),
            Self::Unknown(why) => write!(f, "unknown ({why})"),
        }
    }
}

/// One read-back of a host's power.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Who was asked.
    pub device: DeviceName,
    /// When the answer was in.
    pub at: Moment,
    /// The answer.
    pub state: PowerState,
}

/// How a device can show that a host is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadBack {
    /// It has a status that is read back.
    Status,
    /// It only has an exit code, and the settings accept that for this device by name.
    ExitCodeAccepted,
    /// It only has an exit code, which proves nothing.
    ExitCodeOnly,
}

/// What is cut off when a device says off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// The whole host: nothing runs on it any more.
    Host,
    /// The host's way to these datastores. Nothing is known about VMs with a disk elsewhere.
    Datastores(Vec<DatastoreId>),
}

/// What feeds a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PowerDomain {
    /// The host's own power: the device is mute when that is gone.
    Host,
    /// Something else.
    External,
}

/// From where a device is asked and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Route {
    /// From the front-end.
    FrontEnd,
    /// From another host of the cluster, over ssh.
    Peer,
}

/// A fence device as the procedure sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FenceDevice {
    /// Its name in the settings.
    pub name: DeviceName,
    /// What it can show.
    pub read_back: ReadBack,
    /// What is cut off when it says off.
    pub scope: Scope,
    /// What feeds it.
    pub power: PowerDomain,
    /// From where it is asked and told.
    pub route: Route,
    /// What it switches, without secrets: `fence_apc_snmp ip=10.9.0.11 plug=7`. Evidence about one target says
    /// nothing about another.
    pub target: String,
    /// It may say off of a machine that runs, so one that says off unasked is sent "off" all the same, until it takes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off_anyway: bool,
}

impl FenceDevice {
    /// A device of the front-end's with a status, that cuts the whole host off.
    #[must_use]
    pub fn new(name: DeviceName, read_back: ReadBack) -> Self {
        let target = name.0.clone();
        let (scope, power, route) = (Scope::Host, PowerDomain::Host, Route::FrontEnd);
        Self { name, read_back, scope, power, route, target, off_anyway: false }
    }
}

/// Devices that must all say off before the host counts as off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level(pub Vec<FenceDevice>);

/// Another host that can be asked over ssh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its id.
    pub id: HostId,
    /// Its name in OpenNebula.
    pub name: String,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.id)
    }
}

/// What a witness says about a host. Silence is not death.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opinion {
    /// It has just answered.
    Alive,
    /// The witness looked, and it did not answer.
    Dead,
    /// The witness could not be asked, or has no opinion.
    None,
}

impl fmt::Display for Opinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alive => "says alive",
            Self::Dead => "got no answer from it",
            Self::None => "could not tell",
        })
    }
}

/// What one witness was heard to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Testimony {
    /// `node3 (host 3)`, `consul`.
    pub witness: String,
    /// Its opinion.
    pub opinion: Opinion,
    /// In its own words, one line: `exit code 0`, `serfHealth is critical`.
    pub said: String,
}

impl fmt::Display for Testimony {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.witness, self.opinion, self.said)
    }
}

/// What kept an "off" from being known to work.
///
/// Shape in a journal: the text alone for one that was sent, as it always was; `{"not_sent": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NotOff {
    /// The order has left, or may have: what came back instead of success.
    Sent(String),
    /// It has certainly not left this machine: nobody has been told anything.
    NotSent {
        /// Why not.
        not_sent: String,
    },
}

impl NotOff {
    /// Nothing has left.
    #[must_use]
    pub fn not_sent(why: impl Into<String>) -> Self {
        Self::NotSent { not_sent: why.into() }
    }

    /// The reason.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Sent(why) | Self::NotSent { not_sent: why } => why,
        }
    }

    /// The same with another text.
    #[must_use]
    pub fn map(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Sent(why) => Self::Sent(change(why)),
            Self::NotSent { not_sent } => Self::NotSent { not_sent: change(not_sent) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_journals_that_were_written_before_are_read() {
        let read = |text: &str| serde_json::from_str::<Result<(), NotOff>>(text).unwrap();
        assert_eq!(read(r#"{"Ok":null}"#), Ok(()));
        assert_eq!(read(r#"{"Err":"exit code 1"}"#), Err(NotOff::Sent("exit code 1".to_owned())));
        let answers = [Ok(()), Err(NotOff::Sent("exit code 1".to_owned())), Err(NotOff::not_sent("busy"))];
        for answer in answers {
            assert_eq!(read(&serde_json::to_string(&answer).unwrap()), answer);
        }
    }
}
