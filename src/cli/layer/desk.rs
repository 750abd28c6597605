//! Changing layers: the rules are asked, single writes are sent, everything is read back, and what two people did to one
//! layer at the same time is taken back.

use super::no::{No, changed, not_done, unreached, unread};
use crate::model::VmId;
use crate::policy::layer::{self, Layer, Means, NotFound, Refused, Survey, Write};
use crate::policy::{Failure, LayerScope, Reply, Trouble};
use crate::world::Zone;
use crate::world::oned::Transport;

/// The cloud, and who changes something in it.
pub(super) struct Desk<T> {
    zone: Zone<T>,
    scope: LayerScope,
    by: String,
}

impl<T: Transport> Desk<T> {
    pub(super) fn new(zone: Zone<T>, scope: LayerScope, by: String) -> Self {
        Self { zone, scope, by }
    }

    pub(super) fn look(&self) -> Result<Survey, No> {
        Ok(self.zone.layers(self.scope)?)
    }

    pub(super) fn create(&self, survey: &Survey, name: &str, named: &[String]) -> Result<String, No> {
        layer::valid(name)?;
        layer::free(survey, name)?;
        let vms = find(survey, named)?;
        layer::may_create(survey.means, vms.len())?;
        layer::may_all_join(survey, None, &vms)?;
        let (new, joined) = match survey.means {
            Means::Attributes => {
                let new = layer::of_attribute(name);
                let joined = self.join(survey, &new, &vms, &mut Vec::new())?;
                (new, joined)
            }
            Means::Groups => {
                let (now, new) = self.make(name)?;
                let joined = self.join(&now, &new, &vms, &mut layer::delete(&new))?;
                (new, joined)
            }
        };
        Ok(format!("layer {new} is made\n{joined}"))
    }

    /// The VM group of a new layer, read back.
    fn make(&self, name: &str) -> Result<(Survey, Layer), No> {
        let survey = self.carry_out(&[Write::Make { name: name.to_owned() }], &mut Vec::new())?;
        match layer::made(&survey, name).cloned() {
            Some(made) => Ok((survey, made)),
            None => Err(No::Left(changed(&format!("VM group {name} has no role that keeps its VMs apart")))),
        }
    }

    pub(super) fn add(&self, survey: &Survey, name: &str, named: &[String]) -> Result<String, No> {
        let target = layer::find_layer(&survey.layers, name)?;
        let vms = find(survey, named)?;
        let (there, new): (Vec<VmId>, Vec<_>) = vms.iter().partition(|vm| target.member(**vm).is_some());
        layer::may_all_join(survey, Some(target), &new)?;
        let already = told(survey, &there, &format!("is in {target} already"));
        Ok(already + &self.join(survey, target, &new, &mut Vec::new())?)
    }

    /// Let these VMs in, which may join, and see that the layer is kept; otherwise all is taken back.
    fn join(&self, survey: &Survey, to: &Layer, vms: &[VmId], undo: &mut Vec<Write>) -> Result<String, No> {
        let writes: Vec<_> = vms.iter().map(|vm| layer::join(to, *vm)).collect();
        if writes.is_empty() {
            return Ok(warnings(survey));
        }
        let survey = self.carry_out(&writes, undo)?;
        let now = layer::joined(&survey, to, vms);
        let broken = now.map(|layer| layer::collisions(&survey, layer, vms)).unwrap_or_default();
        if let Some(first) = broken.first() {
            self.take_back(undo)?;
            return Err(No::Refused(Refused {
                rule: format!(
                    "{first}: somebody else changed {to}, or moved a VM, at the same time; what this command wrote is \
                     taken back"
                ),
                way: "look at `onerescue layer list`, then decide again".to_owned(),
            }));
        }
        Ok(told(&survey, vms, &format!("is in {to}")) + &warnings(&survey))
    }

    pub(super) fn remove(&self, survey: &Survey, name: &str, named: &[String]) -> Result<String, No> {
        let target = layer::find_layer(&survey.layers, name)?;
        let vms = find(survey, named)?;
        let (members, others): (Vec<VmId>, Vec<_>) = vms.iter().partition(|vm| target.member(**vm).is_some());
        if !members.is_empty() {
            layer::may_leave(target, survey.means)?;
        }
        let writes: Vec<_> = members.iter().map(|vm| layer::leave(target, *vm)).collect();
        self.carry_out(&writes, &mut Vec::new())?;
        let out = told(survey, &members, &format!("is taken out of {target}"));
        Ok(out + &told(survey, &others, &format!("is not in {target}")))
    }

