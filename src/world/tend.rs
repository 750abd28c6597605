//! What the hooks on healthy hosts do, beside what every recovery can.

use super::clock::wall_clock;
use super::interrupted::lock_file;
use super::oned::{HostStatus, MigrationType, Transport};
use super::zone::reply;
use super::{Live, Zone, downs};
use crate::model::{Holder, Hook, VmId, text};
use crate::policy::healthy::Deed;
use crate::policy::vm_down::Kept;
use crate::policy::{self, Claim, Crowd, Failure, HoldRules, Reply, VmSubject};
use std::time::Duration;

impl<T: Transport> Zone<T> {
    /// Carry out one of them.
    pub fn tend(&self, deed: &Deed) -> Reply {
        let oned = self.oned();
        reply(match deed {
            Deed::Resume { vm } => oned.vm_action(*vm, "resume"),
            Deed::Move { vm, to, kind } => oned.migrate(*vm, *to, kind_of(*kind)),
            Deed::Live { vm, to } => oned.migrate_live(*vm, *to),
            Deed::NoteVm { vm, attributes } => oned.update_vm(*vm, &template(attributes)),
            Deed::Execute { vm, command } => oned.execute(*vm, command),
            Deed::NoteHost { host, attributes } => oned.update_host(*host, &template(attributes)),
            Deed::Disable { host } => oned.host_status(*host, HostStatus::Disabled),
            Deed::Offline { host } => oned.host_status(*host, HostStatus::Offline),
            Deed::Enable { host } => oned.host_status(*host, HostStatus::Enabled),
        })
    }
}

fn kind_of(kind: policy::MigrationType) -> MigrationType {
    match kind {
        policy::MigrationType::Save => MigrationType::Save,
        policy::MigrationType::Poweroff => MigrationType::Poweroff,
    }
}

/// A line each.
fn template(attributes: &[(&'static str, String)]) -> String {
    let lines: Vec<_> = attributes.iter().map(|(name, value)| text::attribute(name, value)).collect();
    lines.join("\n")
}

impl Live {
    pub(super) fn hooks(&mut self) -> Result<Vec<Hook>, Failure> {
        Ok(self.zone().oned().hooks()?.good)
    }

    pub(super) fn claim_vm(&mut self, vm: VmId, over: &[Holder]) -> Result<Claim, Failure> {
        let claim = self.lock(&lock_file(&self.run_dir, vm), over)?;
        if matches!(claim, Claim::Ours(_) | Claim::Stopped(_)) {
            self.note_vm();
        }
        Ok(claim)
    }

    pub(super) fn crowd(&mut self, down: &VmSubject, within: Duration) -> Result<Crowd, Failure> {
        Ok(downs::count(&self.run_dir, down, wall_clock(), within)?)
    }

    /// The word of this run stays in the lock file of its VM. A file that another run holds has that run's word.
    pub(super) fn look_again(&mut self, vm: VmId, hold: &HoldRules) {
        if !self.has_word()
            && let Err(failure) = self.claim_vm(vm, &[])
        {
            log::warn!("{vm} is not looked at again: {}", failure.what);
        }
        let kept = Kept::held(self.begun(), hold, wall_clock());
        if let Some(word) = self.keep_word() {
            word.keep(kept);
        }
    }

    pub(super) fn tend(&mut self, deeds: &[Deed]) -> Vec<Reply> {
        let zone = self.zone();
        if deeds.iter().all(|deed| deed.vm().is_some()) {
            return std::thread::scope(|scope| {
                let sent: Vec<_> = deeds.iter().map(|deed| scope.spawn(move || zone.tend(deed))).collect();
                let lost = |_| Reply::Unknown("the call's thread ended".to_owned());
                sent.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
            });
        }
        one_by_one(deeds, |deed| zone.tend(deed))
    }
}

/// In this order, to the first that is not accepted.
pub(crate) fn one_by_one(deeds: &[Deed], mut send: impl FnMut(&Deed) -> Reply) -> Vec<Reply> {
    let mut replies: Vec<Reply> = Vec::new();
    for deed in deeds {
        let stopped = replies.last().is_some_and(|reply| *reply != Reply::Accepted);
        let skipped = Reply::NotSent("the call before it was not accepted".to_owned());
        replies.push(if stopped { skipped } else { send(deed) });
    }
    replies
}
