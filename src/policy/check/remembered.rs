//! What the documents of the cloud hold: can they be read, where is nothing fenced, what is under way?

use super::finding::{Finding, Item};
use super::{Scope, ZoneFacts};
use crate::model::{ClusterId, DocumentId, End, Host, HostState, Incident, Memory, Progress, VmId};
use crate::policy::arming::{told, utc};
use crate::policy::reconcile::is_known;
use crate::policy::record::lease::{ended_by, standing};
use std::collections::BTreeSet;

pub(super) fn judge(scope: Scope, zone: &ZoneFacts) -> Vec<Finding> {
    let memory = &zone.outlook.memory;
    let cluster_of = |scope| match scope {
        Scope::Zone => None,
        Scope::Cluster(id) => Some(id),
        Scope::Host(id) => zone.outlook.hosts.iter().find(|host| host.id == id).map(|host| host.cluster),
    };
    let mut findings = readable(memory);
    findings.extend(others(memory));
    findings.extend(disarmed(cluster_of(scope), zone));
    findings.extend(incidents(scope, zone));
    findings.extend(forgotten(zone));
    findings
}

fn readable(memory: &Memory) -> Vec<Finding> {
    if memory.unreadable.is_empty() {
        // Two documents may say the same.
        let devices: BTreeSet<_> = memory.seen_on.iter().map(|seen| (seen.host, &seen.device)).collect();
        let text =
            format!("{} incidents and {} devices are remembered", memory.incidents.len(), devices.len());
        return vec![Finding::ok(Item::Record, "documents", text)];
    }
    let one = |(id, why): &(DocumentId, String)| {
        let text = format!("it cannot be read, so what it forbids is not known: {why}");
        let advice = format!(
            "if a newer version wrote it, install that here; else look at `onedocument show {0}` and delete {id}",
            id.0
        );
        Finding::broken(Item::Record, id.to_string(), text, advice)
    };
    memory.unreadable.iter().map(one).collect()
}

/// Documents of our type that others have made or could change: neither stops anything, and both are worth a look.
fn others(memory: &Memory) -> Vec<Finding> {
    let foreign = memory.foreign.iter().map(|foreign| {
        let advice = format!(
            "ask who that is (`oneuser list`), and delete it over the API (`one.document.delete {}`)",
            foreign.document.0
        );
        Finding::warning(Item::Record, foreign.document.to_string(), foreign.to_string(), advice)
    });
    let widened = memory.widened.iter().map(|document| {
        let text = "others could change it until now, and from now on only its owner can; what it says may not be ours";
        let advice = "see which `umask` the user of the hooks has (`oneuser show`), and who has changed its permissions";
        Finding::warning(Item::Record, document.to_string(), text, advice)
    });
    foreign.chain(widened).collect()
}

/// In this cluster, or in any.
fn disarmed(cluster: Option<ClusterId>, zone: &ZoneFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for disarmed in &zone.outlook.memory.disarmed {
        if cluster.is_some_and(|cluster| disarmed.cluster.is_some_and(|other| other != cluster)) {
            continue;
        }
        let (object, option) = match disarmed.cluster {
            Some(id) => (super::cluster::name(zone, id), format!(" --cluster {}", id.0)),
            None => ("the zone".to_owned(), String::new()),
        };
        let text = format!("nothing is fenced: disarmed {}", told(disarmed));
        let advice = format!("when that is over: `onerescue arm{option} --reason TEXT`");
        findings.push(Finding::warning(Item::Disarmed, object, text, advice));
    }
    findings
}

