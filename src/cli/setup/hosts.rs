//! `onerescue setup hosts`: which devices power off which host, from a list.

use crate::cli::hook::zone;
use crate::cli::person::who;
use crate::cli::word::agreed;
use crate::config::entries::{missing, with_list};
use crate::config::replace::replace;
use crate::config::trust::{Role, read};
use crate::config::{Config, Environment, Origin, Pattern};
use crate::error::{Error, Result};
use crate::model::{Cluster, Host, text};
use crate::{finish, trail};
use clap::Args;
use similar::TextDiff;
use std::io;
use std::path::{Path, PathBuf};

/// Print the [[host]] entries of hosts that have none, or put those of a list into the settings file
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "A list has the columns host, driver (a [device] of the settings, redfish, ipmi or a fence agent), \
                        address, user and secret_file, the path of a file with the password; a column more is a \
                        parameter of the device: system, uuid, plug … Several lines of one host are levels, in their order."
)]
pub(super) struct Hosts {
    /// The list: CSV with a header, or a JSON array of objects if it ends in .json
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Do not ask on the terminal
    #[arg(long, requires = "from")]
    yes: bool,
}

/// Print entries, or write them.
///
/// # Errors
/// [`Error::Instead`] for a list that cannot be used, and for what was not agreed to; [`Error::File`]; and whatever keeps
/// the cloud from being reached.
pub(super) fn hosts(options: &Hosts, file: Option<&Path>) -> Result<u8> {
    let environment = Environment::capture();
    let config = Config::load(&environment, file)?;
    let zone = zone(&config, &environment)?;
    let hosts = zone.oned().hosts()?.good;
    match &options.from {
        None => {
            let patterns = config.patterns.iter().any(Pattern::has_clusters);
            let clusters = if patterns { zone.oned().clusters()?.good } else { Vec::new() };
            print(&config, &hosts, &clusters);
        }
        Some(list) => {
            trail::start(Some(&config.paths.log));
            take(&config, &hosts, list, options.yes, &who(&environment))?;
        }
    }
    Ok(0)
}

fn print(config: &Config, hosts: &[Host], clusters: &[Cluster]) {
    let lines = missing(config, hosts, clusters);
    if lines.is_empty() {
        finish::say("every host has an entry; nothing is to do\n");
    } else {
        finish::say(&lines);
    }
}

fn take(config: &Config, hosts: &[Host], list: &Path, yes: bool, by: &str) -> Result<()> {
    let path = &config.file;
    if config.origin == Origin::Defaults {
        let what = format!("there is no settings file {}", path.display());
        return Err(Error::instead(
            what,
            "copy the template onerescue.toml there, mode 0640, then run this again",
        ));
    }
    let file = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { doing, path, source }
    };
    let old = read(path, Role::Settings).map_err(file("read", path))?;
    let rows = std::fs::read_to_string(list).map_err(file("read", list))?;
    let json = list.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let changed = with_list(&old, config, hosts, &rows, json).map_err(|why| {
        let what = format!("the list {} cannot be used: {why}; nothing was changed", list.display());
        Error::instead(text::one_line(&what), format!("correct {}, then run this again", list.display()))
    })?;
    for left in &changed.left {
        finish::say(&(text::one_line(left) + "\n"));
    }
    if changed.text == old {
        finish::say("nothing is to do\n");
        return Ok(());
    }
    let name = path.display().to_string();
    let difference =
        TextDiff::from_lines(&old, &changed.text).unified_diff().header(&name, &name).to_string();
    finish::say(&difference.lines().map(|line| text::one_line(line) + "\n").collect::<String>());
    agreed(yes, &format!("This is what changes in {name}."))?;
    replace(path, &old, &changed.text).map_err(|error| not_replaced(path, &error))?;
    log::info!("setup hosts: {name} was changed from {}, by {by}", list.display());
    finish::say("done; next, as oneadmin, while all hosts are well: onerescue check\n");
    Ok(())
}

fn not_replaced(path: &Path, error: &io::Error) -> Error {
    let denied = error.kind() == io::ErrorKind::PermissionDenied;
    let advice = if denied { "run it as root, who may write there" } else { "run this again" };
    Error::instead(format!("cannot replace {}: {error}; nothing was changed", path.display()), advice)
}
