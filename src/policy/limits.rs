//! Is it us? Every reason not to fence that has nothing to do with the host itself.
//!
//! Pure: the figures come from one outlook. Each reason says them, so that an operator sees which limit it was.

use super::case::{Case, Failure, Source, Trouble};
use super::itself::is_this_machine;
use super::moments::{counts, fenced};
use super::rules::{BrakeRules, Window};
use super::standing::standing;
pub(super) use crate::model::text::limit as span;
use crate::model::{
    Cluster, ClusterId, Disarmed, DocumentId, Epoch, Host, HostId, HostState, Incident, Memory, Moment,
    Observer, Outlook, Progress, RaftState,
};
use std::collections::BTreeSet;
use std::time::Duration;

/// Every brake that holds, the most telling first.
pub(super) fn brakes(case: &Case, now: Moment, outlook: &Outlook) -> Vec<Failure> {
    let rules = &case.policy.brake;
    let own = outlook.hosts.iter().find(|host| host.id == case.subject.host);
    let cluster = own.map(|host| host.cluster).or(case.cluster);
    // A clock that was put forward meanwhile must not end a window.
    let epoch = case.epoch(now).min(outlook.memory.now);
    let view = View { case, outlook, rules, cluster, epoch };
    let always = [
        own.and_then(|host| is_this_machine(host, &outlook.observer.machine)),
        myself(&outlook.observer, rules),
        unreadable(&outlook.memory),
        view.nobody_else(),
        disarmed(&outlook.memory.disarmed, cluster, &outlook.clusters),
        view.unprotected(),
        view.waiting(),
    ];
    let fencing = [
        view.storm(None),
        cluster.and_then(|cluster| view.storm(Some(cluster))),
        view.fenced(rules.short),
        view.fenced(rules.long),
        view.flaps(),
    ];
    // Where a person has seen that the host is off nothing is sent to it.
    let by_word = case.confirmation(now).is_some();
    always.into_iter().chain(fencing.into_iter().filter(|_| !by_word)).flatten().collect()
}

fn held(what: String, advice: impl Into<String>) -> Failure {
    Failure { trouble: Trouble::Unreachable, what, advice: advice.into() }
}

/// A front-end that is cut off sees dead hosts everywhere.
fn myself(observer: &Observer, rules: &BrakeRules) -> Option<Failure> {
    match &observer.raft {
        _ if !rules.leader => {}
        Ok(RaftState::Solo | RaftState::Leader) => {}
        Ok(RaftState::Candidate | RaftState::Follower | RaftState::Unknown(_)) => {
            let what = "this front-end does not lead its zone, so what it sees may be old".to_owned();
            return Some(held(what, "run it on the leader: `onezone show` names it"));
        }
        Err(why) => {
            let what = format!("this front-end cannot say whether it leads its zone: {why}");
            return Some(held(what, "check oned here: `onezone show`"));
        }
    }
    let silent = !observer.gateways.is_empty() && observer.gateways.iter().all(|(_, answers)| !answers);
    if silent {
        let names: Vec<_> = observer.gateways.iter().map(|(address, _)| address.as_str()).collect();
        let what = format!("none of the gateways {} answers: this front-end is cut off", names.join(", "));
        return Some(held(what, "check the front-end's network"));
    }
    observer.oned_runs_for.filter(|time| *time < rules.startup_grace)?;
    let grace = span(rules.startup_grace);
    let what = format!("oned has been running for less than {grace}, and hosts may look dead then");
    Some(held(what, "wait until oned has heard every host"))
}

/// A document that cannot be read may hold anything, and nothing is guessed at.
#[must_use]
pub fn unreadable(memory: &Memory) -> Option<Failure> {
    let (document, why) = memory.unreadable.first()?;
    let what = format!(
        "{} of the documents that remember incidents cannot be read, {document} first: {why}",
        memory.unreadable.len()
    );
    let advice = format!(
        "a newer format: update onerescue here; a damaged one: look at it with `onedb` or delete {document} over the API"
    );
    Some(held(what, advice))
}

/// Where fencing is disarmed, as far as it covers this cluster.
pub(super) fn disarmed(
    disarmed: &[Disarmed],
    cluster: Option<ClusterId>,
    clusters: &[Cluster],
) -> Option<Failure> {
    let covers = |scope: &&Disarmed| scope.cluster.is_none() || scope.cluster == cluster;
    let scope = disarmed.iter().find(covers)?;
    let (place, option) = match scope.cluster {
        None => ("the whole zone".to_owned(), String::new()),
        Some(id) => (named(clusters, id), format!(" --cluster {}", id.0)),
    };
    let what = format!("fencing is disarmed in {place} by {}: {}", scope.by, scope.reason);
    Some(held(what, format!("`onerescue arm{option} --reason …` when that is over")))
}

