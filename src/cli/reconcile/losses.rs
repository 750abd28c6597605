//! Behind the pass: what would the loss of each host hold, if it died now? Planned where it is time for that, see
//! `policy::losses`, and a change is said in the log.

use super::super::plan::registered;
use super::look::Desk;
use crate::policy::Force;
use crate::policy::losses::{self, Changes, mark};
use crate::policy::what_if::Snapshot;
use crate::world::{Sender, clock, identity::identity, losses as kept};

/// More changes than these are counted.
const MOST: usize = 20;

/// Plan, remember, and say what has changed, also to the receivers. It never fails: the timer comes again.
pub(super) fn plan(desk: &Desk, sender: Option<&Sender>) {
    let changed = !desk.config.losses.watch.is_zero() && planned(desk).unwrap_or_default();
    // At once: the sender of this tick may have looked before.
    if let Some(sender) = sender.filter(|_| changed) {
        sender.start();
    }
}

/// Has anything changed? Nothing where nothing was planned.
fn planned(desk: &Desk) -> Option<bool> {
    let rules = desk.config.losses;
    let run_dir = &desk.config.paths.run_dir;
    let mut remembered = kept::read(run_dir);
    let now = clock::wall_clock();
    // Not even for a cloud that has changed; nothing is read then.
    if !remembered.is_due(rules, now, "") {
        return None;
    }
    // The pool of hosts alone says whether the rest is read.
    let hosts = desk.zone.hosts().ok()?;
    let cloud = mark(&hosts);
    if !remembered.is_due(rules, now, &cloud) {
        return None;
    }
    remembered.begin(now, &identity());
    // Before anything is read: where it cannot be kept, the next tick would read it all again.
    if let Err(error) = kept::write(run_dir, &remembered) {
        log::warn!(
            "reconcile: the loss of hosts is not planned, because it cannot be kept in {}: {error}",
            run_dir.display()
        );
        return None;
    }
    let (policy, flags) = registered(&desk.zone, &desk.config.rules, Force::RunningOnly);
    let mut survey = match desk.zone.everything() {
        Ok(survey) => survey,
        Err(failure) => {
            log::warn!("reconcile: the loss of hosts is not planned: {}; {}", failure.what, failure.advice);
            return None;
        }
    };
    survey.memory.now = clock::wall_clock();
    let planned = losses::plan(&mut Snapshot::new(survey), &policy, rules.reserve);
    let changes = remembered.take(planned, now, &cloud, &flags);
    say(&changes);
    if let Err(error) = kept::write(run_dir, &remembered) {
        log::warn!("reconcile: the loss of hosts cannot be kept in {}: {error}", run_dir.display());
    }
    Some(!changes.is_empty())
}

fn say(changes: &Changes) {
    for change in changes.iter().take(MOST) {
        if change.worse {
            log::warn!("reconcile: {}", change.text);
        } else {
            log::info!("reconcile: {}", change.text);
        }
    }
    let more = changes.len().saturating_sub(MOST);
    if more > 0 {
        log::warn!("reconcile: and {more} hosts more: `onerescue plan --all`");
    }
}
