//! The names that a layer may have, and finding layers and VMs by what an operator types.

use super::{Kind, Layer, Refused, Rule, Survey};
use crate::model::{Vm, VmId};

/// oned's longest name. Source: `PoolObjectSQL::name_is_valid`.
const LONGEST: usize = 128;

/// Characters that oned refuses in a name. Source: `INVALID_NAME_CHARS` in `src/pool/PoolObjectSQL.cc`.
const FORBIDDEN: &str = "&|:\\\";/'#{}$<>";

/// What was typed names nothing, or several things: wrong use, not a broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFound {
    /// What is wrong.
    pub what: String,
    /// The one thing to do.
    pub advice: String,
}

/// Whether a layer may have this name: what OpenNebula allows, and not a number, which would be taken for an id.
/// Shape: `web`, `web front 2`.
///
/// # Errors
/// [`NotFound`] with the rule.
pub fn valid(name: &str) -> Result<(), NotFound> {
    let why = if name.trim() != name || name.is_empty() {
        "is blank or has blanks around it"
    } else if name.chars().count() > LONGEST || name.len() > 2 * LONGEST {
        "is longer than 128 characters"
    } else if name.chars().any(|c| c.is_control() || FORBIDDEN.contains(c)) {
        "has a character that OpenNebula refuses in names"
    } else if name.bytes().all(|byte| byte.is_ascii_digit()) {
        "is a number, which would be taken for the id of a VM group"
    } else {
        return Ok(());
    };
    let what = format!("{:?} cannot name a layer: it {why}", short(name));
    Err(NotFound { what, advice: format!("choose a name without any of {FORBIDDEN}") })
}

/// The layer of this name, or of the VM group with this id, or that is listed with this text: `web (HA_LAYER of user 5)`.
///
/// # Errors
/// [`NotFound`] if there is none, or if several have the name: then they are listed.
pub fn find_layer<'a>(layers: &'a [Layer], named: &str) -> Result<&'a Layer, NotFound> {
    let by_name: Vec<_> = layers.iter().filter(|layer| layer.name == named).collect();
    let by_id = |layer: &&Layer| match &layer.kind {
        Kind::Role { group, alone, .. } => *alone && named.parse() == Ok(group.0),
        Kind::Attribute(_) => false,
    };
    if let Some(layer) = layers.iter().find(|layer| layer.to_string() == named) {
        return Ok(layer);
    }
    match by_name.as_slice() {
        [layer] => Ok(layer),
        [] => layers.iter().find(by_id).ok_or_else(|| NotFound {
            what: format!("there is no layer {:?}", short(named)),
            advice: "`onerescue layer list` has them all".to_owned(),
        }),
        several => {
            let listed: Vec<_> = several.iter().map(ToString::to_string).collect();
            Err(NotFound {
                what: format!("{} layers are named {:?}: {}", several.len(), short(named), listed.join(", ")),
                advice: "give the one that is meant as it stands there, in quotes, or a VM group's id; or rename it with \
                         `onerescue layer rename`"
                    .to_owned(),
            })
        }
    }
}

/// The layer, and the rules between roles, that are meant by a name: a layer's, a VM group's or its id.
///
/// # Errors
/// [`NotFound`] as from [`find_layer`], where no rule is meant either.
pub fn find(survey: &Survey, named: &str) -> Result<(Vec<Layer>, Vec<Rule>), NotFound> {
    let by_id = |rule: &&Rule| named.parse() == Ok(rule.group.0);
    let group =
        |rule: &&Rule| survey.groups.iter().any(|group| group.id == rule.group && group.name == named);
    let means = |rule: &&Rule| rule.name == named || group(rule) || by_id(rule);
    let rules: Vec<Rule> = survey.rules.iter().filter(means).cloned().collect();
    match find_layer(&survey.layers, named) {
        Ok(layer) => Ok((vec![layer.clone()], rules)),
        Err(why) if rules.is_empty() => Err(why),
        Err(_) => Ok((Vec::new(), rules)),
    }
}

/// The VM of this id or name; one that is DONE is not found by its name.
///
/// # Errors
/// [`NotFound`] if there is none, or if several have the name: then they are listed.
pub fn find_vm<'a>(vms: &'a [Vm], named: &str) -> Result<&'a Vm, NotFound> {
    let by_name: Vec<_> = vms.iter().filter(|vm| vm.name == named).collect();
    let by_id = || vms.iter().find(|vm| named.parse() == Ok(vm.id.0));
    match by_name.as_slice() {
        [vm] => Ok(vm),
        [] => by_id().ok_or_else(|| NotFound {
            what: format!("there is no VM {:?}", short(named)),
            advice: "`onevm list` has them all; give an id or a name".to_owned(),
        }),
        several => {
            let ids: Vec<_> = several.iter().take(20).map(|vm| vm.id.0.to_string()).collect();
            let (count, name, ids) = (several.len(), short(named), ids.join(", "));
            Err(NotFound {
                what: format!("{count} VMs are named {name:?}: their ids are {ids}"),
                advice: "give the id of the one that is meant".to_owned(),
            })
        }
    }
}

/// Whether a new layer may have this name.
///
/// # Errors
/// [`Refused`] if a layer or a VM group has it.
pub fn free(survey: &Survey, name: &str) -> Result<(), Refused> {
    let layer = survey.layers.iter().find(|layer| layer.name == name).map(ToString::to_string);
    let group = || survey.groups.iter().find(|group| group.name == name);
    match layer.or_else(|| group().map(|group| format!("{name} ({})", group.id))) {
        None => Ok(()),
        Some(taken) => Err(Refused {
            rule: format!("the name is taken by {taken}: a layer's name must be its own"),
            way: "choose another name, or add to the layer that is there with `onerescue layer add`"
                .to_owned(),
        }),
    }
}

/// What an operator typed, for a message.
fn short(typed: &str) -> String {
    typed.chars().take(LONGEST).collect()
}

/// The ids as a command takes them: `3 4 7`.
pub(super) fn listed(vms: impl IntoIterator<Item = VmId>) -> String {
    vms.into_iter().map(|vm| vm.0.to_string()).collect::<Vec<_>>().join(" ")
}
