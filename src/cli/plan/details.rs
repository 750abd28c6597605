//! One loss, VM by VM, in the order in which the recovery would go.

use super::table::WIDTH;
use crate::model::text::{cut, one_line};
use crate::policy::what_if::{Foreseen, Loss, Prospect};
use std::fmt::Write as _;

/// As many VMs are shown of each kind; `--json` has everything.
const MOST: usize = 500;

pub(super) fn details(loss: &Loss, flags: &str, text: &mut String) {
    let count = |prospect| loss.count(prospect);
    let free = loss.free.map_or_else(|| "no host is left".to_owned(), |free| format!("{free} free after it"));
    let head = format!(
        "{}, if it died now, with {flags}: {} recovered by {} calls, {} held, {} to wait for, {} left alone; {free}",
        loss.name(),
        count(Prospect::Recovered),
        loss.calls(),
        count(Prospect::Held),
        count(Prospect::Awaited),
        count(Prospect::Left),
    );
    let _ = writeln!(text, "{}\n", one_line(&head));
    for (prospect, mark) in [
        (Prospect::Held, "HELD"),
        (Prospect::Recovered, ""),
        (Prospect::Awaited, "wait"),
        (Prospect::Left, "left"),
    ] {
        let vms: Vec<&Foreseen> = loss.vms.iter().filter(|vm| vm.prospect() == prospect).collect();
        for (at, vm) in vms.iter().take(MOST).enumerate() {
            let mark = if mark.is_empty() { format!("{}.", at + 1) } else { mark.to_owned() };
            let _ = writeln!(text, "{}", line(&mark, vm));
        }
        if vms.len() > MOST {
            let _ = writeln!(text, "      and {} more: --json has them all", vms.len() - MOST);
        }
    }
    text.push('\n');
}

/// `  1.  vm 4 database: migrate to node1 (host 1), 50 % free after it`
fn line(mark: &str, vm: &Foreseen) -> String {
    let decision = &vm.decision;
    let needed: Vec<String> = decision.after.iter().map(ToString::to_string).collect();
    let run = if needed.len() == 1 { "runs" } else { "run" };
    let later = if vm.turn > 1 { format!("; once {} {run}", needed.join(", ")) } else { String::new() };
    let told = format!("{} {}: {}{later}", decision.vm, decision.name, decision.verdict.text());
    format!("{mark:>5} {}", cut(&one_line(&told), 3 * WIDTH))
}
