//! The releases of OpenNebula that the simulated cloud can be.

use std::fmt;

/// A release, oldest first, so that `version >= Version::V7_0` reads as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 5.12: no `one.vmpool.infoset`.
    V5_12,
    /// 6.0
    V6_0,
    /// 6.4
    V6_4,
    /// 6.10: delete-recreate of POWEROFF and SUSPENDED VMs from here on.
    V6_10,
    /// 7.0: the scheduler's plans show up in the history records.
    V7_0,
    /// 7.2: gRPC endpoints in the zone.
    V7_2,
    /// 7.4
    V7_4,
    /// 7.5: as recorded on 7.5.80.
    V7_5,
}

impl Version {
    /// Every release, oldest first.
    pub const ALL: [Version; 8] =
        [Self::V5_12, Self::V6_0, Self::V6_4, Self::V6_10, Self::V7_0, Self::V7_2, Self::V7_4, Self::V7_5];

    /// The release for `"6.10"` or `"7.5.80"`; `None` if it is not one of [`Version::ALL`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Version> {
        Self::ALL.into_iter().find(|version| version.to_string() == text || version.short() == text)
    }

    fn short(self) -> &'static str {
        match self {
            Self::V5_12 => "5.12",
            Self::V6_0 => "6.0",
            Self::V6_4 => "6.4",
            Self::V6_10 => "6.10",
            Self::V7_0 => "7.0",
            Self::V7_2 => "7.2",
            Self::V7_4 => "7.4",
            Self::V7_5 => "7.5",
        }
    }
}

/// Prints what `one.system.version` answers: `7.5.80`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patch = if *self == Self::V7_5 { "80" } else { "0" };
        write!(f, "{}.{patch}", self.short())
    }
}
