//! The VMs of the page: each with its outcome, where it went, when it ran again, and why.

use super::run::{Course, courses};
use super::when::{At, Clock, Stamp, took};
use super::{Kind, Known, clean};
use crate::model::{End, HostId, IncidentVm, Progress};
use crate::policy::DELETED;

/// One VM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VmRow {
    /// Its id.
    pub id: u32,
    /// Its name; the record of very many VMs has none.
    pub name: String,
    /// The group of users that it belongs to, where a journal has it.
    pub group: String,
    /// How it ended.
    pub kind: Kind,
    /// Where it was to go.
    pub to: String,
    /// When it was first read back running, where a journal has it.
    pub back: Option<Stamp>,
    /// How long it was down, from when the host was heard last, where both are known.
    pub down: String,
    /// Why it was decided or ended so.
    pub why: String,
    /// Each order with oned's answer, where a journal has them.
    pub orders: Vec<String>,
    /// The same moment, for the timeline.
    pub(super) back_at: Option<At>,
}

impl VmRow {
    /// Do its orders say more than its outcome?
    #[must_use]
    pub fn tells_orders(&self) -> bool {
        self.orders.len() > 1 || needs_a_person(self.kind)
    }
}

/// So many VMs have that outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The outcome.
    pub kind: Kind,
    /// How many.
    pub vms: usize,
}

/// How it ended, or stands in an incident that has come so far.
pub(super) fn kind(vm: &IncidentVm, progress: Progress) -> Kind {
    match vm.end {
        Some(End::Recovered) if vm.why == DELETED => Kind::Deleted,
        Some(End::Recovered) => Kind::Recovered,
        Some(End::Left) => Kind::Left,
        Some(End::Held) => Kind::Held,
        Some(End::Failed) => Kind::Failed,
        None if progress == Progress::Off => Kind::Moving,
        None => Kind::Waiting,
    }
}

/// Every VM of the record: first those that need a person, then by id.
pub(super) fn rows(known: &Known<'_>, clock: &Clock) -> Vec<VmRow> {
    let courses = courses(known.runs);
    let none = Course::default();
    let row = |vm| row(known, clock, vm, courses.get(&vm.id).unwrap_or(&none));
    let mut rows: Vec<_> = known.incident.vms.iter().map(row).collect();
    rows.sort_by_key(|row| (!needs_a_person(row.kind), row.id));
    rows
}

pub(super) fn needs_a_person(kind: Kind) -> bool {
    match kind {
        Kind::Held | Kind::Failed => true,
        Kind::Recovered | Kind::Deleted | Kind::Moving | Kind::Waiting | Kind::Left => false,
    }
}

fn row(known: &Known<'_>, clock: &Clock, vm: &IncidentVm, course: &Course) -> VmRow {
    let kind = kind(vm, known.incident.progress);
    let back_at = course.runs.filter(|_| matches!(kind, Kind::Recovered | Kind::Moving));
    let heard = known.incident.heard.map(|heard| At(heard.saturating_mul(1000)));
    let down = back_at.zip(heard).map(|(back, heard)| took(back.since(heard))).unwrap_or_default();
    let now = known.moved.get(&vm.id);
    let sent = matches!(kind, Kind::Recovered | Kind::Moving | Kind::Failed);
    let to: Option<HostId> = now.copied().or(vm.to.filter(|_| sent));
    let why = match now {
        Some(host) => format!("RUNNING on {} by now", known.host_name(*host)),
        None if vm.why == DELETED => String::new(),
        None => clean(&vm.why),
    };
    let told = |(at, said): &(At, String)| format!("{} {}", clock.after(*at), clean(said));
    VmRow {
        id: vm.id.0,
        name: clean(&vm.name),
        group: clean(&course.group),
        kind,
        to: to.map(|host| known.host_name(host)).unwrap_or_default(),
        back: back_at.map(|at| clock.tenths(at)),
        down,
        why,
        orders: course.orders.iter().map(told).collect(),
        back_at,
    }
}

/// How many of each outcome, those that there are.
pub(super) fn counted(rows: &[VmRow]) -> Vec<Count> {
    let all =
        [Kind::Recovered, Kind::Deleted, Kind::Moving, Kind::Waiting, Kind::Failed, Kind::Held, Kind::Left];
    let count = |kind| Count { kind, vms: rows.iter().filter(|row| row.kind == kind).count() };
    all.map(count).into_iter().filter(|count| count.vms > 0).collect()
}
