//! Brakes: limits that hold a fence. This machine's own host, a front-end that does not lead or whose records cannot be
//! read, nobody else MONITORED, disarmed, `HA=NO`, a cluster that waits, a storm, two windows that count fences, a host
//! that flaps, gateways, an oned that has run for less than 300 s (`[brake] startup_grace`).
//!
//! The figures come from one outlook, and each reason says them, so that an operator sees which limit it was. Signs of
//! life, witnesses, `gain`, a young leader (`itself`) and devices have files of their own.
//!
//! A storm is more than 4 hosts (`[brake] failing`), or more than 50 % of those in ERROR or MONITORED (`failing_percent`), that are
//! in ERROR at the same time, in the zone or in the cluster; one alone never is. The windows hold where 3 other hosts were fenced
//! within 15 min (`fenced_short`, `short`), or 10 within a day (`fenced_long`, `long`), by any front-end, or are about to be.
//!
//! A host flaps with three failures within an hour, this one included (`[brake] flaps`, `flap_time`). A failure is a hook's
//! event, or a run of reconcile that opens a record or goes on with a closed one, but not to look at held VMs; a person's run is
//! none, and is not held for it. Failures are written down by `record::adopt`; those of earlier records are counted by
//! `limits::events_lately`.
//!
//! A run that is held looks again after 30 s, then twice as long up to 300 s, for 3600 s (`[hold]`, in `hold`); then it
//! ends as held, and its incident stays open. A run for this machine's own host ends at once. With `--hand-over` any ends at once,
//! and reconcile looks again without an end: after as long as it has been held, at least 30 s and at most 300 s. Each look judges
//! anew, so a brake ends by itself: a host that flapped may be fenced when fewer than three failures are within the hour. A
//! person's word ends it sooner: `confirm-off` and `proceed`. What flaps and comes back is disabled for an hour by
//! `host_back::quarantine`.

use super::itself::is_this_machine;
use crate::model::{
    ClusterId, DocumentId, Epoch, Host, HostState, Incident, Memory, Observer, Outlook, Progress, RaftState,
};
use crate::policy::limits::{disarmed, events_lately, held, lately, named, says_no, span, unreadable};
use crate::policy::moments::fenced;
use crate::policy::port::{Failure, Source};
use crate::policy::record::lease::standing;
use crate::policy::rules::{BrakeRules, ObserverRules, Window};
use crate::policy::run::Run;
use std::collections::BTreeSet;
use std::time::Duration;

/// A brake that holds.
pub(in crate::policy) struct Brake {
    pub(in crate::policy) failure: Failure,
    /// A person's word takes it off, see [`Run::proceeds`].
    by_word: bool,
}

/// Every brake that holds, the most telling first.
pub(in crate::policy) fn brakes(run: &Run, outlook: &Outlook) -> Vec<Brake> {
    let rules = &run.policy.brake;
    let own = outlook.hosts.iter().find(|host| host.id == run.subject.host);
    let cluster = own.map(|host| host.cluster).or(run.suspect.cluster);
    // A clock that was put forward meanwhile must not end a window.
    let epoch = run.epoch().min(outlook.memory.now);
    let view = View { run, outlook, rules, cluster, epoch };
    // Where a person has seen that the host is off nothing is sent to it.
    let seen = run.confirmation().is_some();
    let unseen = |brake: Option<Failure>| (brake.filter(|_| !seen), true);
    let [short, long] = rules.fenced();
    let all = [
        (own.and_then(|host| is_this_machine(host, &outlook.observer.machine)), false),
        (follower(&outlook.observer, run.policy.observer), false),
        (myself(&outlook.observer, rules), true),
        (unreadable(&outlook.memory), false),
        (view.nobody_else(), false),
        (disarmed(&outlook.memory.disarmed, cluster, &outlook.clusters), false),
        (view.unprotected(), false),
        (view.waiting(), false),
        unseen(view.storm(None)),
        unseen(cluster.and_then(|cluster| view.storm(Some(cluster)))),
        unseen(view.fenced(short)),
        unseen(view.fenced(long)),
        unseen(view.flaps()),
    ];
    let brake = |(failure, by_word): (Option<Failure>, bool)| Some(Brake { failure: failure?, by_word });
    all.into_iter().filter_map(brake).collect()
}

/// The brakes that hold once a person's word was taken, if one counts and takes any off.
pub(in crate::policy) fn left(run: &mut Run, mut brakes: Vec<Brake>) -> Vec<Brake> {
    if run.proceeds().is_some() && brakes.iter().any(|brake| brake.by_word) {
        run.take_word();
        brakes.retain(|brake| !brake.by_word);
    }
    brakes
}

/// A front-end that is cut off sees dead hosts everywhere.
pub(in crate::policy) fn follower(observer: &Observer, rules: ObserverRules) -> Option<Failure> {
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
    None
}

