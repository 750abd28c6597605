//! Can each host be lost, and as many of each cluster as `[plan] reserve` asks? As reconcile has planned it last.

use super::finding::{Finding, Item};
use super::{Scope, ZoneFacts, cluster};
use crate::model::{ClusterId, HostId};
use crate::policy::arming::utc;
use crate::policy::losses::{Borne, HostLoss, Losses};

/// Nothing where nobody plans: `[plan] watch` is "0s", or this front-end does not lead.
pub(super) fn judge(scope: Scope, zone: &ZoneFacts) -> Vec<Finding> {
    let Some(losses) = &zone.losses else { return Vec::new() };
    let Some(planned) = losses.planned else { return Vec::new() };
    let inside = |host: &HostId, loss: &HostLoss| match scope {
        Scope::Zone => true,
        Scope::Cluster(cluster) => loss.cluster == cluster,
        Scope::Host(id) => *host == id,
    };
    let here = losses.hosts.iter().filter(|(host, loss)| inside(host, loss));
    let mut findings: Vec<Finding> = here.filter_map(|(id, loss)| host(losses, *id, loss)).collect();
    let clusters = losses.clusters.iter().filter(|(id, _)| match scope {
        Scope::Zone => true,
        Scope::Cluster(cluster) => **id == cluster,
        Scope::Host(_) => false,
    });
    findings.extend(clusters.filter_map(|(id, borne)| pair(cluster::name(zone, *id), borne)));
    if findings.is_empty() {
        let text = format!("the loss of any one would hold no VM, as planned at {}", utc(planned));
        findings.push(Finding::ok(Item::Loss, "hosts", text));
    }
    findings
}

/// One host whose loss would hold something; where none is to be borne it is no warning.
fn host(losses: &Losses, id: HostId, loss: &HostLoss) -> Option<Finding> {
    let (text, object) = (loss.text()?, format!("{} ({id})", loss.name));
    if wanted(losses, loss.cluster) == 0 {
        return Some(Finding::ok(Item::Loss, object, text));
    }
    let advice = format!("`onerescue plan {}` says what each of its VMs lacks", loss.name);
    let found = Finding::warning(Item::Loss, object, text, advice);
    let why = loss.text().unwrap_or_default();
    Some(
        found
            .alike(&loss.name, "VMs would be held by the loss of one of {}")
            .because(&why)
            .for_all("`onerescue plan --all` says what each of their VMs lacks"),
    )
}

fn wanted(losses: &Losses, cluster: ClusterId) -> u32 {
    losses.clusters.get(&cluster).map_or(0, |borne| borne.wanted)
}

/// A cluster that can lose any one host, and not the two that it is to.
fn pair(object: String, borne: &Borne) -> Option<Finding> {
    let text = borne.text().filter(|_| borne.is_below() && borne.hosts > 0)?;
    let text = format!("{text}, and [plan] reserve is {}", borne.wanted);
    let names = borne.worst.as_ref().map(|(hosts, _)| hosts.join(" ")).unwrap_or_default();
    Some(Finding::warning(
        Item::Loss,
        object,
        text,
        format!("`onerescue plan {names} --failures 2` says why"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Epoch, VmId};
    use crate::policy::check::State;
    use crate::policy::losses::HeldVm;

    fn losses(wanted: u32, borne: u32) -> Losses {
        let why = "no host takes 64 GiB".to_owned();
        let loss = HostLoss {
            name: "kvm7".to_owned(),
            held: [(VmId(11), Epoch(1_795_165_320))].into(),
            first: vec![HeldVm { id: VmId(11), name: "erp".to_owned(), why }],
            ..HostLoss::default()
        };
        let hosts = if borne == 0 { [(HostId(7), loss)].into() } else { [].into() };
        let worst = Some((vec!["kvm7".to_owned(), "kvm8".to_owned()], 3));
        let cluster = Borne { wanted, hosts: borne, worst, ..Borne::default() };
        Losses {
            planned: Some(Epoch(1_795_165_380)),
            hosts,
            clusters: [(ClusterId(0), cluster)].into(),
            ..Losses::default()
        }
    }

    #[test]
    fn a_host_that_cannot_be_lost_is_a_warning_where_one_is_to_be_borne() {
        let kvm7 = |wanted| {
            let losses = losses(wanted, 0);
            host(&losses, HostId(7), losses.hosts.get(&HostId(7)).unwrap()).unwrap()
        };
        let warned = kvm7(1);
        assert_eq!((warned.state, warned.object.as_str()), (State::Warning, "kvm7 (host 7)"));
        let text = "since 2026-11-20 09:02 UTC its loss would hold vm 11 erp: no host takes 64 GiB";
        assert_eq!(warned.text, text);
        assert_eq!((kvm7(0).state, kvm7(0).text), (State::Ok, warned.text));
    }

    #[test]
    fn a_cluster_that_bears_one_loss_and_is_to_bear_two_is_named_with_the_two() {
        let one = |wanted, borne| {
            let losses = losses(wanted, borne);
            pair("default (cluster 0)".to_owned(), losses.clusters.get(&ClusterId(0)).unwrap())
        };
        let text = "the loss of kvm7 and kvm8 would hold 3 VMs, and [plan] reserve is 2";
        assert_eq!(one(2, 1).unwrap().text, text);
        assert_eq!((one(1, 1), one(2, 2), one(2, 0)), (None, None, None));
    }
}
