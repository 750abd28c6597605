//! The end of an executable: a short report on stdout, one last line on stderr, the exit code.

use crate::advised::whole;
use crate::error::{Error, Result};
use crate::model::text::{cut, one_line};
use crate::policy::healthy::Account;
use crate::policy::{Failure, Report, Trouble};
use crate::short_report::{short, short_account};
use crate::terminal::above;
use crate::trail::FILE_ONLY;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

/// Tell how a run ended. stdout gets the report, which begins with the outcome, stderr what to do next, past any `RUST_LOG`.
#[must_use]
pub fn finish(result: Result<Report>) -> ExitCode {
    match result {
        Ok(report) => {
            let text = short(&report);
            say(&text);
            if let Some(advice) = report.advice() {
                complain(&to_do(&lines(&advice)));
            }
            ExitCode::from(report.outcome.exit_code())
        }
        Err(error) => failed(&error),
    }
}

/// [`finish`] for the hooks on healthy hosts.
#[must_use]
pub fn finish_account(result: Result<Account>) -> ExitCode {
    match result {
        Ok(account) => ExitCode::from(told_account(&account)),
        Err(error) => failed(&error),
    }
}

/// Tell it, and what to do next; the exit code.
pub(crate) fn told_account(account: &Account) -> u8 {
    say(&short_account(account));
    if let Some(advice) = account.outcome.advice() {
        complain(&to_do(&lines(advice)));
    }
    account.outcome.exit_code()
}

/// Tell an error, and leave with its exit code.
#[must_use]
pub fn failed(error: &Error) -> ExitCode {
    let text = error.chain();
    log::error!(target: FILE_ONLY, "{text}");
    // A settings error shows the line of the file below itself.
    complain(&complaint(text.trim_end(), &error.advice()));
    ExitCode::from(error.exit_code())
}

/// Tell why something was not done, and what to do instead; with the exit code of such a failure outside a run.
pub(crate) fn refused(failure: &Failure) -> u8 {
    log::error!(target: FILE_ONLY, "{}", failure.what);
    complain(&complaint(&one_line(&failure.what), &lines(&failure.advice)));
    match failure.trouble {
        Trouble::Gone => 2,
        Trouble::Settings => 4,
        Trouble::Unreachable | Trouble::Refused => 5,
    }
}

/// Write to stdout. A reader that has gone away is no reason to fail: the exit code says how it went.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(whole(text).as_bytes()).and_then(|()| out.flush());
}

/// Write to stderr, where stdout is for a program.
pub(crate) fn say_aside(text: &str) {
    complain(text);
}

/// Write a page to stdout, as it is.
pub(crate) fn say_page(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// [`say`], with the colours of the text on a terminal, unless `NO_COLOR` or the like forbids them.
pub(crate) fn say_in_colour(text: &str) {
    let out = io::stdout().lock();
    let choice = if out.is_terminal() { AutoStream::choice(&out) } else { ColorChoice::Never };
    let mut out = AutoStream::new(out, choice);
    let _ = out.write_all(whole(text).as_bytes()).and_then(|()| out.flush());
}

/// Advice may be lines to paste; nothing else in it may break a line.
fn lines(advice: &str) -> String {
    advice.lines().map(one_line).collect::<Vec<_>>().join("\n")
}

/// What happened and what to do, in at most [`crate::short_report::LONGEST`] bytes; the advice is the last to be cut.
fn complaint(what: &str, advice: &str) -> String {
    format!("{}\n{}", cut(what, 2800), to_do(advice))
}

/// What to do.
fn to_do(advice: &str) -> String {
    format!("  do this: {}\n", cut(advice, 1200))
}

/// [`say`], to stderr.
fn complain(text: &str) {
    let _ = above(|| io::stderr().lock().write_all(whole(text).as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::short_report::LONGEST;

    #[test]
    fn a_complaint_of_any_length_is_short_and_keeps_its_advice() {
        let long = "é".repeat(60_000);
        let text = complaint(&long, "mend the device");
        assert!(text.ends_with("…\n  do this: mend the device\n"));
        assert!(text.len() <= LONGEST);
        assert!(complaint(&long, &long).len() <= LONGEST);
        assert_eq!(complaint("no cloud", "look at oned"), "no cloud\n  do this: look at oned\n");
    }
}
