//! Other hosts that run domains of the dead host's VMs, and that oned has not heard it from.
//!
//! `ZOMBIES` says it of hosts whose monitoring works: one whose libvirt is down lists nothing, and one that has just returned not
//! yet. So the hosts that are asked about the suspect are asked over ssh, too, which of its VMs run there: once in each run,
//! after its first survey, all at the same time and with one connection each. A VM that one of them runs is held, whatever is
//! to be done with it. No answer is no opinion; where nobody is asked about the suspect, nobody is asked here.

use crate::model::text::vms;
use crate::model::{Host, HostId, Peer, VmId};
use crate::policy::fencing::clearance::can_be_asked;
use crate::policy::notes::Phase;
use crate::policy::port::Survey;
use crate::policy::run::Run;
use std::collections::BTreeMap;
use std::time::Duration;

/// More VMs are not asked for: their names must fit into one command.
const MOST: usize = 5000;

/// A survey is old when somebody has taken longer than this to answer.
const SLOW: Duration = Duration::from_secs(2);

/// Ask once in this run; what was said stands in the survey from then on. Has that made the survey old?
pub(super) async fn look(run: &mut Run, survey: &mut Survey) -> bool {
    let since = run.now();
    if run.vms.hosts.domains.is_none() {
        run.vms.hosts.domains = Some(ask(run, survey).await);
    }
    survey.running = run.vms.hosts.domains.clone().unwrap_or_default();
    run.now().since(since) > SLOW
}

async fn ask(run: &Run, survey: &Survey) -> BTreeMap<VmId, HostId> {
    let dead = run.subject.host;
    let most = usize::try_from(run.policy.witness.peers).unwrap_or(0);
    let cluster = survey.hosts.iter().find(|host| host.id == dead).map(|host| host.cluster);
    // Who did not answer about the suspect would cost the whole deadline once more.
    let answers = |host: &&Host| {
        host.id != dead
            && Some(host.cluster) == cluster
            && can_be_asked(host)
            && !run.suspect.silent.contains(&host.id)
    };
    let well = survey.hosts.iter().filter(answers);
    let mut peers: Vec<_> = well.map(|host| Peer { id: host.id, name: host.name.clone() }).collect();
    peers.sort_by_key(|peer| {
        run.suspect.peers.iter().position(|known| known.id == peer.id).unwrap_or(usize::MAX)
    });
    peers.truncate(most);
    let there = survey.vms.iter().filter(|vm| vm.host == Some(dead)).map(|vm| vm.id);
    let ids: Vec<_> = there.take(MOST).collect();
    if peers.is_empty() || ids.is_empty() {
        return BTreeMap::new();
    }
    let said = run.ask(move |world| world.domains(&peers, &ids)).await;
    let mut running = BTreeMap::new();
    for said in said {
        let host = survey.hosts.iter().find(|host| host.id == said.host);
        let name = host.map_or_else(|| said.host.to_string(), ToString::to_string);
        match (&said.silent, said.running.len()) {
            (Some(why), _) => {
                run.detail(Phase::Survey, format!("{name} does not say which of the VMs it runs: {why}"));
            }
            (None, 0) => {}
            (None, some) => run.note(Phase::Survey, format!("{name} says that it runs {}", vms(some))),
        }
        running.extend(said.running.iter().map(|vm| (*vm, said.host)));
    }
    running
}
