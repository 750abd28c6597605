//! `onerescue status`: one screen for the night. Is a person needed, for what first, and what goes on by itself?

mod gather;
mod rows;
mod screen;
mod watch;

use crate::config::{Config, Environment};
use crate::error::Result;
use crate::policy::status::{Status, judge};
use crate::{finish, trail};
use clap::Args;
use gather::Desk;
use serde::Serialize;
use std::path::PathBuf;

/// Show on one screen what is open, what goes on by itself, and what needs a person first
#[derive(Clone, Debug, Args)]
pub(super) struct StatusOptions {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Look again every few seconds, until Ctrl-C
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Serialize)]
struct Json<'a> {
    format: u32,
    #[serde(flatten)]
    status: &'a Status,
}

/// Look and tell. The exit code is 0 only where nothing is open, 1 where something is, and 5 where oned or a record cannot
/// be read.
///
/// `--json`: the names of fields, verdicts, stages, kinds and urgencies stay; more may come. It is there whatever oned says.
///
/// Shape: `{"format":1,"at":1795165200,"verdict":"needs_you","do_this":"arm it","exit_code":1,"unread":[],"hosts":[{"id":2,
/// "name":"node2","cluster":0,"state":"ERROR","stage":"held","incident":4,"since":1795165100,"why":"the zone is disarmed",
/// "next_look":null,"vms_done":0,"vms_left":3,"advice":"arm it","urgency":"now"}],"words":[],"down":[],"more_down":0,
/// "disarmed":[],"reconcile":{"at":1795165190,"text":"it looks","urgency":null,"advice":null},"clusters":[…],
/// "cannot_be_lost":[{"id":7,"name":"kvm7","cluster":0,"held":1,"since":1795161720,"why":"since … its loss would hold vm 11 erp:
/// no host takes …"}]}`. Moments are in epoch seconds.
///
/// # Errors
/// Settings or credentials that cannot be used.
pub(super) fn status(options: &StatusOptions) -> Result<u8> {
    trail::start(None);
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    let desk = Desk::open(config, &environment)?;
    if options.watch {
        return watch::watch(desk);
    }
    let status = judge(&desk.look());
    if options.json {
        let json = Json { format: 1, status: &status };
        finish::say(&(serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"));
    } else {
        finish::say_in_colour(&screen::screen(&status));
    }
    Ok(status.exit_code)
}
