//! Random stories.

use super::story::{START, Story, VmStory};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

const HOSTS: usize = 4;
const VMS: usize = 6;

fn vm() -> impl Strategy<Value = VmStory> {
    let off = prop_oneof![4 => Just(None), 1 => select(vec![Some(20), Some(19), Some(44), Some(0)])];
    let driver =
        prop_oneof![6 => Just(None), 1 => select(vec![Some("fails"), Some("fails 1"), Some("hangs")])];
    (0..HOSTS, off, 1..4i64, prop::bool::weighted(0.1), prop::bool::weighted(0.1), driver).prop_map(
        |(host, off, cpu, locked, opted_out, driver)| VmStory { host, off, cpu, locked, opted_out, driver },
    )
}

/// What somebody does, or what breaks; on VMs and hosts that may not exist it is left out later.
fn deed() -> impl Strategy<Value = String> {
    let of_vm = select(vec![
        "action VM poweroff-hard",
        "action VM poweroff",
        "action VM resume",
        "terminated VM",
        "locked VM",
        "unlocked VM",
        "crashes VM",
        "migrated VM HOST",
        "migrated_live VM HOST",
        "driver VM save fails",
    ]);
    let of_host = select(vec![
        "disabled HOST",
        "enabled HOST",
        "offline HOST",
        "dies HOST power_loss",
        "dies HOST network_cut",
        "dies HOST hang",
        "returns HOST",
        "crash_all HOST",
        "recorded HOST open 0s",
        "recorded HOST fencing 0s",
        "recorded HOST closed 0s",
        "disarmed",
        "armed",
        "oned_restarted",
    ]);
    (prop_oneof![of_vm, of_host], 0..HOSTS, 0..VMS).prop_map(|(text, host, vm)| {
        text.replace("HOST", &format!("node{host}")).replace("VM", &format!("vm{vm}"))
    })
}

fn fault() -> impl Strategy<Value = (&'static str, &'static str, usize, usize)> {
    let method = select(vec![
        "one.vm.action",
        "one.vm.migrate",
        "one.vm.update",
        "one.host.update",
        "one.host.status",
        "one.host.info",
        "one.vm.info",
        "one.vmpool.infoset",
        "one.documentpool.info",
        "one.hookpool.info",
    ]);
    let kind = select(vec!["not_sent", "lost_reply", "lost_request", "refused", "late"]);
    (method, kind, 0..4usize, 1..4usize)
}

fn recorded() -> impl Strategy<Value = String> {
    let progress = prop_oneof![4 => Just("closed"), 1 => select(vec!["open", "held", "fencing", "off"])];
    (progress, 1..50u32).prop_map(|(progress, ago)| format!("recorded node0 {progress} {ago}m"))
}

/// Where VMs of node0 were moved, as its incident says.
fn moved() -> impl Strategy<Value = String> {
    (0..VMS, 1..HOSTS).prop_map(|(vm, host)| format!("recorded_vm node0 vm{vm} node{host}"))
}

/// The host may have failed before, in which case it is back when the hook starts, or about to be.
fn past() -> impl Strategy<Value = Vec<(u64, String)>> {
    let death = select(vec!["power_loss", "network_cut", "hang"]);
    let failed = (death, 200..START + 30).prop_map(|(death, back)| {
        vec![(1, format!("dies node0 {death}")), (back, "returns node0".to_owned())]
    });
    let past = prop_oneof![3 => failed, 1 => Just(Vec::new())];
    (past, vec((2..START - 5, deed()), 0..4))
        .prop_map(|(past, deeds)| past.into_iter().chain(deeds).collect())
}

