//! What is to be done so that the zone has the hooks that are wanted, and no other of ours beside them.

use super::wanted::written;
use super::{Wanted, Whose, attribute, event, whose};
use crate::model::{Hook, HookId};
use std::fmt;

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A hook that is there is written over: it is never missing, and keeps its name, its id and its log.
    Replace(Hook, Wanted),
    /// A hook goes.
    Delete(Hook),
    /// A hook is made.
    Create(Wanted),
}

/// What a hook that stays is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// One that is wanted, as it is.
    Right,
    /// One that is left as it is, because a person said so, or because it is somebody else's.
    Left,
}

/// Everything that is to be done, in this order, and every hook that stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be done.
    pub deeds: Vec<Deed>,
    /// What stays.
    pub kept: Vec<(Hook, Kept)>,
}

/// A name that a hook of ours needs, and that somebody else's hook has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// His hook.
    pub hook: Hook,
}

/// What is to be done about these hooks. Hooks that start other programs than ours and OpenNebula's are never touched.
///
/// # Errors
/// A hook must be made whose name one of those has.
pub fn plan(hooks: &[Hook], wanted: &[Wanted], without: &[String]) -> Result<Plan, Taken> {
    let mut sorter = Sorter { hooks: hooks.to_vec(), plan: Plan::default() };
    for one in wanted.iter().filter(|one| without.contains(&one.name)) {
        for left in sorter.take(|hook| on_event(hook, one) && whose(hook) != Whose::Others) {
            sorter.plan.kept.push((left, Kept::Left));
        }
    }
    let mut create = Vec::new();
    let mut delete = Vec::new();
    for one in wanted.iter().filter(|one| !without.contains(&one.name)) {
        let mut there = sorter.take(|hook| on_event(hook, one) && does_its_work(hook, one)).into_iter();
        match there.next() {
            None => create.push(one.clone()),
            Some(first) if is_as_wanted(&first, one) => sorter.plan.kept.push((first, Kept::Right)),
            Some(first) => sorter.plan.deeds.push(Deed::Replace(first, one.clone())),
        }
        delete.extend(there);
        // OpenNebula's other program for the event resumes VMs too, and asks nobody.
        delete.extend(sorter.take(|hook| on_event(hook, one) && whose(hook) == Whose::OpenNebulas));
    }
    // Ours on another event does there what it must not.
    delete.extend(sorter.take(|hook| matches!(whose(hook), Whose::Ours(_))));
    let left = std::mem::take(&mut sorter.hooks);
    sorter.plan.kept.extend(left.into_iter().map(|hook| (hook, Kept::Left)));
    let mut plan = sorter.plan;
    let staying = plan.kept.iter().map(|(hook, _)| hook).chain(plan.deeds.iter().filter_map(Deed::hook));
    let taken = create.iter().find_map(|one| staying.clone().find(|hook| hook.name == one.name));
    if let Some(hook) = taken.cloned() {
        return Err(Taken { hook });
    }
    plan.deeds.extend(delete.into_iter().map(Deed::Delete));
    plan.deeds.extend(create.into_iter().map(Deed::Create));
    Ok(plan)
}

/// Every hook of ours goes, whatever its event is.
#[must_use]
pub fn removal(hooks: &[Hook]) -> Plan {
    let (ours, others): (Vec<_>, Vec<_>) =
        hooks.iter().cloned().partition(|hook| matches!(whose(hook), Whose::Ours(_)));
    Plan {
        deeds: ours.into_iter().map(Deed::Delete).collect(),
        kept: others.into_iter().map(|hook| (hook, Kept::Left)).collect(),
    }
}

struct Sorter {
    /// Those that nothing was decided about.
    hooks: Vec<Hook>,
    plan: Plan,
}

impl Sorter {
    /// Take these out: ours first, and then by their ids.
    fn take(&mut self, is: impl Fn(&Hook) -> bool) -> Vec<Hook> {
        let (mut taken, left) = std::mem::take(&mut self.hooks).into_iter().partition::<Vec<_>, _>(is);
        self.hooks = left;
        taken.sort_by_key(|hook| (whose(hook) == Whose::OpenNebulas, hook.id));
        taken
    }
}

