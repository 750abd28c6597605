//! The services of the program after the last trouble of a story: the timer's `reconcile`, and the hooks that oned starts.
//!
//! They run one after the other, so an event may be handled late; a host in ERROR is left to the timer, as if its event had
//! been lost.

use super::stage::Stage;
use super::{Before, Story, VmStory};
use onerescue::model::{Host, HostId, HostState, Vm, VmId, VmState};
use onerescue::policy::lead::idle;
use onerescue::policy::moments::Bounds;
use onerescue::policy::reconcile::{Decision, ReconcileRules, Todo, decide, left, options};
use onerescue::policy::{
    Entry, Fate, HandOver, Mode, Outcome, Policy, Purpose, Rules, Source, Subject, VmReport, host_back,
    vm_down,
};
use onerescue::sim::{Change, Fault, Quiet, SimWorld, audit_deeds, audit_quiet, audit_tend};
use onerescue::wire::{documents, xml::Limits};
use onerescue::{run, run_back, run_down};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

/// The time that the services have, beside the longest hold.
const TIME: Duration = Duration::from_secs(2 * 3600);
/// The timer comes every minute; later each of its looks stands for several.
const OFTEN: Duration = Duration::from_secs(60);
const RARELY: Duration = Duration::from_secs(600);

/// The program on its front-end.
pub(crate) struct Services<'a> {
    world: &'a mut SimWorld,
    /// What the registered hooks go by.
    policy: &'a Policy,
    back: host_back::Rules,
    quiet: Quiet,
    /// VMs of `vm_down` that are looked at again.
    again: BTreeMap<VmId, vm_down::Kept>,
    /// The number of happenings that were handled.
    handled: usize,
    broken: Vec<String>,
    told: String,
}

/// Let the services run after the hook of a story, which has said this of VMs; what liveness says then, and their story.
pub(crate) fn until_quiet(stage: &mut Stage, story: &Story, said: &[VmReport]) -> Vec<String> {
    let mut services = Services::new(&mut stage.world, &story.policy, wanted(story));
    services.said(said);
    services.go(stage.subject.host)
}

/// Whoever asks for a fence alone looks after the VMs himself, and oned says of nothing that it does not exist if it does.
pub(crate) fn recovers(mut story: Story) -> Story {
    story.faults.retain(|rule| !matches!(rule.fault, Fault::Refused { code: 0x0400, .. }));
    story.policy = Policy { purpose: Purpose::Recover, ..story.policy };
    story
}

/// VMs that ran at first, and that nobody has stopped.
pub(crate) fn wanted(story: &Story) -> BTreeSet<VmId> {
    let runs = |vm: &VmStory| vm.state == VmState::RUNNING && vm.before != Before::Off;
    (0..).map(VmId).zip(&story.vms).filter(|(_, vm)| runs(vm)).map(|(id, _)| id).collect()
}

impl<'a> Services<'a> {
    pub(crate) fn new(world: &'a mut SimWorld, policy: &'a Policy, wanted: BTreeSet<VmId>) -> Self {
        let (again, broken, told) = (BTreeMap::new(), Vec::new(), String::new());
        let (quiet, back) = (Quiet { wanted, ..Quiet::default() }, host_back::Rules::default());
        Self { world, policy, back, quiet, again, handled: 0, broken, told }
    }

    /// This was said of VMs last. Of one that a driver is at work on, for ever perhaps, the reason counts that one gave who
    /// had waited for it.
    pub(crate) fn said(&mut self, vms: &[VmReport]) {
        for vm in vms {
            let at_work = matches!(&vm.fate, Fate::Left(why) if why.ends_with(": not down by a crash"));
            let reason = matches!(self.quiet.said.get(&vm.id), Some(Fate::Held(_) | Fate::Failed(_)));
            if !(at_work && reason) {
                self.quiet.said.insert(vm.id, vm.fate.clone());
            }
        }
    }

    /// Let every trouble end, and the services run until all is quiet; what liveness says then.
    pub(crate) fn go(mut self, subject: HostId) -> Vec<String> {
        self.world.calm_down();
        let began = self.world.transport().cloud().now();
        let time = TIME + self.policy.hold.deadline;
        loop {
            let passed = self.world.transport().cloud().now().saturating_sub(began);
            if passed > time {
                break;
            }
            self.world.advance(if passed < 15 * OFTEN { OFTEN } else { RARELY });
            self.tick();
        }
        self.rehearse(subject);
        let mut broken = self.broken;
        broken.extend(audit_quiet(self.world, &self.quiet));
        if !broken.is_empty() {
            broken.push(self.told);
        }
        broken
    }

    fn tick(&mut self) {
        self.world.begin_again();
        self.world.look_for_a_leader();
        let why = idle(&self.world.zone().lead(), self.policy.observer);
        if why.unwrap_or_else(|failure| Some(failure.what)).is_some() {
            return;
        }
        self.hooks();
        let now = self.world.transport().cloud().wall_clock();
        let hold = self.policy.hold;
        let due =
            |(_, kept): &(&VmId, &vm_down::Kept)| kept.goes_on(&hold, now) && kept.left(&hold, now).is_zero();
        let due: Vec<_> = self.again.iter().filter(due).map(|(vm, _)| *vm).collect();
        for vm in due {
            self.down(vm, Source::Reconcile);
        }
        self.reconcile();
    }

    fn tell(&mut self, what: &str, outcome: &Outcome, trail: &[Entry]) {
        let at = self.world.transport().cloud().now().as_secs();
        let _ = writeln!(self.told, "{at} {what}: {outcome}");
        for entry in trail {
            let _ = writeln!(self.told, "    {entry}");
        }
    }

