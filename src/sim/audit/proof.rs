//! The safety rules about the proof: what must be known of the power before a VM is touched.
//!
//! A proof is the word of every device of one level, or a person's; one that cuts a host off datastores is good for
//! VMs whose disks all are there.

use super::brake::{Heard, askable};
use crate::model::{DatastoreId, DeviceName, HostId, Outlook, PowerState, ReadBack, Scope, Vm, VmId};
use crate::policy::{Control, Fencing, Mode, Order, Policy, Purpose};
use crate::sim::device::{SimDevice, covers, has_status};
use crate::sim::physics::Power;
use crate::sim::seen::Seen;
use crate::sim::world::SimWorld;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How old the last look at the power may be when an order is sent: one batch of ten calls that all run into
/// their deadlines, one after the other.
const FRESH: Duration = Duration::from_secs(330);

/// How long a person's word counts, and some time for using it.
const WORD: Duration = Duration::from_secs(660);

/// S1: every call that changes a VM is sent under a proof by every device of one level, or by a person, and after a
/// fresh look at the power that showed the truth.
pub(super) fn proven(world: &SimWorld, policy: &Policy, subject: HostId, broken: &mut Vec<String>) {
    if policy.fencing == Fencing::Waived {
        return;
    }
    let mut known = Known::new(world, policy, subject);
    for seen in world.seen() {
        known.heard.take(seen);
        match seen {
            Seen::Off { device, answer, .. } => known.off(device, answer.is_ok()),
            Seen::Power { at, device, said, really, .. } => known.said(*at, device, said, *really),
            Seen::Witness { .. } if known.stage == Stage::Proven => known.stage = Stage::Asked,
            Seen::Outlook { outlook, .. } => known.view = outlook.as_deref(),
            Seen::Record { .. } => known.word = known.word.or(word(world, subject, seen)),
            Seen::Survey { survey, .. } => known.read(&survey.vms),
            Seen::Vms { vms, .. } => vms.iter().for_each(|(vm, _)| known.read(std::slice::from_ref(vm))),
            Seen::Disable { .. } => broken.extend(known.unproven("disabling")),
            // To take a flag back starts nothing.
            Seen::Order { at, order, really, .. } if !matches!(order, Order::Unresched { .. }) => {
                known.sends(*at);
                broken.extend(
                    known.unproven(&format!("{order:?}")).or_else(|| known.judge(*at, order, *really)),
                );
                known.sent();
            }
            Seen::Host { .. }
            | Seen::Memory { .. }
            | Seen::Witness { .. }
            | Seen::Dump { .. }
            | Seen::Order { .. } => {}
        }
        if matches!(seen, Seen::Vms { .. } | Seen::Survey { .. }) {
            known.fresh.clear();
        }
        // Before each batch whose the record is is read.
        if matches!(seen, Seen::Memory { .. }) {
            known.young = None;
        }
    }
}

/// When this run has used a person's word in time, if it has.
pub(super) fn confirmed(world: &SimWorld, subject: HostId) -> Option<Duration> {
    world.seen().iter().find_map(|seen| word(world, subject, seen))
}

/// When a person said what this record uses.
fn word(world: &SimWorld, subject: HostId, seen: &Seen) -> Option<Duration> {
    let Seen::Record { at, incident, answer: Ok(_), .. } = seen else { return None };
    incident.confirmation.as_ref().filter(|_| incident.host == subject)?;
    let cloud = world.transport().cloud();
    let jumped = cloud.wall_clock().0 != cloud.epoch();
    let counts = |said: &Duration| said <= at && (jumped || at.saturating_sub(*said) <= WORD);
    cloud.confirmed(subject).filter(counts).last()
}

/// How far a run has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Unproven,
    Proven,
    /// Witnesses were asked after a level had proven the host off.
    Asked,
}

/// What a run can know at some moment.
struct Known<'a> {
    world: &'a SimWorld,
    policy: &'a Policy,
    subject: HostId,
    levels: BTreeMap<usize, Vec<&'a SimDevice>>,
    honest: bool,
    control: Control,
    view: Option<&'a Outlook>,
    heard: Heard<'a>,
    stage: Stage,
    word: Option<Duration>,
    /// How often in a row each device said off.
    row: BTreeMap<&'a DeviceName, u32>,
    read: BTreeSet<&'a DeviceName>,
    obeyed: BTreeMap<&'a DeviceName, bool>,
    /// The devices that said off since VMs were read, and since the last batch.
    fresh: BTreeSet<&'a DeviceName>,
    /// Orders since a device said off.
    batch: u32,
    /// When each of those was asked last that have said off since they said anything else.
    asked: BTreeMap<&'a DeviceName, Duration>,
    /// Those that had been asked no longer ago than `[fence] recheck` when the present batch began.
    young: Option<BTreeSet<&'a DeviceName>>,
    look: Option<(Duration, Power)>,
    on: Option<Duration>,
    disks: BTreeMap<VmId, Option<Vec<DatastoreId>>>,
}

impl<'a> Known<'a> {
    fn new(world: &'a SimWorld, policy: &'a Policy, subject: HostId) -> Self {
        let mut levels: BTreeMap<usize, Vec<&SimDevice>> = BTreeMap::new();
        for device in world.devices(subject) {
            levels.entry(device.level).or_default().push(device);
        }
        Self {
            world,
            policy,
            subject,
            levels,
            honest: world.fence_is_honest(policy, subject),
            control: policy.fence.seen_on,
            view: None,
            heard: Heard::default(),
            stage: Stage::Unproven,
            word: None,
            row: BTreeMap::new(),
            read: BTreeSet::new(),
            obeyed: BTreeMap::new(),
            fresh: BTreeSet::new(),
            batch: 0,
            asked: BTreeMap::new(),
            young: None,
            look: None,
            on: None,
            disks: BTreeMap::new(),
        }
    }

