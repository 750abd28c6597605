//! `onerescue proceed`: a person's word that the brakes do not hold one incident.

use super::history::remembered;
use super::person::who;
use super::stop::{Stop, end};
use super::word::{lines, named_by_hand, not_taken, stood};
use crate::error::Error;
use crate::policy::arming;
use crate::policy::fencing::confirmation::Confirmed;
use crate::policy::fencing::proceed;
use crate::world::clock::wall_clock;
use crate::world::identity::identity;
use crate::{finish, trail};
use clap::Args;
use std::path::PathBuf;

/// Take the brakes off the incident of a host, once and for ten minutes: storm, windows, flaps, grace, gateways
#[derive(Clone, Debug, Args)]
pub(super) struct Proceed {
    /// The host, by name or id
    host: String,
    /// Why it is dead whatever else fails, in one line of at most 200 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Do not ask for the host's name on the terminal
    #[arg(long)]
    yes: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Write the word. Who works on the incident hears it within 10 s.
///
/// # Errors
/// [`Error::Usage`] for a reason, a name or a standard input that cannot be used, [`Error::NoHost`], and whatever keeps
/// the cloud from being reached.
pub(super) fn proceed(options: &Proceed) -> Result<u8, Error> {
    end(write(options))
}

fn write(options: &Proceed) -> Result<u8, Stop> {
    let reason = arming::reason(&options.reason).map_err(Error::Usage)?;
    let (zone, _, environment, memory) = remembered(options.config.as_deref())?;
    let host = zone.find_host(&options.host)?;
    trail::about(host.id);
    let by = who(&environment);
    if let Err(failure) = proceed::proceed(&memory, &host, &by, &reason) {
        return Ok(not_taken(&failure));
    }
    let question = format!(
        "No limit on how many hosts fail, or are fenced, holds {host} then.\nType its name if you know that it is dead: "
    );
    named_by_hand(&host, options.yes, &question)?;
    // Typing takes time.
    let memory = zone.memory(wall_clock(), &identity())?;
    let taken = match proceed::proceed(&memory, &zone.find_host(&options.host)?, &by, &reason) {
        Ok(taken) => taken,
        Err(failure) => return Ok(not_taken(&failure)),
    };
    let written = zone.record_proceed(&taken.word);
    let memory = zone.memory(wall_clock(), &identity())?;
    if let Err(failure) = stood(written, memory.proceeds.contains(&taken.word)) {
        return Ok(finish::refused(&failure));
    }
    log::info!("proceed: the brakes are off {host} by the word of {by}: {reason}");
    finish::say(&told(&host.to_string(), &taken));
    Ok(0)
}

fn told(host: &str, taken: &Confirmed) -> String {
    let word = &taken.word;
    let until = arming::utc(word.expires);
    let text = format!("the brakes are off {host} until {until}, for one fence, by the word of {}", word.by);
    let next = format!(
        "the run that waits hears it within 10 s ({}), and `onerescue reconcile` at its next look; if both are gone: \
         `{}`",
        taken.owner, taken.command
    );
    lines(taken, [text, next])
}
