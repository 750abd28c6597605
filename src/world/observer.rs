//! This front-end, seen by itself: is it connected, how long has oned been running here?

use crate::config::ObserverSettings;
use crate::model::{Observer, RaftState};

/// Look once.
pub(super) fn look(raft: Result<RaftState, String>, settings: &ObserverSettings) -> Observer {
    let _ = settings;
    Observer { raft, gateways: Vec::new(), oned_runs_for: None }
}

/// A number that differs from run to run.
pub(super) fn chance() -> u64 {
    u64::from(std::process::id())
}

/// This machine's name.
pub(super) fn front_end() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
