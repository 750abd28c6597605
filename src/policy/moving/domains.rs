//! Other hosts that run domains of the dead host's VMs, and that oned has not heard it from.
//!
//! The hosts that are asked about the suspect are asked for its VMs, too, see `peers`: once in each run, after its first survey.
//! Where nobody is asked about the suspect, nobody is asked here.

use crate::model::{Host, HostId, VmId};
use crate::policy::notes::Phase;
use crate::policy::peers::{self, can_be_asked, peer};
use crate::policy::port::Survey;
use crate::policy::run::Run;
use std::collections::BTreeMap;
use std::time::Duration;

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
    let mut peers: Vec<_> = survey.hosts.iter().filter(answers).map(peer).collect();
    peers.sort_by_key(|peer| {
        run.suspect.peers.iter().position(|known| known.id == peer.id).unwrap_or(usize::MAX)
    });
    peers.truncate(most);
    let there = survey.vms.iter().filter(|vm| vm.host == Some(dead)).map(|vm| vm.id);
    peers::ask(run, Phase::Survey, &survey.hosts, peers, there.collect()).await
}
