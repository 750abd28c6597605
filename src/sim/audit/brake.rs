//! The safety rules about the brake: what must have been seen, heard and written down before "off" is sent.
//!
//! They are judged by the last outlook and by what witnesses said last, whatever a run made of that.

use crate::model::{
    Confirmation, Epoch, Host, HostId, HostState, Incident, Opinion, Outlook, Progress, RaftState,
};
use crate::policy::{Policy, Window};
use crate::sim::seen::Seen;
use crate::sim::world::SimWorld;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What witnesses said when they were asked last, all at the same time.
#[derive(Default)]
pub(super) struct Heard<'a> {
    last: BTreeMap<&'a str, Opinion>,
    asking: bool,
}

impl<'a> Heard<'a> {
    /// Take in what comes next in a run.
    pub(super) fn take(&mut self, seen: &'a Seen) {
        let Seen::Witness { testimony, .. } = seen else {
            self.asking = false;
            return;
        };
        if !self.asking {
            self.last.clear();
        }
        self.asking = true;
        self.last.insert(&testimony.witness, testimony.opinion);
    }

    fn count(&self, opinion: Opinion) -> usize {
        self.last.values().filter(|said| **said == opinion).count()
    }

    /// Did so many say alive that nothing may be done?
    pub(super) fn alive(&self, policy: &Policy) -> bool {
        policy.witness.any() && self.count(Opinion::Alive) >= policy.witness.alive.max(1) as usize
    }

    /// Why "off" may not be sent.
    fn objection(&self, policy: &Policy, askable: bool) -> Option<String> {
        if !policy.witness.any() {
            return None;
        }
        if self.alive(policy) {
            return Some(format!("{} witnesses said alive", self.count(Opinion::Alive)));
        }
        let dead = self.count(Opinion::Dead);
        if dead < policy.witness.dead as usize {
            return Some(format!("{dead} witnesses of {} said that it does not answer", policy.witness.dead));
        }
        (askable && self.last.is_empty()).then(|| "nobody was asked whether it is alive".to_owned())
    }
}

/// Is there anybody to ask about this host?
pub(super) fn askable(world: &SimWorld, policy: &Policy, view: Option<&Outlook>, subject: HostId) -> bool {
    let peer = |view: &Outlook| {
        let cluster = view.hosts.iter().find(|host| host.id == subject).map(|host| host.cluster);
        let well = |host: &Host| host.id != subject && host.state == HostState::Monitored;
        view.hosts.iter().any(|host| well(host) && Some(host.cluster) == cluster)
    };
    (policy.witness.consul && world.has_consul()) || (policy.witness.peers > 0 && view.is_some_and(peer))
}

/// S8, S10 and S5: no "off" that the last outlook or the witnesses speak against, and none before it was written
/// down.
pub(super) fn braked(world: &SimWorld, policy: &Policy, subject: HostId, broken: &mut Vec<String>) {
    let mut view: Option<&Outlook> = None;
    let mut heard = Heard::default();
    let mut noted = false;
    let mut looked = Duration::ZERO;
    let fencing = |incident: &Incident| incident.host == subject && incident.progress == Progress::Fencing;
    for seen in world.seen() {
        heard.take(seen);
        match seen {
            Seen::Outlook { at, outlook } => {
                looked = *at;
                view = outlook.as_deref();
                let known = view.map_or(&[][..], |view| &view.memory.incidents);
                noted |= known.iter().any(|(_, incident)| fencing(incident));
            }
            Seen::Record { incident, answer, .. } => noted |= answer.is_ok() && fencing(incident),
            Seen::Off { device, via, .. } => {
                let mut why = Vec::new();
                why.extend(heard.objection(policy, askable(world, policy, view, subject)));
                why.extend(via.and_then(|via| bad_way(view, subject, via)));
                why.extend(limits(view, policy, subject));
                why.extend(young(world, policy, looked));
                if !noted {
                    broken.push(format!("S5: \"off\" was sent to {device} before that was written down"));
                }
                let said = why.into_iter().map(|why| format!("S8: \"off\" was sent to {device}: {why}"));
                broken.extend(said);
            }
            Seen::Host { .. }
            | Seen::Witness { .. }
            | Seen::Dump { .. }
            | Seen::Power { .. }
            | Seen::Survey { .. }
            | Seen::Vms { .. }
            | Seen::Disable { .. }
            | Seen::Memory { .. }
            | Seen::Order { .. } => {}
        }
    }
}

/// Was there an election shortly before the last look, whatever this front-end knew of it? Live hosts may be in ERROR
/// then.
fn young(world: &SimWorld, policy: &Policy, looked: Duration) -> Option<String> {
    let led = world.transport().cloud().led_for(looked);
    (led < policy.brake.startup_grace).then(|| format!("the leader was elected {} s before", led.as_secs()))
}

/// A device is not reached from the host that it switches, nor from one that fails as well.
fn bad_way(view: Option<&Outlook>, subject: HostId, via: HostId) -> Option<String> {
    let fails = |host: &Host| host.id == via && host.state == HostState::Error;
    if via == subject {
        return Some("it was reached from that host itself".to_owned());
    }
    let failing = view.is_some_and(|view| view.hosts.iter().any(fails));
    failing.then(|| format!("it was reached from {via}, which fails as well"))
}

