//! `onerescue metrics`: what a monitoring system is told, in the text format of Prometheus.

use super::hook::zone;
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::model::{Epoch, Host, Memory, VmId};
use crate::policy::Failure;
use crate::policy::lead::idle;
use crate::policy::metrics::{Down, Facts, ZoneFacts, down, families, suspects};
use crate::wire::prometheus;
use crate::world::oned::Http;
use crate::world::{Zone, clock, identity::identity, losses, metrics as kept};
use crate::{finish, trail};
use clap::Args;
use std::path::PathBuf;

/// Print metrics for Prometheus; reconcile writes the same to `[metrics] file`
#[derive(Clone, Debug, Args)]
pub(super) struct Metrics {
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Print them. The exit code is 0 whatever they say.
///
/// # Errors
/// Whatever keeps the cloud from being reached.
pub(super) fn metrics(options: &Metrics) -> Result<u8> {
    trail::start(None);
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    let zone = zone(&config, &environment)?;
    let raft = zone.raft_status();
    let seen = idle(&zone.who_leads(raft), config.rules.observer).and_then(|why| match why {
        Some(_) => Ok(None),
        None => read(&zone).map(Some),
    });
    let seen = match seen {
        Ok(seen) => seen,
        Err(failure) => return Ok(finish::refused(&failure)),
    };
    let seen = seen.as_ref().map(|(hosts, unread, memory)| (hosts.as_slice(), *unread, memory));
    finish::say(&text(&config, &zone, kept::tick(&config.paths.run_dir), seen));
    Ok(0)
}

fn read(zone: &Zone<Http>) -> std::result::Result<(Vec<Host>, usize, Memory), Failure> {
    let hosts = zone.hosts()?;
    Ok((hosts, zone.unread_hosts().len(), zone.memory(clock::wall_clock(), &identity())?))
}

/// The text: hosts, how many of them cannot be read, and what is remembered; nothing of them where this front-end does not
/// lead. VMs are read only where a recovery has left some.
pub(super) fn text(
    config: &Config,
    zone: &Zone<Http>,
    tick: Option<Epoch>,
    seen: Option<(&[Host], usize, &Memory)>,
) -> String {
    let run_dir = &config.paths.run_dir;
    let (losses, answers) = (losses::read(run_dir), kept::answers(run_dir));
    let left = seen.map(|(hosts, _, memory)| left_down(zone, hosts, memory)).unwrap_or_default();
    let zone = seen.map(|(hosts, unread_hosts, memory)| ZoneFacts {
        memory,
        hosts,
        unread_hosts,
        losses: &losses,
        answers: &answers,
        down: &left,
    });
    prometheus::text(&families(&Facts { version: env!("CARGO_PKG_VERSION"), tick, zone }))
}

/// Where they cannot be read all of them count: silence would be worse.
fn left_down(zone: &Zone<Http>, hosts: &[Host], memory: &Memory) -> Vec<Down> {
    let suspects = suspects(memory, hosts);
    let ids: Vec<VmId> = suspects.iter().map(|one| one.vm).collect();
    match zone.vms(&ids) {
        Ok(list) => down(&suspects, &list.vms),
        Err(failure) => {
            log::warn!("metrics: VMs that may be down are counted unseen: {}", failure.what);
            suspects
        }
    }
}
