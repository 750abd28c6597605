//! What forbids to force a look, for the whole zone and for one host. A recovery would be held by the same.

use super::known::Known;
use super::rules::Policy;
use super::run::age;
use crate::model::{ClusterId, Forced, Host, HostId, HostState, Outlook, Progress};
use crate::policy::host_error::brakes::{dealt_with, follower, myself, storm};
use crate::policy::host_error::itself::is_this_machine;
use crate::policy::limits::{disarmed, held, named, unreadable};
use crate::policy::port::Failure;
use crate::policy::record::lease::standing;
use crate::policy::surroundings::refused;
use std::time::Duration;

/// A look was forced at most so long ago: the host has not been heard since.
const LATELY: Duration = Duration::from_secs(300);
/// The time from one forced look at a host to the next, at first; it doubles.
pub(super) const REST: Duration = Duration::from_secs(300);
/// And the longest. A look that is longer ago does not count.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A reason, and what kind it is: the same kind is said once.
pub(super) type Reason = (&'static str, Failure);

/// What a watcher sees when a host is silent.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) policy: &'a Policy,
    pub(super) known: &'a Known,
    pub(super) outlook: &'a Outlook,
}

impl<'a> View<'a> {
    /// What holds every look in the zone.
    pub(super) fn zone(self) -> Option<Reason> {
        let Outlook { memory, observer, .. } = self.outlook;
        let all = [
            ("lead", follower(observer, self.policy.observer)),
            ("front-end", myself(observer, &self.policy.brake)),
            ("settings", refused(memory)),
            ("documents", unreadable(memory)),
            ("deaf", self.deaf()),
            ("storm", self.storm(None)),
        ];
        all.into_iter().find_map(|(kind, failure)| Some((kind, failure?)))
    }

    /// What holds a look at this host.
    pub(super) fn host(self, host: &Host) -> Option<Reason> {
        let Outlook { memory, observer, clusters, .. } = self.outlook;
        let all = [
            ("state", known_already(host)),
            ("itself", is_this_machine(host, &observer.machine)),
            ("disarmed", disarmed(&memory.disarmed, Some(host.cluster), clusters)),
            ("unprotected", self.unprotected(host)),
            ("storm", self.storm(Some(host.cluster))),
            ("hook", self.at_work(host)),
            ("rest", self.rests(host.id)),
        ];
        all.into_iter().find_map(|(kind, failure)| Some((kind, failure?)))
    }

    /// No host at all gives its banner: it is more likely this front-end.
    fn deaf(self) -> Option<Failure> {
        let what =
            || "no host gives its ssh banner: this front-end may be the one that is cut off".to_owned();
        (!self.known.any_heard).then(|| held(what(), "check the front-end's network, and [watch] port"))
    }

    /// Too many hosts are silent, in ERROR, or were forced lately and have not been heard since.
    fn storm(self, cluster: Option<ClusterId>) -> Option<Failure> {
        let inside = |host: &&Host| cluster.is_none_or(|cluster| host.cluster == cluster);
        let hosts = || self.outlook.hosts.iter().filter(inside);
        let failing = hosts().filter(|host| self.fails(host)).count();
        let healthy = hosts().filter(|host| host.state == HostState::Monitored && !self.fails(host)).count();
        let place = cluster.map_or_else(|| "the zone".to_owned(), |id| named(&self.outlook.clusters, id));
        storm(&self.policy.brake, failing, healthy, &format!("in {place} are silent or fail"))
    }

    fn fails(self, host: &Host) -> bool {
        let memory = &self.outlook.memory;
        match host.state {
            HostState::Monitored => self.known.may_be_silent(host.id, &self.policy.watch),
            HostState::Error => !dealt_with(memory, host),
            HostState::Init | HostState::Offline => {
                self.forced(host.id).any(|forced| age(memory.now, forced) < LATELY)
            }
            HostState::Disabled
            | HostState::MonitoringMonitored
            | HostState::MonitoringError
            | HostState::MonitoringInit
            | HostState::MonitoringDisabled
            | HostState::Unknown(_) => false,
        }
    }

    /// `HA=NO` in the cluster's template: no hook would act.
    fn unprotected(self, host: &Host) -> Option<Failure> {
        let cluster = self.outlook.clusters.iter().find(|cluster| cluster.id == host.cluster)?;
        let no = cluster.attributes.get("HA").is_some_and(|value| value.eq_ignore_ascii_case("no"));
        let what = || {
            format!("{} is Disabled: its template says HA = NO", named(&self.outlook.clusters, cluster.id))
        };
        no.then(|| held(what(), "nothing is needed from here"))
    }

    /// The incident of its last failure is not closed: a hook, or reconcile, is at it.
    fn at_work(self, host: &Host) -> Option<Failure> {
        let (document, incident) = standing(&self.outlook.memory, host.id)?;
        let what = || format!("the last incident of {host}, {document}, is not over: {}", incident.owner);
        (incident.progress != Progress::Closed)
            .then(|| held(what(), format!("`onerescue show {}` says how far it is", document.0)))
    }

    /// It was looked at lately, or the last look is not over.
    fn rests(self, host: HostId) -> Option<Failure> {
        let now = self.outlook.memory.now;
        if self.forced(host).any(|forced| forced.over.is_none()) {
            let what = format!("whether the last look at {host} is over is not known yet");
            return Some(held(what, "nothing: it is looked at again"));
        }
        let times = self.forced(host).map(|forced| forced.times).max()?;
        let ago = self.forced(host).map(|forced| age(now, forced)).min()?;
        let rest = REST.saturating_mul(1 << times.saturating_sub(1).min(16)).min(LONGEST);
        let what =
            format!("oned was made to look at {host} before, and is not again within {} s", rest.as_secs());
        (ago < rest).then(|| held(what, "nothing: oned has looked at it itself"))
    }

    /// Looks at it that count.
    pub(super) fn forced(self, host: HostId) -> impl Iterator<Item = &'a Forced> {
        let memory = &self.outlook.memory;
        let counts = move |forced: &&Forced| {
            forced.host == host && (forced.over.is_none() || age(memory.now, forced) < LONGEST)
        };
        memory.forced.iter().map(|(_, forced)| forced).filter(counts)
    }
}

/// What oned has as anything but MONITORED it knows already, or a person has said so.
fn known_already(host: &Host) -> Option<Failure> {
    (host.state != HostState::Monitored)
        .then(|| held(format!("{host} is silent and {} already", host.state), "nothing is needed from here"))
}
