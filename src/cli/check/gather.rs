//! Gathering: oned, the devices and the witnesses are asked, and nothing is judged.

use super::super::arming::find_cluster;
use super::super::hook::zone;
use super::super::hook_facts;
use super::super::probe;
use super::{Check, files};
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::{Host, HostState, Outlook, RaftState};
use crate::policy::check::{
    Entry, Facts, Finding, HookFacts, HostFacts, Item, Scope, WitnessFacts, ZoneFacts,
};
use crate::policy::layer::Survey;
use crate::policy::losses::Losses;
use crate::policy::peers::{MOST, of_each_cluster, peers};
use crate::policy::{Domains, Failure, LayerScope, Rules, Trouble, busy};
use crate::world::{Live, World as _, budget, busy as locked, losses};
use std::collections::BTreeMap;

/// What was gathered, and the world to write to.
pub(super) struct Gathered {
    pub(super) facts: Facts,
    pub(super) live: Option<Live>,
}

/// Gather. Where one thing cannot be had, what depends on it is left out, and the finding says why.
///
/// # Errors
/// A cluster or a host was named that does not exist.
pub(super) fn gather(options: &Check, environment: &Environment) -> Result<Gathered> {
    let only = |rules, looks| {
        Ok(Gathered { facts: Facts { rules, scope: Scope::Zone, looks, zone: None }, live: None })
    };
    let config = match Config::load(environment, options.config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            let named = options.config.clone().or_else(|| environment.onerescue_config.clone());
            let file = named.unwrap_or_else(|| environment.default_settings_file()).display().to_string();
            return only(Rules::default(), vec![unusable(file, &error)]);
        }
    };
    let mut looks = files::look(&config, environment);
    let zone = match zone(&config, environment) {
        Ok(zone) => zone,
        Err(error) => {
            looks.push(Finding::of(Item::Credentials, "oned", Err(error.into())));
            return only(config.rules, looks);
        }
    };
    let mut live = Live::new(zone, &config);
    let Some(outlook) = oned(&mut live, &mut looks) else {
        return only(config.rules, looks);
    };
    let scope = scope(options, &outlook)?;
    let hooks = hooks(&live, &config.rules, &mut looks);
    let inside: Vec<Host> = outlook.hosts.iter().filter(|host| within(scope, host)).cloned().collect();
    let hosts = probe::ask(live.zone(), &config, &outlook, &inside);
    let witnesses = witnesses(&mut live, &config, &outlook, &hosts);
    let domains = domains(&mut live, config.rules.witness.peers, &outlook, &inside);
    let entries = config.hosts.values().map(|entry| (entry.id, entry.name.clone())).collect();
    let layers = layers(&live, config.rules.plan.layer_scope, scope, &mut looks);
    let locked = locked(&config.paths.run_dir, outlook.hosts.iter().map(|host| host.id));
    let busy = busy(&locked, &outlook.memory);
    let budget = match scope {
        Scope::Host(_) => None,
        Scope::Zone | Scope::Cluster(_) => Some(budget(environment, &config, &inside)),
    };
    let losses = planned(&config, &outlook);
    let gateways = config.observer.gateways;
    let zone = ZoneFacts {
        outlook,
        hooks,
        gateways,
        busy,
        hosts,
        entries,
        witnesses,
        domains,
        budget,
        layers,
        losses,
    };
    Ok(Gathered { facts: Facts { rules: config.rules, scope, looks, zone: Some(zone) }, live: Some(live) })
}

fn hooks(live: &Live, rules: &Rules, looks: &mut Vec<Finding>) -> Option<Vec<HookFacts>> {
    match hook_facts::hooks(live.zone(), rules) {
        Ok(hooks) => Some(hooks),
        Err(error) => {
            looks.push(Finding::of(Item::Hook, "HOST/ERROR", Err(error.into())));
            None
        }
    }
}

/// The leader plans.
fn planned(config: &Config, outlook: &Outlook) -> Option<Losses> {
    let leads = matches!(outlook.observer.raft, Ok(RaftState::Leader | RaftState::Solo));
    (leads && !config.losses.watch.is_zero()).then(|| losses::read(&config.paths.run_dir))
}

/// Every VM is read for this, so not where one host was asked for.
fn layers(live: &Live, layer_scope: LayerScope, scope: Scope, looks: &mut Vec<Finding>) -> Option<Survey> {
    match scope {
        Scope::Host(_) => None,
        Scope::Zone | Scope::Cluster(_) => live
            .zone()
            .layers(layer_scope)
            .map_err(|failure| looks.push(Finding::of(Item::Layer, "vm groups and vms", Err(failure))))
            .ok(),
    }
}

