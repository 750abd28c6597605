//! Two front-ends and the hooks beside them, step by step in any order.

use super::zone::Zone;
use crate::story::stage::{Stage, world};
use crate::story::turns::{Claims, Turn, trails};
use onerescue::model::{HostId, Incident, Progress, VmId};
use onerescue::policy::reconcile::{Decision, ReconcileRules, Turns, decide, left};
use onerescue::policy::{Fate, HandOver, Policy, Source, Subject};
use onerescue::sim::{Behaviour, Death, SimDevice, SimTransport, SimWorld};
use onerescue::wire::record::Record;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

const FRONT_ENDS: [&str; 2] = ["fe1", "fe2"];

/// Between two ticks of the timer, and between two looks while runs go on.
const TICK: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_secs(15);

/// Longer than a lease, and than any brake of these stories holds.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// `onerescue reconcile` of one front-end: one process at a time, as systemd starts it.
struct Front {
    name: &'static str,
    turns: Turns,
    claims: Claims,
    /// What its looks have seen stays from one to the next.
    timer: SimWorld,
    places: Claims,
    next: Duration,
    lost: bool,
}

/// Every run so far, and on which front-end; `None` for a hook's.
pub(super) struct Run {
    pub(super) turn: Turn,
    front: usize,
    pub(super) decision: Option<Decision>,
    told: bool,
}

pub(super) struct Play<'a> {
    zone: &'a Zone,
    pub(super) transport: SimTransport,
    fronts: Vec<Front>,
    pub(super) runs: Vec<Run>,
    /// The most that one process had at their VMs at the same time.
    pub(super) most: usize,
}

impl<'a> Play<'a> {
    /// Hosts hang, so that "off" is needed.
    pub(super) fn new(zone: &'a Zone) -> Self {
        let Stage { world: first, .. } = Stage::new(&zone.story);
        let transport = first.transport().clone();
        for at in 0..zone.others.len() {
            let mut cloud = transport.cloud();
            cloud.power_on(HostId(u32::try_from(at).unwrap()));
            cloud.host_dies(HostId(u32::try_from(at).unwrap()), Death::Hang);
        }
        let now = transport.cloud().now();
        let front = |(at, name): (usize, &&'static str)| Front {
            name,
            turns: Turns::default(),
            claims: Claims::default(),
            timer: {
                let mut timer = world(&transport);
                timer.begin_elsewhere(name);
                timer
            },
            places: Claims::default(),
            next: now + Duration::from_secs(zone.apart) * u32::try_from(at).unwrap(),
            lost: false,
        };
        let fronts = FRONT_ENDS.iter().enumerate().map(front).collect();
        let mut play = Self { zone, transport, fronts, runs: Vec::new(), most: 0 };
        for (at, other) in zone.others.iter().enumerate() {
            if let Some((front, later)) = other.hook {
                let subject = play.subject(HostId(u32::try_from(at).unwrap()), Source::Event);
                play.begin(front, subject, &zone.story.policy, Duration::from_secs(later), None);
            }
        }
        play
    }

    fn subject(&self, host: HostId, source: Source) -> Subject {
        let xml = self.transport.cloud().host_xml(host).unwrap();
        let host: onerescue::model::Host =
            onerescue::wire::documents::read(&xml, onerescue::wire::xml::Limits::HOOK).unwrap();
        Subject { host: host.id, name: host.name, vms: host.vms, source }
    }

    fn begin(
        &mut self,
        front: usize,
        subject: Subject,
        policy: &Policy,
        later: Duration,
        by: Option<Decision>,
    ) {
        let mut world = world(&self.transport);
        world.begin_elsewhere(self.fronts[front].name);
        world.set_devices(subject.host, vec![SimDevice::new("bmc", Behaviour::Works)]);
        let turn = Turn::new(world, subject, policy, later).beside(&self.fronts[front].claims);
        let turn = match &by {
            Some(_) => turn.among(&self.fronts[front].places, self.zone.parallel as usize),
            None => turn,
        };
        self.runs.push(Run { turn, front, decision: by, told: false });
    }

