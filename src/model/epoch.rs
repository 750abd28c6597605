//! Moments by the clocks of front-ends.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Seconds since 1970, by the clock of the front-end that wrote it. Clocks of front-ends may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub i64);

impl Epoch {
    /// The time from `earlier` to this moment; zero if it is not later.
    #[must_use]
    pub fn since(self, earlier: Epoch) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment this much later.
    #[must_use]
    pub fn plus(self, wait: Duration) -> Epoch {
        Epoch(self.0.saturating_add(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX)))
    }

    /// The moment this much earlier.
    #[must_use]
    pub fn before(self, time: Duration) -> Epoch {
        Epoch(self.0.saturating_sub(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)))
    }
}
