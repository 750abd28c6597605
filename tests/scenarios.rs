//! What is done in this case? A cloud and what happens to it go in, the transcript comes out.
//!
//! `scenarios/NAME.toml` tells the story in its comments, and says what is safe in lines that are checked
//! beside the transcript in `NAME.snap`, so that an updated transcript cannot hide a wrong outcome. Which shows which rule
//! stands in `scenarios/README.md`:
//!
//! ```text
//! # expect: partly            how the last run must end; "recovered then partly" for one word a run
//! # vm web: held              what must become of a VM, after the last run
//! # runs: web nowhere         where the machines must have it in the end: `nowhere`, `node2` or `elsewhere`
//! # says: onevm unlock        a text that the last transcript must have
//! # never says: -m again      and one that it must not have
//! # off: 0                    how often "off" was sent to its devices, in all runs
//! # incidents: 1              how many records of the host's failures there are in the end
//! # remembered: node1 closed 20h, node0 held 0h   every record of a failure in the end, with its age
//! # progress: held            how far the last of them says that it came
//! # stages: ERROR, off sent 5  what the last of them has of the stages of the failure, with seconds since the first
//! # once: HELD:               a text that no more than one line of the last transcript may have
//! # report: CONTRADICTION     a text that the report at its end must have, not only the timeline
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

use onerescue::cli::{play, play_tended};
use onerescue::model::Incident;
use onerescue::policy::record::stages::passed;
use onerescue::policy::{Fate, Outcome, Reply, Report, VmReport};
use onerescue::sim::{Job, Scenario, Seen, SimWorld, audit};
use onerescue::wire::record::Record;
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
    if scenario.job != Job::HostError {
        return check_tended(&mut scenario, &head, &expected, may_change);
    }
    let (mut all, mut broken, mut last) = (String::new(), Vec::new(), None);
    let mut sent = 0;
    for (run, word) in expected.iter().enumerate() {
        let (report, text) = play(&mut scenario);
        let (is, code) = outcome(&report.outcome);
        assert_eq!(report.outcome.exit_code(), code, "{is}");
        if is != *word {
            broken.push(format!("run {}: expected {word}, and it is {}", run + 1, report.outcome));
        }
        broken.extend(audit(&scenario.world, &scenario.policy, &report, &scenario.charged));
        sent += scenario.world.seen().iter().filter(|seen| matches!(seen, Seen::Off { .. })).count();
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
    for line in
        values("once").iter().filter(|part| text.lines().filter(|line| line.contains(**part)).count() > 1)
    {
        broken.push(format!("it says {line:?} more than once"));
    }
    // After the title and the timeline.
    let told = text.splitn(3, "\n\n").nth(2).unwrap_or_default();
    for line in values("report").iter().filter(|line| !told.contains(**line)) {
        broken.push(format!("its report does not say {line:?}"));
    }
    for line in values("never says").iter().filter(|line| text.contains(**line)) {
        broken.push(format!("it says {line:?}"));
    }
    let incidents = incidents(&scenario, &report);
    let progress =
        incidents.last().map_or_else(String::new, |last| format!("{:?}", last.progress).to_lowercase());
    let counts = [
        ("off", sent.to_string()),
        ("incidents", incidents.len().to_string()),
        ("progress", progress),
        ("remembered", remembered(&scenario)),
        ("stages", incidents.last().map(stages).unwrap_or_default()),
    ];
    for (key, is) in counts {
        for line in values(key).iter().filter(|line| **line != is) {
            broken.push(format!("{key}: expected {line}, and it is {is}"));
        }
    }
    fates(&head, &report.vms, &mut broken);
    whereabouts(&values("runs"), &scenario, &mut broken);
    (all.trim_end().to_owned(), broken)
}