    /// One look of a front-end's reconcile; what is begun is under way then.
    fn look(&mut self, front: usize) {
        let now = self.transport.cloud().wall_clock();
        let look = self.fronts[front].timer.reconciles().unwrap();
        let busy: BTreeSet<HostId> = self.fronts[front].claims.borrow().clone();
        for decision in decide(look.view(&busy), ReconcileRules::default()) {
            let begins = self.fronts[front].turns.begins(&decision, self.zone.parallel, now);
            if begins {
                let rules = &self.zone.story.policy;
                let wait = left(rules.wait, decision.waited);
                let policy = Policy { wait, hand_over: HandOver::Yes, ..rules.clone() };
                let subject = self.subject(decision.host, Source::Reconcile);
                self.begin(front, subject, &policy, Duration::ZERO, Some(decision));
            }
        }
        let working = !self.fronts[front].turns.is_idle();
        let after = if working { LOOK } else { TICK };
        self.fronts[front].next = self.transport.cloud().now() + after;
    }

    fn ended(&mut self) {
        let now = self.transport.cloud().wall_clock();
        for run in self.runs.iter_mut().filter(|run| run.turn.report.is_some() && !run.told) {
            run.told = true;
            if let Some(decision) = &run.decision {
                self.fronts[run.front].turns.ended(decision.host, now);
            }
        }
        for front in &self.fronts {
            self.most = self.most.max(front.places.borrow().len());
        }
    }

    fn lose(&mut self) {
        self.fronts[0].lost = true;
        self.runs.iter_mut().filter(|run| run.front == 0).for_each(|run| run.turn.kill());
    }

    /// Let everybody take turns; of those that do not wait, `order` says who is next.
    pub(super) fn go(&mut self, order: &[usize]) {
        let began = self.transport.cloud().now();
        let lost = self.zone.lost.map(|at| began + Duration::from_secs(at));
        for next in order.iter().cycle().take(200_000) {
            let now = self.transport.cloud().now();
            if lost.is_some_and(|at| now >= at) && !self.fronts[0].lost {
                self.lose();
            }
            if now.saturating_sub(began) > LONGEST {
                return;
            }
            let looks = (0..self.fronts.len()).filter(|at| !self.fronts[*at].lost);
            let looks: Vec<_> = looks.collect();
            let open: Vec<_> = (0..self.runs.len()).filter(|at| !self.runs[*at].turn.is_over()).collect();
            if open.is_empty() && self.is_done() {
                return;
            }
            let awake: Vec<_> = open.iter().filter(|at| self.runs[**at].turn.wake() <= now).collect();
            let due: Vec<_> = looks.iter().filter(|at| self.fronts[**at].next <= now).collect();
            match next % (awake.len() + due.len()).max(1) {
                at if at < due.len() => self.look(*due[at]),
                at if at < due.len() + awake.len() => {
                    let at = *awake[at - due.len()];
                    self.runs[at].turn.go_on();
                    self.ended();
                }
                _ => {
                    let wakes = open.iter().map(|at| self.runs[*at].turn.wake());
                    let first = wakes.chain(looks.iter().map(|at| self.fronts[*at].next)).chain(lost);
                    let first = first.filter(|at| *at > now).min().unwrap_or(now + TICK);
                    self.transport.cloud().advance(first.saturating_sub(now));
                }
            }
        }
    }

    /// Is the failure of every dead host closed?
    pub(super) fn is_done(&self) -> bool {
        (0..self.zone.others.len()).all(|at| {
            let of_host = self.records(HostId(u32::try_from(at).unwrap()));
            !of_host.is_empty() && of_host.iter().all(|one| one.progress == Progress::Closed)
        })
    }

    pub(super) fn records(&self, host: HostId) -> Vec<Incident> {
        let records = self.transport.cloud().our_records().into_iter();
        let of_host = records.filter_map(|(_, record)| match record {
            Record::Incident(incident) if incident.host == host => Some(*incident),
            _ => None,
        });
        of_host.collect()
    }

    /// What was said of each VM last.
    pub(super) fn said(&self) -> BTreeMap<VmId, Fate> {
        let reports = self.runs.iter().filter_map(|run| run.turn.report.as_ref());
        reports.flat_map(|report| &report.vms).map(|vm| (vm.id, vm.fate.clone())).collect()
    }

    pub(super) fn told(&self) -> String {
        let mut text = String::new();
        for run in &self.runs {
            let by = run.decision.as_ref().map_or("hook", |decision| decision.todo.name());
            let _ = writeln!(
                text,
                "{} {by}: {:?}",
                FRONT_ENDS[run.front],
                run.turn.report.as_ref().map(|report| &report.outcome)
            );
            text += &trails(std::slice::from_ref(&run.turn));
        }
        text
    }
}
