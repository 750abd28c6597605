//! Was this VM left down by the failure, and may it be started where it is?

use super::run::Run;
use crate::model::{Epoch, Host, HostId, Incident, Vm, VmId};
use crate::policy::healthy::{Fallen, fallen, may_run_elsewhere};
use crate::policy::moments::is_ahead;
use crate::policy::plan::{excluded, locked};
use crate::policy::rules::Exclusions;
use std::collections::BTreeSet;

/// A VM may have crashed this long before the host's ERROR: that takes a few monitoring cycles.
const BEFORE: i64 = 900;

/// What the last run has done about a failure; in the host's template. See [`Closed`].
pub(super) const RETURNED: &str = "HA_RETURNED";

/// What an earlier run has done about a failure, as it wrote that into the host's template: `1795169360 9 12` is the
/// moment of its end, and the VMs that it could not start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Closed {
    at: i64,
    but: BTreeSet<VmId>,
}

impl Closed {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let at = words.next()?.parse().ok()?;
        Some(Self { at, but: words.filter_map(|id| Some(VmId(id.parse().ok()?))).collect() })
    }
}

/// What to do with one VM of a host that is back.
pub(super) enum Verdict {
    Start,
    /// Nobody asked for it; the reason.
    Leave(String),
    /// It should be started and cannot be; the reason.
    Hold(String),
}

/// The failure whose tail is to be closed.
pub(super) struct Tail {
    host: HostId,
    incident: Option<Incident>,
    /// What an earlier run has done.
    closed: Option<Closed>,
    /// `[exclude]`
    exclude: Exclusions,
    /// The wall clock.
    now: Epoch,
}

impl Tail {
    pub(super) fn of(run: &Run, host: &Host) -> Self {
        Self {
            host: run.id,
            incident: run.incident().cloned(),
            closed: host.attributes.get(RETURNED).and_then(|text| Closed::read(text)),
            exclude: run.policy.plan.exclude.clone(),
            now: run.epoch(),
        }
    }

    /// The time from which on a crash belongs to the host's failure; or why none does.
    fn since(&self, vm: VmId) -> Result<i64, &'static str> {
        let incident = self.incident.as_ref().ok_or("no failure of the host is recorded")?;
        // A clock that was ahead has dated it: it was heard before it failed, by oned's clock. If that is not known, or
        // is of the same clock, every crash may be of that failure.
        let wrong = is_ahead(self.now, incident.opened);
        let heard = incident.heard.filter(|heard| !is_ahead(self.now, Epoch(*heard)));
        let dated = Some(incident.opened.0).filter(|_| !wrong);
        // oned dates crashes, so its clock counts where the other one was ahead.
        let opened = dated.into_iter().chain(heard).min();
        let done = |closed: &Closed| {
            let after = opened.is_some_and(|opened| closed.at >= opened);
            after && !is_ahead(self.now, Epoch(closed.at)) && !closed.but.contains(&vm)
        };
        if self.closed.as_ref().is_some_and(done) {
            return Err("what the host's last failure left was started before");
        }
        Ok(opened.map_or(i64::MIN, |opened| opened.saturating_sub(BEFORE)))
    }

    /// Decide about one VM.
    pub(super) fn judge(&self, vm: &Vm) -> Verdict {
        if vm.host != Some(self.host) {
            let place = vm.host.map_or_else(|| "no host".to_owned(), |host| host.to_string());
            return Verdict::Leave(format!("{} on {place}", vm.state));
        }
        match fallen(vm) {
            Fallen::NotOurs(why) => return Verdict::Leave(why),
            Fallen::Failed(why) => return Verdict::Hold(why),
            Fallen::Lost => {}
            Fallen::Crashed(at) => match (self.since(vm.id), at) {
                (Err(why), _) => return Verdict::Leave(format!("POWEROFF, and {why}")),
                (Ok(since), Some(at)) if at < since => {
                    return Verdict::Leave("POWEROFF since before the host failed".to_owned());
                }
                (Ok(_), Some(_) | None) => {}
            },
        }
        if vm.attributes.get("HA_POLICY").is_some_and(|policy| policy.eq_ignore_ascii_case("none")) {
            return Verdict::Leave(format!("{}, and its HA_POLICY is NONE", vm.state));
        }
        if let Some(why) = excluded(vm, &self.exclude) {
            return Verdict::Leave(format!("{}, and {why}", vm.state));
        }
        if let Some(why) = locked(vm) {
            return Verdict::Hold(why);
        }
        if may_run_elsewhere(vm, self.host) {
            let why = "it was being migrated live when the host died and may run on the other host: look there with \
                       `virsh list`, and resume it by hand only if it is not listed";
            return Verdict::Hold(why.to_owned());
        }
        Verdict::Start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_run_wrote_is_read_or_is_nothing() {
        let but = |ids: &[u32]| ids.iter().map(|id| VmId(*id)).collect();
        assert_eq!(Closed::read("1795169360 9 12"), Some(Closed { at: 1_795_169_360, but: but(&[9, 12]) }));
        assert_eq!(Closed::read("17 x 3"), Some(Closed { at: 17, but: but(&[3]) }));
        assert_eq!((Closed::read(""), Closed::read("never")), (None, None));
    }
}
