//! Is the hook registered so that it will run, to its end, and once?

use super::finding::{Finding, Item};
use crate::model::Hook;
use crate::policy::{Fencing, HandOver, Policy, Purpose};
use std::time::Duration;

/// A hook of the zone.
#[derive(Clone, Debug)]
pub struct HookFacts {
    /// As oned has it.
    pub hook: Hook,
    /// What its `ARGUMENTS` without `$TEMPLATE` choose, or why they choose nothing.
    pub options: Result<Policy, String>,
}

/// Whose program a hook starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Ours,
    Stock,
    Other,
}

impl HookFacts {
    fn value(&self, name: &str) -> &str {
        self.hook.attributes.get(name).map_or("", |value| value.trim())
    }

    /// By any word of `COMMAND`: it may be started through another program.
    fn program(&self) -> Program {
        let mut programs = self.value("COMMAND").split_whitespace().map(|word| {
            match word.rsplit('/').next().unwrap_or_default() {
                "host_error" => Program::Ours,
                "host_error.rb" => Program::Stock,
                _ => Program::Other,
            }
        });
        programs.find(|program| *program != Program::Other).unwrap_or(Program::Other)
    }

    /// Whether it runs when a host enters ERROR. The event's key has `RESOURCE` as it was written. Source:
    /// `src/hem/onehem-server.rb`.
    fn on_error(&self) -> bool {
        self.hook.kind.eq_ignore_ascii_case("state")
            && self.value("RESOURCE") == "HOST"
            && self.value("STATE").eq_ignore_ascii_case("ERROR")
    }

    fn object(&self) -> String {
        format!("{} ({})", self.hook.name, self.hook.id)
    }

    /// Whether its program is one of ours and beneath OpenNebula's remotes. A COMMAND that is no absolute path is in
    /// their folder `hooks`. Source: `src/hem/onehem-server.rb`.
    fn beneath_remotes(&self) -> bool {
        self.value("COMMAND").split_whitespace().enumerate().any(|(place, word)| {
            let ours = ["host_error", "host_back", "vm_down"];
            ours.contains(&word.rsplit('/').next().unwrap_or_default())
                && (word.contains("/remotes/") || place == 0 && !word.starts_with('/'))
        })
    }
}

/// What the registered hook chooses, for a host whose event was lost.
///
/// # Errors
/// Why no hook says it, or not one alone.
pub fn chosen(hooks: &[HookFacts]) -> Result<Policy, String> {
    let mut ours = hooks.iter().filter(|hook| hook.program() == Program::Ours && hook.on_error());
    match (ours.next(), ours.next()) {
        (Some(hook), None) => hook
            .options
            .clone()
            .map_err(|why| format!("the options of {} cannot be used: {why}", hook.object())),
        (None, _) => Err("no hook starts host_error when a host enters ERROR".to_owned()),
        (Some(one), Some(other)) => {
            Err(format!("{} and {} both start host_error", one.object(), other.object()))
        }
    }
}

/// How to make one.
const CREATE: &str = "as oneadmin, once per zone: `onerescue setup hooks`";

pub(super) fn judge(hooks: &[HookFacts]) -> Vec<Finding> {
    let of = |program, hook: &&HookFacts| hook.program() == program && hook.on_error();
    let ours: Vec<_> = hooks.iter().filter(|hook| of(Program::Ours, hook)).collect();
    let mut findings: Vec<_> = ours.iter().map(|hook| alone(hook)).collect();
    if let [_, _, ..] = ours.as_slice() {
        let names: Vec<_> = ours.iter().map(|hook| hook.object()).collect();
        let text = format!(
            "{} hooks start host_error for a host in ERROR, and race: {}",
            ours.len(),
            names.join(", ")
        );
        findings.push(Finding::broken(
            Item::Hook,
            "HOST/ERROR",
            text,
            "delete all but one with `onehook delete`",
        ));
    }
    for stock in hooks.iter().filter(|hook| of(Program::Stock, hook)) {
        let text = "the stock hook runs for a host in ERROR too, and has its own idea of fencing";
        let advice = format!("`onehook delete {}`", stock.hook.id.0);
        findings.push(Finding::warning(Item::Hook, stock.object(), text, advice));
    }
    for other in hooks.iter().filter(|hook| hook.program() == Program::Ours && !hook.on_error()) {
        let (resource, state) = (other.value("RESOURCE"), other.value("STATE"));
        let text = format!("it starts host_error for {resource:?} and {state:?}, not for HOST and ERROR");
        let advice = CREATE;
        findings.push(Finding::warning(Item::Hook, other.object(), text, advice));
    }
    findings.extend(hooks.iter().filter_map(autostart));
    for hook in hooks.iter().filter(|hook| hook.beneath_remotes()) {
        let text =
            "its program is beneath OpenNebula's remotes, and `onehost sync` copies it to every hypervisor";
        let advice = format!("`onehook update {}` with the COMMAND of its template", hook.hook.id.0);
        findings.push(Finding::warning(Item::Hook, hook.object(), text, advice));
    }
    if ours.is_empty() {
        let text = "no hook starts host_error when a host enters ERROR";
        findings.push(Finding::broken(Item::Hook, "HOST/ERROR", text, CREATE));
    }
    findings
}

