//! Own runs that are dead are let go of: by the leader's pass and a follower's.

use super::look::Desk;
use crate::model::HostId;
use crate::policy::Failure;
use crate::policy::stopping::not_let_go_here;
use crate::world::identity::{identity, with_owners};
use crate::world::{clock, noted_by_persons, release};
use std::collections::BTreeSet;

/// Let go of every incident whose run was one of this front-end and is dead; what was done, a line each.
///
/// # Errors
/// A [`Failure`] if what is remembered cannot be read.
pub(super) fn own_dead_runs(desk: &Desk) -> Result<Vec<String>, Failure> {
    let memory = with_owners(desk.zone.memory(clock::wall_clock(), &identity())?);
    Ok(let_go(desk, not_let_go_here(&memory).into_iter().map(|(host, ..)| host).collect()))
}

/// The same for those that a person has stopped while oned could not be told: nothing of that is gone on with. Without such
/// a word on this front-end it asks nobody.
pub(super) fn stopped_by_persons(desk: &Desk) -> Vec<String> {
    let_go(desk, noted_by_persons(&desk.config.paths.run_dir))
}

fn let_go(desk: &Desk, hosts: BTreeSet<HostId>) -> Vec<String> {
    let me = identity();
    let one = |host| match release(&desk.zone, &desk.config.paths.run_dir, host, &me, clock::wall_clock()) {
        Ok(said) => said.into_iter().map(|said| format!("{host}: {said}")).collect(),
        Err(failure) => {
            vec![format!("{host}: its run is dead, and its record could not be released: {}", failure.what)]
        }
    };
    let said: Vec<String> = hosts.into_iter().flat_map(one).collect();
    for line in &said {
        log::info!("reconcile: {line}");
    }
    said
}
