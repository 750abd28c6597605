//! One recovery: what it is about, what it may do, and what it knows so far.
//!
//! What is needed by one function only is in that function. What several of them need is here, in parts that each have
//! one subject.

pub(in crate::policy) mod holding;
pub(in crate::policy) mod progress;
pub(in crate::policy) mod readings;
pub(in crate::policy) mod record;
pub(in crate::policy) mod stop;
pub(in crate::policy) mod suspect;
pub(in crate::policy) mod vms;
pub(in crate::policy) mod waiting;
pub(in crate::policy) mod would_stop;

use super::desk::Desk;
use super::notes::Phase;
use super::order::Order;
use super::port::{Failure, Subject, Trouble, World};
use super::report::{DELETED, Fate, Outcome};
use super::settings::{Policy, Purpose};
use crate::model::{Abort, DeviceName, Epoch, Host, HostId, HostState, Peer, PowerState, Stages, VmId};
use holding::Holding;
use record::Record;
use std::ops::Deref;
use stop::Stop;
use suspect::{Fence, Suspect};
use vms::Vms;
use waiting::Waiting;

/// One recovery. It asks the world at its desk.
pub(in crate::policy) struct Run {
    desk: Desk,
    pub(in crate::policy) subject: Subject,
    pub(in crate::policy) policy: Policy,
    pub(in crate::policy) suspect: Suspect,
    pub(in crate::policy) waiting: Waiting,
    pub(in crate::policy) fence: Fence,
    pub(in crate::policy) hold: Holding,
    pub(in crate::policy) record: Record,
    pub(in crate::policy) vms: Vms,
}

impl Deref for Run {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Run {
    pub(in crate::policy) fn new(desk: Desk, subject: Subject, policy: Policy) -> Self {
        let (suspect, fence, hold) = (Suspect::default(), Fence::default(), Holding::default());
        let (waiting, record, vms) = (Waiting::default(), Record::default(), Vms::default());
        Self { desk, subject, policy, suspect, waiting, fence, hold, record, vms }
    }

    /// `node7 (host 7)`
    pub(in crate::policy) fn host(&self) -> String {
        format!("{} ({})", self.subject.name, self.subject.host)
    }

    /// `host_error --host node7 -m -f`, with the options of this run, to say it in advice.
    pub(in crate::policy) fn command(&self) -> String {
        match self.policy.purpose {
            Purpose::Fence => format!("fence_host --host {}", self.subject.name),
            Purpose::Recover | Purpose::Rehearse => self.flags().command(&self.subject.name),
        }
    }

    /// `migrate vm 4 database to node3 (host 3)`
    pub(in crate::policy) fn say(&self, order: &Order) -> String {
        let vm = order.vm();
        let name = self.vms.progress.get(&vm).map_or("", |vm| vm.name.as_str());
        match order {
            Order::Migrate { to, .. } => format!("migrate {vm} {name} to {}", self.vms.hosts.named(*to)),
            Order::Recreate { .. } => format!("recreate {vm} {name}"),
            Order::Delete { .. } => format!("delete {vm} {name}"),
            Order::Retry { .. } => format!("retry {vm} {name}"),
            Order::Resume { .. } => format!("resume {vm} {name}"),
            Order::Fail { .. } => format!("end the step of {vm} {name}, whose driver is gone"),
            Order::Resched { .. } => format!("resched {vm} {name}"),
            Order::Unresched { .. } => format!("unresched {vm} {name}"),
        }
    }

    /// A line that says nothing new when a held run looks again.
    pub(in crate::policy) fn note_once(&self, phase: Phase, text: impl Into<String>) {
        if !self.hold.is_quiet() {
            self.note(phase, text);
        }
    }

    /// Ask oned until it answers, for as long as the settings bear its silence; then the failure.
    ///
    /// # Errors
    /// The run is over, because of what it has heard while it waited.
    pub(in crate::policy) async fn read<T: 'static>(
        &mut self,
        phase: Phase,
        question: impl Fn(&mut dyn World) -> Result<T, Failure> + Clone + 'static,
    ) -> Result<Result<T, Failure>, Stop> {
        let answer = self.read_on(phase, question).await?;
        if answer.is_ok() {
            self.answered();
        }
        Ok(answer)
    }

