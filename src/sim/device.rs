//! Simulated fence devices, with everything that real ones were seen to do.

use super::event::Event;
use super::physics::Power;
use crate::model::{
    DatastoreId, DeviceName, FenceDevice, HostId, NotOff, PowerState, ReadBack, Route, Scope,
};
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
    /// It is wired to another machine: that one goes off, the host does not.
    WrongMachine,
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
    /// Its status is the truth, and an "off" is never sent to it: another machine's identity, no such action.
    Unsendable,
    /// It has restarted, and says off of a machine that runs until it is told something, as some were seen to do.
    SaysOffAtFirst,
    /// It restarts at its first "off": that is lost, and it says off of a machine that runs until it is told again.
    RestartsAtOff,
    /// Its machine shows the UUID of the settings with turned bytes: it says nothing, and is sent nothing, until that is recognised.
    TurnedUuid,
    /// It executes "off" at once and once more 15 s later, as a repeated request does.
    OffTwice,
}

/// What asking a device takes, unless it is told another time.
pub(super) const ASKING: Duration = Duration::from_millis(200);

/// [`Behaviour::DeadThenWorks`] answers after this time, unless it is told another.
pub(super) const SILENT: Duration = Duration::from_secs(600);

/// How old the status of [`Behaviour::Caches`] gets.
pub(super) const CACHE: Duration = Duration::from_secs(30);

/// What the machine of [`Behaviour::TurnedUuid`] shows.
pub(super) const TURNED: &str = "44454c4c-3700-1042-8054-b7c04f383432";

/// After this time [`Behaviour::ComesBack`] and [`Behaviour::FeedComesBack`] are on again.
pub(super) const BACK_AFTER: Duration = Duration::from_secs(10);

/// What a device says and does when it is told to switch off.
pub(super) struct Said {
    pub(super) answer: Result<(), NotOff>,
    /// After which time the power goes off, on again, and off again.
    pub(super) off_after: Option<Duration>,
    pub(super) on_after: Option<Duration>,
    pub(super) again_after: Option<Duration>,
}

impl Behaviour {
    pub(super) fn off(self, power: Power) -> Said {
        let after = |seconds| Some(Duration::from_secs(seconds));
        let says = |why: &str| Err(NotOff::Sent(why.to_owned()));
        let (answer, off_after, on_after) = match self {
            Self::Works
            | Self::Unreadable
            | Self::DeadThenWorks
            | Self::Caches
            | Self::TurnedUuid
            | Self::SaysOffAtFirst
            | Self::RestartsAtOff
            | Self::OffTwice => (Ok(()), after(0), None),
            Self::Slow => (Ok(()), after(20), None),
            Self::Ignores | Self::Liar | Self::WrongMachine | Self::Flaps | Self::Feed | Self::FeedStuck => {
                (Ok(()), None, None)
            }
            Self::Rejects => (says("it refused the command"), None, None),
            Self::Unsendable => (Err(NotOff::not_sent("it does not offer ForceOff, only On")), None, None),
            Self::DiesWithHost if power == Power::On => (Ok(()), after(0), None),
            Self::Dead | Self::DiesWithHost => (says("connection timed out"), None, None),
            Self::LateSuccess => (says("timed out waiting to power off"), after(10), None),
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
            | Self::Unsendable
            | Self::TurnedUuid
            | Self::SaysOffAtFirst
            | Self::RestartsAtOff
            | Self::OffTwice => truth,
            Self::DiesWithHost if power == Power::On => truth,
            Self::Dead | Self::DiesWithHost => PowerState::Unknown("connection timed out".to_owned()),
            Self::Unreadable => PowerState::Unknown("no state in its answer".to_owned()),
            Self::WrongMachine if asked == 0 => PowerState::On,
            Self::Liar | Self::WrongMachine => PowerState::Off,
            Self::Flaps if asked.is_multiple_of(2) => PowerState::Off,
            Self::Flaps => PowerState::On,
        }
    }
}

/// A fence device of the simulated hosts.
#[derive(Clone, Debug)]
pub struct SimDevice {
    /// Its name in the settings.
    pub name: DeviceName,
    /// What it can show.
    pub read_back: ReadBack,
    /// What it does.
    pub behaviour: Behaviour,
    /// Its level, from 0.
    pub level: usize,
    /// What is cut off when it says off.
    pub scope: Scope,
    /// From where it is reached.
    pub route: Route,
    /// How long before it was given to its host it was seen ON; `None` = never.
    pub seen_on: Option<Duration>,
    /// It is sent "off" although it says off.
    pub off_anyway: bool,
    /// The UUID that it showed then, if the bytes of that were turned.
    pub turned: Option<String>,
    /// It gives no answer until this long after the first run's begin; [`Behaviour::DeadThenWorks`] has ten minutes
    /// if nothing is said here.
    pub returns_after: Option<Duration>,
    /// How long it takes for an answer.
    pub takes: Duration,
}

impl SimDevice {
    /// A device of the first level with a status, seen ON an hour ago.
    #[must_use]
    pub fn new(name: &str, behaviour: Behaviour) -> Self {
        Self {
            name: DeviceName(name.to_owned()),
            read_back: ReadBack::Status,
            behaviour,
            level: 0,
            scope: Scope::Host,
            route: Route::FrontEnd,
            seen_on: Some(Duration::from_secs(3600)),
            off_anyway: false,
            turned: None,
            returns_after: None,
            takes: ASKING,
        }
    }

    pub(super) fn plain(&self) -> FenceDevice {
        FenceDevice {
            scope: self.scope.clone(),
            route: self.route,
            off_anyway: self.off_anyway,
            ..FenceDevice::new(self.name.clone(), self.read_back)
        }
    }

    /// What happens when it is switched off.
    pub(super) fn cuts(&self, host: HostId) -> Event {
        match &self.scope {
            Scope::Host => Event::PowerOff(host),
            Scope::Datastores(datastores) => Event::StorageCut(host, datastores.clone()),
        }
    }

    /// What happens when it is switched on again.
    pub(super) fn restores(&self, host: HostId) -> Event {
        match &self.scope {
            Scope::Host => Event::PowerOn(host),
            Scope::Datastores(_) => Event::StorageReturns(host),
        }
    }
}

/// Can any of these devices be read?
pub(super) fn has_status(level: &[&SimDevice]) -> bool {
    level.iter().any(|device| device.read_back == ReadBack::Status)
}

/// Do these devices together cut the host off from all of these disks?
pub(super) fn covers(level: &[&SimDevice], disks: Option<&[DatastoreId]>) -> bool {
    let cut = |disk: &DatastoreId| {
        level.iter().any(|device| match &device.scope {
            Scope::Host => true,
            Scope::Datastores(datastores) => datastores.contains(disk),
        })
    };
    let whole = level.iter().any(|device| device.scope == Scope::Host);
    whole || disks.is_some_and(|disks| disks.iter().all(cut))
}