/// Is it one of OpenNebula's own hooks that resume VMs of a host that is back, and VMs that went down? They ask nobody, and
/// neither wait nor count. Source: `share/hooks/autostart`.
pub(in crate::policy) fn is_autostart(hook: &Hook) -> bool {
    let command = hook.attributes.get("COMMAND").map_or("", String::as_str);
    command.split_whitespace().any(|word| word.contains("autostart/"))
}

fn autostart(facts: &HookFacts) -> Option<Finding> {
    let text = "it is OpenNebula's own autostart hook, which resumes VMs too, without looking at incidents";
    let advice = format!("`onehook delete {}` where host_back or vm_down is registered", facts.hook.id.0);
    is_autostart(&facts.hook).then(|| Finding::warning(Item::Hook, facts.object(), text, advice))
}

/// One hook of ours, whatever others there are.
fn alone(facts: &HookFacts) -> Finding {
    let faults = faults(facts);
    if !faults.is_empty() {
        let advice = format!(
            "`onehook update {}`, with /usr/share/onerescue/host_error.tmpl as the example",
            facts.hook.id.0
        );
        return Finding::broken(Item::Hook, facts.object(), faults.join("; "), advice);
    }
    match &facts.options {
        Ok(policy) if policy.fencing == Fencing::Waived => {
            let advice = format!("`onehook update {}` and take -u out of ARGUMENTS", facts.hook.id.0);
            let text = "with -u nothing keeps a VM from running twice";
            Finding::warning(Item::Hook, facts.object(), text, advice)
        }
        Ok(_) | Err(_) => Finding::ok(Item::Hook, facts.object(), "it runs when a host enters ERROR"),
    }
}

fn faults(facts: &HookFacts) -> Vec<String> {
    let mut faults = Vec::new();
    if !facts.value("ARGUMENTS").split_whitespace().any(|word| word == "$TEMPLATE") {
        faults.push("ARGUMENTS has no word $TEMPLATE".to_owned());
    }
    if !facts.value("ARGUMENTS_STDIN").eq_ignore_ascii_case("yes") {
        faults.push(format!(
            "ARGUMENTS_STDIN is {:?}, and only \"yes\" hands a large host over",
            facts.value("ARGUMENTS_STDIN")
        ));
    }
    if facts.value("REMOTE").eq_ignore_ascii_case("yes") {
        faults.push("REMOTE is \"yes\": it would run on the host that is dead".to_owned());
    }
    match &facts.options {
        Err(why) => faults.push(format!("its options cannot be used: {why}")),
        Ok(policy) if policy.purpose == Purpose::Rehearse => {
            faults.push("with --dry-run it changes nothing".to_owned());
        }
        Ok(policy) => faults.extend(too_short(facts.value("TIMEOUT"), policy)),
    }
    faults
}

/// A run that the hook manager ends half-way leaves VMs where they are.
fn too_short(timeout: &str, policy: &Policy) -> Option<String> {
    if timeout.is_empty() {
        return None;
    }
    let wait = policy.wait.cycle.saturating_mul(policy.wait.cycles);
    let (wait, hold) = match policy.hand_over {
        HandOver::No => (wait, policy.hold.deadline),
        HandOver::Yes => (Duration::ZERO, Duration::ZERO),
    };
    let needed = [policy.fence.deadline, hold, policy.settle.deadline];
    let needed = needed.into_iter().fold(wait, Duration::saturating_add).as_secs();
    match timeout.parse::<u64>() {
        Ok(seconds) if seconds >= needed => None,
        Ok(_) | Err(_) => Some(format!(
            "TIMEOUT is {timeout:?}, and a run may take {needed} s with these settings: leave it out"
        )),
    }
}
