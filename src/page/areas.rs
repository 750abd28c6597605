//! Very many VMs in the timeline: a shape for each outcome, in which every VM is a line.

use super::Kind;
use super::vms::VmRow;
use std::fmt::Write as _;

/// The VMs of one outcome together are at least so high.
const LEAST: usize = 8;

/// All VMs of one outcome, as one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// The name of its look.
    pub class: &'static str,
    /// The path.
    pub path: String,
}

/// Where a VM's bar certainly reaches, and where at most.
pub(super) struct Reach {
    pub(super) kind: Kind,
    pub(super) sure: i64,
    pub(super) most: i64,
}

/// The height of each VM in hundredths of a pixel: few of an outcome stay visible among many.
pub(super) fn heights(order: &[(Reach, &VmRow)], height: usize) -> Vec<usize> {
    let each = height * 100 / order.len().max(1);
    let of = |kind| order.iter().filter(|(reach, _)| reach.kind == kind).count();
    order.iter().map(|(reach, _)| each.max(LEAST * 100 / of(reach.kind).max(1))).collect()
}

/// Bars that end alike are one shape. Below 4 pixels there is no gap between them.
pub(super) fn areas(order: &[(Reach, &VmRow)], heights: &[usize]) -> Vec<Area> {
    let gap = if heights.iter().all(|height| *height >= 400) { 100 } else { 0 };
    let mut all: Vec<Area> = Vec::new();
    let (mut at, mut top) = (0, 0);
    while let Some((reach, _)) = order.get(at) {
        let alike = |(other, _): &&(Reach, &VmRow)| {
            gap == 0 && (other.kind, other.sure, other.most) == (reach.kind, reach.sure, reach.most)
        };
        let many = order.iter().skip(at).take_while(alike).count().max(1);
        let high: usize = heights.iter().skip(at).take(many).sum();
        let bottom = top + high - gap;
        add(&mut all, reach.kind.class(), 0, reach.sure, top, bottom);
        if reach.most > reach.sure {
            add(&mut all, "unsure", reach.sure, reach.most, top, bottom);
        }
        (at, top) = (at + many, top + high);
    }
    all
}

fn add(all: &mut Vec<Area>, class: &'static str, from: i64, to: i64, top: usize, bottom: usize) {
    if !all.iter().any(|area| area.class == class) {
        all.push(Area { class, path: String::new() });
    }
    let pixels = |hundredths: usize| format!("{}.{:02}", hundredths / 100, hundredths % 100);
    if let Some(area) = all.iter_mut().find(|area| area.class == class) {
        let (top, bottom) = (pixels(top), pixels(bottom));
        // A bar of no length is still a bar.
        let to = to.max(from + 10);
        let _ = write!(area.path, "M{from} {top}H{to}V{bottom}H{from}z");
    }
}