fn story(hook: &'static str) -> impl Strategy<Value = Story> {
    let settings = select(vec![
        "",
        "",
        "[host_back]\nfailback = \"after\"\nfailback_stable = \"10m\"\n",
        "[host_back]\nfailback = \"after\"\nfailback_stable = \"1s\"\n[vm_down]\nretry_count = 0\n",
        "[vm_down]\nretry_count = 4\nwait_interval = \"1s\"\n",
    ]);
    let call = prop_oneof![5 => Just(""), 1 => Just("--dry-run"), 1 => Just("--hand-over")];
    let cloud = (vec(1..16i64, 1..=HOSTS), vec(vm(), 1..=VMS));
    let wrong = (
        past(),
        (vec(recorded(), 0..4), vec(moved(), 0..4)),
        vec((0..900u64, deed()), 0..5),
        vec(fault(), 0..3),
        (option::weighted(0.3, 0..60usize), 0..3usize),
    );
    (settings, call, cloud, wrong).prop_map(
        move |(
            settings,
            call,
            (hosts, mut vms),
            (past, (records, moved), events, faults, (killed, turns)),
        )| {
            let turns = if hook == "host_back" { turns } else { 0 };
            let call = if hook == "vm_down" && call == "--hand-over" { "" } else { call };
            let mut earlier = past;
            if hook == "vm_down" {
                if let Some(vm) = vms.first_mut() {
                    vm.host = 0;
                }
                earlier.retain(|(_, what)| !what.contains("node0 ") && !what.ends_with("node0"));
                earlier.push((START - 30, "crashes vm0".to_owned()));
            }
            let moved = if records.is_empty() { Vec::new() } else { moved };
            let before: Vec<_> = records.into_iter().chain(moved).collect();
            let sizes = (hosts.len(), vms.len());
            let known = |what: &String| exists(what, sizes.0, sizes.1);
            Story {
                hook,
                call,
                settings,
                earlier: earlier.into_iter().filter(|(_, what)| known(what)).collect(),
                before: before.into_iter().filter(known).collect(),
                events: events.into_iter().filter(|(_, what)| known(what)).collect(),
                faults,
                killed,
                turns,
                hosts,
                vms,
            }
        },
    )
}

/// Are all hosts and VMs that it names there?
fn exists(what: &str, hosts: usize, vms: usize) -> bool {
    let within = |word: &str, name: &str, most: usize| {
        word.strip_prefix(name).and_then(|at| at.parse::<usize>().ok()).is_none_or(|at| at < most)
    };
    what.split(' ').all(|word| within(word, "node", hosts) && within(word, "vm", vms))
}

/// A host is MONITORED.
pub(crate) fn back() -> impl Strategy<Value = Story> {
    story("host_back")
}

/// A VM is down.
pub(crate) fn down() -> impl Strategy<Value = Story> {
    story("vm_down")
}

/// A host that failed and is back, or a VM that crashed, and nothing else happens.
pub(crate) fn calm() -> impl Strategy<Value = Story> {
    let hook = select(vec!["host_back", "vm_down"]);
    (hook, vec(vm(), 1..=VMS), select(vec!["power_loss", "hang"])).prop_map(|(hook, mut vms, death)| {
        for vm in &mut vms {
            (vm.locked, vm.driver) = (false, None);
        }
        let mut earlier = vec![(START - 30, "crashes vm0".to_owned())];
        let mut before = Vec::new();
        if hook == "host_back" {
            earlier = vec![(1, format!("dies node0 {death}")), (260, "returns node0".to_owned())];
            before = vec!["recorded node0 closed 4m".to_owned()];
        } else if let Some(vm) = vms.first_mut() {
            (vm.host, vm.off) = (0, None);
        }
        let (call, settings) = ("", "");
        let (events, faults) = (Vec::new(), Vec::new());
        Story {
            hook,
            call,
            settings,
            hosts: vec![64; HOSTS],
            vms,
            earlier,
            before,
            events,
            faults,
            killed: None,
            turns: 0,
        }
    })
}

/// A host was cut off, its VMs ran on there, and some of them were moved before it came back.
pub(crate) fn twice() -> impl Strategy<Value = Story> {
    let moved = vec((0..VMS, 1..HOSTS, 222..230u64), 1..4);
    (calm(), moved, 232..252u64, 0..4usize, select(vec!["", "--hand-over"])).prop_map(
        |(mut story, mut moved, back, turns, call)| {
            (story.hook, story.call, story.turns) = ("host_back", call, turns);
            for vm in &mut story.vms {
                (vm.off, vm.opted_out) = (None, false);
            }
            moved.retain(|(vm, _, _)| *vm < story.vms.len());
            if moved.is_empty() {
                moved.push((0, 1, 225));
            }
            for (at, vm) in story.vms.iter_mut().enumerate() {
                if moved.iter().any(|(moved, _, _)| *moved == at) {
                    vm.host = 0;
                }
            }
            story.before = vec!["recorded node0 closed 4m".to_owned()];
            story.earlier =
                vec![(1, "dies node0 network_cut".to_owned()), (back, "returns node0".to_owned())];
            story.earlier.extend(moved.iter().map(|(vm, to, at)| (*at, format!("migrated vm{vm} node{to}"))));
            story
        },
    )
}
