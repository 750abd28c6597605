//! What stays in its place on a terminal: a view on stdout, or one line on stderr that says how far a run has come, with the
//! log lines above it.

use crate::config::Environment;
use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressStyle};
use rustix::termios::tcgetwinsize;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::OnceLock;
use std::time::Duration;
use unicode_width::UnicodeWidthStr as _;

/// To the upper left corner.
const HOME: &str = "\x1b[H";
/// Forget what is on the screen.
const CLEAR: &str = "\x1b[2J";
/// Forget the rest of this line, and of the screen.
const REST_OF_LINE: &str = "\x1b[K";
const REST: &str = "\x1b[J";

/// A terminal whose size is not known has as many rows and columns as the first ones had.
const SIZE: (usize, usize) = (24, 80);

/// The time goes on in the last line.
const TICK: Duration = Duration::from_millis(250);

/// Stdout, if a person looks at it.
#[derive(Debug, Default)]
pub(crate) struct View {
    begun: bool,
}

/// The line of this process; at most one person waits for one run.
static LINE: OnceLock<ProgressBar> = OnceLock::new();

/// One line at the end of stderr, until it is dropped.
#[derive(Debug)]
pub(crate) struct LastLine(ProgressBar);

impl LastLine {
    /// Show it from now on; nothing where stderr is no terminal, or one that knows no control sequence.
    pub(crate) fn begin() -> Option<Self> {
        if !io::stderr().is_terminal() || is_dumb() {
            return None;
        }
        let line = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            line.set_style(style);
        }
        line.enable_steady_tick(TICK);
        LINE.set(line.clone()).ok().map(|()| Self(line))
    }

    /// What it says from now on.
    pub(crate) fn say(&self, text: &str) {
        self.0.set_message(text.to_owned());
    }
}

impl Drop for LastLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Write to stderr, with the last line out of the way.
pub(crate) fn above<T>(write: impl FnOnce() -> T) -> T {
    match LINE.get() {
        Some(line) => line.suspend(write),
        None => write(),
    }
}

/// Is stdout a terminal on which something can stay in its place?
pub(crate) fn is_a_terminal() -> bool {
    io::stdout().is_terminal() && !is_dumb()
}

fn is_dumb() -> bool {
    Environment::capture().is_dumb
}

impl View {
    /// Draw this in the place of what was drawn before. What does not fit is counted; its begin is what matters.
    pub(crate) fn draw(&mut self, text: &str) {
        let mut out = io::stdout().lock();
        let (rows, columns) = size();
        let plain = AutoStream::choice(&out) == ColorChoice::Never;
        let text = if plain { strip_str(text).to_string() } else { text.to_owned() };
        let clear = if self.begun { "" } else { CLEAR };
        let drawn = format!("{clear}{HOME}{}{REST}", fitted(&text, rows, columns));
        self.begun = true;
        let _ = out.write_all(drawn.as_bytes()).and_then(|()| out.flush());
    }
}

impl Drop for View {
    /// What comes next begins on an empty screen.
    fn drop(&mut self) {
        if self.begun {
            let mut out = io::stdout().lock();
            let _ = out.write_all(format!("{CLEAR}{HOME}").as_bytes()).and_then(|()| out.flush());
        }
    }
}

fn size() -> (usize, usize) {
    let size = tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_row > 0 && size.ws_col > 0);
    size.map_or(SIZE, |size| (usize::from(size.ws_row), usize::from(size.ws_col)))
}

/// As many lines as the rows hold, the last of the text always among them: it says how old the rest is.
fn fitted(text: &str, rows: usize, columns: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let takes = |line: &str| strip_str(line).to_string().width().div_ceil(columns).max(1);
    let Some((last, others)) = lines.split_last() else { return String::new() };
    // The cursor stands below the last line.
    let room = rows.saturating_sub(1 + takes(last));
    let all: usize = others.iter().map(|line| takes(line)).sum();
    let mut left = if all > room { room.saturating_sub(1) } else { room };
    let mut drawn = String::new();
    let mut shown = 0;
    for line in others {
        let Some(rest) = left.checked_sub(takes(line)) else { break };
        left = rest;
        shown += 1;
        let _ = writeln!(drawn, "{line}{REST_OF_LINE}");
    }
    if shown < others.len() {
        let _ = writeln!(drawn, "and {} more lines{REST_OF_LINE}", others.len() - shown);
    }
    let _ = writeln!(drawn, "{last}{REST_OF_LINE}");
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_keeps_its_begin_and_its_last_line() {
        let text = |lines: usize| {
            let lines = (0..lines).map(|line| format!("line {line}")).chain(["last".to_owned()]);
            lines.collect::<Vec<_>>().join("\n")
        };
        let drawn = |lines, rows| fitted(&text(lines), rows, 20).replace(REST_OF_LINE, "");
        assert_eq!(drawn(2, 24), "line 0\nline 1\nlast\n");
        assert_eq!(drawn(9, 6), "line 0\nline 1\nline 2\nand 6 more lines\nlast\n");
        assert_eq!(drawn(4, 6), "line 0\nline 1\nline 2\nline 3\nlast\n");
        // A line that the terminal breaks takes two rows, and colours take none.
        let wide = "\x1b[31mx\x1b[0m".repeat(30);
        let drawn = fitted(&format!("{wide}\n{wide}\n{wide}\nlast\n"), 6, 20).replace(REST_OF_LINE, "");
        assert_eq!(drawn, format!("{wide}\nand 2 more lines\nlast\n"));
        assert_eq!(fitted("", 6, 20), "");
    }
}
