//! A VM that others must run before: it waits for them, bounded, and says for whom.
//!
//! `plan::after` says who is waited for, `moving::apply::act` begins the wait, once for each VM of a run. It goes as soon
//! as all of them run elsewhere and are ready (`moving::gated`); whether they do is what is read back, never what was sent.
//! With `[settle] after_late = "go"`, the default, it goes without those that never will run, when none of the others is
//! still coming, and without the others after `after_wait` (300 s). With "hold" it is held as soon as one never will run, or
//! after `after_wait`.

use super::gated::not_yet;
use super::judge::{Judge, Judgement};
use crate::model::{HostId, Moment, Vm, VmId, VmState};
use crate::policy::order::Order;
use crate::policy::report::Fate;
use crate::policy::rules::Late;
use crate::policy::run::Run;
use crate::policy::states::{self, Class};
use std::collections::BTreeMap;

/// How one of the others is.
enum Need {
    Runs,
    /// It may still come.
    Coming(String),
    /// It does not.
    Not(String),
}

/// Those of `after`, which were not seen to run, that this order waits for. Nobody waits to be deleted.
pub(super) fn unmet(order: &Order, after: &[VmId]) -> Vec<VmId> {
    match order {
        Order::Migrate { .. } | Order::Recreate { .. } | Order::Resched { .. } => after.to_vec(),
        Order::Delete { .. }
        | Order::Retry { .. }
        | Order::Resume { .. }
        | Order::Fail { .. }
        | Order::Unresched { .. } => Vec::new(),
    }
}

/// `vm 3 database and vm 5`
pub(super) fn named(run: &Run, vms: &[VmId]) -> String {
    let name = |vm: &VmId| {
        let begun = run.vms.progress.get(vm).map(|vm| &vm.name);
        let name = begun.or_else(|| run.vms.reports.get(vm).map(|vm| &vm.name));
        name.map_or_else(|| vm.to_string(), |name| format!("{vm} {name}"))
    };
    vms.iter().map(name).collect::<Vec<_>>().join(" and ")
}

