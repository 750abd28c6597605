//! `onerescue setup hosts`: which devices power off which host, from a list or from a scan.

use super::scan::{Scan, found};
use crate::cli::hook::zone;
use crate::cli::person::who;
use crate::cli::word::agreed;
use crate::config::entries::{Changed, List, missing, with_list};
use crate::config::replace::replace;
use crate::config::trust::{Role, read};
use crate::config::{Config, Environment, Origin, Pattern};
use crate::error::{Error, Result};
use crate::model::{Cluster, Host, text};
use crate::{finish, trail};
use clap::{ArgGroup, Args};
use similar::TextDiff;
use std::io;
use std::path::{Path, PathBuf};

/// Print the [[host]] entries of hosts that have none, or put those of a list or of a scan into the settings file
#[derive(Clone, Debug, Args)]
#[command(
    group = ArgGroup::new("source").args(["from", "scan"]),
    after_help = "A list has the columns host, driver (a [device] of the settings, redfish, ipmi or a fence agent), \
                        address, user and secret_file, the path of a file with the password; a column more is a \
                        parameter of the device: system, uuid, plug … Several lines of one host are levels, in their order.\n\n\
                        A scan asks each address which machine is behind it, and each host which machine it is. Only the \
                        same UUID or serial number makes an entry. Nothing is powered off or on."
)]
pub(super) struct Hosts {
    /// The list: CSV with a header, or a JSON array of objects if it ends in .json
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    scan: Scan,
    /// Do not ask on the terminal
    #[arg(long, requires = "source")]
    yes: bool,
}

/// What OpenNebula has.
pub(super) struct Zoned {
    pub(super) hosts: Vec<Host>,
    pub(super) clusters: Vec<Cluster>,
}

/// Print entries, or write them.
///
/// # Errors
/// [`Error::Instead`] for a list or a scan that cannot be used, and for what was not agreed to; [`Error::File`]; and
/// whatever keeps the cloud from being reached.
pub(super) fn hosts(options: &Hosts, file: Option<&Path>) -> Result<u8> {
    let environment = Environment::capture();
    let config = Config::load(&environment, file)?;
    let oned = zone(&config, &environment)?;
    let patterns = config.patterns.iter().any(Pattern::has_clusters);
    let clusters = if patterns { oned.oned().clusters()?.good } else { Vec::new() };
    let mut hosts = oned.oned().hosts()?.good;
    hosts.sort_by_key(|host| host.id);
    let zoned = Zoned { hosts, clusters };
    let by = who(&environment);
    match &options.from {
        Some(list) => {
            trail::start(Some(&config.paths.log));
            let old = settings(&config)?;
            let changed = listed(&old, &config, &zoned, list)?;
            take(&config, &old, &changed, options.yes, (&list.display().to_string(), &by))?;
        }
        None if options.scan.is_asked_for() => {
            trail::start(Some(&config.paths.log));
            let old = settings(&config)?;
            if let Some(changed) = found(&options.scan, &old, &config, &oned, &zoned)? {
                take(&config, &old, &changed, options.yes, ("a scan", &by))?;
            }
        }
        None => print(&config, &zoned),
    }
    Ok(0)
}

fn print(config: &Config, zoned: &Zoned) {
    let lines = missing(config, &zoned.hosts, &zoned.clusters);
    if lines.is_empty() {
        finish::say("every host has an entry; nothing is to do\n");
    } else {
        finish::say(&lines);
    }
}

/// The text of the settings file.
fn settings(config: &Config) -> Result<String> {
    let path = &config.file;
    if config.origin == Origin::Defaults {
        let what = format!("there is no settings file {}", path.display());
        return Err(Error::instead(
            what,
            "copy the template onerescue.toml there, mode 0640, then run this again",
        ));
    }
    read(path, Role::Settings).map_err(|source| Error::File { doing: "read", path: path.clone(), source })
}

/// The settings with what a list says.
fn listed(old: &str, config: &Config, zoned: &Zoned, list: &Path) -> Result<Changed> {
    let failed = |source| Error::File { doing: "read", path: list.to_owned(), source };
    let rows = std::fs::read_to_string(list).map_err(failed)?;
    let json = list.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let rows = if json { List::Json(&rows) } else { List::Csv(&rows) };
    with_list(old, config, &zoned.hosts, &zoned.clusters, rows).map_err(|why| {
        let what = format!("the list {} cannot be used: {why}; nothing was changed", list.display());
        Error::instead(text::one_line(&what), format!("correct {}, then run this again", list.display()))
    })
}

/// Show the difference, ask, and write it. `from` is where it comes from, and whose work it is.
fn take(config: &Config, old: &str, changed: &Changed, yes: bool, from: (&str, &str)) -> Result<()> {
    for left in &changed.left {
        finish::say(&(text::one_line(left) + "\n"));
    }
    if changed.text == old {
        finish::say("nothing is to do\n");
        return Ok(());
    }
    let path = &config.file;
    let name = path.display().to_string();
    let difference = TextDiff::from_lines(old, &changed.text).unified_diff().header(&name, &name).to_string();
    finish::say(&difference.lines().map(|line| text::one_line(line) + "\n").collect::<String>());
    agreed(yes, &format!("This is what changes in {name}."))?;
    replace(path, old, &changed.text).map_err(|error| not_replaced(path, &error))?;
    let (source, by) = from;
    log::info!("setup hosts: {name} was changed from {source}, by {by}");
    finish::say("done; next, as oneadmin, while all hosts are well: onerescue check\n");
    Ok(())
}

fn not_replaced(path: &Path, error: &io::Error) -> Error {
    let denied = error.kind() == io::ErrorKind::PermissionDenied;
    let advice = if denied {
        "run it as root, who may write there; what a scan has found goes into a file with --list, and from there with --from"
    } else {
        "run this again"
    };
    Error::instead(format!("cannot replace {}: {error}; nothing was changed", path.display()), advice)
}
