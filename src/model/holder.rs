//! Who holds a lock file of this front-end.
//!
//! Plain values. What `/proc` shows is read in `world::holders`; what follows from it is decided in `policy::holder`.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// The name of its program's file, `host_error`; its own name where the file cannot be seen. `onerescue` for the process
    /// that looks.
    pub program: String,
}

/// A lock that is held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    /// Those who hold it, by number. None where they cannot be seen.
    pub holders: Vec<Holder>,
    /// For how long a run has held it, by the time of its file.
    pub since: Option<Duration>,
}
