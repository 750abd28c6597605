//! The shape of a scenario file, as serde reads it, and the words in it. Its objects stand in `file_objects`.

use super::equipment::Device;
use super::event::Event;
use super::file_objects::{Datastore, Host, Network, Service, Vm, VmGroup};
use super::timings::{Driver, Stage, Timings};
use super::witness::Honesty;
use crate::model::{HostId, LcmState, VmId, VmState};
use crate::wire::xmlrpc::Value;
use jiff::fmt::serde::unsigned_duration::friendly::compact;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) title: String,
    /// Which hook it is: `host_error` if not said, `host_back`, `vm_down`, or the service `watch`.
    #[serde(default)]
    pub(super) hook: HookWord,
    /// The hook's options, `-m -p 2`.
    pub(super) call: String,
    /// The host of the event.
    pub(super) host: String,
    /// The VM of the event, for `vm_down`.
    pub(super) vm: Option<String>,
    pub(super) version: Option<String>,
    /// For how long `watch` is at work, in each run.
    #[serde(default, with = "compact::optional")]
    pub(super) watched: Option<Duration>,
    /// Simulated time between `before` and the start of the hook.
    #[serde(default, with = "compact::optional")]
    pub(super) start: Option<Duration>,
    /// What happens before the hook starts, mostly the host's death.
    #[serde(default)]
    pub(super) before: Vec<String>,
    /// What happens between that and the start of the hook, this long after the simulation began.
    #[serde(default)]
    pub(super) earlier: Vec<Timed>,
    #[serde(default)]
    pub(super) claimed_by_another: bool,
    /// The program of the process that holds the lock file of the host, and for how long it has done so when the hook starts.
    pub(super) lock_held_by: Option<String>,
    #[serde(default, with = "compact::optional")]
    pub(super) lock_held_for: Option<Duration>,
    /// How long after its start it is free.
    #[serde(default, with = "compact::optional")]
    pub(super) lock_free_after: Option<Duration>,
    /// A person names the host, instead of oned's event.
    #[serde(default)]
    pub(super) by_hand: bool,
    pub(super) runs: Option<u32>,
    /// The hook is killed this long after its start, as SIGKILL does it; the runs come after that. Inside a call it is
    /// killed by a fault of the kind `killed`, before the call leaves, or `killed_after`, when oned has done it.
    #[serde(default, with = "compact::optional")]
    pub(super) killed: Option<Duration>,
    /// The same by SIGTERM: it lets go of its incident, whatever it still has on its way.
    #[serde(default, with = "compact::optional")]
    pub(super) stopped: Option<Duration>,
    /// The same by a person on a terminal: the incident ends, and no machine goes on with it.
    #[serde(default, with = "compact::optional")]
    pub(super) stopped_by_person: Option<Duration>,
    /// `again` (the default): each run is the hook's; `reconcile`: all but the first, or all if that was killed, are the
    /// timer's, each when the host's turn comes; `elsewhere`: the same on another front-end;
    /// `rebooted`: on this one after a boot; `cloned`: on one with its name and machine id.
    pub(super) then: Option<String>,
    /// The time between two runs.
    #[serde(default, with = "compact::optional")]
    pub(super) rest: Option<Duration>,
    pub(super) front_ends: Option<usize>,
    /// The front-end that the hook runs on; absent = the zone's own address, which is the leader's.
    pub(super) front_end: Option<usize>,
    /// Text of a settings file. Here `[witness] peers` is 0 where it is not in it.
    pub(super) settings: Option<String>,
    #[serde(default)]
    pub(super) clusters: Vec<String>,
    /// By the cluster's name, `{ default = { HA = "NO" } }`.
    #[serde(default)]
    pub(super) cluster_attributes: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) networks: Vec<Network>,
    #[serde(default)]
    pub(super) vm_groups: Vec<VmGroup>,
    #[serde(default)]
    pub(super) timings: TimingsFile,
    #[serde(default)]
    pub(super) hosts: Vec<Host>,
    #[serde(default)]
    pub(super) datastores: Vec<Datastore>,
    #[serde(default)]
    pub(super) vms: Vec<Vm>,
    #[serde(default)]
    pub(super) services: Vec<Service>,
    /// The fence devices of `host`; absent = every host has one that works.
    pub(super) devices: Option<Vec<Device>>,
    /// How hosts answer when they are asked about another one; those that are not named are honest.
    #[serde(default)]
    pub(super) witnesses: BTreeMap<String, Honesty>,
    /// `none`, `honest`, `no_leader`, `lies_alive`, `lies_dead`, `lagging 15s`; absent = honest if the settings ask it.
    pub(super) consul: Option<String>,
    /// Addresses that answer the front-end; those of the settings as well.
    #[serde(default)]
    pub(super) gateways: Vec<String>,
    /// How long oned has been running when the hook starts; absent = for weeks.
    #[serde(default, with = "compact::optional")]
    pub(super) oned_runs_for: Option<Duration>,
    /// What the front-end's own machine is called.
    pub(super) front_end_name: Option<String>,
    /// The number by which a run chooses among peers.
    pub(super) chance: Option<u64>,
    #[serde(default)]
    pub(super) fault: Vec<Fault>,
    #[serde(default)]
    pub(super) event: Vec<Timed>,
}

