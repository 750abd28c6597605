//! One thing at a time that holds a fence back, and things that must not.

use super::story::{End, Happens, Ill, RecordStory, Story};
use onerescue::model::Progress;
use onerescue::sim::{Behaviour, Death, Honesty};
use std::time::Duration;

/// One thing that holds a run back until some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hurdle {
    Disarmed,
    DisarmedCluster,
    Gateways,
    Grace,
    Unprotected,
    Storm,
    Waiting,
    Window,
    LongWindow,
    Flaps,
    Quorum,
    WitnessAlive,
    Mute,
    Word,
}

pub(crate) const HURDLES: [Hurdle; 14] = [
    Hurdle::Disarmed,
    Hurdle::DisarmedCluster,
    Hurdle::Gateways,
    Hurdle::Grace,
    Hurdle::Unprotected,
    Hurdle::Storm,
    Hurdle::Waiting,
    Hurdle::Window,
    Hurdle::LongWindow,
    Hurdle::Flaps,
    Hurdle::Quorum,
    Hurdle::WitnessAlive,
    Hurdle::Mute,
    Hurdle::Word,
];

impl Hurdle {
    /// Put it into the way for this many seconds.
    pub(crate) fn put(self, story: &mut Story, until: u64) {
        let another = (story.dead + 1) % story.hosts.len();
        let rules = &mut story.policy;
        let mut during = |first, last| story.events.extend([(0, first), (until, last)]);
        match self {
            Self::Disarmed => during(Happens::Disarmed(None), Happens::Armed(None)),
            Self::DisarmedCluster => during(Happens::Disarmed(Some(0)), Happens::Armed(Some(0))),
            Self::Unprotected => during(Happens::Protected(0, false), Happens::Protected(0, true)),
            Self::Gateways => {
                story.view.gateways = vec![false, false];
                story.events.push((until, Happens::Gateway(1, true)));
            }
            Self::Grace => {
                story.view.oned = Some(0);
                rules.brake.startup_grace = Duration::from_secs(until);
            }
            Self::Storm => {
                rules.brake.failing = 1;
                Self::one_more_dies(story, another, until);
            }
            Self::Waiting => {
                (rules.brake.failing, rules.brake.failing_percent) = (100, 100);
                story.clusters = 2;
                for (at, host) in story.hosts.iter_mut().enumerate() {
                    host.cluster = usize::from(at != story.dead && at != another);
                }
                Self::one_more_dies(story, another, until);
            }
            Self::Window => {
                rules.brake.fenced_short = 1;
                let fenced = rules.brake.short.as_secs() - until;
                story.view.records.push(fenced_lately(another, fenced));
            }
            Self::LongWindow => {
                (rules.brake.fenced_short, rules.brake.fenced_long) = (5, 1);
                let fenced = rules.brake.long.as_secs() - until;
                story.view.records.push(fenced_lately(another, fenced));
            }
            Self::Quorum => {
                // The only other host of the cluster is mute, until it is a healthy one that can be asked, and does
                // not see the dead one.
                story.end = End::Dies(Death::NetworkCut);
                (rules.witness.peers, rules.witness.dead) = (u32::MAX, 1);
                rules.witness.consul = false;
                story.view.witnesses = (0..story.hosts.len()).map(|at| (at, Honesty::Silent)).collect();
                story.view.witnesses.retain(|(at, _)| *at != another);
                (rules.brake.failing, rules.brake.failing_percent) = (100, 100);
                Self::one_more_dies(story, another, until);
            }
            Self::Flaps => {
                let first = rules.brake.flap_time.as_secs() - until;
                let record = fenced_lately(story.dead, 50);
                story.view.records.push(RecordStory { events: vec![first, 60], ..record });
            }
            Self::WitnessAlive => {
                rules.witness.peers = 1;
                story.end = End::Dies(Death::FrontEndCut);
                story.events.push((until, Happens::Dies(Death::PowerLoss)));
            }
            Self::Mute => story.devices[0].returns_after = until,
            Self::Word => {
                story.end = End::Dies(Death::PowerLoss);
                story.events.push((until, Happens::ConfirmedOff));
            }
        }
        story.devices[0].behaviour = match self {
            Self::Mute => Behaviour::DeadThenWorks,
            Self::Word => Behaviour::Dead,
            _ => Behaviour::Works,
        };
    }

    fn one_more_dies(story: &mut Story, another: usize, until: u64) {
        story.hosts[another].ill = Some(Ill::Dead);
        let others: Vec<_> = (0..story.hosts.len()).filter(|at| *at != story.dead).collect();
        let at = others.iter().position(|at| *at == another).unwrap();
        story.events.push((until, Happens::TargetReturns(at)));
    }
}

pub(crate) fn fenced_lately(host: usize, ago: u64) -> RecordStory {
    RecordStory { host, updated: ago, progress: Progress::Closed, fenced: Some(ago), events: vec![ago] }
}

/// One thing that looks like a reason to hold and is none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harmless {
    DisarmedElsewhere,
    UnprotectedElsewhere,
    OneGateway,
    /// Others are in ERROR, and an earlier run has proven them off.
    FencedAlready,
    /// Fenced before the window began.
    LongAgo,
    /// Somebody else's run, which has not written for longer than the window.
    Abandoned,
    /// Two ERROR events, not three.
    FailedBefore,
    OneLiar,
}

pub(crate) const HARMLESS: [Harmless; 8] = [
    Harmless::DisarmedElsewhere,
    Harmless::UnprotectedElsewhere,
    Harmless::OneGateway,
    Harmless::FencedAlready,
    Harmless::LongAgo,
    Harmless::Abandoned,
    Harmless::FailedBefore,
    Harmless::OneLiar,
];

impl Harmless {
    pub(crate) fn put(self, story: &mut Story) {
        let (dead, hosts) = (story.dead, story.hosts.len());
        let another = (dead + 1) % hosts;
        match self {
            Self::DisarmedElsewhere | Self::UnprotectedElsewhere => {
                story.clusters = 2;
                let first = match self {
                    Self::DisarmedElsewhere => Happens::Disarmed(Some(1)),
                    _ => Happens::Protected(1, false),
                };
                story.events.push((0, first));
            }
            Self::OneGateway => story.view.gateways = vec![false, true],
            Self::FencedAlready => {
                story.policy.brake.failing = 1;
                story.policy.brake.failing_percent = 60;
                story.hosts[another].ill = Some(Ill::Dead);
                let record = fenced_lately(another, 2000);
                story.view.records.push(RecordStory { progress: Progress::Off, ..record });
            }
            Self::LongAgo => {
                story.policy.brake.fenced_short = 1;
                let ago = story.policy.brake.short.as_secs() + 1;
                story.view.records.push(fenced_lately(another, ago));
            }
            Self::Abandoned => {
                story.policy.brake.fenced_short = 1;
                let updated = story.policy.brake.short.as_secs() + 1;
                let record = fenced_lately(another, updated);
                let record = RecordStory { progress: Progress::Open, fenced: None, ..record };
                story.view.records.push(record);
            }
            Self::FailedBefore => story.view.records.push(fenced_lately(dead, 300)),
            Self::OneLiar => {
                (story.policy.witness.peers, story.policy.witness.alive) = (3, 2);
                story.view.witnesses = vec![(another, Honesty::LiesAlive)];
                story.end = End::Dies(Death::Hang);
            }
        }
    }
}
