//! A random cloud, what goes wrong in it, and the call of the hook: plain values, so that a failure shrinks.

pub(crate) mod check;
mod happening;
pub(crate) mod proof;
pub(crate) mod rules;
pub(crate) mod services;
pub(crate) mod stage;
pub(crate) mod strategy;
pub(crate) mod told;
mod trouble;
pub(crate) mod turns;

use onerescue::model::{Progress, ReadBack, Route, VmState};
use onerescue::policy::Policy;
use onerescue::sim::{Behaviour, Consul, Death, Driver, FaultRule, Honesty, Stage, Version};

/// How the host of the event goes into ERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Dies(Death),
    /// A broken probe on a host that is well.
    Probe,
}

#[derive(Clone, Debug)]
pub(crate) struct HostStory {
    pub(crate) cluster: usize,
    pub(crate) cores: i64,
    pub(crate) memory_gib: i64,
    pub(crate) gpus: usize,
    /// Which of [`KINDS`] it is.
    pub(crate) kind: usize,
    /// Something is wrong with it from the beginning.
    pub(crate) ill: Option<Ill>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Ill {
    Dead,
    Disabled,
    Offline,
    /// No domain starts on it, this many times.
    NoBoot(u32),
}

#[derive(Clone, Debug)]
pub(crate) struct VmStory {
    /// `None`: on the host that dies.
    pub(crate) host: Option<usize>,
    pub(crate) state: VmState,
    pub(crate) datastore: usize,
    /// Does it have a disk from an image, in the datastore for images?
    pub(crate) image: bool,
    pub(crate) cpu: i64,
    pub(crate) memory_gib: i64,
    pub(crate) gpus: usize,
    pub(crate) lock: Option<i64>,
    /// The CPU model that it asks for.
    pub(crate) model: Option<&'static str>,
    pub(crate) name: usize,
    pub(crate) driver: Option<(Stage, Driver)>,
    /// What became of it before its host died.
    pub(crate) before: Before,
}

/// What became of a VM that ran, before its host died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    Nothing,
    /// Its domain has ended some seconds before.
    Fell,
    /// A person has powered it off.
    Off,
    /// A domain of it runs on another host as well.
    Twice(usize),
}

/// What happens while the hook runs. VMs and hosts are indices, taken modulo their number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Happens {
    Returns,
    PowerOn,
    PowerOff,
    Status(i64),
    Terminated(usize),
    Locked(usize),
    Unlocked(usize),
    Crashes(usize),
    Garbled(usize),
    TargetDies(usize, Death),
    TargetStatus(usize, i64),
    FrontEndDies(usize),
    FrontEndReturns(usize),
    LeaderStepsDown,
    DriverTurns(usize, Stage, Driver),
    /// The host of the event dies, perhaps once more.
    Dies(Death),
    TargetReturns(usize),
    /// `None` is the whole zone.
    Disarmed(Option<usize>),
    Armed(Option<usize>),
    ConfirmedOff,
    /// A person takes the brakes off the incident.
    Proceeded,
    /// A record of the host of the event, or of another one.
    Damaged(bool),
    ClockJumps(i64),
    /// `HA` of a cluster.
    Protected(usize, bool),
    Gateway(usize, bool),
    /// The host of the event saves its crash dump for so many seconds, if it hangs.
    Dumps(u64),
    OnedRestarted,
}

/// A fence device of the host of the event.
#[derive(Clone, Debug)]
pub(crate) struct DeviceStory {
    pub(crate) behaviour: Behaviour,
    pub(crate) read_back: ReadBack,
    pub(crate) level: usize,
    /// The datastores that it cuts off, as bits; [`IMAGES`] is the one for images. `None`: the whole host.
    pub(crate) cuts: Option<u16>,
    pub(crate) route: Route,
    /// Days since it was seen ON; `None` = never.
    pub(crate) seen_on: Option<u64>,
    pub(crate) returns_after: u64,
    /// It is sent "off" although it says off, and its turned UUID was seen.
    pub(crate) odd: bool,
}

