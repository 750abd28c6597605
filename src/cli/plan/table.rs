//! The plan for people: a row for each loss, the worst first, with what would be held below it.

use super::{Planned, details};
use crate::model::VmId;
use crate::model::text::{cut, one_line};
use crate::policy::what_if::{Chosen, Foreseen, Loss, MOST_PAIRS, Prospect};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// As many losses are shown; `--json` has everything.
const MOST: usize = 100;

/// As many losses are shown with the VMs that they would hold, and as many of those.
const MOST_EXPLAINED: usize = 20;
const MOST_HELD: usize = 3;

/// As wide as a line gets, but for a long name.
pub(super) const WIDTH: usize = 118;

pub(super) fn table(planned: &Planned) -> String {
    let mut text = String::new();
    if planned.named {
        for loss in &planned.losses {
            details::details(loss, &planned.flags, &mut text);
        }
    }
    if !planned.named || planned.losses.len() > 1 {
        let _ = writeln!(text, "If one of these hosts died now, with {}; the worst first:\n", planned.flags);
        rows(&planned.losses, &BTreeSet::new(), &mut text);
    }
    if let Some((chosen, losses)) = &planned.pairs {
        let _ = writeln!(text, "If two of these hosts died now, with what only both together would hold:\n");
        let alone = planned.losses.iter().flat_map(held).map(|vm| vm.decision.vm).collect();
        rows(losses, &alone, &mut text);
        text.push_str(&looked_at(chosen));
    }
    for host in &planned.unread_hosts {
        let _ =
            writeln!(text, "its document cannot be read, so its failure is not foreseen: {}", one_line(host));
    }
    text.push_str(&summary(planned));
    text
}

/// `told` are VMs whose reasons were given before.
fn rows(losses: &[Loss], told: &BTreeSet<VmId>, text: &mut String) {
    if losses.is_empty() {
        text.push_str("(none)\n\n");
        return;
    }
    text.push_str(" held  wait moved  left calls   free  host\n");
    for (row, loss) in losses.iter().take(MOST).enumerate() {
        let free = loss.free.map_or_else(|| "-".to_owned(), |free| free.to_string());
        let count = |prospect| loss.count(prospect);
        let line = format!(
            "{:>5} {:>5} {:>5} {:>5} {:>5} {free:>6}  {}",
            count(Prospect::Held),
            count(Prospect::Awaited),
            count(Prospect::Recovered),
            count(Prospect::Left),
            loss.calls(),
            one_line(&loss.name())
        );
        let _ = writeln!(text, "{}", cut(&line, 3 * WIDTH));
        if row < MOST_EXPLAINED {
            reasons(loss, told, text);
        }
    }
    if losses.len() > MOST {
        let _ = writeln!(text, "      and {} more: --json has them all", losses.len() - MOST);
    }
    text.push('\n');
}

fn held(loss: &Loss) -> impl Iterator<Item = &Foreseen> {
    loss.vms.iter().filter(|vm| vm.prospect() == Prospect::Held)
}

fn reasons(loss: &Loss, told: &BTreeSet<VmId>, text: &mut String) {
    let fresh: Vec<&Foreseen> = held(loss).filter(|vm| !told.contains(&vm.decision.vm)).collect();
    for vm in fresh.iter().take(MOST_HELD) {
        let decision = &vm.decision;
        let line = format!("{} {}: {}", decision.vm, decision.name, decision.verdict.text());
        let _ = writeln!(text, "        {}", cut(&one_line(&line), WIDTH - 8));
    }
    let more = fresh.len().saturating_sub(MOST_HELD);
    if more > 0 {
        let _ = writeln!(text, "        and {more} more");
    }
}

fn looked_at(chosen: &Chosen) -> String {
    let (some, all) = (chosen.pairs.len(), chosen.all);
    if some == all {
        return format!("all {all} pairs were looked at\n");
    }
    format!(
        "ONLY {some} of {all} pairs were looked at, those of the worst single hosts: {MOST_PAIRS} are the most; with \
         --cluster they are fewer\n"
    )
}

fn summary(planned: &Planned) -> String {
    let holding = |losses: &[Loss]| losses.iter().filter(|loss| held(loss).next().is_some()).count();
    let mut text = format!(
        "protected VMs would be held by the loss of {} of {} hosts",
        holding(&planned.losses),
        planned.losses.len()
    );
    if let Some((_, losses)) = &planned.pairs {
        let _ = write!(text, ", and of {} of {} pairs", holding(losses), losses.len());
    }
    text.push_str("\nnothing was changed; whether the hosts can be fenced: `onerescue check`\n");
    text
}