impl Judge<'_> {
    /// All run: it goes. None of those that do not is still to come, or the time is over: it goes or is held, as the
    /// settings say; held as soon as one never will.
    pub(super) fn waiting(&self, vm: &Vm, since: Moment, read: &BTreeMap<VmId, &Vm>) -> Judgement {
        if vm.host != Some(self.dead()) || states::class(vm.state) == Class::Done {
            return Judgement::Replan;
        }
        let rules = self.run.policy.settle;
        let (mut coming, mut not) = (Vec::new(), Vec::new());
        for need in &self.vm.needs {
            match self.need(*need, read) {
                Need::Runs => {}
                Need::Coming(how) => coming.push(format!("{}, {how}", named(self.run, &[*need]))),
                Need::Not(why) => not.push(format!("{}, {why}", named(self.run, &[*need]))),
            }
        }
        if coming.is_empty() && not.is_empty() {
            return Judgement::Release(self.met(&self.vm.needs, since));
        }
        let waited = self.now.since(since);
        let late = waited >= rules.after_wait;
        // That one never runs is no reason to go before the others do.
        if !late && (not.is_empty() || rules.after_late == Late::Go && !coming.is_empty()) {
            return Judgement::Stay;
        }
        let never = (!not.is_empty()).then(|| format!("it waits for {}", not.join(" and for ")));
        let late = (late && !coming.is_empty())
            .then(|| format!("it has waited {} s for {}", waited.as_secs(), coming.join(" and for ")));
        let why = never.into_iter().chain(late).collect::<Vec<_>>().join("; ");
        match rules.after_late {
            Late::Go => Judgement::Release(format!("{why}: it goes without, as after_late says")),
            Late::Hold => {
                let text = format!(
                    "{why}; start that first, then run the same command again, or set after_late = \"go\" under [settle]"
                );
                Judgement::Close(Fate::Held(text))
            }
        }
    }

    /// All that it waited for runs, and is ready.
    fn met(&self, needs: &[VmId], since: Moment) -> String {
        let gates = needs.iter().filter_map(|need| Some((need, self.run.vms.openings.get(need)?)));
        let ready: Vec<_> =
            gates.map(|(need, by)| format!("{} ({})", named(self.run, &[*need]), by.gate)).collect();
        if ready.is_empty() {
            return "what it waited for runs".to_owned();
        }
        let waited = self.now.since(since).as_secs();
        format!("what it waited for runs and is ready, after {waited} s: {}", ready.join(" and "))
    }

    fn need(&self, need: VmId, read: &BTreeMap<VmId, &Vm>) -> Need {
        let vm = read.get(&need);
        let runs = |host: HostId| host != self.dead();
        if vm.is_some_and(|vm| vm.state == VmState::RUNNING && vm.host.is_some_and(runs)) {
            return match (not_yet(self.run, need), self.run.vms.reports.get(&need).map(|vm| &vm.fate)) {
                (Some(how), _) => Need::Coming(how),
                (None, Some(Fate::NotReady(_))) => Need::Not("which runs and is not ready".to_owned()),
                (None, _) => Need::Runs,
            };
        }
        match (self.run.vms.reports.get(&need).map(|vm| &vm.fate), vm) {
            // It ran. What was deleted or is stopped as it was before has come to its end, and does not.
            (Some(Fate::Recovered(_)), Some(vm)) if is_up(vm) => Need::Runs,
            (Some(Fate::NotReady(_)), _) => Need::Not("which is not ready".to_owned()),
            (Some(Fate::Held(_)), _) => Need::Not("which is held".to_owned()),
            (Some(Fate::Failed(_)), _) => Need::Not("which has failed".to_owned()),
            (None, None) if self.run.vms.progress.contains_key(&need) => {
                Need::Coming("which cannot be read".to_owned())
            }
            (Some(Fate::Recovered(_) | Fate::Left(_) | Fate::Planned(_)) | None, None) => {
                Need::Not("which does not exist any more".to_owned())
            }
            (Some(Fate::Left(_)), Some(vm))
                if vm.host == Some(self.dead())
                    && matches!(states::class(vm.state), Class::Lost | Class::Running) =>
            {
                Need::Not("which is left on the dead host".to_owned())
            }
            (Some(Fate::Recovered(_) | Fate::Left(_) | Fate::Planned(_)) | None, Some(vm)) => {
                let how = format!("which is {}", vm.state);
                match states::class(vm.state) {
                    Class::Stopped | Class::Done | Class::Strange => Need::Not(how),
                    Class::Lost
                    | Class::Running
                    | Class::Transient
                    | Class::Failure
                    | Class::Resubmit
                    | Class::NotPlaced => Need::Coming(how),
                }
            }
        }
    }
}