impl DeviceStory {
    pub(crate) fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour,
            read_back: ReadBack::Status,
            level: 0,
            cuts: None,
            route: Route::FrontEnd,
            seen_on: Some(0),
            returns_after: 0,
            odd: false,
        }
    }
}

/// What an earlier run has written about a host. Times are seconds before the hook starts.
#[derive(Clone, Debug)]
pub(crate) struct RecordStory {
    pub(crate) host: usize,
    pub(crate) updated: u64,
    pub(crate) progress: Progress,
    pub(crate) fenced: Option<u64>,
    pub(crate) events: Vec<u64>,
}

/// What the front-end sees of itself, and who else is asked.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// How hosts answer when they are asked about another one; the rest is honest.
    pub(crate) witnesses: Vec<(usize, Honesty)>,
    pub(crate) consul: Consul,
    /// Does each of the gateways answer?
    pub(crate) gateways: Vec<bool>,
    /// Seconds that oned has been running.
    pub(crate) oned: Option<u64>,
    pub(crate) chance: u64,
    pub(crate) records: Vec<RecordStory>,
}

impl View {
    /// Nobody is asked, and nothing is remembered.
    pub(crate) fn plain() -> Self {
        Self {
            witnesses: Vec::new(),
            consul: Consul::Absent,
            gateways: Vec::new(),
            oned: None,
            chance: 7,
            records: Vec::new(),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) version: Version,
    pub(crate) front_ends: usize,
    pub(crate) clusters: usize,
    pub(crate) hosts: Vec<HostStory>,
    /// The clusters of each kind of datastore, as bits.
    pub(crate) datastores: Vec<u8>,
    pub(crate) vms: Vec<VmStory>,
    pub(crate) dead: usize,
    pub(crate) end: End,
    pub(crate) detection: u64,
    /// Seconds from ERROR to the hook.
    pub(crate) start: u64,
    pub(crate) slow: Slow,
    pub(crate) devices: Vec<DeviceStory>,
    pub(crate) view: View,
    pub(crate) faults: Vec<FaultRule>,
    /// Seconds after the start.
    pub(crate) events: Vec<(u64, Happens)>,
    pub(crate) policy: Policy,
    pub(crate) claimed: bool,
    pub(crate) crash: usize,
}

/// How slow the cloud is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slow {
    pub(crate) first_unknown_ms: u64,
    pub(crate) lcm_ms: u64,
    pub(crate) boot_ms: u64,
    pub(crate) transfer_ms: u64,
    pub(crate) cleanup_s: u64,
    pub(crate) ssh_s: u64,
    pub(crate) lag_ms: u64,
}

/// Tells the kinds of system datastores apart: name, driver, SHARED, and whether another host sees the disks.
pub(crate) const DATASTORES: [(&str, Option<&str>, bool); 8] = [
    ("shared", None, true),
    ("ssh", None, false),
    ("ceph", None, true),
    ("shared", Some("NO"), false),
    ("shared", Some(""), true),
    ("ssh", Some(""), false),
    ("storpool", Some(""), false),
    ("shared", Some("MAYBE"), false),
];

/// What hosts run VMs with, and the CPU models that they list.
pub(crate) const KINDS: [(&str, &str); 4] =
    [("kvm", "qemu64 EPYC"), ("kvm", "qemu64"), ("lxc", ""), ("qemu", "qemu64 EPYC")];

/// The bit in [`DeviceStory::cuts`] that stands for the datastore for images.
pub(crate) const IMAGES: usize = DATASTORES.len();

/// Names that owners give their VMs.
pub(crate) const NAMES: [&str; 4] =
    ["web", "a\nname\nof lines", "<&\"'>]]>", "ünïcödé-ünïcödé-ünïcödé-ünïcödé-ünïcödé-ünïcödé-ünïcödé"];
