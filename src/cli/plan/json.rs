//! The plan for programs.
//!
//! Names of fields and of prospects stay; more may come. Shape:
//! `{"format":1,"flags":"-m, as the hook has it","exit_code":1,"losses":[LOSS],"pairs":null}`, the worst loss first;
//! with `--failures 2` `"pairs":{"all":499500,"looked_at":2000,"losses":[LOSS]}`. Where the documents of hosts cannot be read they are named in
//! `"unreadable":["host 3: …"]`.
//!
//! LOSS: `{"hosts":[{"id":0,"name":"node0"}],"recovered":8,"awaited":0,"held":3,"left":1,"calls":8,"free_percent":50,
//! "vms":[VM]}`. `calls` change a VM. `free_percent` is what is left of the scarcer of CPU and memory in the hosts'
//! clusters, and `null` where no host is left. `vms` are in the order of the recovery; in pairs only those that are held.
//!
//! VM: `{"order":1,"turn":1,"vm":4,"name":"database","host":0,"prospect":"recovered","to":1,
//! "text":"migrate to node1 (host 1), 50 % free after it"}`. A prospect is `recovered`, `awaited`, `held` or `left`;
//! `to` is `null` unless it is known where the VM would run.

use super::Planned;
use crate::policy::what_if::{Foreseen, Loss, Prospect};
use serde::Serialize;

#[derive(Serialize)]
struct Json<'a> {
    format: u32,
    flags: &'a str,
    exit_code: u8,
    losses: Vec<LossJson<'a>>,
    pairs: Option<PairsJson<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unreadable: &'a [String],
}

#[derive(Serialize)]
struct PairsJson<'a> {
    all: usize,
    looked_at: usize,
    losses: Vec<LossJson<'a>>,
}

#[derive(Serialize)]
struct LossJson<'a> {
    hosts: Vec<HostJson<'a>>,
    recovered: usize,
    awaited: usize,
    held: usize,
    left: usize,
    calls: usize,
    free_percent: Option<i64>,
    vms: Vec<VmJson<'a>>,
}

#[derive(Serialize)]
struct HostJson<'a> {
    id: u32,
    name: &'a str,
}

#[derive(Serialize)]
struct VmJson<'a> {
    order: usize,
    turn: u32,
    vm: u32,
    name: &'a str,
    host: u32,
    prospect: Prospect,
    to: Option<u32>,
    text: &'a str,
}

pub(super) fn json(planned: &Planned) -> String {
    let json = Json {
        format: 1,
        flags: &planned.flags,
        exit_code: planned.exit_code(),
        losses: planned.losses.iter().map(|loss| loss_json(loss, |_| true)).collect(),
        unreadable: &planned.unread_hosts,
        pairs: planned.pairs.as_ref().map(|(chosen, losses)| PairsJson {
            all: chosen.all,
            looked_at: chosen.pairs.len(),
            losses: losses.iter().map(|loss| loss_json(loss, is_held)).collect(),
        }),
    };
    serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
}

fn is_held(vm: &Foreseen) -> bool {
    vm.prospect() == Prospect::Held
}

fn loss_json(loss: &Loss, shown: impl Fn(&Foreseen) -> bool) -> LossJson<'_> {
    let vms = loss.vms.iter().enumerate().filter(|(_, vm)| shown(vm));
    LossJson {
        hosts: loss.hosts.iter().map(|(id, name)| HostJson { id: id.0, name }).collect(),
        recovered: loss.count(Prospect::Recovered),
        awaited: loss.count(Prospect::Awaited),
        held: loss.count(Prospect::Held),
        left: loss.count(Prospect::Left),
        calls: loss.calls(),
        free_percent: loss.free.map(|free| free.percent),
        vms: vms.map(|(at, vm)| vm_json(at + 1, vm)).collect(),
    }
}

fn vm_json(order: usize, vm: &Foreseen) -> VmJson<'_> {
    VmJson {
        order,
        turn: vm.turn,
        vm: vm.decision.vm.0,
        name: &vm.decision.name,
        host: vm.host.0,
        prospect: vm.prospect(),
        to: vm.target().map(|host| host.0),
        text: vm.decision.verdict.text(),
    }
}