/// A driver may be at work on it.
fn is_up(vm: &Vm) -> bool {
    match states::class(vm.state) {
        Class::Running | Class::Transient => true,
        Class::Lost
        | Class::Failure
        | Class::Resubmit
        | Class::Stopped
        | Class::NotPlaced
        | Class::Done
        | Class::Strange => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LcmState;
    use crate::policy::desk::Desk;
    use crate::policy::port::{Source, Subject};
    use crate::policy::run::progress::VmProgress;
    use crate::policy::settings::{Mode, Policy};
    use std::time::Duration;

    const DEAD: HostId = HostId(0);

    fn vm(id: u32, state: VmState, host: HostId) -> Vm {
        let text =
            format!("<VM><ID>{id}</ID><NAME>vm{id}</NAME><STATE>1</STATE><LCM_STATE>0</LCM_STATE></VM>");
        let vm: Vm = crate::wire::documents::read(&text, crate::wire::xml::Limits::REPLY).unwrap();
        Vm { state, host: Some(host), ..vm }
    }

    /// VM 0 waits for VM 1, since the begin.
    fn judged(late: Late, after: u64, change: impl FnOnce(&mut Run), first: Option<Vm>) -> Judgement {
        let subject =
            Subject { host: DEAD, name: "node0".to_owned(), vms: Vec::new(), source: Source::Event };
        let mut policy = Policy::new(Mode::Migrate);
        policy.settle.after_late = late;
        let mut run = Run::new(Desk::default(), subject, policy);
        let mut app = VmProgress::new("app".to_owned(), VmState::UNKNOWN);
        app.wait_for(Moment::default(), vec![VmId(1)]);
        run.vms.progress.insert(VmId(0), app);
        run.vms.progress.insert(VmId(1), VmProgress::new("db".to_owned(), VmState::UNKNOWN));
        change(&mut run);
        let own = vm(0, VmState::UNKNOWN, DEAD);
        let vms: Vec<_> = first.into_iter().chain([own.clone()]).collect();
        let vms = vms.iter().map(|vm| (vm.id, vm)).collect();
        let (vm, now) = (&run.vms.progress[&VmId(0)], Moment(Duration::from_secs(after)));
        Judge { run: &run, vm, now, hosts: None, vms: &vms }.judge(Some(&own))
    }

    fn ends(run: &mut Run, fate: Fate) {
        run.vms.progress.remove(&VmId(1));
        run.vms.settle(VmId(1), "db", fate);
    }

    #[test]
    fn it_waits_until_the_other_runs_elsewhere() {
        let booting = vm(1, VmState::Active(LcmState::Boot), HostId(1));
        assert!(matches!(judged(Late::Hold, 299, |_| (), Some(booting)), Judgement::Stay));
        let stale = vm(1, VmState::RUNNING, DEAD);
        assert!(matches!(judged(Late::Hold, 299, |_| (), Some(stale)), Judgement::Stay));
        let runs = vm(1, VmState::RUNNING, HostId(1));
        assert!(matches!(judged(Late::Hold, 5, |_| (), Some(runs)), Judgement::Release(_)));
        let recovered = |run: &mut Run| ends(run, Fate::Recovered("RUNNING".to_owned()));
        let backed_up = vm(1, VmState::Active(LcmState::Backup), HostId(1));
        assert!(matches!(judged(Late::Hold, 5, recovered, Some(backed_up)), Judgement::Release(_)));
        assert!(matches!(judged(Late::Hold, 299, |_| (), None), Judgement::Stay));
    }

    #[test]
    fn when_the_time_is_over_the_setting_decides() {
        let lost = || Some(vm(1, VmState::UNKNOWN, DEAD));
        assert!(
            matches!(judged(Late::Go, 300, |_| (), lost()), Judgement::Release(why) if why.contains("300 s"))
        );
        assert!(matches!(judged(Late::Hold, 300, |_| (), lost()), Judgement::Close(Fate::Held(_))));
    }

    #[test]
    fn what_was_deleted_or_is_stopped_as_before_does_not_run() {
        let deleted = |run: &mut Run| ends(run, Fate::Recovered("deleted".to_owned()));
        let done = || Some(vm(1, VmState::Done, DEAD));
        let held = |judgement, what: &str| matches!(judgement, Judgement::Close(Fate::Held(text)) if text.contains(what));
        assert!(held(judged(Late::Hold, 5, deleted, done()), "which is DONE"));
        assert!(held(judged(Late::Hold, 5, deleted, None), "which does not exist any more"));
        assert!(matches!(judged(Late::Go, 5, deleted, done()), Judgement::Release(_)));
        let off = vm(1, VmState::Poweroff, HostId(1));
        assert!(held(judged(Late::Hold, 5, deleted, Some(off)), "which is POWEROFF"));
    }

    #[test]
    fn one_that_never_runs_is_not_waited_for() {
        let held = |run: &mut Run| ends(run, Fate::Held("locked".to_owned()));
        let why = "vm 1 db, which is held";
        assert!(matches!(judged(Late::Go, 5, held, None), Judgement::Release(text) if text.contains(why)));
        assert!(
            matches!(judged(Late::Hold, 5, held, None), Judgement::Close(Fate::Held(text)) if text.contains(why))
        );
        let failed = |run: &mut Run| ends(run, Fate::Failed("no boot".to_owned()));
        assert!(matches!(judged(Late::Hold, 5, failed, None), Judgement::Close(Fate::Held(_))));
        let left = |run: &mut Run| ends(run, Fate::Left("POWEROFF".to_owned()));
        let opted_out = vm(1, VmState::UNKNOWN, DEAD);
        assert!(matches!(judged(Late::Go, 5, left, Some(opted_out)), Judgement::Release(_)));
        let off = vm(1, VmState::Poweroff, HostId(1));
        assert!(matches!(judged(Late::Hold, 5, left, Some(off)), Judgement::Close(Fate::Held(_))));
    }
}
