//! The timeline: the stages, and every VM as a bar from when it was down until it ran.
//!
//! Across, everything is in hundredths of a percent of the width, so that a telephone and a wide screen show the same; down,
//! it is in pixels.

use super::areas::{Area, Reach, areas, heights};
use super::vms::VmRow;
use super::when::{At, Clock};
use super::{Kind, Known};
use crate::model::Progress;
use crate::model::text::vms as so_many;
use crate::policy::record::stages::Passed;
use std::fmt;

/// More VMs than this have no name in the timeline.
const NAMED: usize = 24;

/// The height of a VM with a name, of one without, and of all of those together at most.
const ROW: usize = 26;
const THIN: usize = 8;
const MOST: usize = 360;

/// The whole width.
const WHOLE: i64 = 10_000;

/// Two flags that are nearer than this do not stand side by side.
const NEAR: i64 = 750;

/// A part of the width: hundredths of a percent, prints as `12.34`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part(pub i64);

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A part of the incident between two stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// What went on.
    pub name: &'static str,
    /// Its begin.
    pub x: Part,
    /// Its width.
    pub width: Part,
}

/// Where a stage begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The stage's number.
    pub number: usize,
    /// Where.
    pub x: Part,
    /// In which line of flags, from above.
    pub y: usize,
}

/// A mark of the scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Where.
    pub x: Part,
    /// `+05:00`
    pub label: String,
}

/// One VM with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// How it ended.
    pub kind: Kind,
    /// Where its line begins, in pixels.
    pub y: usize,
    /// How long it was certainly down.
    pub width: Part,
    /// How much longer it may have been.
    pub unsure: Part,
    /// Its name, and what became of it.
    pub label: String,
}

/// The timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// What went on between the stages.
    pub spans: Vec<Span>,
    /// The stages.
    pub flags: Vec<Flag>,
    /// The scale.
    pub ticks: Vec<Tick>,
    /// VMs with their names, if they are few.
    pub bars: Vec<Bar>,
    /// VMs without, if they are many.
    pub areas: Vec<Area>,
    /// The height of the flags, in pixels.
    pub flags_height: usize,
    /// The height of the VMs, in pixels.
    pub vms_height: usize,
    /// What the bars are.
    pub note: String,
}

struct Scale {
    from: i64,
    length: i64,
}

impl Scale {
    fn x(&self, at: At) -> i64 {
        let after = at.0.saturating_sub(self.from).clamp(0, self.length);
        i64::try_from(i128::from(after) * i128::from(WHOLE) / i128::from(self.length)).unwrap_or(WHOLE)
    }
}

pub(super) fn chart(known: &Known<'_>, clock: &Clock, stages: &[Passed], rows: &[VmRow]) -> Option<Chart> {
    let moments =
        stages.iter().map(|stage| At::of(stage.at)).chain(rows.iter().filter_map(|row| row.back_at));
    let open = (!known.is_closed()).then(|| At::of(known.memory.now));
    let updated = Some(At::of(known.incident.updated)).filter(|_| known.incident.stages.last.is_none());
    let to = moments.chain(open).chain(updated).max()?;
    let scale = Scale { from: clock.zero.0, length: to.since(clock.zero) };
    if scale.length < 1000 {
        return None;
    }
    let flags = flags(&scale, stages);
    let lines = flags.iter().map(|flag| flag.y + 1).max().unwrap_or(0);
    let mut order: Vec<_> = rows.iter().map(|row| (reach(known, &scale, row), row)).collect();
    order.sort_by_key(|(reach, row)| (reach.kind, reach.most, row.id));
    let named = order.len() <= NAMED;
    let bars = (0..).zip(&order).filter(|_| named).map(|(at, (reach, row))| bar(clock, at * ROW, reach, row));
    let bars: Vec<_> = bars.collect();
    let heights = heights(&order, (order.len() * THIN).min(MOST));
    let height = if named { order.len() * ROW } else { heights.iter().sum::<usize>().div_ceil(100) };
    Some(Chart {
        spans: spans(known, &scale, stages),
        ticks: ticks(&scale, clock),
        areas: if named { Vec::new() } else { areas(&order, &heights) },
        flags,
        bars,
        flags_height: lines * 22,
        vms_height: height,
        note: note(known, rows),
    })
}

