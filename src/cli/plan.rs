//! `onerescue plan`: before it happens. What would become of every VM if this host died, or any, or any two?

mod details;
mod explain;
mod gather;
mod json;
mod table;

use crate::config::Environment;
use crate::error::{Error, Result};
use crate::policy::what_if::{self, Chosen, Loss, Pairs, Scope};
use crate::{finish, trail};
use clap::{ArgGroup, Args};
use gather::Gathered;
pub(super) use gather::registered;
use std::path::PathBuf;

/// Show what would run where, and what would be held, if hosts died now; changes nothing
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one per flag of the hook")]
#[command(group(ArgGroup::new("which").args(["hosts", "cluster", "all", "explain"]).required(true)))]
#[command(group(ArgGroup::new("mode").args(["migrate", "recreate", "delete"])))]
pub(super) struct Plan {
    /// Hosts, by name or id
    #[arg(value_name = "HOST")]
    hosts: Vec<String>,
    /// Every host of this cluster, by name or id
    #[arg(long, value_name = "ID|NAME")]
    cluster: Option<String>,
    /// Every host
    #[arg(long)]
    all: bool,
    /// Why this VM, by id or name, would go where it goes or nowhere, with what every host says
    #[arg(long, value_name = "ID|NAME", conflicts_with = "failures")]
    explain: Option<String>,
    /// 2: also any two of them at the same moment; of a single host, with each other host of its cluster
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    failures: u8,
    /// As the hook's -m [default: as the registered hook has it, else -m]
    #[arg(short = 'm', long)]
    migrate: bool,
    /// As the hook's -r
    #[arg(short = 'r', long)]
    recreate: bool,
    /// As the hook's -d
    #[arg(short = 'd', long)]
    delete: bool,
    /// As the hook's -f
    #[arg(short = 'f', long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What was found, for people and for programs.
struct Planned {
    /// The worst first.
    losses: Vec<Loss>,
    /// Pairs of hosts, if they were asked for.
    pairs: Option<(Chosen, Vec<Loss>)>,
    /// `-m, as the hook host_error has it`
    flags: String,
    /// Hosts whose document cannot be read.
    unread_hosts: Vec<String>,
    /// Whether single hosts were named, so that each of their VMs is told.
    named: bool,
}

/// Plan, and tell. The exit code is 1 if something protected would be held, else 0.
///
/// # Errors
/// [`Error::Usage`] and [`Error::NoHost`] for a cluster or a host that does not exist, and what keeps the settings or
/// the credentials from being used.
pub(super) fn plan(options: &Plan) -> Result<u8> {
    trail::start(None);
    let environment = Environment::capture();
    let Gathered { mut snapshot, policy, flags } = match gather::gather(options, &environment)? {
        Ok(gathered) => gathered,
        Err(failure) => return Ok(finish::refused(&failure)),
    };
    if let Some(named) = &options.explain {
        return explain::explain(named, &mut snapshot, &policy, &flags, options.json);
    }
    let scope = gather::scope(options, &snapshot)?;
    let hosts = what_if::choose(&snapshot, &scope);
    let mut losses: Vec<Loss> = hosts.iter().map(|host| snapshot.lose(&[*host], &policy)).collect();
    what_if::worst_first(&mut losses);
    let pairs = match options.pairs() {
        Pairs::No => None,
        Pairs::Yes => {
            let chosen = Chosen::of(&snapshot, &scope, &losses);
            let mut both: Vec<Loss> = chosen.pairs.iter().map(|pair| snapshot.lose(pair, &policy)).collect();
            what_if::worst_first(&mut both);
            Some((chosen, both))
        }
    };
    let named = matches!(scope, Scope::Hosts(_));
    let unread_hosts = snapshot.unread_hosts().to_vec();
    let planned = Planned { losses, pairs, flags, unread_hosts, named };
    finish::say(&if options.json { json::json(&planned) } else { table::table(&planned) });
    Ok(planned.exit_code())
}

impl Plan {
    fn pairs(&self) -> Pairs {
        if self.failures == 2 { Pairs::Yes } else { Pairs::No }
    }
}

impl Planned {
    fn exit_code(&self) -> u8 {
        let both = self.pairs.iter().map(|(_, losses)| what_if::exit_code(losses));
        both.fold(what_if::exit_code(&self.losses), u8::max)
    }
}

/// A host by name or id.
fn no_host(named: &str) -> Error {
    Error::NoHost(named.to_owned())
}
