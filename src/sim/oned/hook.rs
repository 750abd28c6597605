//! Changing hooks. Names are unique, and what an event is must be right. Source: `src/hm/Hook.cc`, `HookPool.cc`,
//! `HookStateHost.cc`, `HookStateVM.cc`.
//!
//! Deliberately absent: hooks of images and networks, and the names of a VM's states.

use super::objects::parse;
use super::{Args, Done, Fail, Right, check_lock, int, missing, refused};
use crate::sim::cloud::Cloud;
use crate::sim::state::Hook;
use crate::sim::template::Template;

const HOST_STATES: [&str; 5] = ["INIT", "MONITORED", "ERROR", "DISABLED", "OFFLINE"];

/// What `ON` of a VM's hook means.
const ON: [(&str, &str, &str); 6] = [
    ("PROLOG", "ACTIVE", "PROLOG"),
    ("RUNNING", "ACTIVE", "RUNNING"),
    ("SHUTDOWN", "ACTIVE", "EPILOG"),
    ("STOP", "STOPPED", "LCM_INIT"),
    ("DONE", "DONE", "LCM_INIT"),
    ("UNKNOWN", "ACTIVE", "UNKNOWN"),
];

impl Cloud {
    pub(super) fn hook_write(&mut self, verb: &str, args: &Args<'_>) -> Done {
        if verb == "allocate" {
            return self.hook_allocate(args);
        }
        let id = args.id(0, "hook")?;
        let hook = self.state.hooks.get(&id).ok_or_else(|| missing("hook", id.into()))?;
        let (old, kind, mut template) = (hook.lock, hook.kind.clone(), hook.template.clone());
        if !matches!(verb, "lock" | "unlock") {
            check_lock(old, Right::Manage, "Hook", id)?;
        }
        let lock = if verb == "lock" { self.lock(old, args)? } else { None };
        if verb == "delete" {
            self.state.hooks.remove(&id);
            return int(id);
        }
        if verb == "update" {
            let new = parse(args, 1)?;
            if args.int_or(2, 0)? != 1 {
                template = Template::default();
            }
            template.merge(new);
            updated(&kind, &template)?;
        }
        if let Some(hook) = self.state.hooks.get_mut(&id) {
            hook.template = template;
            if verb != "update" {
                hook.lock = lock;
            }
        }
        int(id)
    }

    fn hook_allocate(&mut self, args: &Args<'_>) -> Done {
        let mut template = parse(args, 0)?;
        let take = |template: &mut Template, name: &str| {
            let value = template.get(name).map(str::to_owned);
            template.remove(name);
            value
        };
        let name = take(&mut template, "NAME").ok_or_else(|| no("Invalid name."))?;
        if let Some(other) = self.state.hooks.values().find(|hook| hook.name == name) {
            return Err(no(format!("NAME is already taken by Hook {}.", other.id)));
        }
        if template.get("COMMAND").is_none() {
            return Err(no("No COMMAND in template for Hook."));
        }
        let kind = take(&mut template, "TYPE").map(|kind| kind.to_lowercase()).unwrap_or_default();
        if !["state", "api"].contains(&kind.as_str()) {
            return Err(no("No TYPE or invalid one in template for Hook."));
        }
        let remote = template.get("REMOTE").is_some_and(|remote| remote.eq_ignore_ascii_case("yes"));
        template.set("REMOTE", if remote { "YES" } else { "NO" });
        if kind == "state" {
            begun(&mut template)?;
        }
        let id = self.state.next_hook;
        self.state.next_hook += 1;
        self.state.hooks.insert(id, Hook { id, name, kind, template, lock: None });
        int(id)
    }
}

fn no(why: impl Into<String>) -> Fail {
    refused(0x4000, why.into())
}

/// The event of a new hook is written as oned keeps it.
fn begun(template: &mut Template) -> Result<(), Fail> {
    let state = template.get("STATE").unwrap_or_default().to_uppercase();
    match template.get("RESOURCE").unwrap_or_default().to_uppercase().as_str() {
        "" => return Err(no("RESOURCE attribute is required for STATE hooks.")),
        "HOST" if HOST_STATES.contains(&state.as_str()) => template.set("STATE", state),
        "HOST" => return Err(no(format!("Invalid STATE: {state}"))),
        "VM" => {
            let on = template.get("ON").unwrap_or_default().to_uppercase();
            template.remove("ON");
            if let Some((_, state, lcm)) = ON.into_iter().find(|(name, _, _)| *name == on) {
                template.set("STATE", state);
                template.set("LCM_STATE", lcm);
            } else if on != "CUSTOM" {
                return Err(no(format!("Unkown state condition: {on}")));
            }
            vm_states(template, |name, value| format!("Wrong {name}: {value}"))?;
        }
        other => return Err(no(format!("Invalid resource type: {other}"))),
    }
    Ok(())
}

/// The event of a hook that is updated must be whole: `ON` means nothing any more.
fn updated(kind: &str, template: &Template) -> Result<(), Fail> {
    let invalid = |name: &str| format!("The {name} attribute is not defined or it's invalid.");
    let state = template.get("STATE").unwrap_or_default().to_uppercase();
    if template.get("COMMAND").unwrap_or_default().is_empty() {
        return Err(refused(0x2000, "The COMMAND attribute is not defined."));
    }
    match template.get("RESOURCE") {
        Some("HOST") if kind == "state" && !HOST_STATES.contains(&state.as_str()) => {
            Err(refused(0x2000, invalid("STATE")))
        }
        Some("VM") if kind == "state" => vm_states(template, |name, _| invalid(name)),
        Some(_) | None => Ok(()),
    }
}

fn vm_states(template: &Template, why: impl Fn(&str, &str) -> String) -> Result<(), Fail> {
    for name in ["STATE", "LCM_STATE"] {
        if template.get(name).is_none_or(str::is_empty) {
            return Err(refused(0x2000, why(name, "")));
        }
    }
    Ok(())
}
