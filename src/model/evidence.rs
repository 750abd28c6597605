//! What was seen of a host's power, by whom and when.

use std::fmt;
use std::time::Duration;

/// A point on the monotonic clock of a run: the time since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceName(pub String);

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a device says about a host's power. Anything that is not plainly on or off is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Who was asked.
    pub device: DeviceName,
    /// When the answer was in.
    pub at: Moment,
    /// The answer.
    pub state: PowerState,
}

/// How a device can show that a host is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadBack {
    /// It has a status that is read back.
    Status,
    /// It only has an exit code, and the settings accept that for this device by name.
    ExitCodeAccepted,
    /// It only has an exit code, which proves nothing.
    ExitCodeOnly,
}

/// A fence device as the procedure sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FenceDevice {
    /// Its name in the settings.
    pub name: DeviceName,
    /// What it can show.
    pub read_back: ReadBack,
}