    /// `host_back` and `vm_down`, for what has happened since.
    fn hooks(&mut self) {
        let (mut back, mut down) = (BTreeSet::new(), BTreeSet::new());
        let cloud = self.world.transport().cloud();
        for happening in cloud.happenings().iter().skip(self.handled) {
            match happening.change {
                Change::Host(host, HostState::Monitored) => drop(back.insert(host)),
                Change::Vm(vm, VmState::Poweroff | VmState::UNKNOWN, _) => drop(down.insert(vm)),
                _ => {}
            }
        }
        self.handled = cloud.happenings().len();
        drop(cloud);
        for host in back {
            self.back(host, Source::Event);
        }
        for vm in down {
            self.down(vm, Source::Event);
        }
    }

    fn down(&mut self, id: VmId, source: Source) {
        let xml = self.world.transport().cloud().vm_xml(id);
        let Some(event) = xml.and_then(|xml| documents::read::<Vm>(&xml, Limits::HOOK).ok()) else { return };
        let heard = event.host.and_then(|host| self.world.transport().cloud().host_state(host));
        if source == Source::Event && heard != Some(HostState::Monitored) {
            return;
        }
        self.world.begin_again();
        self.world.set_again(self.again.remove(&id));
        let Policy { wait, brake, observer, witness, fence, hold, settle, ready, plan, record, .. } =
            self.policy.clone();
        let rules = Rules { wait, brake, observer, witness, fence, hold, settle, ready, plan, record };
        let policy = vm_down::Policy { purpose: Purpose::Recover, down: vm_down::Rules::default(), rules };
        let account = run_down(self.world, vm_down::Subject::of(&event, source), Some(&event), &policy);
        self.broken.extend(audit_tend(self.world, &account, &[id]));
        self.again.extend(self.world.is_looked_at_again().map(|kept| (id, kept)));
        self.tell(&format!("vm_down {id}"), &account.outcome, &account.trail);
        if !account.vms.iter().all(|vm| matches!(vm.fate, Fate::Left(_))) {
            self.said(&account.vms);
        }
    }

    fn subject(&self, host: HostId, source: Source) -> Option<Subject> {
        let xml = self.world.transport().cloud().host_xml(host)?;
        let host = documents::read::<Host>(&xml, Limits::HOOK).ok()?;
        Some(Subject { host: host.id, name: host.name, vms: host.vms, source })
    }

    fn back(&mut self, host: HostId, source: Source) {
        let Some(subject) = self.subject(host, source) else { return };
        let charged = subject.vms.clone();
        self.world.begin_again();
        let rules = self.policy;
        let policy = host_back::Policy {
            purpose: Purpose::Recover,
            hand_over: HandOver::Yes,
            back: self.back,
            wait: rules.wait,
            settle: rules.settle,
            plan: rules.plan.clone(),
            flaps: rules.brake.flapping(),
            again: rules.hold.vms,
            peers: rules.witness.peers,
            leader: rules.observer.leader,
        };
        let account = run_back(self.world, subject, policy);
        self.broken.extend(audit_tend(self.world, &account, &charged));
        self.tell(&format!("host_back {host}"), &account.outcome, &account.trail);
        self.said(&account.vms);
    }

    fn reconcile(&mut self) {
        let bounds = Bounds::new(self.policy.wait, self.policy.hold);
        let rules = ReconcileRules { bounds, back: self.back, ..ReconcileRules::default() };
        let Ok(look) = self.world.reconciles() else { return };
        for decision in decide(look.view(&BTreeSet::new()), rules) {
            match decision.todo {
                Todo::Leave => {}
                todo if todo.is_back() => self.back(decision.host, Source::Reconcile),
                _ => self.recover(&decision),
            }
        }
    }

    fn recover(&mut self, decision: &Decision) {
        let (host, name) = (decision.host, decision.name.clone());
        let gone = || Subject { host, name, vms: Vec::new(), source: Source::Reconcile };
        let subject = self.subject(host, Source::Reconcile).unwrap_or_else(gone);
        let asked = self.world.transport().cloud().open_incident(host);
        let asked = asked.filter(|_| decision.todo != Todo::Begin).and_then(|(_, incident)| incident.flags);
        let registered = Policy { purpose: Purpose::Recover, ..self.policy.clone() };
        let chosen = options(&decision.name, asked, &Rules::default(), || Ok(registered.clone()));
        let Ok(Policy { mode, force, fencing, .. }) = chosen else { return };
        let wait = left(registered.wait, decision.waited);
        let policy = Policy { mode, force, fencing, hand_over: HandOver::Yes, wait, ..registered };
        self.world.begin_again();
        let report = run(self.world, subject, policy.clone());
        self.broken.extend(audit_deeds(self.world, &policy, host));
        let what = format!("reconcile {host}: {}: {}", decision.todo.name(), decision.why);
        self.tell(&what, &report.outcome, &report.trail);
        self.said(&report.vms);
    }

    /// What a person would be told who asks now.
    fn rehearse(&mut self, host: HostId) {
        let Some(subject) = self.subject(host, Source::Person) else { return };
        if self.policy.mode == Mode::Delete {
            return;
        }
        self.world.begin_again();
        let policy = Policy { purpose: Purpose::Rehearse, ..self.policy.clone() };
        let report = run(self.world, subject, policy);
        self.tell("rehearsal", &report.outcome, &report.trail);
        if matches!(&report.outcome, Outcome::Rehearsed(Some(stop)) if **stop != Outcome::Partly) {
            return;
        }
        for vm in report.vms {
            if let Fate::Planned(to) = vm.fate {
                self.quiet.could.insert(vm.id, to);
            }
        }
    }
}
