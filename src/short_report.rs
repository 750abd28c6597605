//! What is printed of a report, in at most 4096 bytes: the outcome (at most 1000), the proof (500), the counts, then each VM (300):
//! failed, held, planned, recovered, left. What does not fit is "and N more, see the log". Where nothing was to do no VM is listed.
//!
//! Pure. The log and the record have what is left out.

use crate::model::text::{self, cut, one_line};
use crate::policy::healthy::{Account, told};
use crate::policy::{Disabled, Fate, Mode, Outcome, Purpose, Report, VmReport};
use std::fmt::Write as _;

/// The hook manager stores what a run prints, and oned replicates that to every front-end, so the report stays this small.
pub const LONGEST: usize = 4096;

/// The report in at most [`LONGEST`] bytes: the outcome, the counts, what needs a person first.
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
        cut(&one_line(&report.outcome.of(&report.vms)), 1000)
    );
    if let Some(early) = &report.early {
        let _ = writeln!(text, "wait: {}", cut(&one_line(early), 300));
    }
    if let (Some(proof), false) = (&report.proof, matches!(report.outcome, Outcome::Rehearsed(_))) {
        let _ = writeln!(text, "proof: {}", cut(&one_line(&proof.to_string()), 500));
    }
    if !report.vms.is_empty() {
        let _ = writeln!(text, "{}", counts(&report.vms, "recovered"));
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
    list(&report.vms, ToString::to_string, &mut text);
    text
}

/// The same for an account.
#[must_use]
pub fn short_account(account: &Account) -> String {
    let outcome = one_line(&account.said());
    let mut text = format!("{} {}: {}\n", account.hook, one_line(&account.about), cut(&outcome, 1000));
    if !account.vms.is_empty() {
        let _ = writeln!(text, "{}", counts(&account.vms, account.hook.done()));
    }
    list(&account.vms, |vm| told(account.hook, vm), &mut text);
    text
}

fn counts(vms: &[VmReport], done: &str) -> String {
    let count = |of: fn(&Fate) -> bool| vms.iter().filter(|vm| of(&vm.fate)).count();
    let parts = [
        (count(|fate| matches!(fate, Fate::Recovered(_)) && !fate.is_deleted()), done),
        (count(|fate| matches!(fate, Fate::NotReady(_))), "recovered and not ready"),
        (count(Fate::is_deleted), "deleted"),
        (count(|fate| matches!(fate, Fate::Planned(_))), "planned"),
        (count(|fate| matches!(fate, Fate::Failed(_))), "failed"),
        (count(|fate| matches!(fate, Fate::Held(_))), "held"),
        (count(|fate| matches!(fate, Fate::Left(_))), "left alone"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    format!("{}: {}", text::vms(vms.len()), parts.join(", "))
}

fn list(vms: &[VmReport], told: impl Fn(&VmReport) -> String, text: &mut String) {
    let rank = |fate: &Fate| match fate {
        Fate::Failed(_) => 0,
        Fate::Held(_) => 1,
        Fate::NotReady(_) => 2,
        Fate::Planned(_) => 3,
        Fate::Recovered(_) => 4,
        Fate::Left(_) => 5,
    };
    let mut vms: Vec<_> = vms.iter().collect();
    vms.sort_by_key(|vm| (rank(&vm.fate), vm.id));
    for (before, vm) in vms.iter().enumerate() {
        let line = format!("  {}\n", cut(&one_line(&told(vm)), 300));
        let more = format!("  and {} more, see the log\n", vms.len() - before);
        if text.len() + line.len() + more.len() > LONGEST {
            text.push_str(&more);
            return;
        }
        text.push_str(&line);
    }
}