/// The incident of each host that counts, unless it has ended.
fn incidents(scope: Scope, zone: &ZoneFacts) -> Vec<Finding> {
    let memory = &zone.outlook.memory;
    let hosts: BTreeSet<_> = memory.incidents.iter().map(|(_, incident)| incident.host).collect();
    let inside = |incident: &Incident| match scope {
        Scope::Zone => true,
        Scope::Cluster(id) => incident.cluster == id,
        Scope::Host(id) => incident.host == id,
    };
    let counts = hosts.into_iter().filter_map(|host| standing(memory, host));
    let counts = counts.filter(|(_, incident)| inside(incident));
    let told = |(document, incident): &(DocumentId, Incident)| {
        ended(memory, *document, incident).or_else(|| unfinished(*document, incident, &zone.outlook.hosts))
    };
    counts.filter_map(told).collect()
}

/// Hosts in ERROR that nobody works on: their event was lost, or the run for it has ended without a record.
fn forgotten(zone: &ZoneFacts) -> impl Iterator<Item = Finding> + '_ {
    let hosts = zone.hosts.iter().map(|facts| &facts.host);
    let unknown = |host: &&Host| {
        host.state == HostState::Error
            && !zone.busy.contains(&host.id)
            && !is_known(&zone.outlook.memory, host)
    };
    hosts.filter(unknown).map(|host| {
        let text = "it is in ERROR, no incident is known of that, and no run works on it";
        let advice = format!(
            "`host_error --host {} -m`; then see why its event had no effect: `onehook list`, and the timer of reconcile",
            host.name
        );
        Finding::warning(Item::Incident, host.to_string(), text, advice)
            .alike(&host.name, "{} are in ERROR, no incident is known of that, and no run works on them")
    })
}

/// A person has ended it, and its run has not closed it yet.
fn ended(memory: &Memory, document: DocumentId, incident: &Incident) -> Option<Finding> {
    let word = ended_by(memory, incident.host, document)?;
    if incident.progress == Progress::Closed && incident.waiting.is_none() {
        return None;
    }
    let text = format!(
        "{} has ended its failure of {} ({document}): {}",
        word.by,
        utc(incident.opened),
        word.reason
    );
    let object = format!("{} ({})", incident.name, incident.host);
    Some(Finding::warning(Item::Incident, object, text, "its run, or reconcile, closes it at its next look"))
}

/// The VMs that are held and that no other host has by now.
fn held(incident: &Incident, hosts: &[Host]) -> usize {
    let elsewhere = |vm: VmId| hosts.iter().any(|host| host.id != incident.host && host.vms.contains(&vm));
    let held = incident.vms.iter().filter(|vm| vm.end == Some(End::Held));
    held.filter(|vm| !elsewhere(vm.id)).count()
}

fn unfinished(document: DocumentId, incident: &Incident, hosts: &[Host]) -> Option<Finding> {
    let (text, advice) = match (incident.progress, &incident.held) {
        (Progress::Closed, _) => {
            let since = utc(incident.waiting.as_ref()?.since);
            let count = match held(incident, hosts) {
                0 => return None,
                1 => "1 VM of its failure".to_owned(),
                count => format!("{count} VMs of its failure"),
            };
            let opened = utc(incident.opened);
            let text = format!("{count} of {opened} held since {since} ({document})");
            (
                text,
                format!("`onerescue show {}` says why; reconcile moves them when that is over", document.0),
            )
        }
        (Progress::Held, Some(held)) => {
            (format!("its failure is held since {}: {}", utc(held.since), held.why), held.advice.clone())
        }
        (Progress::Open | Progress::Held | Progress::Fencing | Progress::Off, _) => {
            let step = match incident.progress {
                Progress::Open | Progress::Closed => "\"off\" was not sent",
                Progress::Held => "it is held",
                Progress::Fencing => "it is being fenced",
                Progress::Off => "it is proven off",
            };
            let text = format!(
                "its failure of {} has not ended ({document}): {step}, by {}",
                utc(incident.opened),
                incident.owner
            );
            (text, format!("if that run is gone: `{}`", incident.command()))
        }
    };
    let object = format!("{} ({})", incident.name, incident.host);
    Some(Finding::warning(Item::Incident, object, text, advice))
}
