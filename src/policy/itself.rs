//! Is it us? What this front-end is, and since when it is that.

use super::case::{Failure, Trouble};
use super::limits::span;
use super::rules::BrakeRules;
use crate::model::Observer;

/// After a change of leader hosts are in ERROR that live: their agents go on reporting to the front-end that led
/// before. Source: OpenNebula/one#6372.
///
/// That forbids "off", and nothing else: the devices are read, and one that says off as often as a proof needs has not
/// heard it from anybody's monitoring. So a host that is really off waits for nothing, which matters after a failover:
/// it ended every hook. A young oned is another matter, see [`super::limits`]: after a power cut of the whole room hosts
/// are off that come back by themselves.
pub(super) fn young_lead(observer: &Observer, rules: &BrakeRules) -> Option<Failure> {
    observer.leader_for.filter(|time| *time < rules.startup_grace)?;
    Some(Failure {
        trouble: Trouble::Unreachable,
        what: format!(
            "the leader of this zone is known here for less than {}: live hosts may be in ERROR then",
            span(rules.startup_grace)
        ),
        advice: "wait until oned has heard every host".to_owned(),
    })
}
