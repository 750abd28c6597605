//! Second opinions about a host: other hosts of its cluster over ssh, and Consul.
//!
//! What they say is passed on; who is asked, and how many it takes, is for the policy. Whatever is not plainly an
//! answer is no opinion, with its reason.

mod consul;
mod ssh;

use super::addresses::Addresses;
use super::parallel::at_once;
use super::runner::one_line;
use super::ssh::Ssh;
use crate::config::{Config, Met, WitnessSettings};
use crate::model::{Host, Opinion, Peer, Testimony, VmId};
use crate::policy::Domains;
use consul::Consul;

/// Whoever can be asked.
#[derive(Clone, Debug)]
pub struct Witness {
    settings: WitnessSettings,
    ssh: Ssh,
    consul: Option<Consul>,
    /// What Consul calls hosts.
    nodes: Addresses,
}

enum Question<'a> {
    Peer(&'a Peer),
    Consul(&'a Consul),
}

impl Witness {
    /// The witnesses of these settings.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let settings = config.witness.clone();
        let consul = settings.consul.clone().map(|consul| Consul::new(consul, settings.timeout));
        let nodes = Addresses::new(config, |entry| entry.consul_node.as_ref());
        Self { settings, ssh: Ssh::new(config), consul, nodes }
    }

    /// Whether all hosts must be known before it is where one is looked for.
    pub(super) fn needs_hosts(&self) -> bool {
        self.ssh.needs_hosts() || self.nodes.need_hosts()
    }

    /// From here on these hosts are looked for where the settings say.
    pub(super) fn meet(&mut self, met: &Met, hosts: &[Host]) {
        self.ssh.meet(met, hosts);
        self.nodes.meet(met, hosts);
    }

    /// Ask these peers, and Consul if it is set up, at the same time. The testimonies are in that order; each takes
    /// the settings' `timeout`, and a few seconds to end what is still at work then.
    #[must_use]
    pub fn ask(&self, suspect: &Host, peers: &[Peer]) -> Vec<Testimony> {
        let peers = peers.iter().map(Question::Peer);
        let questions: Vec<_> = peers.chain(self.consul.iter().map(Question::Consul)).collect();
        at_once(&questions, |question| {
            let (witness, (opinion, said)) = match question {
                Question::Peer(peer) => (peer.to_string(), self.ask_peer(suspect, peer)),
                Question::Consul(consul) => {
                    let node = self.nodes.find(suspect.id, &suspect.name);
                    let said = node.map(|node| consul.ask(node));
                    (
                        "consul".to_owned(),
                        said.unwrap_or_else(|why| (Opinion::None, format!("not asked: {why}"))),
                    )
                }
            };
            Testimony { witness: one_line(&witness), opinion, said: one_line(&said) }
        })
    }

    /// Ask a host itself whether it runs a VM: alive is yes, dead is no.
    #[must_use]
    pub fn domain(&self, host: &Host, vm: VmId) -> Testimony {
        let peer = Peer { id: host.id, name: host.name.clone() };
        let command: Vec<_> =
            self.settings.domain.iter().map(|word| word.replace("{vm}", &vm.0.to_string())).collect();
        let (opinion, said) = self
            .ssh
            .run(&peer, &command, b"", self.settings.timeout)
            .map_or_else(|why| (Opinion::None, format!("not asked: {why}")), |ran| ssh::opinion(&ran));
        Testimony { witness: one_line(&peer.to_string()), opinion, said: one_line(&said) }
    }

    /// Ask hosts which of these VMs they run, at the same time. Exit code 0 is that some run there, 1 that none does.
    #[must_use]
    pub fn domains(&self, peers: &[Peer], vms: &[VmId]) -> Vec<Domains> {
        let peers: &[Peer] = if self.settings.domains.is_empty() { &[] } else { peers };
        let ids: Vec<_> = vms.iter().map(|vm| vm.0.to_string()).collect();
        let ids = ids.join("|");
        let command: Vec<_> = self.settings.domains.iter().map(|word| word.replace("{vms}", &ids)).collect();
        at_once(peers, |peer| {
            let ran = self.ssh.run(peer, &command, b"", self.settings.timeout);
            let (running, silent) = match ran.map_err(|why| format!("not asked: {why}")) {
                Ok(ran) => match ssh::opinion(&ran) {
                    (Opinion::Alive, _) => (ssh::named(&ran, vms), None),
                    (Opinion::Dead, _) => (Vec::new(), None),
                    (Opinion::None, said) => (Vec::new(), Some(one_line(&said))),
                },
                Err(why) => (Vec::new(), Some(one_line(&why))),
            };
            Domains { host: peer.id, running, silent }
        })
    }

    fn ask_peer(&self, suspect: &Host, peer: &Peer) -> (Opinion, String) {
        if peer.id == suspect.id {
            return (Opinion::None, "not asked: it is the host in question".to_owned());
        }
        ssh::ask(&self.ssh, &self.settings, suspect, peer)
            .unwrap_or_else(|why| (Opinion::None, format!("not asked: {why}")))
    }
}