/// `hook`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HookWord {
    #[default]
    HostError,
    HostBack,
    VmDown,
    Watch,
    Evacuate,
    Restore,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) method: String,
    pub(super) kind: String,
    pub(super) skip: Option<u32>,
    pub(super) times: Option<u32>,
    pub(super) code: Option<i64>,
    pub(super) text: Option<String>,
    #[serde(default, with = "compact::optional")]
    pub(super) delay: Option<Duration>,
}

/// Something that happens this long after the hook has started.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timed {
    #[serde(with = "compact::required")]
    pub(super) at: Duration,
    #[serde(rename = "do")]
    pub(super) what: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TimingsFile {
    #[serde(with = "compact::optional")]
    detection: Option<Duration>,
    #[serde(with = "compact::optional")]
    first_unknown: Option<Duration>,
    #[serde(with = "compact::optional")]
    next_unknown: Option<Duration>,
    #[serde(with = "compact::optional")]
    cleanup_stuck: Option<Duration>,
    #[serde(with = "compact::optional")]
    ssh_timeout: Option<Duration>,
    #[serde(with = "compact::optional")]
    host_report: Option<Duration>,
    #[serde(with = "compact::optional")]
    lcm: Option<Duration>,
    #[serde(with = "compact::optional")]
    transfer: Option<Duration>,
    #[serde(with = "compact::optional")]
    boot: Option<Duration>,
    #[serde(with = "compact::optional")]
    action: Option<Duration>,
    #[serde(with = "compact::optional")]
    follower_lag: Option<Duration>,
    #[serde(with = "compact::optional")]
    election: Option<Duration>,
}

impl TimingsFile {
    pub(super) fn apply(&self, timings: &mut Timings) {
        let set = |value: Option<Duration>, field: &mut Duration| *field = value.unwrap_or(*field);
        set(self.detection, &mut timings.detection);
        set(self.first_unknown, &mut timings.first_unknown);
        set(self.next_unknown, &mut timings.next_unknown);
        set(self.cleanup_stuck, &mut timings.cleanup_stuck);
        set(self.ssh_timeout, &mut timings.ssh_timeout);
        set(self.host_report, &mut timings.host_report);
        set(self.lcm, &mut timings.lcm);
        set(self.transfer, &mut timings.transfer);
        set(self.boot, &mut timings.boot);
        set(self.action, &mut timings.action);
        set(self.follower_lag, &mut timings.follower_lag);
        set(self.election, &mut timings.election);
    }
}

/// The state that prints as this word.
pub(super) fn state(word: &str) -> Result<VmState, String> {
    let plain = (0..=11).filter(|number| *number != 3).map(|number| VmState::from_numbers(number, 0));
    let active = LcmState::ALL.iter().map(|lcm| VmState::Active(*lcm));
    plain
        .chain(active)
        .find(|state| state.to_string() == word)
        .ok_or_else(|| format!("no such state: {word}"))
}

pub(super) fn stage(word: &str) -> Result<Stage, String> {
    Ok(match word {
        "transfer" => Stage::Transfer,
        "boot" => Stage::Boot,
        "save" => Stage::Save,
        "shutdown" => Stage::Shutdown,
        "cleanup" => Stage::Cleanup,
        "other" => Stage::Other,
        _ => return Err(format!("no such driver stage: {word}")),
    })
}

pub(super) fn driver(word: &str) -> Result<Driver, String> {
    match word.split_once(' ') {
        None if word == "fails" => Ok(Driver::Fails),
        None if word == "hangs" => Ok(Driver::Hangs),
        None if word == "works" => Ok(Driver::Works),
        Some(("fails", times)) => {
            times.parse().map(Driver::FailsTimes).map_err(|_| format!("no such count: {times}"))
        }
        _ => Err(format!("no such driver behaviour: {word}")),
    }
}

/// A person's call of oned with numbers only.
pub(super) fn call(method: &str, numbers: &[i64]) -> Event {
    Event::Call(method.to_owned(), numbers.iter().map(|number| Value::Int(*number)).collect())
}

/// A person's `onevm ACTION`.
pub(super) fn action(action: &str, vm: VmId) -> Event {
    let params = vec![Value::Text(action.to_owned()), Value::Int(i64::from(vm.0))];
    Event::Call("one.vm.action".to_owned(), params)
}

/// A person's `onevm migrate`, live or not.
pub(super) fn migrate(vm: VmId, to: HostId, live: bool) -> Event {
    let (vm, to) = (Value::Int(i64::from(vm.0)), Value::Int(i64::from(to.0)));
    Event::Call("one.vm.migrate".to_owned(), vec![vm, to, Value::Bool(live)])
}
