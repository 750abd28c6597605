//! An old run once more, through today's policy: which of its questions would be other ones now.
//!
//! The policy depends on the answers alone, so the recorded answers lead today's policy through the same failure.
//! Where it asks something else they fit no longer; what can still be said then is in [`Replay`]. Runs of `host_error`,
//! `fence_host` and `reconcile` are recorded; those of `host_back` and `vm_down`, which fence nothing, are not.

mod course;
mod line;
mod question;
mod verdict;
mod words;
mod written;

pub use course::{Course, Recorded, Replay};
pub use line::{Begin, Ending, Line};
pub use question::Question;
pub use verdict::{Difference, Stopped, Verdict, VmDifference};

use super::rules::{HoldRules, Rules, WaitRules};
use super::settings::{Policy, Purpose};

/// The options of an old run over today's rules. How long to wait is an option, `-p`, so it stays as it was.
#[must_use]
pub fn today(then: &Policy, rules: Rules) -> Policy {
    let wait = WaitRules { cycles: then.wait.cycles, cycle: then.wait.cycle, ..rules.wait };
    // fence_host never looks again; its caller waits for it.
    let hold = match then.purpose {
        Purpose::Fence => HoldRules { deadline: then.hold.deadline, ..rules.hold },
        Purpose::Recover | Purpose::Rehearse => rules.hold,
    };
    Policy {
        force: then.force,
        fencing: then.fencing,
        purpose: then.purpose,
        hand_over: then.hand_over,
        ..Policy::under(then.mode, Rules { wait, hold, ..rules })
    }
}