/// Everything in an outlook that forbids a fence.
fn limits(view: Option<&Outlook>, policy: &Policy, subject: HostId) -> Vec<String> {
    let Some(view) = view else { return vec!["the last outlook was not answered".to_owned()] };
    let Some(host) = view.hosts.iter().find(|host| host.id == subject) else {
        return vec!["it was not in the last outlook".to_owned()];
    };
    let (rules, observer) = (policy.brake, &view.observer);
    let mut why = Vec::new();
    let disarmed = view.memory.disarmed.iter();
    if disarmed.into_iter().any(|entry| entry.cluster.is_none_or(|cluster| cluster == host.cluster)) {
        why.push("fencing is disarmed".to_owned());
    }
    let cluster = view.clusters.iter().find(|cluster| cluster.id == host.cluster);
    let ha = cluster.and_then(|cluster| cluster.attributes.get("HA"));
    if ha.is_some_and(|value| value.trim().eq_ignore_ascii_case("NO")) {
        why.push("its cluster has HA = NO".to_owned());
    }
    if !view.memory.unreadable.is_empty() {
        why.push("a document that remembers incidents cannot be read".to_owned());
    }
    let leads = matches!(observer.raft, Ok(RaftState::Solo | RaftState::Leader));
    if policy.observer.leader && !leads {
        why.push(format!("the front-end does not lead: {:?}", observer.raft));
    }
    if proceeds(view, subject) {
        return why;
    }
    if observer.oned_runs_for.is_some_and(|time| time < rules.startup_grace) {
        why.push("oned has just started".to_owned());
    }
    why.extend(storm(view, policy, "the zone", |_| true));
    why.extend(storm(view, policy, "its cluster", |other| other.cluster == host.cluster));
    if !observer.gateways.is_empty() && !observer.gateways.iter().any(|(_, answers)| *answers) {
        why.push("no gateway answers".to_owned());
    }
    why.extend(flaps(view, rules.flapping(), subject));
    for window in rules.fenced() {
        why.extend(fenced_lately(view, window, subject));
    }
    why
}

/// Has a person taken the brakes off an incident of this host, ten minutes ago at most?
fn proceeds(view: &Outlook, subject: HostId) -> bool {
    let now = view.memory.now;
    let counts = |word: &Confirmation| now < word.expires && now.since(word.at) < Duration::from_secs(600);
    view.memory.proceeds.iter().any(|word| word.host == subject && counts(word))
}

/// Too many hosts fail that nobody has fenced. One alone never is too many.
fn storm(view: &Outlook, policy: &Policy, place: &str, inside: impl Fn(&Host) -> bool) -> Option<String> {
    let hosts: Vec<_> = view.hosts.iter().filter(|host| inside(host)).collect();
    let open = |host: &&&Host| host.state == HostState::Error && !is_fenced(view, host);
    let failing = hosts.iter().filter(open).count();
    let rules = policy.brake;
    let many = failing > rules.failing as usize;
    let share = failing * 100 > rules.failing_percent as usize * hosts.len();
    (failing > 1 && (many || share)).then(|| format!("{failing} of {} hosts fail in {place}", hosts.len()))
}

/// Is the last incident of this host one that ended with it proven off, and is this still the same failure?
fn is_fenced(view: &Outlook, host: &Host) -> bool {
    let mine = view.memory.incidents.iter().filter(|(_, incident)| incident.host == host.id);
    let last = mine.max_by_key(|(document, _)| *document).map(|(_, incident)| incident);
    last.is_some_and(|incident| match incident.progress {
        Progress::Off | Progress::Closed => {
            incident.proof.is_some() && incident.error.is_some() && incident.error == host.error
        }
        Progress::Open | Progress::Held | Progress::Fencing => false,
    })
}

fn flaps(view: &Outlook, window: Window, subject: HostId) -> Option<String> {
    let mine = view.memory.incidents.iter().filter(|(_, incident)| incident.host == subject);
    let events = mine.flat_map(|(_, incident)| &incident.events);
    let events: BTreeSet<_> = events.filter(|at| within(view.memory.now, **at, window)).collect();
    (events.len() >= window.count as usize).then(|| format!("it failed {} times lately", events.len()))
}

fn fenced_lately(view: &Outlook, window: Window, subject: HostId) -> Option<String> {
    let others = view.memory.incidents.iter().filter(|(_, incident)| incident.host != subject);
    let lately = |incident: &Incident| incident.fenced.is_some_and(|at| within(view.memory.now, at, window));
    let hosts: BTreeSet<_> =
        others.filter(|(_, incident)| lately(incident)).map(|(_, incident)| incident.host).collect();
    (hosts.len() >= window.count as usize)
        .then(|| format!("{} other hosts were fenced in {} s", hosts.len(), window.time.as_secs()))
}

/// What lies in the future by this clock is not held against anybody.
fn within(now: Epoch, at: Epoch, window: Window) -> bool {
    at <= now && now.since(at) < window.time
}