    /// The same, where the answer does not end oned's silence: something that it could not write is asked for next.
    ///
    /// # Errors
    /// The run is over, because of what it has heard while it waited.
    pub(in crate::policy) async fn read_on<T: 'static>(
        &mut self,
        phase: Phase,
        question: impl Fn(&mut dyn World) -> Result<T, Failure> + Clone + 'static,
    ) -> Result<Result<T, Failure>, Stop> {
        loop {
            let failure = match self.ask(question.clone()).await {
                Ok(answer) => return Ok(Ok(answer)),
                Err(failure) => failure,
            };
            match self.patience(self.policy.wait, phase, &failure) {
                Some(pause) => self.pause(pause).await?,
                None => return Ok(Err(failure)),
            }
        }
    }

    /// The wall clock of the front-end at this moment, as far as it was seen.
    pub(in crate::policy) fn epoch(&self) -> Epoch {
        self.record.clock.epoch(self.now())
    }

    /// From when on VMs that oned's monitoring found powered off have fallen with the host, in epoch seconds. One that was
    /// never heard had failed by the time of its incident.
    pub(in crate::policy) fn fell_since(&self) -> Option<i64> {
        let opened = self.record.incident.as_ref().map(|incident| incident.opened.0);
        self.suspect.heard.or(opened).and_then(|heard| self.policy.plan.fell_since(heard))
    }

    /// The incident has come to a stage. The first time counts.
    pub(in crate::policy) fn comes_to(&mut self, stage: impl FnOnce(&mut Stages) -> &mut Option<Epoch>) {
        let at = self.epoch();
        if let Some(incident) = &mut self.record.incident {
            stage(&mut incident.stages).get_or_insert(at);
        }
    }

    /// A VM that was on its way has its one outcome.
    pub(in crate::policy) fn ends(&mut self, vm: VmId, name: &str, fate: Fate) {
        let was_gated = self.vms.openings.get(&vm).is_some_and(|opening| opening.ran.is_some());
        if matches!(&fate, Fate::Recovered(why) if why != DELETED) && !was_gated {
            self.runs_now();
        }
        self.vms.settle(vm, name, fate);
    }

    /// A VM that was moved was read back.
    pub(in crate::policy) fn runs_now(&mut self) {
        self.vms.ran.push(self.epoch());
        if let Some(incident) = &mut self.record.incident {
            incident.stages.runs(&self.vms.ran);
        }
    }

    /// A device says that the host is on: no word that was given before counts any more.
    pub(in crate::policy) fn is_on(&mut self) {
        let at = self.epoch();
        if let Some(incident) = &mut self.record.incident {
            incident.on = Some(at);
        }
    }

    /// The error that the host has now: it may have come back while it was held, and failed anew.
    pub(in crate::policy) fn fails_of(&mut self, host: &Host) {
        if host.state == HostState::Error && host.error.is_some() {
            self.suspect.error.clone_from(&host.error);
            if let Some(incident) = &mut self.record.incident {
                incident.error.clone_from(&host.error);
            }
        }
    }

    /// oned hears the host, although this run has disabled it.
    pub(in crate::policy) fn heard_again(&self, host: &Host) -> bool {
        matches!((host.monitored_at, self.suspect.heard), (Some(now), Some(before)) if now > before)
    }

    /// The peer to reach a device from, if it is not reached from the front-end.
    pub(in crate::policy) fn via(&self, device: &DeviceName, turn: usize) -> Option<Peer> {
        let suspect = &self.suspect;
        if !suspect.by_peer.contains(device) {
            return None;
        }
        suspect.peers.iter().cycle().nth(turn.checked_rem(suspect.peers.len())?).cloned()
    }

    /// What the device says of the host's power.
    pub(in crate::policy) async fn power_state(&mut self, device: &DeviceName, turn: usize) -> PowerState {
        let (host, name, via) = (self.subject.host, device.clone(), self.via(device, turn));
        let asked = self.now();
        let state = self.ask(move |world| world.power_state(host, &name, via.as_ref())).await;
        self.fence.readings.said(device, asked, &state);
        state
    }

    /// The host as oned has it now.
    ///
    /// # Errors
    /// The run is over, because of what it has heard while it waited.
    pub(in crate::policy) async fn read_host(&mut self, phase: Phase) -> Result<Result<Host, Failure>, Stop> {
        let host: HostId = self.subject.host;
        self.read(phase, move |world| world.host(host)).await
    }

    /// A person has ended this incident: nothing more is sent.
    pub(in crate::policy) fn aborted(&mut self, word: Abort) -> Failure {
        let what = format!("the incident was aborted by {}: {}", word.by, word.reason);
        let advice = format!("if it should go on after all, run `{}`", self.command());
        self.record.aborted = Some(word);
        Failure { trouble: Trouble::Refused, what, advice }
    }

    /// The same before the fence: the run is over.
    pub(in crate::policy) fn abort(&mut self, word: Abort) -> Stop {
        Stop::Ended(Outcome::Held(self.aborted(word)))
    }
}
