//! A zone with several dead hosts, and the two front-ends that look at it.

use crate::story::{Before, DeviceStory, End, Ill, RecordStory, Story, VmStory, strategy};
use onerescue::model::{Progress, VmState};
use onerescue::sim::{Behaviour, Death};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// One more host that is dead.
#[derive(Clone, Debug)]
pub(super) struct Other {
    /// How far a run that is gone had come, this many seconds before.
    pub(super) record: Option<(Progress, u64)>,
    /// Its hook starts too, on this front-end, this many seconds after the timers.
    pub(super) hook: Option<(usize, u64)>,
}

#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) story: Story,
    pub(super) others: Vec<Other>,
    pub(super) parallel: u32,
    /// Seconds between the timers of the two front-ends.
    pub(super) apart: u64,
    /// The first front-end is lost at this second.
    pub(super) lost: Option<u64>,
}

pub(super) fn zone() -> impl Strategy<Value = Zone> {
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
        (rules.brake.fenced_short, rules.brake.fenced_long) = (100, 100);
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
        model: None,
        name: 0,
        before: Before::Nothing,
        driver: None,
    }
}
