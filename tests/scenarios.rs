//! What is done in this case? A cloud and what happens to it go in, the transcript comes out.
//!
//! `scenarios/NAME.toml` tells the story in its comments, and says what is safe in lines that are checked
//! beside the transcript in `NAME.snap`, so that an updated transcript cannot hide a wrong outcome:
//!
//! ```text
//! # expect: partly            how the last run must end; "recovered then partly" for one word a run
//! # vm web: held              what must become of a VM, after the last run
//! # runs: web nowhere         where the machines must have it in the end: `nowhere`, `node2` or `elsewhere`
//! # says: onevm unlock        a text that the last transcript must have
//! # never says: -m again      and one that it must not have
//! # again: changes            a later run may change VMs; without this line it may not
//! ```
//!
//! `INSTA_UPDATE=always cargo test --test scenarios` writes the transcripts again; read the difference.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a helper fails its test by panicking"
)]

use onerescue::cli::play;
use onerescue::policy::{Fate, Outcome, Reply, Report};
use onerescue::sim::{Scenario, Seen, SimWorld, audit};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

macro_rules! scenarios {
    ($($name:ident)+) => {
        const NAMES: &[&str] = &[$(stringify!($name)),+];
        $(#[test]
        fn $name() {
            let (text, broken) = check(stringify!($name));
            assert!(broken.is_empty(), "the outcome is wrong:\n{}\n\n{text}", broken.join("\n"));
            insta::with_settings!({
                snapshot_path => "scenarios",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, { insta::assert_snapshot!(stringify!($name), text) });
        })+
    };
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Play a scenario; its transcript, and everything that is not as its first lines say.
fn check(name: &str) -> (String, Vec<String>) {
    let file = std::fs::read_to_string(folder().join(format!("{name}.toml"))).unwrap();
    let head: Vec<&str> = file.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let values = |key: &str| -> Vec<&str> {
        head.iter().filter_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).collect()
    };
    let mut scenario = Scenario::parse(&file).unwrap();
    let expected: Vec<&str> = match values("expect").as_slice() {
        [one] => one.split(" then ").collect(),
        _ => panic!("{name}.toml must have one line that begins with `# expect: `"),
    };
    assert_eq!(expected.len(), scenario.runs as usize, "one expected outcome for each run");
    let may_change = values("again").contains(&"changes");
    let (mut all, mut broken, mut last) = (String::new(), Vec::new(), None);
    for (run, word) in expected.iter().enumerate() {
        let (report, text) = play(&mut scenario);
        let (is, code) = outcome(&report.outcome);
        assert_eq!(report.outcome.exit_code(), code, "{is}");
        if is != *word {
            broken.push(format!("run {}: expected {word}, and it is {}", run + 1, report.outcome));
        }
        broken.extend(audit(&scenario.world, &scenario.policy, &report, &scenario.charged));
        let changes = changes(&scenario.world);
        if run > 0 && !may_change && !changes.is_empty() {
            broken.push(format!("S5: run {} changed something: {changes:?}", run + 1));
        }
        let _ = writeln!(all, "{text}");
        last = Some((report, text));
    }
    let (report, text) = last.unwrap();
    for line in values("says").iter().filter(|line| !text.contains(**line)) {
        broken.push(format!("it does not say {line:?}"));
    }
    for line in values("never says").iter().filter(|line| text.contains(**line)) {
        broken.push(format!("it says {line:?}"));
    }
    fates(&head, &report, &mut broken);
    whereabouts(&values("runs"), &scenario, &report, &mut broken);
    (all.trim_end().to_owned(), broken)
}

/// Orders of the present run that oned accepted.
fn changes(world: &SimWorld) -> Vec<String> {
    let accepted = |seen: &Seen| match seen {
        Seen::Order { order, reply: Reply::Accepted, .. } => Some(format!("{order:?}")),
        _ => None,
    };
    world.seen().iter().filter_map(accepted).collect()
}

/// The word for an outcome, and the exit code that the README promises for it.
fn outcome(outcome: &Outcome) -> (&'static str, u8) {
    match outcome {
        Outcome::Recovered => ("recovered", 0),
        Outcome::Fenced => ("fenced", 0),
        Outcome::NothingToDo(_) => ("nothing to do", 0),
        Outcome::Rehearsed(None) => ("dry run", 0),
        Outcome::Rehearsed(Some(stop)) => ("dry run", stop.exit_code()),
        Outcome::NotStarted(_) => ("not started", 4),
        Outcome::Partly => ("partly", 1),
        Outcome::NoCloud(_) => ("no cloud", 5),
        Outcome::NotFenced(_) => ("not fenced", 6),
        Outcome::Held(_) => ("held", 7),
    }
}

fn fates(head: &[&str], report: &Report, broken: &mut Vec<String>) {
    for line in head.iter().filter_map(|line| line.strip_prefix("vm ")) {
        let (name, word) = line.split_once(": ").unwrap();
        let vm = report.vms.iter().find(|vm| vm.name == name);
        let is = vm.map_or("not mentioned", |vm| match vm.fate {
            Fate::Recovered(_) => "recovered",
            Fate::Planned(_) => "planned",
            Fate::Left(_) => "left",
            Fate::Held(_) => "held",
            Fate::Failed(_) => "failed",
        });
        if is != word {
            broken.push(format!("vm {name}: expected {word}, and it is {is}"));
        }
    }
}

/// Where the machines really have a VM, whatever the report says.
fn whereabouts(lines: &[&str], scenario: &Scenario, report: &Report, broken: &mut Vec<String>) {
    let cloud = scenario.world.transport().cloud();
    for line in lines {
        let (name, place) = line.split_once(' ').unwrap();
        let id = scenario.vms.get(name).copied().unwrap();
        let hosts = cloud.domain_hosts(id);
        let right = match place {
            "nowhere" => hosts.is_empty(),
            "elsewhere" => hosts.len() == 1 && hosts != [report.host],
            host => hosts == [scenario.hosts.get(host).copied().unwrap()],
        };
        if !right {
            broken.push(format!("vm {name} should run {place}, and runs on {hosts:?}"));
        }
    }
}

scenarios! {
    power_loss network_cut hang stale_event back_while_waiting back_during_fence flapping_host
    disabled_while_waiting offline_while_waiting disabled_during_fence enabled_while_waiting
    deleted_while_waiting renamed_while_waiting no_vms another_run unknown_comes_late dry_run_healthy
    dry_run_no_device dry_run_dead all_hosts_in_error only_host probe_failed probe_failed_and_fence
    no_device device_dead device_dies_with_host device_ignores device_rejects device_slow
    device_late_success device_unreadable device_flaps device_lies_beside_an_honest_one device_lies
    exit_code_only exit_code_accepted exit_code_accepted_refuses two_devices two_feeds two_feeds_one_stuck
    power_returns disabled_after_fence waived waived_and_back stopped_vms stopped_vms_forced
    stopped_vm_on_ceph stopped_by_a_crash locked locked_while_running terminated_meanwhile
    terminated_on_its_way moved_by_a_person in_backup in_transition first_start_fails first_boot_fails
    driver_hangs in_failure migrating_in local_disks sharing_unknown sharing_unclear gpu gpu_taken
    gpu_in_another_cluster two_gpus_one_left no_room large_first room_in_another_cluster target_refuses
    every_target_refuses target_offline target_disabled target_dies boot_fails_once boot_fails
    transfer_fails boot_hangs forty_vms second_run second_run_after_unlock recreate recreate_stuck
    recreate_still_running recreate_local_disks recreate_stopped recreate_stopped_forced_old
    recreate_no_room recreate_lost_reply recreate_lost_request recreate_second_run being_recreated delete
    delete_forced delete_locked oned_away_30s oned_away_while_vms_move oned_away_for_ever
    oned_dies_after_fence wrong_password garbage_reads garbage_for_ever garbage_to_a_migration
    migrate_lost_reply migrate_lost_request migrate_lost_for_ever migrate_late migrate_slow migrate_not_sent
    migrate_never_sent leader_dies leader_dies_in_the_wait no_quorum oldest_opennebula opennebula_6_10
    two_hosts_die probe_unparsable resume_after_no_cloud recreate_late recreate_boot_fails_once retry_lost
    delete_lost_reply no_shared_datastore_in_cluster strange_names waived_host_alive
    four_targets_and_a_bad_one unlocked_meanwhile late_call_after_another_host disable_refused
    no_leader_for_a_moment device_comes_back retry_refused garbage_at_the_first_look recreate_locked
    dry_run_no_cloud migrating_away saving_away second_run_after_disable second_run_after_boot_failure
    not_fenced_with_r called_off_after_fence two_feeds_one_returns disabled_before_death
    probe_failed_then_died returned_host_is_disabled rebooted_and_left back_while_the_power_goes
    enabled_after_fence off_sent_and_back recreate_in_backup power_returns_in_a_long_round
    deadline_after_oned_was_away disable_lost_reply disable_not_sent retry_not_sent dry_run_probe_failed
    dry_run_all_in_error live_move_put_back live_move_put_back_recreate two_feeds_back_between
    late_after_refusal event_before_commit offline_by_an_operator_meanwhile somebody_elses_start_hangs
    waived_and_back_in_a_long_round not_sent_and_power_returns
    dry_run_device_dead
}

#[test]
fn every_file_has_its_test_and_every_test_its_file() {
    let tests: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let transcripts: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let files = |suffix: &str| -> BTreeSet<String> {
        let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter_map(|name| Some(name.to_str()?.strip_suffix(suffix)?.to_owned())).collect()
    };
    let odd = |one: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<String> {
        one.symmetric_difference(other).cloned().collect()
    };
    assert_eq!(
        odd(&files(".toml"), &tests),
        Vec::<String>::new(),
        "a scenario without a test, or the reverse"
    );
    assert_eq!(odd(&files(".snap"), &transcripts), Vec::<String>::new(), "a transcript of nothing, or none");
}
