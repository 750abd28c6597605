//! `--explain`: one VM, its decision, and what every other host says about it.

use super::table::WIDTH;
use crate::error::{Error, Result};
use crate::finish;
use crate::model::text::{cut, one_line};
use crate::policy::Policy;
use crate::policy::what_if::{Explanation, Prospect, Snapshot, Target};
use serde_json::json;
use std::fmt::Write as _;

/// As many hosts are shown; `--json` has everything.
const MOST: usize = 200;

/// Tell why. The exit code is 1 if the VM would be held, else 0.
///
/// # Errors
/// [`Error::Instead`] if no VM on a host has this id or name, or several have.
pub(super) fn explain(
    named: &str,
    snapshot: &mut Snapshot,
    policy: &Policy,
    flags: &str,
    as_json: bool,
) -> Result<u8> {
    let found = snapshot.find_vms(named);
    let id = match found.as_slice() {
        [id] => *id,
        [] => {
            let what = format!("no VM on a host is called {named:?} or has that id");
            return Err(Error::instead(what, "run `onevm list` and give the id of a VM that is on a host"));
        }
        many => {
            let ids: Vec<_> = many.iter().take(20).map(|vm| vm.0.to_string()).collect();
            let what = format!("several VMs are called {named:?}: {}", ids.join(", "));
            return Err(Error::instead(what, "give the id of the one that is meant"));
        }
    };
    let none = || Error::instead(format!("{id} is on no host"), format!("run `onevm show {}`", id.0));
    let why = snapshot.explain(id, policy).ok_or_else(none)?;
    finish::say(&if as_json { in_json(&why) } else { text(&why, flags) });
    Ok(u8::from(why.foreseen.prospect() == Prospect::Held))
}

fn text(why: &Explanation, flags: &str) -> String {
    let Explanation { host, vm, foreseen, chain, before, targets } = why;
    let verdict = foreseen.decision.verdict.to_string();
    let mut text = String::new();
    let mut line = |line: String| {
        let _ = writeln!(text, "{}", cut(&one_line(&line), 3 * WIDTH));
    };
    line(format!("{vm}, {} on {host}, if that died now, with {flags}:", vm.state));
    line(format!("  {verdict}"));
    for reason in chain {
        line(format!("  {reason}"));
    }
    line(format!("  {before} VMs of its host are decided before it"));
    for needed in &foreseen.decision.after {
        line(format!("  it waits until {needed} runs"));
    }
    if !targets.is_empty() {
        line("what every other host says when it is its turn:".to_owned());
    }
    let chosen = |target: &Target| foreseen.target() == Some(target.host);
    let mut sorted: Vec<&Target> = targets.iter().collect();
    sorted.sort_by_key(|target| (!chosen(target), target.answer.is_err(), target.host));
    for target in sorted.iter().take(MOST) {
        let answer = match &target.answer {
            Ok(()) if chosen(target) => "takes it",
            Ok(()) => "could take it; another is better",
            Err(why) => why,
        };
        let free = size(target.cpu, target.memory_kib);
        line(format!("  {} ({}), {free} free: {answer}", target.name, target.host));
    }
    if sorted.len() > MOST {
        line(format!("  and {} more: --json has them all", sorted.len() - MOST));
    }
    text
}

/// `1.50 CPU and 1024 MiB`
fn size(cpu: i64, memory_kib: i64) -> String {
    format!("{}.{:02} CPU and {} MiB", cpu / 100, (cpu % 100).abs(), memory_kib / 1024)
}

/// Shape: `{"format":1,"vm":4,"name":"database","host":0,"prospect":"recovered","to":1,"text":"migrate to …",
/// "chain":["policy: Migrate, by the option"],"before":0,"targets":[{"host":1,"name":"node1","takes_it":true,"reason":null,"cpu":3200,"memory_kib":134217728}]}`. `cpu` is in
/// hundredths of a core; both are what is free then.
fn in_json(why: &Explanation) -> String {
    let target = |target: &Target| {
        json!({"host": target.host.0, "name": target.name, "takes_it": target.answer.is_ok(),
               "reason": target.answer.as_ref().err(), "cpu": target.cpu, "memory_kib": target.memory_kib})
    };
    let foreseen = &why.foreseen;
    let value = json!({
        "format": 1,
        "vm": why.vm.id.0,
        "name": why.vm.name,
        "host": why.host.id.0,
        "prospect": foreseen.prospect(),
        "to": foreseen.target().map(|host| host.0),
        "text": foreseen.decision.verdict.text(),
        "chain": why.chain,
        "before": why.before,
        "targets": why.targets.iter().map(target).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}
