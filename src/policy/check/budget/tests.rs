//! The figures, against those that were measured on live front-ends.

use super::*;
use crate::model::{HostState, Mode};
use crate::policy::check::Entry;

fn seconds(least_s: u64, most_s: u64) -> Seconds {
    Seconds { least_s, most_s: Some(most_s) }
}

/// The hook says `-m -p 5`, and everything else is OpenNebula's default.
fn policy() -> Policy {
    let mut policy = Policy::new(Mode::Migrate);
    policy.wait.cycles = 5;
    policy
}

fn host() -> HostFacts {
    let mut host = Host::new(HostId(1), "node1", HostState::Monitored);
    host.vm_mad = "kvm".to_owned();
    HostFacts::unasked(host, Entry::Declared { same_power_accepted: true, pattern: None }, Ok(Vec::new()))
}

fn facts(connect: Option<u64>) -> BudgetFacts {
    BudgetFacts {
        file: ("/etc/one/monitord.conf".to_owned(), None),
        connect: BTreeMap::from([(HostId(1), Ok(connect))]),
        kernel: Duration::from_secs(131),
        ..BudgetFacts::default()
    }
}

fn budget(facts: &BudgetFacts, policy: &Policy, answer: u64) -> Budget {
    known(&Rules::default(), Some(policy), facts, &host(), (0, Duration::from_millis(answer)))
        .budget(ClusterId(0), true)
}

fn stage(budget: &Budget, name: &str) -> Stage {
    budget.stages.iter().find(|stage| stage.stage == name).unwrap().clone()
}

#[test]
fn opennebula_s_defaults_are_what_was_measured() {
    let budget = budget(&facts(None), &policy(), 500);
    // A host that was left alone was in ERROR after 185.8 s, 3 s of which were its ssh.
    let silence = stage(&budget, "silence").power_lost;
    assert_eq!(silence, seconds(150, 195));
    assert_eq!(stage(&budget, "probe").power_lost, seconds(3, 131));
    assert!((silence.least_s + 3..=195 + 3).contains(&186));
    assert_eq!(stage(&budget, "wait").power_lost, seconds(300, 300));
    // Three times "off" in 4 to 6 s.
    assert_eq!(stage(&budget, "proof").power_lost, seconds(6, 6));
    // 500 s and more, of which 10 s are ours.
    assert_eq!(budget.power_lost, seconds(460, 634));
    assert_eq!(budget.hang.most_s, None, "ssh waits for a silent sshd without end");
    let saving = budget.most_off.unwrap();
    assert_eq!(saving.change, "ConnectTimeout 5 in ~oneadmin/.ssh/config");
    assert_eq!((saving.power_lost_s, saving.hang_s), (126, None));
    let from: Vec<_> = budget.stages.iter().map(|stage| stage.from.as_str()).collect();
    let of_file = "MONITORING_INTERVAL_HOST 180 (default), MANAGER_TIMER 15 (default), BEACON_HOST 30 (default), of /etc/one/monitord.conf";
    assert_eq!(from[0], of_file);
    assert!(
        from[1] == "no ConnectTimeout, as `ssh -G` says; -w 90 of the driver kvm does not end it",
        "{from:?}"
    );
    assert_eq!(from[2], "5 cycles of 60 s (-p of the hook, or [wait])");
    assert_eq!(from[3], "3 times \"off\", 2 s apart; the slowest device answers within 1 s");
}

#[test]
fn with_a_connect_timeout_a_hang_ends_and_the_wait_is_the_longest() {
    let budget = budget(&facts(Some(5)), &policy(), 500);
    assert_eq!(stage(&budget, "probe").hang, seconds(5, 5));
    // Switched off first: one more answer, and up to [fence] patience until the machine is off.
    assert_eq!(stage(&budget, "proof").hang, seconds(6, 36));
    assert_eq!((budget.power_lost, budget.hang), (seconds(460, 508), seconds(462, 538)));
    let saving = budget.most_off.unwrap();
    assert_eq!(
        (saving.change.as_str(), saving.power_lost_s, saving.hang_s),
        ("-p 1 in the hook's ARGUMENTS", 240, Some(240))
    );
}

#[test]
fn when_everything_is_short_there_is_nothing_to_take_off_and_a_watcher_counts() {
    let mut policy = policy();
    policy.wait.cycles = 0;
    let mut facts = facts(Some(5));
    facts.monitord.interval = Figure { seconds: 60, set: true };
    facts.monitord.beacon = Figure { seconds: 20, set: true };
    let short = budget(&facts, &policy, 100);
    assert_eq!((short.most_off.clone(), short.power_lost), (None, seconds(40 + 3 + 5 + 1, 75 + 5 + 5 + 2)));
    facts.monitord.beacon = Figure { seconds: 5, set: true };
    let saving = budget(&facts, &policy, 100).most_off.unwrap();
    assert_eq!(
        (saving.change.as_str(), saving.power_lost_s),
        ("MONITORING_INTERVAL_HOST = 15 in /etc/one/monitord.conf", 45)
    );
    facts.watcher = Watcher::Installed(Duration::from_secs(10));
    facts.monitord.interval.seconds = 15;
    let saving = budget(&facts, &policy, 500).most_off.unwrap();
    assert_eq!(
        (saving.change.as_str(), saving.power_lost_s),
        ("`systemctl enable --now onerescue-watch`", 30 - 11)
    );
    facts.watcher = Watcher::Runs(Duration::from_secs(10));
    // 10 s of silence, 3 s of ssh, three readings and the first VM: 20.8 s were measured so.
    let watched = budget(&facts, &policy, 500);
    assert_eq!((watched.power_lost, watched.most_off), (seconds(10 + 3 + 6 + 1, 11 + 5 + 6 + 2), None));
}