/// Whether oned answers, to whom, and what there is.
fn oned(live: &mut Live, looks: &mut Vec<Finding>) -> Option<Outlook> {
    let version = live.zone().oned().version();
    let reached = version.is_ok();
    let version = version.map(|version| format!("it answers, as version {version}")).map_err(Failure::from);
    looks.push(Finding::of(Item::Oned, "oned", version));
    if !reached {
        return None;
    }
    let user = live.zone().oned().user().map_err(Failure::from);
    let user = user.and_then(|user| {
        if user.is_oneadmin() {
            return Ok(format!("user {} is in the group oneadmin", user.name));
        }
        Err(Failure {
            trouble: Trouble::Refused,
            what: format!(
                "user {} is not in the group oneadmin, so it sees and may do too little",
                user.name
            ),
            advice: "run as oneadmin, with its ~/.one/one_auth".to_owned(),
        })
    });
    looks.push(Finding::of(Item::Credentials, "oned", user));
    let unread = |failure| Finding::of(Item::Record, "documents", Err(failure));
    let mut outlook = live.outlook().map_err(|failure| looks.push(unread(failure))).ok()?;
    looks.extend(live.zone().unread_hosts().iter().map(|host| {
        let text = format!("its document cannot be read, so its failure is not seen: {host}");
        let advice = "`onehost update ID FILE` replaces its template, `onedb change-body` the rest";
        Finding::broken(Item::Target, host.split(':').next().unwrap_or(host), text, advice)
    }));
    match live.zone().foreign() {
        Ok(foreign) => outlook.memory.foreign = foreign,
        Err(failure) => looks.push(unread(failure)),
    }
    Some(outlook)
}

/// The settings file as the parser has found it, with the line and what is wrong in it.
fn unusable(file: String, error: &Error) -> Finding {
    let why = if let Error::Settings { why, .. } = error { Some(why) } else { None };
    let text = why.map_or_else(|| error.chain(), |why| format!("it cannot be used: {why}"));
    Finding::broken(Item::Settings, file, text.trim_end(), error.advice())
}

fn scope(options: &Check, outlook: &Outlook) -> Result<Scope> {
    match (&options.cluster, &options.host) {
        (Some(cluster), _) => Ok(Scope::Cluster(find_cluster(&outlook.clusters, cluster)?.id)),
        (None, Some(named)) => {
            let by_name = outlook.hosts.iter().find(|host| host.name == *named);
            let by_id = || outlook.hosts.iter().find(|host| named.parse() == Ok(host.id.0));
            let host = by_name.or_else(by_id).ok_or_else(|| Error::NoHost(named.clone()))?;
            Ok(Scope::Host(host.id))
        }
        (None, None) => Ok(Scope::Zone),
    }
}

fn within(scope: Scope, host: &Host) -> bool {
    match scope {
        Scope::Zone => true,
        Scope::Cluster(cluster) => host.cluster == cluster,
        Scope::Host(id) => host.id == id,
    }
}

/// One healthy host of each cluster, another one in each run, is asked about.
fn witnesses(live: &mut Live, config: &Config, outlook: &Outlook, hosts: &[HostFacts]) -> Vec<WitnessFacts> {
    let rules = config.rules.witness;
    if !rules.any() {
        return Vec::new();
    }
    let mut clusters: BTreeMap<_, Vec<&Host>> = BTreeMap::new();
    for facts in hosts.iter().filter(|facts| matches!(facts.entry, Entry::Declared { .. })) {
        if facts.host.state == HostState::Monitored {
            clusters.entry(facts.host.cluster).or_default().push(&facts.host);
        }
    }
    let wanted = usize::try_from(rules.peers).unwrap_or(0) + usize::from(rules.consul);
    let mut asked = Vec::new();
    for healthy in clusters.into_values() {
        let at = usize::try_from(outlook.chance).unwrap_or(0) % healthy.len().max(1);
        let Some(Ok(host)) = healthy.get(at).map(|host| live.host(host.id)) else { continue };
        let peers = peers(&outlook.hosts, host.id, rules.peers, outlook.chance);
        let testimonies = live.witnesses(host.id, &peers);
        asked.push(WitnessFacts { host, wanted, testimonies });
    }
    asked
}

/// A few hosts of each cluster in scope are asked over ssh which VMs they run: one whose libvirt is down does not tell oned.
fn domains(live: &mut Live, most: u32, outlook: &Outlook, inside: &[Host]) -> Vec<Domains> {
    let vms: Vec<_> = outlook.hosts.iter().flat_map(|host| &host.vms).copied().take(MOST).collect();
    let peers = of_each_cluster(inside, most, outlook.chance);
    if vms.is_empty() { Vec::new() } else { live.domains(&peers, &vms) }
}