/// Gateways that do not answer, and an oned that has just started.
pub(in crate::policy) fn myself(observer: &Observer, rules: &BrakeRules) -> Option<Failure> {
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

/// This run has written down that "off" goes out, and has not sent it: now every run that has done the same counts,
/// whichever began first. Each sees those that were written before its own, so of too many the last one at least stops.
pub(in crate::policy) fn too_many(run: &Run, memory: &Memory) -> Option<Failure> {
    if run.proceeds().is_some() {
        return None;
    }
    let epoch = run.epoch().min(memory.now);
    let mut windows = run.policy.brake.fenced().into_iter();
    windows.find_map(|window| fenced_lately(run, memory, epoch, window, |_, _| false))
}

fn fenced_lately(
    run: &Run,
    memory: &Memory,
    epoch: Epoch,
    window: Window,
    about_to_be: impl Fn(DocumentId, &Incident) -> bool,
) -> Option<Failure> {
    let counts = |(document, incident): &&(DocumentId, Incident)| {
        incident.host != run.subject.host
            && (fenced(incident)
                .is_some_and(|at| lately(epoch, at, memory.unchanged(*document), window.time))
                || about_to_be(*document, incident))
    };
    let hosts: BTreeSet<_> =
        memory.incidents.iter().filter(counts).map(|(_, incident)| incident.host).collect();
    let most = usize::try_from(window.count).unwrap_or(usize::MAX);
    let what = format!(
        "{} other hosts were fenced within {}, or are about to be; the limit is {most}",
        hosts.len(),
        span(window.time)
    );
    let advice = "look whether those are really dead; [brake] fenced_short and fenced_long are the limits";
    (hosts.len() >= most).then(|| held(what, advice))
}

/// Do too many hosts fail at the same time? `which` are those that are counted: `in the zone fail`.
pub(in crate::policy) fn storm(
    rules: &BrakeRules,
    failing: usize,
    healthy: usize,
    which: &str,
) -> Option<Failure> {
    let (all, percent) = (failing + healthy, usize::try_from(rules.failing_percent).unwrap_or(100));
    let count = usize::try_from(rules.failing).unwrap_or(usize::MAX);
    if failing <= 1 || (failing <= count && failing * 100 <= percent * all) {
        return None;
    }
    let what = format!(
        "{failing} of {all} hosts {which} at the same time (the limits are {count} hosts and {percent} %): that looks like a \
         fault of the network or of this front-end"
    );
    Some(held(what, "find out what they have in common; [brake] failing and failing_percent are the limits"))
}

/// Its last incident ended with the host off, and it has not been heard since: then `TEMPLATE/ERROR`, with its date, would
/// be another one.
pub(in crate::policy) fn dealt_with(memory: &Memory, host: &Host) -> bool {
    standing(memory, host.id).is_some_and(|(_, incident)| {
        incident.proof.is_some()
            && incident.error.is_some()
            && incident.error == host.error
            && matches!(incident.progress, Progress::Off | Progress::Closed)
    })
}

struct View<'a> {
    run: &'a Run,
    outlook: &'a Outlook,
    rules: &'a BrakeRules,
    cluster: Option<ClusterId>,
    /// What time it is.
    epoch: Epoch,
}

impl View<'_> {
    fn others(&self) -> impl Iterator<Item = &Host> {
        self.outlook.hosts.iter().filter(|host| host.id != self.run.subject.host)
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
        Some(held(what, "check the front-end's network and `onehost list`"))
    }

    /// `HA=NO` in the cluster's template.
    fn unprotected(&self) -> Option<Failure> {
        let cluster = self.outlook.clusters.iter().find(|cluster| Some(cluster.id) == self.cluster)?;
        let what = format!("{} is Disabled: its template says HA = NO", self.place());
        says_no(cluster).then(|| {
            held(what, format!("`onecluster update {}` and set HA = YES to protect it", cluster.id.0))
        })
    }

    /// No other host of the cluster is MONITORED.
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
        let place = cluster.map_or_else(|| "the zone".to_owned(), |_| self.place());
        storm(self.rules, failing, healthy, &format!("in {place} fail"))
    }

    fn dealt_with(&self, host: &Host) -> bool {
        host.id != self.run.subject.host && dealt_with(&self.outlook.memory, host)
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
                    self.rules.short,
                )
        };
        fenced_lately(self.run, &self.outlook.memory, self.epoch, window, about_to_be)
    }

    fn earlier(&self, document: DocumentId) -> bool {
        self.run.record.document.is_none_or(|own| document < own)
    }

    /// A host that fails again and again has another fault. A person who names it has seen that. `host_back` disables such
    /// a host, see `quarantine`.
    fn flaps(&self) -> Option<Failure> {
        let memory = &self.outlook.memory;
        let Window { count, time } = self.rules.flapping();
        let own = self.run.record.incident.iter().flat_map(|incident| &incident.events);
        let own = own.filter(|at| lately(self.epoch, **at, Duration::ZERO, time));
        let earlier = |(document, _): &&(DocumentId, Incident)| Some(*document) != self.run.record.document;
        let host = self.run.subject.host;
        let stored = events_lately(memory.incidents.iter().filter(earlier), memory, host, self.epoch, time);
        let events: BTreeSet<Epoch> = own.copied().chain(stored).collect();
        let by_itself = match self.run.subject.source {
            Source::Event | Source::Reconcile => true,
            Source::Person => false,
        };
        let flaps = by_itself && events.len() >= usize::try_from(count).unwrap_or(usize::MAX);
        let (host, count) = (self.run.host(), events.len());
        let what = format!("{host} flaps: {count} ERROR events within {}", span(time));
        let advice =
            format!("repair or disable it; to go on now, end this run and run `{}`", self.run.command());
        flaps.then(|| held(what, advice))
    }
}