#[test]
fn a_driver_that_works_here_has_its_own_end_and_a_hand_over_waits_for_a_tick() {
    let mut facts = facts(Some(5));
    facts.monitord.drivers[0] = ImDriver { local: true, ..facts.monitord.drivers[0].clone() };
    let mut policy = policy();
    policy.hand_over = HandOver::Yes;
    let local = budget(&facts, &policy, 0);
    assert_eq!(
        (stage(&local, "probe").power_lost, stage(&local, "wait").hang),
        (seconds(0, 90), seconds(300, 360))
    );
    assert_eq!(stage(&local, "proof").from, "3 times \"off\", 2 s apart; no device has answered just now");
    facts.monitord.drivers[0].timeout = None;
    assert_eq!(budget(&facts, &policy, 0).power_lost.most_s, None);
}

#[test]
fn what_could_not_be_read_is_named() {
    let mut facts = facts(None);
    facts.file.1 = Some("No such file".to_owned());
    facts.connect = BTreeMap::from([(HostId(1), Err("it timed out".to_owned()))]);
    let budget = budget(&facts, &policy(), 0);
    let said = stage(&budget, "silence").from;
    assert!(
        said.ends_with(": OpenNebula's defaults, for /etc/one/monitord.conf cannot be used: No such file"),
        "{said}"
    );
    assert_eq!(stage(&budget, "probe").from, "ConnectTimeout is not known, and taken as none: it timed out");
}

#[test]
fn signs_end_the_wait_as_far_as_there_are_devices_and_witnesses() {
    let mut facts = facts(Some(5));
    facts.witness = Duration::from_secs(10);
    let mut host = host();
    let device = crate::model::FenceDevice::new(
        crate::model::DeviceName("bmc".to_owned()),
        crate::model::ReadBack::Status,
    );
    host.levels = Ok(vec![crate::model::Level(vec![device])]);
    let policy = policy();
    let of = |policy: &Policy, host: &HostFacts, others| {
        let known =
            known(&Rules::default(), Some(policy), &facts, host, (others, Duration::from_millis(500)));
        stage(&known.budget(ClusterId(0), true), "wait")
    };
    let both = of(&policy, &host, 2);
    // Three readings; the peers are asked once more before they count.
    assert_eq!((both.power_lost, both.hang), (seconds(6, 26), seconds(30, 50)));
    assert!(
        both.from.ends_with("; 3 times \"off\" ends it, 30 s without an answer for any witness end it"),
        "{both:?}"
    );
    assert_eq!(of(&policy, &host, 1).hang, seconds(300, 300), "one witness is not enough");
    let waived = Policy { fencing: Fencing::Waived, ..policy.clone() };
    assert_eq!(of(&waived, &host, 2).power_lost, seconds(300, 300));
    let at_once = Policy { wait: WaitRules { cycles: 0, ..policy.wait }, ..policy.clone() };
    assert_eq!(of(&at_once, &host, 2).hang, seconds(0, 0), "-p is the longest wait");
    host.levels = Ok(Vec::new());
    assert_eq!(of(&policy, &host, 2).power_lost, seconds(30, 50));
}

#[test]
fn two_witnesses_are_advised_where_their_silence_would_end_the_wait() {
    let mut facts = facts(Some(5));
    facts.witness = Duration::from_secs(10);
    let change = |peers, sure, others| {
        let mut rules = Rules::default();
        rules.witness.peers = peers;
        let mut policy = policy();
        policy.wait.sure = Duration::from_secs(sure);
        let host = host();
        let known = known(&rules, Some(&policy), &facts, &host, (others, Duration::from_millis(500)));
        let saving = known.budget(ClusterId(0), true).most_off.unwrap();
        (saving.change, saving.hang_s)
    };
    // 300 s to 50 s, but for the question that the fence asks again; `-p 1` takes 240 off.
    assert_eq!(change(0, 30, 2), ("peers = 2 under [witness] in the settings".to_owned(), Some(240)));
    assert_eq!(change(1, 30, 2), ("peers = 2 under [witness] in the settings".to_owned(), Some(250)));
    assert_eq!(change(2, 0, 2), ("sure = \"30s\" under [wait] in the settings".to_owned(), Some(250)));
    // There are not so many, or they are asked already.
    assert_eq!(change(0, 30, 1).0, "-p 1 in the hook's ARGUMENTS");
    assert_ne!(change(2, 30, 2).0, "peers = 2 under [witness] in the settings");
}