    pub(super) fn rename(&self, survey: &Survey, name: &str, to: &str) -> Result<String, No> {
        let target = layer::find_layer(&survey.layers, name)?;
        layer::valid(to)?;
        layer::free(survey, to)?;
        layer::may_rename(target)?;
        self.carry_out(&layer::rename(target, to), &mut Vec::new())?;
        Ok(format!("layer {target} is named {to} now\n"))
    }

    pub(super) fn delete(&self, survey: &Survey, name: &str) -> Result<String, No> {
        let target = layer::find_layer(&survey.layers, name)?;
        layer::may_delete(target, survey.means)?;
        self.carry_out(&layer::delete(target), &mut Vec::new())?;
        let left: Vec<_> = target.members.iter().map(|member| member.vm).collect();
        Ok(format!("layer {target} is deleted\n{}", told(survey, &left, "is in no layer any more")))
    }

    /// Send each write once, and read back. An answer that was lost is looked for, never asked for again. If one is not
    /// done, those before it are taken back; `undo` has what was written earlier, and gets what is written here.
    fn carry_out(&self, writes: &[Write], undo: &mut Vec<Write>) -> Result<Survey, No> {
        for write in writes {
            let failure = match self.zone.write_layer(write) {
                Reply::Accepted => None,
                Reply::Refused(_, why) => {
                    Some(not_done(write, &why, "look at the object, then run this again"))
                }
                Reply::NotSent(why) => Some(unreached(write, &why)),
                Reply::Unknown(why) => {
                    let done = self.zone.layers(self.scope).is_ok_and(|survey| write.is_done(&survey));
                    (!done)
                        .then(|| unreached(write, &format!("{why}; it is not there yet, and may still come")))
                }
            };
            if let Some(failure) = failure {
                self.take_back(undo)?;
                return Err(No::Failed(failure));
            }
            log::info!("layer: {write}, by {}", self.by);
            undo.extend(write.undo());
        }
        let survey = match self.zone.layers(self.scope) {
            Ok(survey) => survey,
            Err(failure) => return Err(No::Left(unread(&failure))),
        };
        match writes.iter().find(|write| !write.is_done(&survey)) {
            None => Ok(survey),
            Some(write) => Err(No::Left(changed(&format!("{write} was accepted and is not there")))),
        }
    }

    /// Take back what this command wrote, the last first.
    fn take_back(&self, undo: &mut Vec<Write>) -> Result<(), No> {
        let writes: Vec<_> = std::mem::take(undo).into_iter().rev().collect();
        for write in &writes {
            match self.zone.write_layer(write) {
                Reply::Accepted => log::info!("layer: undone: {write}, by {}", self.by),
                Reply::Refused(_, why) | Reply::NotSent(why) | Reply::Unknown(why) => {
                    log::warn!("layer: not undone: {write}: {why}");
                }
            }
        }
        if writes.is_empty() {
            return Ok(());
        }
        let survey = self.zone.layers(self.scope).map_err(|failure| No::Left(unread(&failure)))?;
        match writes.iter().find(|write| !write.is_done(&survey)) {
            None => Ok(()),
            Some(write) => Err(No::Left(Failure {
                trouble: Trouble::Refused,
                what: format!("what this command wrote could not be undone; still to do: {write}"),
                advice: "look at `onerescue layer list` and `onerescue layer check`, and do it by hand"
                    .to_owned(),
            })),
        }
    }
}

/// The VMs that were named, each once.
fn find(survey: &Survey, named: &[String]) -> Result<Vec<VmId>, NotFound> {
    let mut found = Vec::new();
    for name in named {
        let id = layer::find_vm(&survey.vms, name)?.id;
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Ok(found)
}

/// One line for each, and what could not be read.
fn told(survey: &Survey, vms: &[VmId], what: &str) -> String {
    let line = |vm: &VmId| format!("{} {what}\n", survey.vm(*vm));
    vms.iter().map(line).collect::<Vec<_>>().concat()
}

fn warnings(survey: &Survey) -> String {
    let warn = |why: &String| format!("warning: {why}: its layer is not known\n");
    survey.unreadable.iter().map(warn).collect::<Vec<_>>().concat()
}
