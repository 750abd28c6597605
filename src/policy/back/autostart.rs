//! OpenNebula's own autostart hooks start the same VMs, without asking what else goes on: they are named.

use super::Step;
use super::case::Case;
use super::look::Observing;
use crate::model::{Hook, Moment};
use crate::policy::check::is_autostart;
use crate::policy::notes::{Entry, Phase};
use crate::policy::port::Failure;

/// See [`Step::Hooks`].
#[derive(Debug)]
pub struct Naming {
    case: Box<Case>,
}

impl Naming {
    /// Before the first VMs are started.
    pub(super) fn step(case: Box<Case>) -> Step {
        Step::Hooks(Self { case })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The zone's hooks. Where they cannot be read nothing is named, and the run goes on.
    #[must_use]
    pub fn answer(self, now: Moment, hooks: Result<Vec<Hook>, Failure>) -> Step {
        let mut case = self.case;
        for hook in hooks.unwrap_or_default().iter().filter(|hook| is_autostart(hook)) {
            let text = format!(
                "WARNING: {} ({}) is OpenNebula's own and resumes VMs too, without looking at incidents: \
                 `onehook delete {}`",
                hook.name, hook.id, hook.id.0
            );
            case.diary.note(now, Phase::Plan, text);
        }
        Observing::between(case, now)
    }
}
