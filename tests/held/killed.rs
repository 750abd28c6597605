//! A run that is killed, between two effects or inside a write of the record, and gone on with by another one: in the
//! end the cloud is as if it had never been killed.
//!
//! What may differ, because time has passed: which host a VM went to, whether the dead host is DISABLED, how often a
//! recreate that is stuck was sent again, and the texts and moments of the record. What may not: what became of each VM,
//! where it does not run any more, how often it was sent which order, how often "off" was sent, and the one record,
//! closed and let go.

use super::stage::Stage;
use super::story::{DeviceStory, End, Story};
use super::{config, proof, strategy};
use onerescue::Run;
use onerescue::model::{End as Ended, HostId, IncidentVm, Progress, VmId, VmState};
use onerescue::policy::reconcile::{Decision, ReconcileRules, Todo, decide, left};
use onerescue::policy::{HandOver, Order, Reply, Report, Source};
use onerescue::sim::{Behaviour, Breach, Death, Fault, FaultRule, Seen, audit, audit_deeds};
use onerescue::wire::record::Record;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

/// Where a run is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// After this many steps.
    Between(usize),
    /// In the call of this method after this many of it; was it executed?
    Inside(&'static str, u32, bool),
}

/// Who goes on.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The hook again, on the same front-end, at once.
    Hook,
    /// The hook on another front-end.
    HookElsewhere,
    /// The timer, here or there.
    Timer(bool),
}

const WRITES: [&str; 9] = [
    "one.document.allocate",
    "one.document.lock",
    "one.document.update",
    "one.document.update",
    "one.document.unlock",
    "one.document.delete",
    "one.vm.migrate",
    "one.vm.recover",
    "one.host.status",
];

fn kill() -> impl Strategy<Value = Kill> {
    prop_oneof![
        2 => (0..120usize).prop_map(Kill::Between),
        4 => (select(WRITES.to_vec()), 0..8u32, any::<bool>()).prop_map(|(at, skip, done)| Kill::Inside(at, skip, done)),
        1 => (0..150u32, any::<bool>()).prop_map(|(skip, done)| Kill::Inside("*", skip, done)),
    ]
}

fn next() -> impl Strategy<Value = Next> {
    prop_oneof![
        2 => Just(Next::Hook),
        1 => Just(Next::HookElsewhere),
        3 => any::<bool>().prop_map(Next::Timer),
    ]
}

/// A host dies, nothing else goes wrong; some of its VMs are stopped, locked, on its own disks, at work, or cannot be
/// recovered.
fn story() -> impl Strategy<Value = Story> {
    let states = vec![
        VmState::RUNNING,
        VmState::RUNNING,
        VmState::RUNNING,
        VmState::Poweroff,
        VmState::Active(onerescue::model::LcmState::DiskSnapshot),
    ];
    let vm = (select(states), prop::bool::weighted(0.1), prop::option::weighted(0.1, 1..4i64));
    let behaviour = prop_oneof![3 => Just(Behaviour::Works), 1 => Just(Behaviour::Slow)];
    (strategy::calm(), vec(vm, 26), any::<bool>(), behaviour, 20..400u64).prop_map(
        |(mut story, vms, hangs, behaviour, ssh)| {
            for (vm, (state, local, lock)) in story.vms.iter_mut().zip(vms) {
                (vm.state, vm.datastore, vm.lock) = (state, usize::from(local), lock);
            }
            story.end = End::Dies(if hangs { Death::Hang } else { Death::PowerLoss });
            story.slow.ssh_s = ssh;
            story.devices = vec![DeviceStory::new(behaviour)];
            story.policy.hold.deadline = Duration::from_secs(1200);
            story
        },
    )
}

/// Run it until it is killed or over.
fn begin(stage: &mut Stage, story: &Story, kill: Option<Kill>) -> Option<Report> {
    // More than any run of such a story takes.
    let mut most = 20_000;
    match kill {
        Some(Kill::Between(steps)) => most = steps,
        Some(Kill::Inside(method, skip, done)) => {
            stage.world.transport().add_fault(FaultRule::once(method, Fault::Killed { done }).after(skip));
        }
        None => {}
    }
    let mut run = Run::begin(stage.subject.clone(), story.policy.clone());
    for _ in 0..most {
        run = match run.go_on(&mut stage.world) {
            Ok(run) => run,
            Err(report) => return Some(*report).filter(|_| !stage.world.transport().is_dead()),
        };
        if stage.world.transport().is_dead() {
            return None;
        }
    }
    None
}

/// What one look of the timer decides about the host.
fn look(stage: &mut Stage) -> Option<Decision> {
    let look = stage.world.reconciles().unwrap();
    let busy = BTreeSet::new();
    let decisions = decide(look.view(&busy), ReconcileRules::default());
    decisions.into_iter().find(|decision| decision.host == stage.subject.host)
}

/// What all runs of a story have done.
#[derive(Default)]
struct Deeds {
    offs: usize,
    /// Orders that oned may have carried out, by VM.
    orders: BTreeMap<VmId, Vec<&'static str>>,
    told: String,
}