/// The same for a hook on healthy hosts. `attribute node0 HA_QUARANTINE: NO` is what a host's template, and
/// `state node0: DISABLED` what a host's state must be in the end; `deeds: 0` how many calls changed something.
fn check_tended(
    scenario: &mut Scenario,
    head: &[&str],
    expected: &[&str],
    may_change: bool,
) -> (String, Vec<String>) {
    let (mut all, mut broken) = (String::new(), Vec::new());
    let (mut last, mut vms, mut deeds) = (String::new(), Vec::new(), 0);
    for (run, word) in expected.iter().enumerate() {
        let (account, text, rules) = play_tended(scenario);
        let account = account.unwrap();
        let (is, code) = outcome(&account.outcome);
        assert_eq!(account.outcome.exit_code(), code, "{is}");
        if is != *word {
            broken.push(format!("run {}: expected {word}, and it is {}", run + 1, account.outcome));
        }
        broken.extend(rules);
        let touched = scenario.world.tended().iter().filter(|tended| tended.deed.vm().is_some()).count();
        if run > 0 && !may_change && touched > 0 {
            broken.push(format!("S5: run {} changed {touched} VMs", run + 1));
        }
        deeds += scenario.world.tended().len();
        let _ = writeln!(all, "{text}");
        (last, vms) = (text, account.vms);
    }
    let values = |key: &str| -> Vec<&str> {
        head.iter().filter_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).collect()
    };
    for line in values("says").iter().filter(|line| !last.contains(**line)) {
        broken.push(format!("it does not say {line:?}"));
    }
    for line in values("never says").iter().filter(|line| last.contains(**line)) {
        broken.push(format!("it says {line:?}"));
    }
    for line in values("deeds").iter().filter(|line| **line != deeds.to_string()) {
        broken.push(format!("deeds: expected {line}, and it is {deeds}"));
    }
    for line in head.iter().filter_map(|line| line.strip_prefix("state ")) {
        let (name, state) = line.split_once(": ").unwrap();
        let cloud = scenario.world.transport().cloud();
        let is = scenario.hosts.get(name).and_then(|id| cloud.host_state(*id)).map(|is| is.to_string());
        if is.as_deref() != Some(state) {
            broken.push(format!("host {name}: expected {state}, and it is {is:?}"));
        }
    }
    for line in head.iter().filter_map(|line| line.strip_prefix("attribute ")) {
        let ((name, attribute), value) =
            line.split_once(": ").map(|(key, value)| (key.split_once(' ').unwrap(), value)).unwrap();
        let cloud = scenario.world.transport().cloud();
        let xml = match (scenario.hosts.get(name), scenario.vms.get(name)) {
            (Some(host), _) => cloud.host_xml(*host).unwrap(),
            (None, Some(vm)) => cloud.vm_xml(*vm).unwrap(),
            (None, None) => panic!("no such host or VM: {name}"),
        };
        if !xml.contains(&format!("<{attribute}><![CDATA[{value}")) {
            broken.push(format!("{name} has no {attribute} that begins with {value}"));
        }
    }
    fates(head, &vms, &mut broken);
    whereabouts(&values("runs"), scenario, &mut broken);
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
        Outcome::HandedOver(_) => ("handed over", 0),
        Outcome::Rehearsed(None) => ("dry run", 0),
        Outcome::Rehearsed(Some(stop)) => ("dry run", stop.exit_code()),
        Outcome::NotStarted(_) => ("not started", 4),
        Outcome::Partly => ("partly", 1),
        Outcome::Contradicted(_) => ("contradicted", 1),
        Outcome::NoCloud(_) => ("no cloud", 5),
        Outcome::NotFenced(_) => ("not fenced", 6),
        Outcome::Held(_) => ("held", 7),
    }
}