fn on_event(hook: &Hook, wanted: &Wanted) -> bool {
    let registered = wanted.registered();
    let same = |name: &str| {
        let value = registered.get(name).map_or("", String::as_str);
        attribute(hook, name).eq_ignore_ascii_case(value)
    };
    hook.kind.eq_ignore_ascii_case("state") && ["RESOURCE", "STATE", "LCM_STATE"].into_iter().all(same)
}

/// Ours, or the one that it replaces with the same options.
fn does_its_work(hook: &Hook, wanted: &Wanted) -> bool {
    let stock = || attribute(hook, "COMMAND").contains("host_error.rb") && wanted.file() == "host_error";
    match whose(hook) {
        Whose::Ours(file) => file == wanted.file(),
        Whose::OpenNebulas => stock(),
        Whose::Others => false,
    }
}

/// What a hook of ours must not have: it ends a run half-way.
const TIMEOUT: &str = "TIMEOUT";

fn is_as_wanted(hook: &Hook, wanted: &Wanted) -> bool {
    let same = |(name, value): (&String, &String)| {
        let exact = ["ARGUMENTS", "COMMAND"].contains(&name.as_str());
        let has = attribute(hook, name);
        if exact { has == value } else { has.eq_ignore_ascii_case(value) }
    };
    wanted.registered().iter().all(same) && attribute(hook, TIMEOUT).is_empty()
}

impl Deed {
    /// The hook that is there before.
    #[must_use]
    pub fn hook(&self) -> Option<&Hook> {
        match self {
            Self::Replace(hook, _) | Self::Delete(hook) => Some(hook),
            Self::Create(_) => None,
        }
    }

    /// The program that starts with it.
    #[must_use]
    pub fn wanted(&self) -> Option<&Wanted> {
        match self {
            Self::Replace(_, wanted) | Self::Create(wanted) => Some(wanted),
            Self::Delete(_) => None,
        }
    }

    /// Is it done, where these are the hooks now?
    #[must_use]
    pub fn is_done(&self, hooks: &[Hook]) -> bool {
        let of = |id: HookId| hooks.iter().find(|hook| hook.id == id);
        match self {
            Self::Replace(hook, wanted) => of(hook.id).is_some_and(|now| is_as_wanted(now, wanted)),
            Self::Delete(hook) => of(hook.id).is_none(),
            Self::Create(wanted) => {
                hooks.iter().any(|hook| hook.name == wanted.name && is_as_wanted(hook, wanted))
            }
        }
    }

    /// The template that oned is sent; nothing for a hook that goes. What somebody has added to a hook stays in it.
    #[must_use]
    pub fn template(&self) -> Option<String> {
        match self {
            Self::Replace(hook, wanted) => {
                let mut attributes = hook.attributes.clone();
                attributes.remove(TIMEOUT);
                attributes.extend(wanted.registered());
                Some(written(&attributes))
            }
            Self::Delete(_) => None,
            Self::Create(wanted) => Some(wanted.template()),
        }
    }
}

/// `create host_back: …`, `replace host_error (hook 0) by …`
impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replace(hook, wanted) => {
                write!(f, "replace {} ({}): {}", hook.name, hook.id, wanted.line())
            }
            Self::Delete(hook) => write!(f, "delete {} ({})", hook.name, hook.id),
            Self::Create(wanted) => write!(f, "create {}: {}", wanted.name, wanted.line()),
        }
    }
}

impl Wanted {
    /// What runs: `/usr/lib/onerescue/host_error $TEMPLATE -m -p 5`
    fn line(&self) -> String {
        let registered = self.registered();
        let arguments = registered.get("ARGUMENTS").map_or("", String::as_str);
        format!("{} {arguments}", self.program)
    }
}

/// `host_error (hook 0), on HOST ERROR: ft/host_error.rb $TEMPLATE -m`
#[must_use]
pub(super) fn told(hook: &Hook) -> String {
    let (command, arguments) = (attribute(hook, "COMMAND"), attribute(hook, "ARGUMENTS"));
    format!("{} ({}), on {}: {command} {arguments}", hook.name, hook.id, event(hook)).trim_end().to_owned()
}
