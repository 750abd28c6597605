//! `onerescue abort`: a person's word that the incident of a host is to end.

use super::history::{find_host, remembered};
use super::person::who;
use super::stop::{Stop, end};
use super::word::not_taken;
use crate::error::Error;
use crate::model::text;
use crate::policy::arming;
use crate::policy::record::abort;
use crate::{finish, trail};
use clap::Args;
use std::path::PathBuf;

/// End the open incident of a host: nothing more is sent for it
#[derive(Clone, Debug, Args)]
pub(super) struct Abort {
    /// The host, by name or id
    host: String,
    /// Why, in one line of at most 200 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Write the word. Who works on the incident sees it before the next thing that it sends.
///
/// # Errors
/// [`Error::Usage`] for a reason that cannot be used, [`Error::NoHost`], and whatever keeps the cloud from being reached.
pub(super) fn abort(options: &Abort) -> Result<u8, Error> {
    end(write(options))
}

fn write(options: &Abort) -> Result<u8, Stop> {
    let reason = arming::reason(&options.reason).map_err(Error::Usage)?;
    let (zone, _, environment, memory) = remembered(options.config.as_deref())?;
    let (host, name) = find_host(&zone, &memory, &options.host)?;
    trail::about(host);
    let by = who(&environment);
    let word = match abort::abort(&memory, host, &name, &by, &reason) {
        Ok(word) => word,
        Err(failure) => return Ok(not_taken(&failure)),
    };
    zone.record_abort(&word)?;
    log::info!("abort: {name} ({host}), {} by {by}: {reason}", word.incident);
    let owner = memory.incidents.iter().find(|(document, _)| *document == word.incident);
    let emptied = memory.evacuations.iter().find(|(document, _)| *document == word.incident);
    let owner = owner.map(|(_, incident)| incident.owner.as_str());
    let owner = owner.or(emptied.map(|(_, evacuation)| evacuation.owner.as_str())).unwrap_or_default();
    let text = format!(
        "{name} ({host}): {} ends by the word of {by}\nits run, {owner}, sees that before the next thing that it sends; \
         if that is gone, `onerescue reconcile` closes it\nwhat was sent already stands: `onerescue show {}`\n",
        word.incident, word.incident.0
    );
    finish::say(&text.lines().map(|line| text::cut(&text::one_line(line), 1000) + "\n").collect::<String>());
    Ok(0)
}