impl Deeds {
    /// Take up what the present run has done, and judge it.
    fn add(&mut self, stage: &Stage, story: &Story, report: Option<&Report>) -> Vec<String> {
        for seen in stage.world.seen() {
            match seen {
                Seen::Off { .. } => self.offs += 1,
                Seen::Order { order, reply, .. }
                    if !matches!(reply, Reply::NotSent(_) | Reply::Refused(..)) =>
                {
                    self.orders.entry(order.vm()).or_default().push(word(order));
                }
                _ => {}
            }
        }
        for entry in stage.world.told() {
            let _ = writeln!(self.told, "  {entry}");
        }
        let ended = report.map_or_else(|| "killed".to_owned(), |report| format!("{:?}", report.outcome));
        let _ = writeln!(self.told, "== {ended} at {} ms", stage.world.transport().cloud().now().as_millis());
        let mut broken = match report {
            Some(report) => audit(&stage.world, &story.policy, report, &stage.charged),
            None => audit_deeds(&stage.world, &story.policy, stage.subject.host),
        };
        broken.extend(proof::orders(story, &stage.world));
        broken
    }

    /// A call that was killed before it was executed was no order.
    fn take_back(&mut self, stage: &Stage, kill: Kill) {
        if let Kill::Inside(method, _, false) = kill
            && stage.world.transport().is_dead()
            && let Some(Seen::Order { order, .. }) = stage
                .world
                .seen()
                .iter()
                .rev()
                .find(|seen| matches!(seen, Seen::Order { reply: Reply::Unknown(_), .. }))
            && (method == "*" || method.starts_with("one.vm."))
        {
            self.orders.entry(order.vm()).or_default().pop();
        }
    }
}

fn word(order: &Order) -> &'static str {
    match order {
        Order::Migrate { .. } => "migrate",
        Order::Recreate { .. } => "recreate",
        Order::Delete { .. } => "delete",
        Order::Retry { .. } => "retry",
        Order::Resched { .. } => "resched",
        Order::Unresched { .. } => "unresched",
    }
}

/// What has become of everything in the end.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    /// Of each VM of the host: its state, whether it is still charged to that host, on how many hosts it really runs.
    vms: BTreeMap<VmId, (Option<VmState>, bool, usize)>,
    /// How each of them ended by the record.
    ends: BTreeMap<VmId, Option<Ended>>,
    orders: BTreeMap<VmId, Vec<&'static str>>,
    offs: usize,
}

fn end_of(stage: &Stage, deeds: &Deeds) -> Left {
    let dead = stage.subject.host;
    let ends = records(stage, dead).last().map(|vms| vms.iter().map(|vm| (vm.id, vm.end)).collect());
    let cloud = stage.world.transport().cloud();
    let one = |vm: &VmId| {
        let there = cloud.vm_host(*vm) == Some(dead);
        (*vm, (cloud.vm_state(*vm), there, cloud.domain_hosts(*vm).len()))
    };
    let vms = stage.charged.iter().map(one).collect();
    let mut orders = deeds.orders.clone();
    // A recreate that is stuck on the dead host is sent once more after a while, by a run that was never killed too.
    orders.values_mut().for_each(Vec::dedup);
    orders.retain(|_, orders| !orders.is_empty());
    Left { vms, ends: ends.unwrap_or_default(), orders, offs: deeds.offs }
}

fn differences(is: &Left, right: &Left) -> Vec<String> {
    let mut differs = Vec::new();
    let ids: BTreeSet<_> =
        is.vms.keys().chain(is.ends.keys()).chain(right.ends.keys()).chain(is.orders.keys()).collect();
    for id in ids {
        let of = |left: &Left| {
            (left.vms.get(id).copied(), left.ends.get(id).copied(), left.orders.get(id).cloned())
        };
        if of(is) != of(right) {
            differs.push(format!("{id}: {:?} and should be {:?}", of(is), of(right)));
        }
    }
    if is.offs != right.offs {
        differs.push(format!("off: {} times, and should be {}", is.offs, right.offs));
    }
    differs
}

/// The VMs of every record of this host, oldest first.
fn records(stage: &Stage, host: HostId) -> Vec<Vec<IncidentVm>> {
    let records = stage.world.transport().cloud().our_records();
    let of_host = |record| match record {
        Record::Incident(incident) if incident.host == host => Some(incident.vms),
        _ => None,
    };
    records.into_iter().filter_map(|(_, record)| of_host(record)).collect()
}

fn closed(stage: &Stage) -> bool {
    let records = stage.world.transport().cloud().our_records();
    records.iter().all(|(_, record)| match record {
        Record::Incident(incident) => incident.progress == Progress::Closed && incident.lock.is_none(),
        _ => true,
    })
}

/// What goes wrong with one run: where it is killed, who goes on after how many seconds, and by how many seconds the clock is
/// set before it begins.
type Trouble = (Kill, Next, u64, i64);

/// Set the clock before the next run, by its trouble; right if there is none.
fn set_clock(stage: &Stage, ahead: &mut i64, next: Option<&Trouble>) {
    let jump = next.map_or(-*ahead, |(.., jump)| *jump);
    *ahead += jump;
    stage.world.transport().cloud().clock_jumps(jump);
}

