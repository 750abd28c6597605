//! When an incident came to each of its stages.

use super::Epoch;
use serde::{Deserialize, Serialize};

/// The moments of an incident's stages. One that it did not come to is none; so are all in records of versions before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stages {
    /// Its first run began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<Epoch>,
    /// The host had not come back by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waited: Option<Epoch>,
    /// "Off" went out for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off: Option<Epoch>,
    /// The host was proven off for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proven: Option<Epoch>,
    /// The first VM was read back where it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Epoch>,
    /// Half of those that were; none where another run has read the first ones back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half: Option<Epoch>,
    /// The last one of them so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Epoch>,
}

impl Stages {
    /// Has it come to none of them?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// One more VM was read back; `times` are those of this run, oldest first.
    pub fn runs(&mut self, times: &[Epoch]) {
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return };
        self.first.get_or_insert(*first);
        self.half = times.get((times.len() - 1) / 2).filter(|_| self.first == Some(*first)).copied();
        self.last = Some(*last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_half_of_all_and_unknown_where_another_run_has_seen_the_first() {
        let mut stages = Stages::default();
        let times = [10, 11, 12, 20].map(Epoch);
        (1..=4).for_each(|count| stages.runs(&times[..count]));
        assert_eq!(
            (stages.first, stages.half, stages.last),
            (Some(Epoch(10)), Some(Epoch(11)), Some(Epoch(20)))
        );
        stages.runs(&[Epoch(500)]);
        assert_eq!((stages.first, stages.half, stages.last), (Some(Epoch(10)), None, Some(Epoch(500))));
        stages.runs(&[]);
        assert_eq!(stages.last, Some(Epoch(500)));
    }
}
