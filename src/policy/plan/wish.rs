//! What may happen to a VM: the least destructive of what its owner, the hook's flag and its cluster say.

use super::Verdict;
use super::view::View;
use crate::model::Vm;
use crate::policy::rules::{Exclusions, Wish};
use crate::policy::settings::Mode;

/// The attribute of VMs and clusters.
const ATTRIBUTE: &str = "HA_POLICY";

/// What is done, and why it is less than the flag says.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) mode: Mode,
    pub(super) why: Option<String>,
}

/// What may happen to this VM, or why nothing does.
pub(super) fn choose(vm: &Vm, view: &View<'_>) -> Result<Chosen, Verdict> {
    let rules = &view.request.policy.plan;
    if let Some(reason) = excluded(vm, &rules.exclude) {
        return Err(Verdict::Leave(reason));
    }
    let flag = wish(view.request.policy.mode);
    let (mut least, mut why) = (flag, None);
    if let Some(of_cluster) = of_cluster(view).map_err(Verdict::Hold)?
        && of_cluster < least
    {
        (least, why) = (of_cluster, Some(format!("its cluster's {ATTRIBUTE} = {of_cluster}")));
    }
    if let Some(text) = vm.attributes.get(ATTRIBUTE) {
        let Some(said) = Wish::read(text) else { return Err(Verdict::Hold(unknown("its", text))) };
        // Passed over upwards: the next value that owners may choose, and never more than the others allow.
        let counts = Wish::ALL.into_iter().find(|wish| *wish >= said && rules.owner_may.contains(wish));
        let note = if counts == Some(said) {
            format!("its {ATTRIBUTE} = {said}")
        } else {
            format!("its {ATTRIBUTE} = {said} is not its owner's to choose (plan.owner_may)")
        };
        match counts {
            Some(wish) if wish <= least => {
                (least, why) = (wish, Some(note).filter(|_| wish < flag || wish != said));
            }
            Some(_) | None if counts != Some(said) && said < least => why = Some(note),
            Some(_) | None => {}
        }
    }
    match (mode(least), why) {
        (Some(mode), why) => Ok(Chosen { mode, why }),
        (None, why) => Err(Verdict::Leave(why.unwrap_or_else(|| format!("{ATTRIBUTE} = {least}")))),
    }
}

/// What the cluster of the dead host says, or why that is not known.
fn of_cluster(view: &View<'_>) -> Result<Option<Wish>, String> {
    let Some(id) = view.dead.map(|host| host.cluster) else { return Ok(None) };
    let clusters = &view.survey.clusters;
    match view.clusters.get(&id).and_then(|cluster| cluster.attributes.get(ATTRIBUTE)) {
        Some(text) => Wish::read(text).map(Some).ok_or_else(|| unknown("its cluster's", text)),
        None if view.clusters.contains_key(&id) => Ok(None),
        None if clusters.failed.is_some() || clusters.unreadable.contains_key(&id.0) => {
            Err(format!("what its cluster's {ATTRIBUTE} says is not known: {id} {}", clusters.absent(id.0)))
        }
        None => Ok(None),
    }
}

fn unknown(whose: &str, text: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    format!("{whose} {ATTRIBUTE} is {shown:?}, none of NONE, MIGRATE, RECREATE and DELETE; correct it")
}

fn wish(mode: Mode) -> Wish {
    match mode {
        Mode::Migrate => Wish::Migrate,
        Mode::Recreate => Wish::Recreate,
        Mode::Delete => Wish::Delete,
    }
}

fn mode(wish: Wish) -> Option<Mode> {
    match wish {
        Wish::None => None,
        Wish::Migrate => Some(Mode::Migrate),
        Wish::Recreate => Some(Mode::Recreate),
        Wish::Delete => Some(Mode::Delete),
    }
}

/// By which entry of `[exclude]` a VM is left alone.
pub(in crate::policy) fn excluded(vm: &Vm, exclude: &Exclusions) -> Option<String> {
    if exclude.vms.contains(&vm.id) {
        return Some("excluded by its id (exclude.vms)".to_owned());
    }
    if let Some(pattern) = exclude.names.iter().find(|pattern| glob(pattern, &vm.name)) {
        return Some(format!("excluded by its name, {pattern} (exclude.names)"));
    }
    let labels = vm.attributes.get("LABELS").map_or("", String::as_str);
    if let Some(label) = labels.split(',').map(str::trim).find(|label| exclude.labels.contains(*label)) {
        return Some(format!("excluded by its label {label} (exclude.labels)"));
    }
    let group = exclude.groups.get(&vm.gname)?;
    Some(format!("excluded by the group {group} of its owner (exclude.groups)"))
}

/// Does the text match a pattern with `*` for any characters and `?` for one?
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where the last star was, and how much of the text it takes.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match (pattern.get(at), text.get(from)) {
            (Some('*'), _) => {
                star = Some((at, from));
                at += 1;
            }
            (Some(one), Some(other)) if *one == '?' || one == other => (at, from) = (at + 1, from + 1),
            (Some(_) | None, _) => match &mut star {
                Some((place, taken)) => {
                    *taken += 1;
                    (at, from) = (*place + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("test-*", "test-7", true),
            ("test-*", "tests", false),
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("no?e", "node", true),
            ("no?e", "noe", false),
            ("", "x", false),
            ("**x", "x", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_end() {
        assert!(!glob(&"a*".repeat(200), &"a".repeat(150)));
    }
}
