//! How far a run has come, on the last line of a terminal where a person waits for it.

use crate::policy::progress::Seen;
use crate::terminal::LastLine;

#[derive(Debug)]
pub(super) struct Shown {
    seen: Seen,
    line: LastLine,
}

impl Shown {
    /// Nothing where stderr is no terminal.
    pub(super) fn begin(seen: Seen) -> Option<Self> {
        let line = LastLine::begin()?;
        line.say(&seen.line());
        Some(Self { seen, line })
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen);
        self.line.say(&self.seen.line());
    }
}
