//! Each good look leaves its moment, and the file with the metrics where the settings have one. A rehearsal leaves neither:
//! nobody may take it for the timer.

use super::super::metrics::text;
use super::look::{Desk, Looked};
use crate::world::{clock, metrics};

/// Reconcile has looked, and this is what it saw; nothing on a front-end that does not lead. It never fails: what is old is
/// seen by who reads it.
pub(super) fn ticked(desk: &Desk, looked: Option<&Looked>) {
    let (run_dir, now) = (&desk.config.paths.run_dir, clock::wall_clock());
    if let Err(error) = metrics::write_tick(run_dir, now) {
        log::warn!("reconcile: its tick cannot be kept in {}: {error}", run_dir.display());
    }
    let Some(file) = desk.config.metrics_file() else { return };
    let text = text(&desk.config, &desk.zone, Some(now), looked.map(Looked::for_metrics));
    if let Err(error) = metrics::write(file, &text) {
        log::warn!("reconcile: [metrics] file {} cannot be written: {error}", file.display());
    }
}
