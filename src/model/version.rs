//! The version of OpenNebula.

use serde::{Deserialize, Serialize};
use std::fmt;

/// `one.system.version`, for example 7.5.80. Versions such as 6.99.80 are the ones that become 7.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// The version in a text such as `7.5.80`; further parts are left out.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.').map(|part| part.parse().ok());
        Some(Self(parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(Version::read("7.5.80"), Some(Version(7, 5, 80)));
        assert_eq!(Version::read(" 6.10.0.1\n"), Some(Version(6, 10, 0)));
        assert_eq!(Version::read("6.4"), Some(Version(6, 4, 0)));
        assert!(Version(6, 10, 0) > Version(6, 4, 0));
        for bad in ["", "7", "seven.0", "7.x.1", "-1.0.0"] {
            assert_eq!(Version::read(bad), None, "{bad}");
        }
    }
}
