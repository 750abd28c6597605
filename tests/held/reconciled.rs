//! `onerescue reconcile` on two front-ends that both believe that they lead, and hooks beside it: over several dead hosts each
//! is worked on once, within `parallel`, and what a lost front-end has begun the other one ends.

use super::stage::{Stage, world};
use super::story::{DeviceStory, End, Ill, RecordStory, Story, VmStory};
use super::turns::{Claims, Turn, trails};
use super::{config, ordered, strategy};
use onerescue::model::{HostId, Incident, Progress, VmId, VmState};
use onerescue::policy::reconcile::{Decision, ReconcileRules, Turns, decide, left};
use onerescue::policy::{HandOver, Policy, Source, Subject};
use onerescue::sim::{Behaviour, Breach, Death, Seen, SimDevice, SimTransport, SimWorld, audit};
use onerescue::wire::record::Record;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

const FRONT_ENDS: [&str; 2] = ["fe1", "fe2"];

/// Between two ticks of the timer, and between two looks while runs go on.
const TICK: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_secs(15);

/// Longer than a lease, and than any brake of these stories holds.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// One more host that is dead.
#[derive(Clone, Debug)]
struct Other {
    /// How far a run that is gone had come, this many seconds before.
    record: Option<(Progress, u64)>,
    /// Its hook starts too, on this front-end, this many seconds after the timers.
    hook: Option<(usize, u64)>,
}

#[derive(Clone, Debug)]
struct Zone {
    story: Story,
    others: Vec<Other>,
    parallel: u32,
    /// Seconds between the timers of the two front-ends.
    apart: u64,
    /// The first front-end is lost at this second.
    lost: Option<u64>,
}

fn zone() -> impl Strategy<Value = Zone> {
    let record = (select(vec![Progress::Held, Progress::Open, Progress::Fencing]), 0..1200u64);
    let other = (option::weighted(0.5, record), option::weighted(0.4, (0..2usize, 0..40u64)))
        .prop_map(|(record, hook)| Other { record, hook });
    let lost = option::weighted(0.3, 0..120u64);
    let zone = (strategy::calm(), vec(other, 2..6), 2..4usize, 1..4u32, 0..60u64, lost);
    zone.prop_map(|(mut story, others, well, parallel, apart, lost)| {
        let host = story.hosts[0].clone();
        story.hosts = vec![host; others.len() + well];
        story.dead = 0;
        for (at, other) in others.iter().enumerate() {
            story.hosts[at].ill = (at > 0).then_some(Ill::Dead);
            if let Some((progress, updated)) = other.record {
                let fenced = (progress == Progress::Fencing).then_some(updated);
                let record = RecordStory { host: at, updated, progress, fenced, events: vec![updated] };
                story.view.records.push(record);
            }
        }
        // Each of them has a VM, or nothing would gain by a fence.
        let hosts = story.hosts.len();
        while story.vms.len() < others.len() {
            story.vms.push(small());
        }
        for (at, vm) in story.vms.iter_mut().enumerate() {
            vm.host = Some(at % hosts);
        }
        story.end = End::Dies(Death::PowerLoss);
        story.devices = vec![DeviceStory::new(Behaviour::Works)];
        let rules = &mut story.policy;
        (rules.brake.failing, rules.brake.failing_percent) = (100, 100);
        (rules.brake.short.count, rules.brake.long.count) = (100, 100);
        Zone { story, others, parallel, apart, lost }
    })
}

fn small() -> VmStory {
    VmStory {
        host: None,
        state: VmState::RUNNING,
        datastore: 0,
        image: false,
        cpu: 10,
        memory_gib: 1,
        gpus: 0,
        lock: None,
        name: 0,
        driver: None,
    }
}

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
struct Run {
    turn: Turn,
    front: usize,
    decision: Option<Decision>,
    told: bool,
}

struct Play<'a> {
    zone: &'a Zone,
    transport: SimTransport,
    fronts: Vec<Front>,
    runs: Vec<Run>,
    /// The most that one process had at their VMs at the same time.
    most: usize,
}

impl<'a> Play<'a> {
    /// Hosts hang, so that "off" is needed.
    fn new(zone: &'a Zone) -> Self {
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
    fn go(&mut self, order: &[usize]) {
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
    fn is_done(&self) -> bool {
        (0..self.zone.others.len()).all(|at| {
            let of_host = self.records(HostId(u32::try_from(at).unwrap()));
            !of_host.is_empty() && of_host.iter().all(|one| one.progress == Progress::Closed)
        })
    }

    fn records(&self, host: HostId) -> Vec<Incident> {
        let records = self.transport.cloud().our_records().into_iter();
        let of_host = records.filter_map(|(_, record)| match record {
            Record::Incident(incident) if incident.host == host => Some(*incident),
            _ => None,
        });
        of_host.collect()
    }

    fn told(&self) -> String {
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

/// How many runs did this to each.
fn often<T: Ord + Copy>(runs: &[Run], of: impl Fn(&Run) -> BTreeSet<T>) -> BTreeMap<T, usize> {
    let mut count = BTreeMap::new();
    for one in runs.iter().flat_map(&of) {
        *count.entry(one).or_default() += 1;
    }
    count
}

fn switched_off(run: &Run) -> BTreeSet<HostId> {
    let off = |seen: &Seen| match seen {
        Seen::Off { host, .. } => Some(*host),
        _ => None,
    };
    run.turn.world.seen().iter().filter_map(off).collect()
}

proptest! {
    #![proptest_config(config(6))]

    #[test]
    fn two_reconciles_and_hooks_beside_them_work_on_each_host_once(
        zone in zone(),
        order in vec(0..12usize, 1..200),
    ) {
        let mut play = Play::new(&zone);
        play.go(&order);
        prop_assert!(play.is_done(), "not closed\n{}", play.told());
        for at in 0..zone.others.len() {
            // An event that comes when all is done finds nothing to do.
            let records = play.records(HostId(u32::try_from(at).unwrap()));
            let worked = records.iter().filter(|one| one.proof.is_some()).count();
            prop_assert_eq!(worked, 1, "host {}\n{}", at, play.told());
        }
        let twice = |(_, often): &(HostId, usize)| *often > 1;
        let fenced: Vec<_> = often(&play.runs, switched_off).into_iter().filter(twice).collect();
        prop_assert!(fenced.is_empty(), "fenced by several runs: {fenced:?}\n{}", play.told());
        let vms = often(&play.runs, |run| ordered(&run.turn.world));
        let vms: Vec<(VmId, usize)> = vms.into_iter().filter(|(_, often)| *often > 1).collect();
        prop_assert!(vms.is_empty(), "touched by several runs: {vms:?}\n{}", play.told());
        prop_assert!(play.most <= zone.parallel as usize, "{} of {}\n{}", play.most, zone.parallel, play.told());
        let breaches = play.transport.cloud().breaches().to_vec();
        let double = breaches.iter().find(|breach| matches!(breach, Breach::DoubleStart { .. }));
        prop_assert!(double.is_none(), "{double:?}\n{}", play.told());
        for run in play.runs.iter().filter(|run| run.turn.report.is_some()) {
            let report = run.turn.report.as_ref().unwrap();
            let broken = audit(&run.turn.world, &zone.story.policy, report, &run.turn.subject.vms);
            prop_assert!(broken.is_empty(), "{}: {broken:#?}\n{}", report.name, play.told());
        }
    }
}