fn note(known: &Known<'_>, rows: &[VmRow]) -> String {
    if rows.is_empty() {
        return "No VM is in the record.".to_owned();
    }
    let heard = if known.incident.heard.is_some() {
        "the host was heard last"
    } else {
        "the first moment that is known"
    };
    let done = rows.iter().any(|row| row.kind == Kind::Recovered);
    let measured = rows.iter().any(|row| row.back_at.is_some());
    let to = match known.incident.stages.first {
        _ if measured => " until it was read back running.",
        _ if !done => ". None was read back yet.",
        Some(_) => {
            " until the first VM ran. Which of them ran when, between the first and the last, is not in the record, so that \
             part is striped."
        }
        None => ". When each ran again is not in the record.",
    };
    let many =
        if rows.len() > NAMED { "each a line, in the order in which they ran" } else { "one bar each" };
    format!("{}, {many}: down from when {heard}{to}", so_many(rows.len()))
}

fn reach(known: &Known<'_>, scale: &Scale, row: &VmRow) -> Reach {
    let all = Reach { kind: row.kind, sure: WHOLE, most: WHOLE };
    match row.kind {
        Kind::Held | Kind::Failed | Kind::Left | Kind::Moving | Kind::Waiting => all,
        Kind::Recovered | Kind::Deleted => {
            if let Some(back) = row.back_at {
                return Reach { sure: scale.x(back), most: scale.x(back), ..all };
            }
            let stages = known.incident.stages;
            let at = |epoch| scale.x(At::of(epoch));
            let sure = stages.first.map_or(0, at);
            Reach { sure, most: stages.last.map_or(WHOLE, at).max(sure), ..all }
        }
    }
}

fn bar(clock: &Clock, y: usize, reach: &Reach, row: &VmRow) -> Bar {
    let name = if row.name.is_empty() { format!("vm {}", row.id) } else { row.name.clone() };
    let to = if row.to.is_empty() || !matches!(row.kind, Kind::Recovered | Kind::Moving) {
        String::new()
    } else {
        format!(" → {}", row.to)
    };
    let when = row.back_at.map_or_else(String::new, |at| format!(", {}", clock.after(at)));
    let label = format!("{name}{to}: {}{when}", row.kind.word());
    Bar { kind: row.kind, y, width: Part(reach.sure), unsure: Part(reach.most - reach.sure), label }
}

fn flags(scale: &Scale, stages: &[Passed]) -> Vec<Flag> {
    let mut lines: Vec<i64> = Vec::new();
    let flag = |(number, stage): (usize, &Passed)| {
        let x = scale.x(At::of(stage.at));
        let free = lines.iter().position(|last| x - last >= NEAR);
        let y = free.unwrap_or(lines.len());
        match lines.get_mut(y) {
            Some(last) => *last = x,
            None => lines.push(x),
        }
        Flag { number, x: Part(x), y }
    };
    (1..).zip(stages).map(flag).collect()
}

/// What goes on from this stage to the next.
fn follows(stage: &str) -> &'static str {
    match stage {
        "heard last" => "silent",
        "ERROR" => "in ERROR",
        "run began" => "waiting",
        "wait over" => "checks",
        "off sent" => "fencing",
        "proven off" => "planning",
        _ => "VMs",
    }
}

/// Between two stages, and from the last one on while the incident is open.
fn spans(known: &Known<'_>, scale: &Scale, stages: &[Passed]) -> Vec<Span> {
    let span = |(one, next): (&Passed, &Passed)| {
        let (from, to) = (scale.x(At::of(one.at)), scale.x(At::of(next.at)));
        (to > from).then(|| Span { name: follows(one.stage), x: Part(from), width: Part(to - from) })
    };
    let mut spans: Vec<_> = stages.iter().zip(stages.iter().skip(1)).filter_map(span).collect();
    let name = if known.incident.progress == Progress::Held { "held" } else { "goes on" };
    if let Some(from) = stages.last().map(|last| scale.x(At::of(last.at))).filter(|_| !known.is_closed()) {
        spans.push(Span { name, x: Part(from), width: Part(WHOLE - from) });
    }
    spans
}

fn ticks(scale: &Scale, clock: &Clock) -> Vec<Tick> {
    let steps =
        [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800];
    let wanted = scale.length / 1000 / 5;
    let step = steps.into_iter().find(|step| *step >= wanted).unwrap_or(scale.length / 4000).max(1);
    let tick = |number: i64| {
        let at = At(clock.zero.0.saturating_add(number * step * 1000));
        Tick { x: Part(scale.x(at)), label: clock.after(at) }
    };
    (0..6)
        .filter(|number| number * step * 1000 <= scale.length)
        .map(tick)
        .filter(|tick| tick.x.0 <= 9000)
        .collect()
}
