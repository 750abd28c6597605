//! The end of an executable: a short report on stdout, one last line on stderr, the exit code.

use crate::error::{Error, Result};
use crate::model::text::{cut, one_line};
use crate::policy::healthy::Account;
use crate::policy::{Disabled, Failure, Fate, Mode, Outcome, Purpose, Report, Trouble, VmReport};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// What the hook manager stores of a run is replicated to every front-end, so it stays this small.
pub const LONGEST_REPORT: usize = 4096;

/// Tell how a run ended. stdout gets the report, stderr what to do next, past any `RUST_LOG`.
#[must_use]
pub fn finish(result: Result<Report>) -> ExitCode {
    match result {
        Ok(report) => {
            let text = short(&report);
            say(&text);
            if let Some(advice) = report.advice() {
                complain(&complaint(&one_line(&report.outcome.to_string()), &lines(&advice)));
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
        Ok(account) => {
            say(&short_account(&account));
            if let Some(advice) = account.outcome.advice() {
                complain(&complaint(&one_line(&account.outcome.to_string()), &lines(advice)));
            }
            ExitCode::from(account.outcome.exit_code())
        }
        Err(error) => failed(&error),
    }
}

/// Tell an error, and leave with its exit code.
#[must_use]
pub fn failed(error: &Error) -> ExitCode {
    let text = error.chain();
    log::error!("{text}");
    // A settings error shows the line of the file below itself.
    complain(&complaint(text.trim_end(), &error.advice()));
    ExitCode::from(error.exit_code())
}

/// Tell why something was not done, and what to do instead; with the exit code of such a failure outside a run.
pub(crate) fn refused(failure: &Failure) -> u8 {
    log::error!("{}", failure.what);
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
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Advice may be lines to paste; nothing else in it may break a line.
fn lines(advice: &str) -> String {
    advice.lines().map(one_line).collect::<Vec<_>>().join("\n")
}

/// What happened and what to do, in at most [`LONGEST_REPORT`] bytes; the advice is the last to be cut.
fn complaint(what: &str, advice: &str) -> String {
    format!("{}\n  do this: {}\n", cut(what, 2800), cut(advice, 1200))
}

/// [`say`], to stderr.
fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// The report in at most [`LONGEST_REPORT`] bytes: the outcome, the counts, what needs a person first.
#[must_use]
pub fn short(report: &Report) -> String {
    let mode = match (report.purpose, report.mode) {
        (Purpose::Fence, _) => "fence",
        (Purpose::Recover | Purpose::Rehearse, Mode::Migrate) => "migrate",
        (Purpose::Recover | Purpose::Rehearse, Mode::Recreate) => "recreate",
        (Purpose::Recover | Purpose::Rehearse, Mode::Delete) => "delete",
    };
    let mut text = format!(
        "{} ({}), {mode}: {}\n",
        one_line(&report.name),
        report.host,
        cut(&one_line(&report.outcome.to_string()), 1000)
    );
    if let (Some(proof), false) = (&report.proof, matches!(report.outcome, Outcome::Rehearsed(_))) {
        let _ = writeln!(text, "proof: {}", cut(&one_line(&proof.to_string()), 500));
    }
    if !report.vms.is_empty() {
        let _ = writeln!(text, "{}", counts(&report.vms));
    }
    match report.disabled {
        Disabled::No => {}
        Disabled::Yes => text.push_str("the host was DISABLED by this run; enable it after its repair\n"),
        Disabled::Unsure => {
            text.push_str("the host may be DISABLED by this run; look at it after its repair\n");
        }
        Disabled::Before => {
            text.push_str("the host was DISABLED already when this run began; enable it after its repair\n");
        }
    }
    if let Outcome::NothingToDo(_) = report.outcome {
        return text;
    }
    list(&report.vms, &mut text);
    text
}

/// The same for an account.
#[must_use]
pub fn short_account(account: &Account) -> String {
    let outcome = one_line(&account.outcome.to_string());
    let mut text = format!("{} {}: {}\n", account.hook, one_line(&account.about), cut(&outcome, 1000));
    if !account.vms.is_empty() {
        let _ = writeln!(text, "{}", counts(&account.vms));
    }
    list(&account.vms, &mut text);
    text
}

fn counts(vms: &[VmReport]) -> String {
    let count = |of: fn(&Fate) -> bool| vms.iter().filter(|vm| of(&vm.fate)).count();
    let parts = [
        (count(|fate| matches!(fate, Fate::Recovered(_))), "recovered"),
        (count(|fate| matches!(fate, Fate::Planned(_))), "planned"),
        (count(|fate| matches!(fate, Fate::Failed(_))), "failed"),
        (count(|fate| matches!(fate, Fate::Held(_))), "held"),
        (count(|fate| matches!(fate, Fate::Left(_))), "left alone"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let plural = if vms.len() == 1 { "" } else { "s" };
    format!("{} VM{plural}: {}", vms.len(), parts.join(", "))
}

fn list(vms: &[VmReport], text: &mut String) {
    let rank = |fate: &Fate| match fate {
        Fate::Failed(_) => 0,
        Fate::Held(_) => 1,
        Fate::Planned(_) => 2,
        Fate::Recovered(_) => 3,
        Fate::Left(_) => 4,
    };
    let mut vms: Vec<_> = vms.iter().collect();
    vms.sort_by_key(|vm| (rank(&vm.fate), vm.id));
    for (told, vm) in vms.iter().enumerate() {
        let line = format!("  {}\n", cut(&one_line(&vm.to_string()), 300));
        let more = format!("  and {} more, see the log\n", vms.len() - told);
        if text.len() + line.len() + more.len() > LONGEST_REPORT {
            text.push_str(&more);
            return;
        }
        text.push_str(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_of_any_length_is_short_and_keeps_its_advice() {
        let long = "é".repeat(60_000);
        let text = complaint(&long, "mend the device");
        assert!(text.ends_with("…\n  do this: mend the device\n"));
        assert!(text.len() <= LONGEST_REPORT);
        assert!(complaint(&long, &long).len() <= LONGEST_REPORT);
        assert_eq!(complaint("no cloud", "look at oned"), "no cloud\n  do this: look at oned\n");
    }
}
