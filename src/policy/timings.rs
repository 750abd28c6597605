//! How old what was seen may be, and for how long nobody may have been heard. These times depend on each other.

use std::time::Duration;

/// What was seen longer ago than this is looked at again before something depends on it: a machine takes longer to boot,
/// and a person's word is to be heard.
pub(crate) const FRESH: Duration = Duration::from_secs(10);

/// How old a survey may be when orders of its plan are sent: targets die and fill up too.
pub(super) const CURRENT: Duration = Duration::from_secs(30);

/// A record that was seen to be ours longer ago than this is looked at before it is written over.
/// More often than it is written without a change.
pub(super) const OWNED: Duration = Duration::from_secs(60);

/// How often an owner shows that it is alive. Three of them may be lost, or one write may take as long as was seen
/// after the death of a leader (106 s), before the lease is over.
pub(super) const BEAT: Duration = Duration::from_secs(90);

/// An owner writes at least every [`BEAT`]. One that was watched for this long and has not is gone, and who has watched may take
/// over. By the clocks of two front-ends that takes 300 s more (`CLOCKS`), so 700 s.
pub(super) const LEASE: Duration = Duration::from_secs(400);

/// A run that died between taking the lock and writing itself down has taken it this soon after the record was made.
pub(super) const PREDECESSOR: Duration = Duration::from_secs(60);

/// Who has locked a record writes itself down at once. A lock that may be our own, or that was left behind, is nobody's
/// when nothing was written for this long.
pub(super) const QUIET: Duration = Duration::from_secs(30);

/// Any other lock that no record names is nobody's after this: longer than a write takes while a new leader is elected
/// (106 s were seen).
pub(super) const UNNAMED: Duration = Duration::from_secs(120);

/// A VM that stands for this long where an order has sent it may have nobody at work on it: a new leader has heard its hosts
/// by then, and a driver has started most VMs.
pub(super) const STANDS: Duration = Duration::from_secs(60);

/// A write took so long after the death of a leader, the longest that was seen.
const SLOW_WRITE: u64 = 106;

const _: () = assert!(OWNED.as_secs() < BEAT.as_secs(), "whose the record is is seen before it is written");
const _: () =
    assert!(3 * BEAT.as_secs() + SLOW_WRITE < LEASE.as_secs(), "three may be lost, and one may be slow");
const _: () = assert!(UNNAMED.as_secs() > SLOW_WRITE, "a run that is alive has written itself down");

/// How long a person's word counts: whoever has just seen the machine has seen it as it is, and not as it was.
pub const VALID_FOR: Duration = Duration::from_secs(600);
