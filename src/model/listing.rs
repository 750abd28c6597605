//! A pool of OpenNebula as far as it could be read.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The objects of a pool, and what is known of the others. What is not in `all` is not known to exist and not known
/// not to: whoever needs it asks [`Listing::absent`] for the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing<T> {
    /// Those that were read.
    pub all: Vec<T>,
    /// Those that could not be, by id, and why.
    pub unreadable: BTreeMap<u32, String>,
    /// Why the pool was not read at all.
    pub failed: Option<String>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { all: Vec::new(), unreadable: BTreeMap::new(), failed: None }
    }
}

impl<T> Listing<T> {
    /// These objects, and no others.
    #[must_use]
    pub fn of(all: Vec<T>) -> Self {
        Self { all, ..Self::default() }
    }

    /// Why an object that is not among those read is not: `cannot be read: <VMS> is "x"`.
    #[must_use]
    pub fn absent(&self, id: u32) -> String {
        match (self.unreadable.get(&id), &self.failed) {
            (Some(why), _) | (None, Some(why)) => format!("cannot be read: {why}"),
            (None, None) => "does not exist".to_owned(),
        }
    }
}