    fn off(&mut self, device: &'a DeviceName, well: bool) {
        self.row.remove(device);
        self.obeyed.insert(device, well);
        if self.stage == Stage::Unproven && self.has_proof() {
            self.stage = Stage::Proven;
        }
    }

    fn said(&mut self, at: Duration, device: &'a DeviceName, said: &PowerState, really: Power) {
        let row = self.row.entry(device).or_default();
        match said {
            PowerState::Off => {
                *row += 1;
                self.fresh.insert(device);
                self.asked.insert(device, at);
                self.batch = 0;
                if *row >= self.policy.fence.samples.max(1) {
                    self.read.insert(device);
                }
                self.look = Some((at, really));
            }
            PowerState::On => {
                *row = 0;
                self.fresh.clear();
                self.asked.remove(device);
                self.young = None;
                self.on = Some(at);
            }
            PowerState::Unknown(_) => {
                *row = 0;
                self.fresh.remove(device);
                self.asked.remove(device);
            }
        }
        if self.stage == Stage::Unproven && self.has_proof() {
            self.stage = Stage::Proven;
        }
    }

    /// So many at the same time, then the power is read again, or was a moment ago.
    fn sent(&mut self) {
        self.batch += 1;
        if self.batch >= self.policy.settle.parallel.max(1) {
            self.fresh.clear();
        }
    }

    /// The first order of a batch is sent, or another one.
    fn sends(&mut self, at: Duration) {
        let young = |asked: &Duration| at.saturating_sub(*asked) <= self.policy.fence.recheck;
        let asked = self.asked.iter().filter(|(_, asked)| young(asked)).map(|(device, _)| *device);
        self.young.get_or_insert_with(|| asked.collect());
    }

    fn read(&mut self, vms: &[Vm]) {
        for vm in vms {
            let system = vm.system_datastore.map(|id| [&[id], vm.image_datastores.as_slice()].concat());
            self.disks.insert(vm.id, system);
        }
    }

    /// The levels whose devices have all proven their part.
    fn proofs(&self) -> impl Iterator<Item = &Vec<&'a SimDevice>> {
        let proven = |device: &&SimDevice| match device.read_back {
            ReadBack::Status => self.read.contains(&device.name) && self.trusted(device),
            ReadBack::ExitCodeAccepted => self.obeyed.get(&device.name).is_some_and(|well| *well),
            ReadBack::ExitCodeOnly => false,
        };
        self.levels.values().filter(move |level| level.iter().all(proven))
    }

    fn has_proof(&self) -> bool {
        self.proofs().next().is_some()
    }

    /// A device that was never seen ON while its host was well may be a wrong outlet's.
    fn trusted(&self, device: &SimDevice) -> bool {
        let gentle = self.policy.mode == Mode::Migrate;
        let old = |age: Duration| age > self.policy.fence.seen_on_age;
        self.control == Control::Waived || device.seen_on.is_some_and(|age| gentle || !old(age))
    }

    fn unproven(&self, what: &str) -> Option<String> {
        let allowed = !self.world.is_claimed(self.subject) && self.policy.purpose == Purpose::Recover;
        let good = allowed && (self.word.is_some() || self.has_proof());
        (!good).then(|| format!("S1: {what} without a proof"))
    }

    fn judge(&self, at: Duration, order: &Order, really: Power) -> Option<String> {
        let broken = |why: &str| Some(format!("S1: {order:?} {why}"));
        let fresh: Vec<_> = self.proofs().filter(|level| self.is_fresh(level, at)).collect();
        let disks = self.disks.get(&order.vm()).and_then(Option::as_deref);
        let covered: Vec<_> = fresh.iter().filter(|level| covers(level, disks)).collect();
        // A person's word is about the whole host, whatever a storage's device says besides.
        if self.word.is_some() && covered.is_empty() {
            if self.on >= self.word {
                return broken("on a person's word, and a device said on since");
            }
            return self.contradicted(order);
        }
        if fresh.is_empty() {
            return broken("without a fresh look at the power");
        }
        if covered.is_empty() {
            return broken("with a disk that the host may still write");
        }
        let looked = covered.iter().any(|level| has_status(level));
        let wrong = self.look.is_some_and(|(_, shown)| shown == Power::On);
        if looked && self.honest && really == Power::On && wrong {
            return broken(&format!("while {} had power", self.subject));
        }
        // A host that is only cut off its datastores may well answer.
        let whole = covered.iter().all(|level| level.iter().any(|device| device.scope == Scope::Host));
        if whole { self.contradicted(order) } else { None }
    }

    fn is_fresh(&self, level: &[&SimDevice], at: Duration) -> bool {
        let readable = |device: &&&SimDevice| device.read_back == ReadBack::Status;
        let recent = self.look.is_some_and(|(looked, _)| at.saturating_sub(looked) <= FRESH);
        let young = |device: &DeviceName| self.young.as_ref().is_some_and(|young| young.contains(device));
        let said = |device: &DeviceName| self.fresh.contains(device) || young(device);
        !has_status(level) || (recent && level.iter().filter(readable).all(|device| said(&device.name)))
    }

    /// S8: a witness that goes on to say alive has the last word.
    fn contradicted(&self, order: &Order) -> Option<String> {
        if self.heard.alive(self.policy) {
            return Some(format!("S8: {order:?} while witnesses said alive"));
        }
        let askable = askable(self.world, self.policy, self.view, self.subject);
        (askable && self.stage == Stage::Proven)
            .then(|| format!("S8: {order:?} without asking witnesses after the proof"))
    }
}