fn named(clusters: &[Cluster], id: ClusterId) -> String {
    let name = clusters.iter().find(|cluster| cluster.id == id).map(|cluster| cluster.name.as_str());
    name.map_or_else(|| id.to_string(), |name| format!("cluster {name} ({})", id.0))
}

/// This run has written down that "off" goes out, and has not sent it: now every run that has done the same counts,
/// whichever began first. Each sees those that were written before its own, so of too many the last one at least stays
/// its hand.
pub(super) fn too_many(case: &Case, now: Moment, memory: &Memory) -> Option<Failure> {
    let epoch = case.epoch(now).min(memory.now);
    let rules = &case.policy.brake;
    let mut windows = [rules.short, rules.long].into_iter();
    windows.find_map(|window| fenced_lately(case, memory, epoch, window, |_, _| false))
}

fn fenced_lately(
    case: &Case,
    memory: &Memory,
    epoch: Epoch,
    window: Window,
    about_to_be: impl Fn(DocumentId, &Incident) -> bool,
) -> Option<Failure> {
    let counts = |(document, incident): &&(DocumentId, Incident)| {
        incident.host != case.subject.host
            && (fenced(incident)
                .is_some_and(|at| lately(epoch, at, memory.unchanged(*document), window.time))
                || about_to_be(*document, incident))
    };
    let hosts: BTreeSet<_> =
        memory.incidents.iter().filter(counts).map(|(_, incident)| incident.host).collect();
    let most = usize::try_from(window.count).unwrap_or(usize::MAX);
    let what = format!(
        "{} other hosts were fenced within {}, or are about to be, and {most} may be",
        hosts.len(),
        span(window.time)
    );
    let advice = "look whether those are really dead; [brake] fenced_short and fenced_long are the limits";
    (hosts.len() >= most).then(|| held(what, advice))
}

struct View<'a> {
    case: &'a Case,
    outlook: &'a Outlook,
    rules: &'a BrakeRules,
    cluster: Option<ClusterId>,
    /// What time it is.
    epoch: Epoch,
}

