//! A host that has returned a moment ago: the word that `host_back` leaves in its template while it waits.

use crate::model::{Epoch, Host};

/// The host's template: `1795169160 1795169150 1795169360`; `0` where nothing is left to be done. The first is since when it
/// is MONITORED; `host_back::later` reads the rest.
pub(super) const TAIL: &str = "HA_TAIL";

/// Since when `host_back` has seen this host MONITORED, where it still waits for something on it.
pub(super) fn is_back_since(host: &Host) -> Option<Epoch> {
    let words = host.attributes.get(TAIL)?.split_once(' ')?;
    words.0.parse().ok().map(Epoch)
}
