//! The same for the proof: what must be known before a VM is touched.

use super::judging::{BEFORE_OFF, MOVE, PEERS, expect, lawful};
use super::rehearsal::zone;
use super::*;
use onerescue::policy::{Control, Mode, Policy};
use onerescue::sim::Event;

#[test]
fn a_proof_is_of_one_level_and_all_of_it() {
    let devices = |second: u32| {
        format!(
            "devices = [{{ name = \"bmc\", behaviour = \"dead\" }}, {{ name = \"a\", level = 2 }}, {{ name = \"b\", level = {second} }}]"
        )
    };
    let script = |last: &str| {
        format!(
            "outlook, note fencing, look, off a, power a, power a, power a, {last}, survey, power a, power b, order"
        )
    };
    let both = script("power b, power b, power b");
    expect("both of level 2", &mut zone("dies node0 hang", &devices(2)), &both, &[]);
    let one = script("power b");
    expect("one of level 2", &mut zone("dies node0 hang", &devices(2)), &one, &["without a proof"]);
    expect("level 2 alone", &mut zone("dies node0 hang", &devices(3)), &one, &[]);
    let stale =
        "outlook, note fencing, look, off a, power a, power a, power a, survey, wait 11, power b, order";
    expect("another level's look", &mut zone("dies node0 hang", &devices(3)), stale, &["fresh look"]);
}

#[test]
fn off_may_be_as_old_as_the_settings_say_when_an_order_is_sent() {
    let before = "outlook, look, power bmc, power bmc, power bmc, survey";
    for (recheck, wait, texts) in
        [("10s", 9, [].as_slice()), ("10s", 11, &["fresh look"]), ("0s", 0, &["fresh look"])]
    {
        let settings = format!("settings = \"[fence]\\nrecheck = \\\"{recheck}\\\"\"");
        let script = format!("{before}, wait {wait}, order");
        expect(recheck, &mut zone("dies node0 power_loss", &settings), &script, texts);
    }
}

#[test]
fn a_device_that_was_never_seen_on_proves_nothing() {
    let devices = |seen: &str| format!("{PEERS}\ndevices = [{{ name = \"bmc\", seen_on = \"{seen}\" }}]");
    let unproven = ["without a proof"];
    expect("never", &mut zone("dies node0 hang", &devices("never")), &lawful(), &unproven);
    expect("long ago", &mut zone("dies node0 hang", &devices("40d")), &lawful(), &[]);
    let mut recreate = zone("dies node0 hang", &devices("40d"));
    recreate.policy = Policy { mode: Mode::Recreate, ..recreate.policy };
    expect("long ago with -r", &mut recreate, &lawful(), &["without a proof", "S4"]);
    let mut waived = zone("dies node0 hang", &devices("never"));
    waived.policy.fence.seen_on = Control::Waived;
    expect("waived", &mut waived, &lawful(), &[]);
}

#[test]
fn a_storage_proof_is_for_vms_whose_disks_are_all_there() {
    let devices = |datastores: &str| {
        format!(
            "{PEERS}\ndevices = [{{ name = \"bmc\", scope = \"datastores\", datastores = {datastores} }}]"
        )
    };
    let all = devices("[\"system\", \"default\"]");
    expect("all inside", &mut zone("dies node0 hang", &all), &lawful(), &[]);
    let some = devices("[\"system\"]");
    let mut outside = zone("dies node0 hang", &some);
    expect("one outside", &mut outside, &lawful(), &["with a disk that the host may still write"]);
    let mut alive = zone("dies node0 network_cut", &all);
    let answers_again =
        format!("{BEFORE_OFF}, off bmc, power bmc, power bmc, power bmc, survey, power bmc, order");
    expect("it may well answer", &mut alive, &answers_again, &[]);
}

#[test]
fn no_order_while_witnesses_go_on_to_say_alive() {
    let consul = |words: &str| {
        format!("settings = \"[witness.consul]\\nurl = 'http://localhost:8500'\"\nconsul = \"{words}\"")
    };
    let run = |wait: u32| format!("outlook, look, power bmc, power bmc, power bmc, wait {wait}, ask, {MOVE}");
    let dies = "dies node0 hang";
    let with_off = |wait: u32| {
        format!(
            "outlook, ask, note fencing, look, off bmc, power bmc, power bmc, power bmc, wait {wait}, ask, {MOVE}"
        )
    };
    expect("dead before", &mut zone(dies, &consul("lagging 15s")), &with_off(1), &[]);
    let late = zone("dies node0 power_loss", &consul("lagging 4h"));
    expect("alive after", &mut { late }, &run(30), &["while witnesses said alive"]);
    expect(
        "liar",
        &mut zone("dies node0 power_loss", &consul("lies_alive")),
        &run(30),
        &["while witnesses said alive"],
    );
    let unasked = format!("outlook, look, power bmc, power bmc, power bmc, {MOVE}");
    let not_after = ["without asking witnesses after the proof"];
    expect("not asked", &mut zone("dies node0 power_loss", &consul("honest")), &unasked, &not_after);
}

#[test]
fn a_person_s_word_is_a_proof_once_it_is_used_in_time() {
    let dead = "devices = [{ name = \"bmc\", behaviour = \"dead\" }, { name = \"pdu\", level = 2 }]";
    let confirmed = |after: u64| {
        let mut scenario = zone("dies node0 power_loss", dead);
        let start = scenario.world.transport().cloud().now();
        scenario.world.schedule(start + seconds(after), Event::ConfirmedOff(HostId(0)));
        scenario
    };
    let used = "outlook, note open, wait 20, note used, survey, order";
    expect("used in time", &mut confirmed(10), used, &[]);
    let unused = "outlook, note open, wait 20, survey, order";
    expect("not used", &mut confirmed(10), unused, &["without a proof"]);
    let late = "outlook, note open, wait 20, wait 700, note used, survey, order";
    expect("too late", &mut confirmed(10), late, &["without a proof"]);
    let mut on = confirmed(10);
    on.world.transport().cloud().power_on(HostId(0));
    let against = "outlook, note open, wait 20, note used, on pdu, survey, order";
    expect("a device says on", &mut on, against, &["a device said on since"]);
}