fn fates(head: &[&str], vms: &[VmReport], broken: &mut Vec<String>) {
    for line in head.iter().filter_map(|line| line.strip_prefix("vm ")) {
        let (name, word) = line.split_once(": ").unwrap();
        let vm = vms.iter().find(|vm| vm.name == name);
        let is = vm.map_or("not mentioned", |vm| match vm.fate {
            Fate::Recovered(_) => "recovered",
            Fate::NotReady(_) => "not ready",
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

/// Records of the failures of this host, oldest first.
fn incidents(scenario: &Scenario, report: &Report) -> Vec<Incident> {
    let records = scenario.world.transport().cloud().our_records();
    let of_host = |record| match record {
        Record::Incident(incident) if incident.host == report.host => Some(*incident),
        _ => None,
    };
    records.into_iter().filter_map(|(_, record)| of_host(record)).collect()
}

/// `heard last 0, run began 215, off sent 216`
fn stages(incident: &Incident) -> String {
    let told = passed(incident, None).into_iter().map(|one| format!("{} {}", one.stage, one.after_s));
    told.collect::<Vec<_>>().join(", ")
}

/// `node1 closed 20h, node0 held 0h`: every record of a failure, oldest document first.
fn remembered(scenario: &Scenario) -> String {
    let cloud = scenario.world.transport().cloud();
    let now = cloud.wall_clock();
    let records = cloud.our_records().into_iter().filter_map(|(_, record)| match record {
        Record::Incident(incident) => Some(incident),
        _ => None,
    });
    let said = records.map(|incident| {
        let progress = format!("{:?}", incident.progress).to_lowercase();
        format!("{} {progress} {}h", incident.name, now.since(incident.updated).as_secs() / 3600)
    });
    said.collect::<Vec<_>>().join(", ")
}

/// Where the machines really have a VM, whatever the report says.
fn whereabouts(lines: &[&str], scenario: &Scenario, broken: &mut Vec<String>) {
    let cloud = scenario.world.transport().cloud();
    for line in lines {
        let (name, place) = line.split_once(' ').unwrap();
        let id = scenario.vms.get(name).copied().unwrap();
        let hosts = cloud.domain_hosts(id);
        let right = match place {
            "nowhere" => hosts.is_empty(),
            "elsewhere" => hosts.len() == 1 && hosts != [scenario.subject.host],
            host => hosts == [scenario.hosts.get(host).copied().unwrap()],
        };
        if !right {
            broken.push(format!("vm {name} should run {place}, and runs on {hosts:?}"));
        }
    }
}

scenarios! {
    aborted_after_the_proof
    aborted_and_handed_over
    aborted_between_batches
    aborted_between_two_batches_of_one_survey
    aborted_while_fencing
    aborted_while_held
    aborted_while_off_is_written_down
    aborted_while_the_fence_retries
    aborted_while_waiting
    alive_and_failing_again
    alive_when_its_vms_have_moved
    alive_while_its_vms_move
    all_hosts_in_error
    another_run
    another_run_ends_first
    armed_again
    armed_and_handed_over
    back_and_an_election_while_they_go_back
    back_and_a_start_fails_on_it
    back_and_cannot_be_disabled
    back_and_fails_while_they_go_back
    back_and_gone_again
    back_and_handed_over
    back_and_handed_over_and_failback
    back_and_handed_over_and_fails
    back_and_handed_over_by_a_clock_behind
    back_and_handed_over_by_a_wrong_clock
    back_and_it_ran_and_a_person_has_looked
    back_and_it_ran_and_cannot_be_asked
    back_and_it_ran_and_its_libvirt_is_down
    back_and_it_ran_by_the_timer
    back_and_it_ran_while_its_vms_moved
    back_and_its_order_dies_twice
    back_and_its_order_dies_with_the_leader
    back_and_nothing_goes_back
    back_and_nothing_left
    back_and_one_to_go_back_runs_twice
    back_and_oned_away_while_they_go_back
    back_and_runs_on_another_host
    back_and_runs_on_a_peer
    back_and_one_to_go_back_runs_on_a_peer
    back_and_starts_what_it_left
    back_and_the_other_one_ends
    back_and_still_running_elsewhere
    back_and_takes_its_vms_back
    back_and_too_small_for_them
    back_beside_autostart
    back_beside_itself
    back_disabled_and_not_noted
    back_for_the_third_time
    back_from_a_quarantine_by_a_wrong_clock
    back_from_its_quarantine
    back_from_its_quarantine_by_the_timer
    back_from_its_quarantine_while_disarmed
    back_in_quarantine_and_a_person_decides
    back_in_quarantine_until_a_person
    back_on_a_rehearsal
    back_only_in_name
    back_while_a_run_ends
    back_while_the_fence_is_written_down
    back_while_the_fence_without_status_is_written_down
    back_while_the_incident_is_open
    back_while_the_power_goes
    back_while_waiting
    back_with_a_live_move_put_back
    being_recreated
    boot_fails
    boot_fails_on_a_dead_target
    boot_fails_on_a_disabled_target
    boot_fails_once
    boot_hangs
    by_hand_and_stopped_by_a_person
    by_hand_delete_and_killed
    by_hand_on_a_follower
    by_hand_waived_and_killed
    called_off_after_fence
    charged_to_a_wrong_host
    clock_ahead_and_fenced_before
    clock_ahead_and_handed_over
    clock_ahead_and_held_vms
    clock_ahead_and_its_front_end_dies
    clock_behind_and_handed_over
    clock_behind_and_its_front_end_dies
    clock_jumps_back_in_a_window
    clock_jumps_forward_in_a_window
    clock_jumps_forward_while_flapping
    clock_jumps_in_a_hold
    clock_jumps_in_the_wait
    clock_jumps_over_a_confirmation
    clock_jumps_while_proving
    cluster_not_protected
    cluster_waiting
    confirm_off
    confirm_off_and_alive
    confirm_off_and_alive_between_batches
    confirm_off_and_back
    confirm_off_and_on
    confirm_off_and_stays_on
    confirm_off_expired
    confirm_off_in_a_storm
    confirm_off_of_another_incident
    confirm_off_once
    confirm_off_once_more
    confirm_off_while_the_fence_retries
    confirm_off_widened
    confirmed_off_and_on_since
    consul_critical_and_fenced
    consul_critical_is_no_proof
    consul_lags
    consul_passing
    consul_without_leader
    consul_without_leader_and_quorum
    contradiction
    contradiction_in_the_report
    contradiction_resolved
    contradiction_until_the_plug_is_pulled
    controller_returns_in_the_hold
    deadline_after_oned_was_away
    delete
    delete_forced
    delete_locked
    delete_lost_reply
    deleted_and_handed_over
    deleted_while_held
    deleted_while_its_vms_boot
    deleted_while_waiting
    device_comes_back
    device_dead
    device_dies_with_host
    device_flaps
    device_ignores
    device_late_success
    device_lies
    device_lies_beside_an_honest_one
    device_rejects
    device_slow
    device_unreadable
    disable_in_an_election
    disable_lost_reply
    disable_lost_request
    disable_not_sent
    disable_refused
    disabled_after_fence
    disabled_before_death
    disabled_between_batches
    disabled_during_fence
    disabled_while_held
    disabled_while_waiting
    disarmed
    disarmed_after_the_proof
    disarmed_and_back
    disarmed_between_batches
    disarmed_between_offs
    disarmed_cluster
    disarmed_in_the_future
    disarmed_other_cluster
    disarmed_twice
    disarmed_while_oned_was_away
    document_damaged
    document_damaged_and_deleted
    document_newer
    domain_on_a_peer_recreate
    domain_on_a_peer_without_libvirt
    documents_made_wide
    down_after_a_good_while
    down_and_never_ready
    down_and_ready
    down_before_it_is_ready
    down_and_a_person_powers_it_off
    down_and_another_has_just_returned
    down_and_back_by_itself
    down_and_disarmed
    down_and_does_not_boot_there
    down_and_excluded
    down_and_its_host_cannot_be_asked
    down_and_its_host_is_init
    down_and_its_libvirt_is_down
    down_and_locked
    down_and_not_counted
    down_and_nowhere_to_go
    down_and_oned_away_before_it_starts_elsewhere
    down_and_opted_out
    down_and_runs_elsewhere
    down_and_runs_on_a_peer
    down_and_starts_again
    down_and_the_answer_is_lost
    down_and_the_count_is_lost
    down_and_unknown
    down_begun_and_its_driver_hangs
    down_beside_a_dead_host
    down_beside_a_disabled_host
    down_by_a_person
    down_first_of_a_crowd
    down_in_a_crash_loop
    down_in_a_crash_loop_of_a_wrong_clock
    down_in_a_crowd
    down_in_a_crowd_and_its_host_fails
    down_in_a_crowd_longer_than_reset
    down_in_a_crowd_of_storage
    down_in_a_crowd_that_lasts
    down_in_an_election

    down_moved_and_its_new_host_dies
    down_on_a_rehearsal
    down_until_it_runs_nowhere_else
    down_while_an_incident_is_open
    down_while_an_incident_is_open_and_that_ends
    down_with_its_host
    driver_hangs
    dry_run_all_in_error
    dry_run_dead
    dry_run_device_dead
    dry_run_healthy
    dry_run_no_cloud
    dry_run_no_device
    dry_run_probe_failed
    earlier_runs_count
    dump_and_a_person_ends_it
    dump_and_another_run
    dump_and_a_person_disables_it
    dump_and_the_host_boots
    dump_is_saved_and_then_fenced
    dump_of_a_host_that_is_off
    dump_takes_too_long
    dump_that_nobody_asks_for
    dump_that_there_is_none
    election_at_an_order
    elected_before_the_order
    election_at_the_lock
    election_at_the_record
    election_in_the_fence
    emptied_and_dead
    enabled_after_fence
    enabled_between_batches
    enabled_while_waiting
    evacuated
    evacuated_a_host_that_is_dead
    evacuated_all_or_nothing
    evacuated_and_a_live_move_fails
    evacuated_and_a_live_move_hangs
    evacuated_and_a_target_refuses
    evacuated_and_aborted
    evacuated_and_cut_off_before_the_order
    evacuated_and_enabled_by_a_person
    evacuated_and_kept_apart
    evacuated_and_killed
    evacuated_and_killed_and_the_host_dies
    evacuated_and_killed_and_aborted
    evacuated_and_killed_before_the_order
    evacuated_and_killed_inside_the_order
    evacuated_and_reconciled
    evacuated_and_reconciled_too_late
    evacuated_and_the_host_dies
    evacuated_beside_another_run
    evacuated_from_a_follower
    evacuated_on_a_rehearsal
    evacuated_once_more
    evacuated_while_disarmed
    evacuated_while_its_failure_is_worked_on
    evacuated_with_a_lost_reply
    evacuated_with_a_lost_request
    evacuated_with_all
    event_before_commit
    event_lost
    every_target_refuses
    every_target_starts_nothing
    every_target_starts_nothing_until_mended
    exit_code_accepted
    exit_code_accepted_refuses
    exit_code_only
    failed_again_while_it_is_looked_after
    failed_again_while_reconcile_looks_after_it
    failed_again_while_vms_go_back
    failed_vm_is_retried_slowly
    fell_after_an_attempt
    fell_and_by_setting_not
    fell_and_does_not_start
    fell_and_its_transfer_and_start_fail_once
    fell_and_its_target_is_offline
    fell_and_killed_before_its_start
    fell_and_not_started_is_tried_again
    fell_and_switched_off_by_a_person
    fell_before_the_error
    fell_beside_what_ran
    fell_in_order
    fell_long_ago_and_held_by_vm_down
    fell_on_ceph
    fell_recreated
    fell_with_force
    fenced_long_window
    fenced_long_window_for_the_night
    fenced_short_window
    first_boot_fails
    first_level_flaps
    first_level_ignores
    first_level_late_success
    first_level_rejects
    first_level_slow
    first_level_unreadable
    first_start_fails
    first_vm_is_never_sent
    flapping_host
    flaps_and_a_person_goes_on
    flaps_thrice
    follower_that_need_not_lead
    forged_confirmed_off
    forged_everything
    forged_options
    forty_vms
    four_targets_and_a_bad_one
    from_a_peer
    from_another_peer
    front_end_cut_with_peers
    front_end_is_the_host
    front_end_is_the_host_and_a_dry_run
    front_end_is_the_host_and_no_fence
    garbage_at_the_first_look
    garbage_for_ever
    garbage_reads
    garbage_to_a_migration
    gateways_silent
    gpu
    gpu_in_another_cluster
    gpu_taken
    handed_over_and_back
    handed_over_hold
    handed_over_wait
    hang
    held_vm_and_a_late_record
    held_vm_and_a_late_record_at_work
    held_vm_and_a_person_runs_it_again
    held_vm_and_another_run
    held_vm_and_another_run_at_work
    held_vm_and_delete
    held_vm_and_delete_by_hook
    held_vm_and_disarmed_meanwhile
    held_vm_and_host_back
    held_vm_and_host_on_again
    held_vm_ended_before_the_look
    held_vm_ended_by_a_person
    held_vm_finds_room
    held_vm_is_recreated
    held_vm_killed_at_work_and_on_again
    held_vm_not_looked_at_again
    held_vm_of_a_second_failure
    in_backup
    in_failure
    in_failure_left
    in_failure_migrate
    in_failure_recovered
    in_transition
    killed_after_a_recreate_and_back
    killed_after_disable
    killed_after_disable_and_repaired
    killed_after_off
    killed_after_the_proof_and_disabled
    killed_after_the_proof_and_on_again
    killed_after_the_proof_and_worked_on
    killed_and_disabled_by_a_person
    killed_and_gone_on_with_after_a_boot
    killed_and_gone_on_with_on_a_clone
    killed_and_its_front_end_follows
    killed_before_allocate
    killed_before_it_wrote_itself_down
    killed_between_allocate_and_lock
    killed_in_a_batch
    killed_in_the_lock
    killed_in_the_record_of_the_fence
    killed_in_the_wait
    killed_when_all_is_written
    killed_with_all_on_their_way
    killed_with_all_recovered_and_on_again
    killed_with_its_front_end
    killed_with_some_recovered
    large_first
    late_after_refusal
    late_call_after_another_host
    later_runs_do_not_count
    lead_lost_after_off
    lead_lost_in_the_wait
    lead_lost_while_held
    lead_lost_with_vms_on_their_way
    leader_changed_and_the_host_is_off
    leader_changed_and_the_host_lives
    leader_changed_and_the_host_returns
    leader_changed_without_fencing
    leader_dies
    leader_dies_in_the_wait
    live_move_put_back
    live_move_put_back_recreate
    local_disks
    lock_file_held_by_a_run
    lock_file_held_by_a_run_that_is_silent
    lock_file_held_by_a_stranger
    lock_file_held_by_reconcile
    lock_late
    lock_late_after_it_was_stopped
    lock_late_after_the_next
    lock_late_in_the_run
    lock_lost
    lock_lost_on_its_way
    lock_lost_while_taking_over
    locked
    locked_while_running
    migrate_forwarded_late
    migrate_late
    migrate_lost_for_ever
    migrate_lost_reply
    migrate_lost_request
    migrate_never_sent
    migrate_not_sent
    migrate_slow
    migrating_away
    migrating_in
    moved_by_a_person
    network_cut
    never_seen_on
    never_seen_on_next_level
    never_sent_and_held
    never_the_leader
    no_device
    no_gain_all_held
    no_gain_by_hand
    no_gain_by_hand_without_fence
    no_gain_dry_run
    no_gain_no_room_yet
    no_gain_oned_silent
    no_gain_oned_slow
    no_gain_still_running
    no_gain_until_unlocked
    no_leader_for_a_moment
    no_level_is_left
    no_peer_reaches_it
    no_quorum
    no_room
    no_shared_datastore_in_cluster
    no_vms
    no_vms_and_fenced
    nobody_else_for_a_while
    not_fenced_with_r
    not_sent_and_fenced_again
    not_sent_and_power_returns
    not_the_leader
    off_is_read_after_a_slow_oned
    off_is_read_last_where_oned_is_slow
    off_again_after_oned_was_away
    off_anyway_and_a_young_leader
    off_anyway_and_not_sent
    off_anyway_and_refused
    off_anyway_and_restarted
    off_anyway_of_one_that_is_off
    off_anyway_of_one_that_runs
    off_by_a_person_while_oned_is_slow
    off_could_not_be_sent
    off_could_not_be_sent_and_the_next_level
    off_sent_and_back
    off_unasked_of_one_that_runs
    offline_between_batches
    offline_by_an_operator_meanwhile
    offline_while_held
    offline_while_waiting
    oldest_opennebula
    on_again_and_disarmed_between_batches
    on_again_and_monitored
    on_again_and_not_fenced_again
    on_again_beside_the_orders
    on_again_between_batches
    on_again_is_not_off
    on_again_too_often
    one_gateway_answers
    one_liar_holds
    one_liar_of_two
    one_of_two
    one_unreadable_vm
    oned_always_slow
    oned_away_30s
    oned_away_after_the_proof
    oned_away_and_the_host_is_on_again
    oned_away_before_the_fence
    oned_away_between_batches
    oned_away_for_ever
    oned_away_in_a_hold
    oned_away_while_vms_move
    oned_dies_after_fence
    oned_has_just_started
    oned_has_just_started_and_back
    only_host
    opennebula_6_10
    peer_alive_then_dead
    peers_agree
    peers_of_the_cluster_only
    plan_affined_at_rest
    plan_affined_elsewhere
    plan_affined_soft
    plan_affined_soft_layer
    plan_affined_together
    peer_dies_beside_the_orders
    plan_after
    plan_after_circle
    plan_after_deleted
    plan_after_elsewhere
    plan_after_late
    plan_after_late_held
    plan_after_named
    plan_after_one_never
    plan_cluster_policy
    plan_cpu_models
    plan_cpu_short
    plan_datastore_disabled
    plan_disk_on_ssh
    plan_drivers
    plan_excluded
    plan_group_apart
    plan_group_contradicts
    plan_group_hosts
    plan_hugepages
    plan_image_datastore
    plan_layer
    plan_layer_recreate
    plan_layer_soft
    plan_networks
    plan_new_lvm
    plan_no_driver
    plan_not_where_vms_run_twice
    plan_numa
    plan_old_lvm
    plan_own_cluster_first
    plan_owners_may_no_more
    plan_owners_may_not
    plan_owners_may_recreate
    plan_pci_kinds
    plan_pci_profile
    plan_policies
    plan_priority_is_inherited
    plan_priority_short
    plan_priority_unknown
    plan_priority_waits
    plan_recreate_not_asked
    plan_replica
    plan_replica_held
    plan_requirements
    plan_requirements_flag_cleared
    plan_requirements_scheduler
    plan_requirements_scheduler_not
    plan_requirements_scheduler_stops
    plan_returned_by_its_word
    plan_returned_last
    plan_role_apart
    plan_rest_of_a_set
    plan_room_is_kept
    plan_service
    plan_service_circle
    plan_service_held
    plan_service_none
    plan_service_recreated
    plan_service_unknown
    plan_standby_dies
    plan_standby_first
    plan_standby_last
    plan_standby_only
    plan_standby_refuses
    plan_stopped_drivers
    plan_storage_drivers
    plan_storage_drivers_old
    plan_tpm
    plan_tpm_lost
    plan_uefi
    plan_uefi_lost
    power_loss
    power_returns
    power_returns_fenced_again
    power_returns_in_a_long_round
    probe_failed
    probe_failed_and_fence
    probe_failed_then_died
    probe_unparsable
    proceed_and_a_witness
    proceed_and_disarmed
    proceed_and_document_damaged
    proceed_and_handed_over
    proceed_and_no_other_host
    proceed_and_not_protected
    proceed_and_this_machine
    proceed_and_waiting
    proceed_beside_windows_and_gateways
    proceed_expired
    proceed_forged
    proceed_in_a_storm
    proceed_once
    proceed_under_a_young_leader
    quorum_needs_more_hosts
    quorum_of_silent_peers
    ready_agent
    ready_agent_of_before
    ready_context
    ready_exec
    ready_flaps
    ready_killed
    ready_never
    ready_not_allowed
    ready_reconciled
    ready_service
    ready_stale
    ready_tcp
    ready_tcp_elsewhere
    rebooted_and_fenced_again
    rebooted_and_left
    record_fails_after_the_proof
    record_exists_and_cannot_be_written
    record_forwarded_late
    record_late
    record_late_after_the_end
    record_late_and_aborted
    record_late_and_confirm_off
    record_late_over_a_closed_one
    record_late_over_a_held_one
    record_late_over_a_waiting_one
    record_locked_by_a_person
    record_lost_reply
    record_lost_request
    record_mended_and_counts
    record_never_sent
    record_not_sent_for_a_while
    record_of_the_fence_lost_reply
    record_of_the_fence_refused
    record_refused
    record_refused_by_the_database
    record_refused_for_ever
    records_are_forgotten
    recheck_is_slow
    recreate
    recreate_boot_fails_once
    recreate_forgotten_by_a_dead_leader
    recreate_held_by_a_person
    recreate_in_an_election
    recreate_in_backup
    recreate_late
    recreate_local_disks
    recreate_locked
    recreate_lost_reply
    recreate_lost_request
    recreate_no_room
    recreate_scheduler_slow
    recreate_second_run
    recreate_still_running
    recreate_stopped
    recreate_stopped_forced_old
    recreate_stuck
    renamed_after_fence
    renamed_between_batches
    renamed_while_waiting
    restored
    restored_and_aborted
    restored_and_killed
    restored_and_not_heard
    restored_and_the_host_dies
    restored_on_a_rehearsal
    restored_while_disarmed
    restored_without_an_evacuation
    resume_after_no_cloud
    retry_lost
    retry_not_sent
    retry_refused
    returned_host_is_disabled
    room_in_another_cluster
    saving_away
    scheduler_and_boot_fails
    scheduler_and_gpu
    scheduler_and_host_on_again
    scheduler_and_layer
    scheduler_and_oned_away
    scheduler_called_off
    scheduler_flag_cleared
    scheduler_flag_cleared_again
    scheduler_flag_set_again
    scheduler_locked_meanwhile
    scheduler_moves
    scheduler_stops
    scheduler_unknown_comes_late
    second_level
    second_level_waits_for_an_outlet
    second_run
    second_run_after_boot_failure
    second_run_after_disable
    second_run_after_unlock
    second_run_by_hand_and_nothing_mended
    second_run_while_a_vm_hangs
    second_run_while_a_vm_hangs_and_one_is_locked
    seen_on_in_the_future
    seen_on_long_ago
    seen_on_long_ago_recreate
    sharing_unclear
    sharing_unknown
    silent_peers_without_quorum
    somebody_elses_start_hangs
    stages_and_killed
    stages_of_a_recovery
    stale_after_a_migration
    stale_after_the_lock
    stale_event
    stopped_and_its_write_lands_before_the_next_run
    stopped_and_its_write_lands_in_the_next_run
    stopped_by_a_crash
    stopped_by_a_person_after_off
    stopped_by_a_person_and_a_new_failure
    stopped_by_a_person_and_the_event_again
    stopped_by_a_person_wishes_taken_back
    stopped_in_an_election
    stopped_vm_on_ceph
    stopped_vms
    stopped_vms_forced
    storage_level
    storm_by_count
    storm_in_another_cluster
    storm_in_the_cluster
    storm_passes
    storm_percent
    storm_with_one_not_proven
    storm_without_the_fenced
    strange_names
    switched_on_when_its_vms_have_moved
    taken_over_between_batches
    target_alone_and_one_bad_vm
    target_deleted
    target_dies
    target_dies_after_it_was_read_back
    target_dies_unseen
    target_disabled
    target_fails_later
    target_fails_once
    target_first_and_no_wait
    target_hangs
    target_offline
    target_offline_before_the_call
    target_out_and_runs_again
    target_refuses
    target_starts_nothing
    target_starts_nothing_and_killed
    target_starts_nothing_and_priorities
    targets_are_slow
    target_out_for_one_owner
    tenants_after
    tenants_host_words
    tenants_layer
    tenants_layer_admin
    tenants_layer_team
    tenants_layer_together
    tenants_layer_users
    tenants_scope_all
    tenants_scope_owner
    terminated_meanwhile
    terminated_on_its_way
    torn_and_reconciled
    torn_at_work
    torn_by_a_dead_leader
    torn_by_a_restart
    total_outage
    transfer_fails
    transfer_fails_twice
    two_devices
    two_feeds
    two_feeds_back_between
    two_feeds_fenced_again
    two_feeds_one_returns
    two_feeds_one_stuck
    two_gpus_one_left
    two_hosts_die
    unknown_comes_late
    unlock_lost_elsewhere
    unlocked_meanwhile
    unreadable_host_dies
    unreadable_hosts
    uuid_turned_and_met
    uuid_turned_and_never_met
    uuid_turned_otherwise
    vms_changed_after_the_proof
    vms_changed_between_batches
    vms_changed_while_waiting
    wait_and_it_is_switched_on_again
    wait_and_its_device_flaps
    wait_and_its_device_is_mute
    wait_and_its_device_was_never_seen_on
    wait_and_off_anyway
    wait_and_one_of_two_feeds
    wait_and_one_peer_gets_an_answer
    wait_by_the_timer_and_a_peer_gets_an_answer
    wait_over_and_held
    wait_over_and_it_is_switched_on_again
    wait_over_and_killed
    wait_over_by_its_device
    wait_over_by_its_device_and_two_peers
    wait_over_by_the_timer
    wait_over_by_the_timer_and_two_silent_peers
    wait_over_by_two_silent_peers
    wait_over_by_two_silent_peers_and_not_by_setting
    wait_over_not_by_one_silent_peer
    wait_without_a_fence
    waived
    waived_and_back
    waived_and_back_in_a_long_round
    waived_host_alive
    watch_alive_elsewhere
    watch_disarmed
    watch_first_call_late
    watch_gateways_silent
    watch_hang
    watch_hang_and_nobody_to_ask
    watch_heard_since_and_a_person
    watch_hook_at_work
    watch_itself
    watch_killed_before_and_a_person
    watch_killed_between
    watch_killed_between_and_elsewhere
    watch_killed_between_and_reconciled
    watch_killed_between_and_well
    watch_leader_changes_between
    watch_lost_packets
    watch_lost_reply
    watch_not_again
    watch_not_the_leader
    watch_note_not_written
    watch_offline_by_a_person
    watch_offline_by_a_person_meanwhile
    watch_one_after_the_other
    watch_power_lost
    watch_slow_banner
    watch_sshd_restarted
    watch_sshd_stopped
    watch_storm
    wrong_password
    zombie_before_a_retry
    zombie_before_it_is_led_on
    zombie_delete
    zombie_in_quarantine
    zombie_of_an_old_report
    zombie_on_another_host
    zombie_recreate
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

#[test]
fn the_table_of_rules_names_scenarios_that_there_are() {
    let text = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_suffix(" |"));
    // All but what a row is about.
    let cells = rows.flat_map(|row| row.split(" | ").skip(1)).filter(|cell| cell.starts_with('`'));
    let named: Vec<&str> = cells.flat_map(str::split_whitespace).map(|name| name.trim_matches('`')).collect();
    assert!(named.len() > 50, "{named:?}");
    assert!(named.iter().all(|name| NAMES.contains(name)), "{named:?}");
}
