//! How old what was seen may be, and why.

use std::time::Duration;

/// What was seen longer ago than this is looked at again before something depends on it: a machine takes longer to boot,
/// and a person's word is to be heard.
pub(crate) const FRESH: Duration = Duration::from_secs(10);

/// How long a word counts: whoever has just seen the machine has seen it as it is, and not as it was.
pub const VALID_FOR: Duration = Duration::from_secs(600);