impl View<'_> {
    fn others(&self) -> impl Iterator<Item = &Host> {
        self.outlook.hosts.iter().filter(|host| host.id != self.case.subject.host)
    }

    fn place(&self) -> String {
        self.cluster.map_or_else(String::new, |id| named(&self.outlook.clusters, id))
    }

    /// A front-end that sees nobody is more likely to be cut off than to be alone in the world.
    fn nobody_else(&self) -> Option<Failure> {
        let others = self.others().count();
        if self.others().any(|host| host.state == HostState::Monitored) {
            return None;
        }
        let what = if others == 0 {
            "there is no other host, so nothing could run elsewhere".to_owned()
        } else {
            format!(
                "none of the {others} other hosts is MONITORED: this front-end may be the one that is cut off"
            )
        };
        Some(held(what, "check the front-end's network and `onehost list`, then run the same command again"))
    }

    /// `HA=NO` in the cluster's template.
    fn unprotected(&self) -> Option<Failure> {
        let cluster = self.outlook.clusters.iter().find(|cluster| Some(cluster.id) == self.cluster)?;
        let no = cluster.attributes.get("HA").is_some_and(|value| value.eq_ignore_ascii_case("no"));
        let what = format!("{} is Disabled: its template says HA = NO", self.place());
        no.then(|| held(what, format!("`onecluster update {}` and set HA = YES to protect it", cluster.id.0)))
    }

    /// Fewer than two usable hosts, the dead one among them.
    fn waiting(&self) -> Option<Failure> {
        let cluster = self.cluster?;
        let usable = self
            .others()
            .filter(|host| host.cluster == cluster && host.state == HostState::Monitored)
            .count();
        let what = format!(
            "{} is Waiting: no other host of it is MONITORED, so nothing could run elsewhere",
            self.place()
        );
        (usable == 0).then(|| held(what, "bring a host of that cluster back"))
    }

    /// Many hosts that fail at the same time are probably not dead. A single one is never a storm, and a host that
    /// was fenced already is not failing now.
    fn storm(&self, cluster: Option<ClusterId>) -> Option<Failure> {
        let inside = |host: &&Host| cluster.is_none_or(|cluster| host.cluster == cluster);
        let hosts = || self.outlook.hosts.iter().filter(inside);
        let failing = hosts().filter(|host| host.state == HostState::Error && !self.dealt_with(host)).count();
        let healthy = hosts().filter(|host| host.state == HostState::Monitored).count();
        let (all, percent) = (failing + healthy, usize::try_from(self.rules.failing_percent).unwrap_or(100));
        let count = usize::try_from(self.rules.failing).unwrap_or(usize::MAX);
        if failing <= 1 || (failing <= count && failing * 100 <= percent * all) {
            return None;
        }
        let place = cluster.map_or_else(|| "the zone".to_owned(), |_| self.place());
        let what = format!(
            "{failing} of {all} hosts in {place} fail at the same time, more than {count} or {percent} %: that looks like \
             a fault of the network or of this front-end"
        );
        Some(held(
            what,
            "find out what they have in common; [brake] failing and failing_percent are the limits",
        ))
    }

    /// Its last incident ended with the host off, and it has not been heard since: then `TEMPLATE/ERROR`, with its
    /// date, would be another one.
    fn dealt_with(&self, host: &Host) -> bool {
        let last = standing(&self.outlook.memory, host.id);
        host.id != self.case.subject.host
            && last.is_some_and(|(_, incident)| {
                incident.proof.is_some()
                    && incident.error.is_some()
                    && incident.error == host.error
                    && matches!(incident.progress, Progress::Off | Progress::Closed)
            })
    }

    /// Too many hosts were fenced lately, by whichever front-end. Runs that began earlier and have not got to it yet
    /// count as well, so that of many that begin at the same time only so many go on.
    fn fenced(&self, window: Window) -> Option<Failure> {
        let about_to_be = |document: DocumentId, incident: &Incident| {
            self.earlier(document)
                && matches!(incident.progress, Progress::Open | Progress::Fencing)
                && lately(
                    self.epoch,
                    incident.updated,
                    self.outlook.memory.unchanged(document),
                    self.rules.short.time,
                )
        };
        fenced_lately(self.case, &self.outlook.memory, self.epoch, window, about_to_be)
    }

    fn earlier(&self, document: DocumentId) -> bool {
        self.case.document.is_none_or(|own| document < own)
    }

    /// A host that fails again and again is ill in another way. A person who names it has seen that.
    fn flaps(&self) -> Option<Failure> {
        let memory = &self.outlook.memory;
        let Window { count, time } = self.rules.flaps;
        let own = self.case.incident.iter().flat_map(|incident| &incident.events);
        let own = own.filter(|at| lately(self.epoch, **at, Duration::ZERO, time));
        let earlier = |(document, _): &&(DocumentId, Incident)| Some(*document) != self.case.document;
        let host = self.case.subject.host;
        let stored = events_lately(memory.incidents.iter().filter(earlier), memory, host, self.epoch, time);
        let events: BTreeSet<Epoch> = own.copied().chain(stored).collect();
        let by_itself = match self.case.subject.source {
            Source::Event | Source::Reconcile => true,
            Source::Person => false,
        };
        let flaps = by_itself && events.len() >= usize::try_from(count).unwrap_or(usize::MAX);
        let (host, count) = (self.case.host(), events.len());
        let what = format!("{host} flaps: {count} ERROR events within {}", span(time));
        let advice = format!(
            "mend or disable it; `{}` by hand goes on at once, when this run has ended or was stopped",
            self.case.command()
        );
        flaps.then(|| held(what, advice))
    }
}

/// The ERROR events of a host within this time, in these records.
pub(super) fn events_lately<'a>(
    records: impl Iterator<Item = &'a (DocumentId, Incident)>,
    memory: &Memory,
    host: HostId,
    now: Epoch,
    time: Duration,
) -> Vec<Epoch> {
    let of_host = records.filter(|(_, incident)| incident.host == host);
    let events = of_host.flat_map(|(document, incident)| incident.events.iter().map(|at| (*document, *at)));
    let lately = |(document, at): &(DocumentId, Epoch)| lately(now, *at, memory.unchanged(*document), time);
    events.filter(lately).map(|(_, at)| at).collect()
}

/// Was it within this time? A moment that lies far ahead was written by a clock that was wrong: it counts from when it
/// was seen first, this long ago.
pub(super) fn lately(now: Epoch, at: Epoch, seen: Duration, time: Duration) -> bool {
    now.since(counts(now, at, seen)) < time
}