/// Let runs of this story be killed, and others go on, until it has ended; then it is as if nobody had been killed, and no
/// clock had been wrong. After the last trouble the clock is right.
fn as_if_nothing_had_happened(story: Story, troubles: Vec<Trouble>) -> Result<(), TestCaseError> {
    let mut calm = Stage::new(&story);
    let report = begin(&mut calm, &story, None).unwrap();
    let mut deeds = Deeds::default();
    let broken = deeds.add(&calm, &story, Some(&report));
    prop_assert!(broken.is_empty(), "never killed: {broken:#?}\n{}", deeds.told);
    // What is held stays open, for the next look: that has no end to compare.
    prop_assume!(closed(&calm));
    let right = end_of(&calm, &deeds);

    let mut stage = Stage::new(&story);
    let mut deeds = Deeds::default();
    let (mut story, mut over, mut ahead) = (story, false, 0);
    let mut troubles = troubles.into_iter().peekable();
    set_clock(&stage, &mut ahead, troubles.peek());
    let (mut who, mut next) = (0, None);
    for turn in 0..40 {
        let trouble = troubles.next();
        let kill = trouble.map(|(kill, ..)| kill);
        let ended = begin(&mut stage, &story, kill);
        let broken = deeds.add(&stage, &story, ended.as_ref());
        prop_assert!(broken.is_empty(), "turn {turn}: {broken:#?}\n{}", deeds.told);
        if let Some(kill) = kill {
            deeds.take_back(&stage, kill);
        }
        stage.world.transport().begin_again();
        let open = stage.world.transport().cloud().open_incident(stage.subject.host).is_some();
        // A record that is closed is not gone on with, whether its run lived to say so or not.
        over = !open && (ended.is_some() || !records(&stage, stage.subject.host).is_empty());
        if over {
            break;
        }
        if let Some((_, after, rest, _)) = trouble {
            next = Some(after);
            stage.world.advance(Duration::from_secs(rest));
        }
        // Whoever goes on sees by another clock what was written.
        set_clock(&stage, &mut ahead, troubles.peek());
        let elsewhere = matches!(next, Some(Next::HookElsewhere | Next::Timer(true)));
        if elsewhere && ended.is_none() {
            who += 1;
        }
        let front_end = if elsewhere { format!("front-end-{who}") } else { "front-end".to_owned() };
        let begins = |stage: &mut Stage| {
            if elsewhere { stage.world.begin_elsewhere(&front_end) } else { stage.world.begin_again() }
        };
        begins(&mut stage);
        if let Some(Next::Timer(_)) = next {
            (stage.subject.source, story.policy.hand_over) = (Source::Reconcile, HandOver::Yes);
            let known = stage.world.zone().hosts().unwrap_or_default();
            let known = known.into_iter().find(|host| host.id == stage.subject.host);
            stage.subject.vms = known.map(|host| host.vms).unwrap_or_default();
            let mut ticks = 0;
            loop {
                stage.world.advance(Duration::from_secs(60));
                ticks += 1;
                prop_assert!(ticks < 60, "nobody goes on\n{}", deeds.told);
                match look(&mut stage) {
                    Some(decision) if decision.todo != Todo::Leave => {
                        story.policy.wait = left(story.policy.wait, decision.waited);
                        break;
                    }
                    Some(_) | None => {}
                }
            }
            begins(&mut stage);
        } else {
            (stage.subject.source, story.policy.hand_over) = (Source::Event, HandOver::No);
        }
    }
    prop_assert!(over, "it does not end\n{}", deeds.told);
    let is = end_of(&stage, &deeds);
    let differs = differences(&is, &right);
    prop_assert!(differs.is_empty(), "differs: {differs:#?}\n{}", deeds.told);
    prop_assert!(closed(&stage), "a record is open or locked\n{}", deeds.told);
    let breaches = stage.world.transport().cloud().breaches().to_vec();
    let double = breaches.iter().find(|breach| matches!(breach, Breach::DoubleStart { .. }));
    prop_assert!(double.is_none(), "{double:?}\n{}", deeds.told);
    Ok(())
}

/// Seconds by which somebody sets a clock: what clocks may differ by, hours of a wrong zone, a day, years.
fn jump() -> impl Strategy<Value = i64> {
    prop_oneof![
        -290..290i64,
        -7200..7200i64,
        select(vec![-86_400i64, 86_400, 19_800, -18_000]),
        -900_000_000..900_000_000i64,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20, ..config(2) })]

    #[test]
    fn in_the_end_it_is_as_if_nobody_had_been_killed(
        story in story(),
        kills in vec((kill(), next(), 0..900u64, Just(0)), 1..4),
    ) {
        as_if_nothing_had_happened(story, kills)?;
    }

    #[test]
    fn in_the_end_it_is_as_if_no_clock_had_been_wrong(
        story in story(),
        troubles in vec((kill(), next(), 0..900u64, jump()), 1..4),
    ) {
        as_if_nothing_had_happened(story, troubles)?;
    }
}
