//! Simulated fence devices, with everything that real ones were seen to do.

use super::physics::Power;
use crate::model::PowerState;
use serde::Deserialize;
use std::time::Duration;

/// How a device behaves. Source of the cases: fault matrix of fence agents and management controllers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// It does what it is told and tells the truth.
    #[default]
    Works,
    /// It says yes, and the power goes 20 s later.
    Slow,
    /// It says yes and does nothing.
    Ignores,
    /// It says no and does nothing.
    Rejects,
    /// It answers nothing: no network, no power, a wrong password.
    Dead,
    /// It loses its power together with the host, and gets it back with it.
    DiesWithHost,
    /// It switches off, and its status cannot be read.
    Unreadable,
    /// It says off, whatever is true.
    Liar,
    /// It says off and on in turn, whatever is true.
    Flaps,
    /// It says no, and the power goes 10 s later.
    LateSuccess,
    /// Somebody or a "restore power" setting switches the host on again 10 s after it went off.
    ComesBack,
    /// An outlet for one of the host's power supplies. It knows its own relay only; the host is off when all
    /// of its outlets are.
    Feed,
    /// An outlet whose relay is stuck: it says yes, and stays on.
    FeedStuck,
    /// An outlet that is switched on again 10 s after it went off, and the host with it.
    FeedComesBack,
    /// It answers nothing at first, as a management controller without power does; see
    /// [`super::SimDevice::returns_after`].
    DeadThenWorks,
    /// Its status is up to half a minute old: a host that has just gone off is on, and one that is on again is off.
    Caches,
    /// It executes "off" at once and once more 15 s later, as a repeated request does.
    OffTwice,
}

/// How old the status of [`Behaviour::Caches`] gets.
pub(super) const CACHE: Duration = Duration::from_secs(30);

/// After this time [`Behaviour::ComesBack`] and [`Behaviour::FeedComesBack`] are on again.
pub(super) const BACK_AFTER: Duration = Duration::from_secs(10);

/// What a device says and does when it is told to switch off.
pub(super) struct Said {
    pub(super) answer: Result<(), String>,
    /// After which time the power goes off, on again, and off again.
    pub(super) off_after: Option<Duration>,
    pub(super) on_after: Option<Duration>,
    pub(super) again_after: Option<Duration>,
}

impl Behaviour {
    pub(super) fn off(self, power: Power) -> Said {
        let after = |seconds| Some(Duration::from_secs(seconds));
        let (answer, off_after, on_after) = match self {
            Self::Works | Self::Unreadable | Self::DeadThenWorks | Self::Caches | Self::OffTwice => {
                (Ok(()), after(0), None)
            }
            Self::Slow => (Ok(()), after(20), None),
            Self::Ignores | Self::Liar | Self::Flaps | Self::Feed | Self::FeedStuck => (Ok(()), None, None),
            Self::Rejects => (Err("it refused the command".to_owned()), None, None),
            Self::DiesWithHost if power == Power::On => (Ok(()), after(0), None),
            Self::Dead | Self::DiesWithHost => (Err("connection timed out".to_owned()), None, None),
            Self::LateSuccess => (Err("timed out waiting to power off".to_owned()), after(10), None),
            Self::ComesBack => (Ok(()), after(0), Some(BACK_AFTER)),
            Self::FeedComesBack => (Ok(()), None, Some(BACK_AFTER)),
        };
        let again_after = if self == Self::OffTwice { after(15) } else { None };
        Said { answer, off_after, on_after, again_after }
    }

    /// Is it one of several outlets?
    pub(super) fn is_feed(self) -> bool {
        matches!(self, Self::Feed | Self::FeedStuck | Self::FeedComesBack)
    }

    /// What it says the power is: the host's, or for an outlet its own. `asked` counts the questions before this one.
    pub(super) fn state(self, power: Power, asked: u32) -> PowerState {
        let truth = match power {
            Power::On => PowerState::On,
            Power::Off => PowerState::Off,
        };
        match self {
            Self::Works
            | Self::Slow
            | Self::Ignores
            | Self::Rejects
            | Self::LateSuccess
            | Self::ComesBack
            | Self::Feed
            | Self::FeedStuck
            | Self::FeedComesBack
            | Self::DeadThenWorks
            | Self::Caches
            | Self::OffTwice => truth,
            Self::DiesWithHost if power == Power::On => truth,
            Self::Dead | Self::DiesWithHost => PowerState::Unknown("connection timed out".to_owned()),
            Self::Unreadable => PowerState::Unknown("no state in its answer".to_owned()),
            Self::Liar => PowerState::Off,
            Self::Flaps if asked.is_multiple_of(2) => PowerState::Off,
            Self::Flaps => PowerState::On,
        }
    }
}
