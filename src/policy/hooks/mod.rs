//! Hooks of the zone that start us: what is to be registered, what is, and what makes one of the other. Nothing is read or
//! written here.

mod plan;
#[cfg(test)]
mod tests;
mod wanted;

pub use plan::{Deed, Kept, Plan, Taken, plan, removal};
pub use wanted::{NAMES, Options, Wanted, wanted};

use crate::model::Hook;

/// Programs of ours that a hook may start.
const OURS: [&str; 3] = ["host_error", "host_back", "vm_down"];

/// Whose program a hook starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One of ours.
    Ours(&'static str),
    /// OpenNebula's own for hosts that fail or are back, or for VMs that are down.
    OpenNebulas,
    /// Anybody else's.
    Others,
}

/// Whose program a hook starts. It may be started through another one: its path is any word of `COMMAND` then. Source of
/// OpenNebula's own: `share/hooks/ft`, `share/hooks/autostart`.
#[must_use]
pub fn whose(hook: &Hook) -> Whose {
    let words: Vec<&str> = attribute(hook, "COMMAND").split_whitespace().collect();
    let paths = words.iter().enumerate().filter(|(place, word)| *place == 0 || word.contains('/'));
    let mut names = paths.map(|(_, word)| word.rsplit('/').next().unwrap_or_default());
    match names.find_map(|name| OURS.into_iter().find(|ours| *ours == name)) {
        Some(ours) => Whose::Ours(ours),
        None if is_stock(&words) => Whose::OpenNebulas,
        None => Whose::Others,
    }
}

fn is_stock(words: &[&str]) -> bool {
    words.iter().any(|word| word.ends_with("ft/host_error.rb") || word.contains("autostart/"))
}

fn attribute<'a>(hook: &'a Hook, name: &str) -> &'a str {
    hook.attributes.get(name).map_or("", |value| value.trim())
}

/// The event, as a person reads it: `HOST ERROR`, `VM ACTIVE UNKNOWN`, `one.vm.allocate`.
#[must_use]
pub fn event(hook: &Hook) -> String {
    let words = ["RESOURCE", "STATE", "LCM_STATE", "CALL"].map(|name| attribute(hook, name));
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// What is registered, and what is to be done, for a person to read.
#[must_use]
pub fn told(plan: &Plan) -> String {
    let there = plan.kept.iter().map(|(hook, kept)| (hook, Some(*kept)));
    let mut there: Vec<_> =
        there.chain(plan.deeds.iter().filter_map(Deed::hook).map(|hook| (hook, None))).collect();
    there.sort_by_key(|(hook, _)| hook.id);
    let note = |hook: &Hook, kept| match (whose(hook), kept) {
        (_, Some(Kept::Right)) => "; as it is to be",
        (Whose::OpenNebulas, _) => "; OpenNebula's own",
        (Whose::Others, _) => "; not ours, stays",
        (Whose::Ours(_), Some(Kept::Left)) => "; stays",
        (Whose::Ours(_), None) => "",
    };
    let there = there.into_iter().map(|(hook, kept)| format!("  {}{}\n", plan::told(hook), note(hook, kept)));
    let mut text: String = there.collect();
    if text.is_empty() {
        "no hook is registered\n".clone_into(&mut text);
    } else {
        text.insert_str(0, "registered:\n");
    }
    if !plan.deeds.is_empty() {
        text.push_str("to do:\n");
        text.extend(plan.deeds.iter().map(|deed| format!("  {deed}\n")));
    }
    text
}
