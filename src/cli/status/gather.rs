//! Gathering: oned is asked a few calls, however many hosts and VMs there are, and this front-end's own files are read.
//! No device and no host is asked, and nothing is judged.

use super::super::hook::zone;
use super::super::probe;
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::model::{Cluster, Epoch, Host, Memory, WhoLeads};
use crate::policy::Failure;
use crate::policy::busy;
use crate::policy::check::HostFacts;
use crate::policy::status::{Facts, wanted};
use crate::policy::watched::Watched;
use crate::world::identity::{identity, with_owners};
use crate::world::oned::{Http, Patience};
use crate::world::{Zone, busy as locked, clock, failing, interrupted, local_zone, losses, metrics, watched};
use std::collections::BTreeSet;
use std::time::Duration;

/// A person looks: each call is made once, and not waited for long. The next picture is a few seconds away.
const LOOKING: Patience =
    Patience { deadline: Duration::from_secs(10), reads: 1, first_pause: Duration::ZERO };

/// Where pictures come from.
pub(super) struct Desk {
    config: Config,
    zone: Zone<Http>,
}

/// What oned has said.
struct Read {
    memory: std::result::Result<Memory, Failure>,
    clusters: std::result::Result<Vec<Cluster>, Failure>,
    hosts: std::result::Result<Vec<HostFacts>, Failure>,
    unread: Vec<String>,
    lead: WhoLeads,
}

impl Desk {
    /// The zone of these settings.
    ///
    /// # Errors
    /// Settings or credentials that cannot be used.
    pub(super) fn open(config: Config, environment: &Environment) -> Result<Self> {
        let deadline = LOOKING.deadline.min(config.oned.deadline);
        let zone = zone(&config, environment)?.beside(Patience { deadline, ..LOOKING });
        Ok(Self { config, zone })
    }

    /// One picture.
    pub(super) fn look(&self) -> Facts {
        let (run_dir, steady) = (&self.config.paths.run_dir, clock::since_boot());
        let mut watched = watched::read(run_dir);
        let now = clock::wall_clock();
        let Read { mut memory, clusters, hosts, mut unread, lead } = self.read(now);
        let known = hosts.as_deref().unwrap_or_default();
        let all: Vec<_> = known.iter().map(|facts| facts.host.clone()).collect();
        if let Ok(memory) = &mut memory {
            see(&mut watched, steady, memory, &all);
        }
        let vms = match &memory {
            Ok(memory) => self.zone.standing(&wanted(memory)),
            Err(failure) => Err(failure.clone()),
        };
        let vms = vms.map(|(vms, bad)| {
            unread.extend(bad);
            vms
        });
        let remembered = memory.iter().flat_map(|memory| &memory.incidents).map(|(_, one)| one.host);
        let locked = locked(run_dir, all.iter().map(|host| host.id).chain(remembered));
        let busy = memory.as_ref().map_or_else(|_| BTreeSet::new(), |memory| busy(&locked, memory));
        let failing = failing(&all, &watched.failing(steady), local_zone().as_ref());
        Facts {
            now,
            rules: self.config.rules.clone(),
            reconcile: self.config.reconcile.rules,
            memory,
            hosts,
            unread,
            failing,
            clusters,
            vms,
            busy,
            kept: interrupted(run_dir),
            lead,
            tick: metrics::tick(run_dir),
            losses: losses::read(run_dir),
            planning: self.config.losses,
        }
    }

    /// Where the records cannot be read, nothing else is asked for: a front-end that does not answer is not waited for again
    /// and again.
    fn read(&self, now: Epoch) -> Read {
        let memory = self.zone.memory(now, &identity()).map(with_owners);
        if let Err(failure) = &memory {
            let (hosts, clusters) = (Err(failure.clone()), Err(failure.clone()));
            let lead = WhoLeads { state: Err(failure.what.clone()), leader: None, term: None };
            return Read { memory, clusters, hosts, unread: Vec::new(), lead };
        }
        let (clusters, hosts) = (self.zone.clusters(), self.zone.hosts());
        let of = clusters.as_deref().unwrap_or_default();
        let hosts = hosts.map(|hosts| probe::unasked(&self.zone, &self.config, &hosts, of));
        Read { memory, clusters, hosts, unread: self.zone.unread_hosts(), lead: self.zone.lead() }
    }
}

/// What the looks of reconcile have seen is continued to now, and nothing of it is written.
fn see(watched: &mut Watched, steady: Duration, memory: &mut Memory, hosts: &[Host]) {
    watched.look(steady, memory, hosts);
    watched.tell(steady, memory);
}
