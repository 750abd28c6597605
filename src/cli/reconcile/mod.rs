//! `onerescue reconcile`: from a timer and when this front-end becomes the leader. What no hook works on is worked off.
//!
//! What is to be done is decided in `policy::reconcile`; the run for a host is the hook's.

mod downs;
mod look;
mod losses;
mod release;
mod tell;
mod tick;
mod work;

use super::hook::{NAMING, name_foreign, on_signal, zone};
use super::report::refresh;
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::model::WhoLeads;
use crate::policy::lead::idle;
use crate::policy::stopping::{Begun, TRIED_BY_RECONCILE};
use crate::world::{Lead, Sender};
use crate::{finish, trail};
use clap::Args;
use look::Desk;
use std::path::PathBuf;
use std::time::Duration;
use tell::Told;

/// Go on with incidents whose run is gone, look again at what is held, begin with hosts whose event was lost
#[derive(Clone, Debug, Args)]
pub(super) struct Reconcile {
    /// Only say what would be worked on, and why not the rest
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// While an incident waits for a time or a person's word, look again every 10 s for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=3600))]
    stay: u64,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Reconcile once: until nothing is left to be worked on now, and while an incident waits for `--stay`. On a front-end that
/// does not lead, nothing is done for hosts or VMs: what it reads may be old. VMs whose run was ended there before it was
/// done are named. On any front-end the incidents are let go whose run was one of it and is dead.
///
/// The exit code is the highest of all runs' codes; 0 if there was nothing to do.
///
/// # Errors
/// Whatever keeps the cloud from being reached, and settings that cannot be used.
pub(super) fn reconcile(options: &Reconcile) -> Result<u8> {
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    trail::start(Some(&config.paths.log));
    let desk = Desk { zone: zone(&config, &environment)?, environment, config };
    let result = pass(options, &desk);
    if !options.dry_run {
        // After everything else, and whatever became of it.
        refresh(&desk.zone, &desk.config);
    }
    result
}

fn pass(options: &Reconcile, desk: &Desk) -> Result<u8> {
    let mut told = Told::default();
    match idle(&who_leads(desk), desk.config.rules.observer) {
        Ok(None) => {}
        Ok(Some(why)) => {
            told.due(&downs::all(desk));
            if !options.dry_run {
                tick::ticked(desk, None);
                told.released(release::own_dead_runs(desk));
            }
            finish::say(&told.follower(&why, options.json));
            return Ok(told.exit_code());
        }
        Err(failure) => return Ok(finish::refused(&failure)),
    }
    if let Err(failure) = desk.is_set_up() {
        return Ok(finish::refused(&failure));
    }
    // Beside everything else: what was not told yet, and alerts that stand.
    let sender = Sender::of(&desk.config).filter(|_| !options.dry_run);
    let code = by_the_leader(desk, options, sender.as_ref(), told);
    if let Some(sender) = sender {
        sender.wait();
    }
    code
}

/// What the leader does.
fn by_the_leader(desk: &Desk, options: &Reconcile, sender: Option<&Sender>, mut told: Told) -> Result<u8> {
    let done = if options.dry_run {
        told.due(&downs::due(desk));
        desk.look().map(|looked| told.decided(&looked))
    } else {
        on_signal(&desk.zone, TRIED_BY_RECONCILE, Begun::ByMachine)?;
        if let Some(sender) = sender {
            sender.start();
        }
        // Before anything is gone on with.
        told.released(Ok(release::stopped_by_persons(desk)));
        let done = work::off(desk, &mut told, options.json, Duration::from_secs(options.stay));
        // What is left waits; whoever leads then goes on.
        told.released(release::own_dead_runs(desk));
        done
    };
    if let Err(failure) = done {
        return Ok(finish::refused(&failure));
    }
    told.held(&downs::held(desk));
    if !options.dry_run {
        losses::plan(desk, sender);
    }
    finish::say(&told.text(options.json));
    if told.has_worked() {
        name_foreign(&desk.zone.beside(NAMING));
    }
    Ok(told.exit_code())
}

/// What the front-end says it is. Noted by every process that asks: after an election this one is the first, from the
/// leader's hook.
fn who_leads(desk: &Desk) -> WhoLeads {
    let raft = desk.zone.raft_status();
    Lead::new(&desk.config.paths.run_dir).seen(raft.as_ref().ok().and_then(Option::as_ref));
    desk.zone.who_leads(raft)
}
