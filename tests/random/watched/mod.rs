//! Random stories of `onerescue watch`: hosts that die, hang, lose packets and come back, people, leaders, faults of oned, and a
//! watcher that is killed.
//!
//! Whatever happens, no host is set OFFLINE that is heard, none without a note, none twice within its rest; in the end none is
//! OFFLINE but by a person, and no person's host was enabled.

use onerescue::Run;
use onerescue::cli::play_tended;
use onerescue::policy::watch::Known;
use onerescue::sim::{Event, Job, Scenario, audit_watch};
use onerescue::world::World as _;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::time::Duration;

/// What may happen to a host.
const HOSTS: [&str; 16] = [
    "dies HOST",
    "dies HOST hang",
    "dies HOST network_cut",
    "dies HOST front_end_cut",
    "returns HOST",
    "returns HOST",
    "power_off HOST",
    "power_on HOST",
    "sshd HOST stopped",
    "sshd HOST hangs",
    "sshd HOST slow 4s",
    "sshd HOST slow 30s",
    "sshd HOST loses 3",
    "sshd HOST works",
    "disabled HOST",
    "enabled HOST",
];

/// What may happen besides.
const ELSE: [&str; 7] = [
    "gateway_silent 10.0.0.1",
    "gateway_answers 10.0.0.1",
    "disarmed",
    "armed",
    "oned_away 20s",
    "oned_restarted",
    "leader_steps_down",
];

/// Method and kind of a fault.
const FAULTS: [(&str, &str); 10] = [
    ("one.host.status", "killed"),
    ("one.host.status", "killed_after"),
    ("one.host.status", "lost_reply"),
    ("one.host.status", "lost_request"),
    ("one.host.status", "late"),
    ("one.host.status", "not_sent"),
    ("one.host.status", "refused"),
    ("one.document.allocate", "lost_reply"),
    ("one.document.update", "refused"),
    ("one.hostpool.info", "garbage"),
];

#[derive(Clone, Debug)]
struct Story {
    hosts: usize,
    peers: u32,
    front_ends: usize,
    events: Vec<(u64, usize, usize)>,
    besides: Vec<(u64, usize)>,
    /// A person sets the first host OFFLINE.
    offline: Option<u64>,
    fault: Option<(usize, usize)>,
    killed: Option<u64>,
    then: usize,
}

fn story() -> impl Strategy<Value = Story> {
    let events = prop::collection::vec((5..200u64, 0..5usize, 0..HOSTS.len()), 1..8);
    let besides = prop::collection::vec((5..200u64, 0..ELSE.len()), 0..3);
    let fault = prop::option::of((0..FAULTS.len(), 0..2usize));
    let (offline, killed) = (prop::option::of(5..200u64), prop::option::of(5..120u64));
    let shape = (2..6usize, 0..3u32, prop::sample::select(vec![1usize, 3]), 0..4usize);
    (shape, events, besides, fault, offline, killed).prop_map(
        |((hosts, peers, front_ends, then), events, besides, fault, offline, killed)| Story {
            hosts,
            peers,
            front_ends,
            events,
            besides,
            offline,
            fault,
            killed,
            then,
        },
    )
}

impl Story {
    /// A look whose end nobody knows, and a person in the same two minutes: whose the host is cannot be told then.
    fn is_sure(&self) -> bool {
        self.killed.is_none() && self.fault.is_none_or(|(fault, _)| FAULTS[fault].0 != "one.host.status")
    }

    fn toml(&self) -> String {
        let then = match (self.then, self.front_ends) {
            (0, _) => "again",
            (1, _) => "reconcile",
            (_, 1) => "rebooted",
            _ => "leader",
        };
        let mut text = format!(
            "title = \"a random story\"\nhook = \"watch\"\ncall = \"\"\nhost = \"node0\"\nstart = \"400s\"\nwatched = \"5m\"\n\
             runs = 2\nrest = \"3s\"\nthen = \"{then}\"\ngateways = [\"10.0.0.1\"]\n\
             settings = \"[witness]\\npeers = {}\\n\"\n",
            self.peers
        );
        if self.front_ends > 1 {
            let _ = writeln!(text, "front_ends = {}", self.front_ends);
        }
        if let Some(at) = self.killed {
            let _ = writeln!(text, "killed = \"{at}s\"");
        }
        let hosts: Vec<_> = (0..self.hosts).map(|host| format!("{{ name = \"node{host}\" }}")).collect();
        let _ =
            writeln!(text, "hosts = [{}]\nvms = [{{ name = \"web\", host = \"node0\" }}]", hosts.join(", "));
        let mut events: Vec<(u64, String)> = Vec::new();
        for (at, host, what) in &self.events {
            events.push((*at, HOSTS[*what].replace("HOST", &format!("node{}", host % self.hosts))));
        }
        events.extend(self.besides.iter().map(|(at, what)| (*at, ELSE[*what].to_owned())));
        if let Some(at) = self.offline.filter(|_| self.is_sure()) {
            events.push((at, "offline node0".to_owned()));
        }
        let lines: Vec<_> =
            events.iter().map(|(at, what)| format!("{{ at = \"{at}s\", do = \"{what}\" }}")).collect();
        let _ = writeln!(text, "event = [{}]", lines.join(", "));
        // A watcher that is killed in a call which oned takes much later cannot be told from one that was killed before it.
        let both = |fault: &(usize, usize)| self.killed.is_none() || FAULTS[fault.0].1 != "late";
        if let Some((fault, skip)) = self.fault.filter(both) {
            let (method, kind) = FAULTS[fault];
            let _ = writeln!(
                text,
                "fault = [{{ method = \"{method}\", kind = \"{kind}\", skip = {skip}, times = 1, delay = \"40s\" }}]"
            );
        }
        text
    }
}

proptest! {
    #![proptest_config(crate::config(2, "tests/random/watched/regressions.txt", 100))]
    #[test]
    fn no_host_is_disturbed_and_none_is_left_offline(story in story()) {
        let toml = story.toml();
        let mut scenario = Scenario::parse(&toml).unwrap();
        let Job::Watch(policy, _) = scenario.job else { panic!() };
        let mut told = String::new();
        for _ in 0..2 {
            let (_, text, broken) = play_tended(&mut scenario);
            told += &text;
            // That is looked at when all is quiet.
            let broken: Vec<_> = broken.iter().filter(|rule| !rule.starts_with("V6")).collect();
            prop_assert!(broken.is_empty(), "{broken:?}\n{toml}\n{told}");
        }
        // oned is well again, and the leader's watcher has its turns.
        scenario.world.transport().begin_again();
        let now = scenario.world.transport().cloud().now();
        scenario.world.schedule(now, Event::OnedAway(Duration::ZERO));
        scenario.world.advance(Duration::from_secs(180));
        scenario.world.begin_on_the_leader("last");
        let mut known = Known::default();
        while scenario.world.now().0 < Duration::from_secs(240) {
            known = Run::watch(known, policy).to_the_end(&mut scenario.world);
        }
        let broken = audit_watch(&scenario.world);
        prop_assert!(broken.is_empty(), "{broken:?}\n{toml}\n{told}\n{:#?}", scenario.world.told());
    }
}
