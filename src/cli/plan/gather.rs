//! Gathering: the pools of the zone and the hook's options are read, and nothing is written.

use super::super::arming::find_cluster;
use super::super::hook::zone;
use super::super::hook_facts;
use super::{Plan, no_host};
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::model::{HostId, VmId};
use crate::policy::check::chosen;
use crate::policy::peers::{self, MOST, of_each_cluster};
use crate::policy::port::Survey;
use crate::policy::what_if::{Scope, Snapshot};
use crate::policy::{Failure, Force, Mode, Placement, Policy, Purpose, Rules};
use crate::world::Zone;
use crate::world::clock::wall_clock;
use crate::world::oned::Http;
use crate::world::witness::Witness;
use std::collections::BTreeMap;

/// The zone at one moment, and what a recovery would be told.
pub(super) struct Gathered {
    pub(super) snapshot: Snapshot,
    pub(super) policy: Policy,
    /// `-m, as the hook host_error has it`
    pub(super) flags: String,
}

/// Read everything once.
///
/// # Errors
/// What keeps the settings or the credentials from being used; inside, that oned gave no usable answer.
pub(super) fn gather(options: &Plan, environment: &Environment) -> Result<Result<Gathered, Failure>> {
    let config = Config::load(environment, options.config.as_deref())?;
    let zone = zone(&config, environment)?;
    let (policy, flags) = policy(options, &zone, &config.rules);
    let flags = flags + by_scheduler(&config.rules);
    Ok(zone.everything().map(|mut survey| {
        survey.memory.now = wall_clock();
        survey.running = running(&config, &survey);
        Gathered { snapshot: Snapshot::new(survey), policy, flags }
    }))
}

/// What a recovery would hear of the hosts that it asks: a few of each cluster, over ssh.
fn running(config: &Config, survey: &Survey) -> BTreeMap<VmId, HostId> {
    let vms: Vec<_> = survey.vms.iter().map(|vm| vm.id).take(MOST).collect();
    let chance = u64::try_from(survey.memory.now.0).unwrap_or(0);
    let peers = of_each_cluster(&survey.hosts, config.rules.witness.peers, chance);
    if vms.is_empty() { BTreeMap::new() } else { peers::running(&Witness::new(config).domains(&peers, &vms)) }
}

/// Whether the targets are the planner's.
fn by_scheduler(rules: &Rules) -> &'static str {
    match rules.settle.placement {
        Placement::Direct => "",
        Placement::Scheduler => " (placement = \"scheduler\": it may choose other hosts)",
    }
}

/// The options of this command, else those of the registered hook, else `-m`.
fn policy(options: &Plan, zone: &Zone<Http>, rules: &Rules) -> (Policy, String) {
    let mode = match (options.migrate, options.recreate, options.delete) {
        (true, _, _) => Some(Mode::Migrate),
        (_, true, _) => Some(Mode::Recreate),
        (_, _, true) => Some(Mode::Delete),
        (false, false, false) => None,
    };
    let force = if options.force { Force::AlsoStopped } else { Force::RunningOnly };
    let plain = |mode| Policy { force, purpose: Purpose::Recover, ..Policy::under(mode, rules.clone()) };
    if let Some(mode) = mode {
        return (plain(mode), letters(mode, force));
    }
    registered(zone, rules, force)
}

/// The options of the registered hook, with this if it forces more; else `-m`. And in words.
pub(in crate::cli) fn registered(zone: &Zone<Http>, rules: &Rules, force: Force) -> (Policy, String) {
    let plain =
        |mode, force| Policy { force, purpose: Purpose::Recover, ..Policy::under(mode, rules.clone()) };
    let hook = hook_facts::hooks(zone, rules).ok().and_then(|hooks| chosen(&hooks).ok());
    let Some(hook) = hook else {
        return (plain(Mode::Migrate, force), letters(Mode::Migrate, force));
    };
    let force = if force == Force::AlsoStopped { force } else { hook.force };
    (plain(hook.mode, force), format!("{}, as the hook has it", letters(hook.mode, force)))
}

fn letters(mode: Mode, force: Force) -> String {
    let mode = match mode {
        Mode::Migrate => "-m",
        Mode::Recreate => "-r",
        Mode::Delete => "-d",
    };
    match force {
        Force::RunningOnly => mode.to_owned(),
        Force::AlsoStopped => format!("{mode} -f"),
    }
}

/// What was asked for.
///
/// # Errors
/// A cluster or a host was named that does not exist.
pub(super) fn scope(options: &Plan, snapshot: &Snapshot) -> Result<Scope> {
    if let Some(cluster) = &options.cluster {
        return Ok(Scope::Cluster(find_cluster(snapshot.clusters(), cluster)?.id));
    }
    if options.all {
        return Ok(Scope::Zone);
    }
    let hosts: Result<Vec<HostId>> = options.hosts.iter().map(|named| find_host(snapshot, named)).collect();
    Ok(Scope::Hosts(hosts?))
}

fn find_host(snapshot: &Snapshot, named: &str) -> Result<HostId> {
    let by_name = snapshot.hosts().iter().find(|host| host.name == *named);
    let by_id = || snapshot.hosts().iter().find(|host| named.parse() == Ok(host.id.0));
    by_name.or_else(by_id).map(|host| host.id).ok_or_else(|| no_host(named))
}
