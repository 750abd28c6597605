//! The sections of the settings file that are rules, as they are written; their bounds are in [`bounds`].
//!
//! What a rule means is in `policy::rules`; the defaults come from there.

mod bounds;
mod plan;

pub(crate) use bounds::check_address;
pub(super) use plan::{Exclude, Plan};

use super::WitnessSettings;
use crate::policy::reconcile::ReconcileRules;
use crate::policy::{
    BrakeRules, Control, FenceRules, HoldRules, Late, Placement, ProbeError, RecordRules, SettleRules,
    WaitRules, WitnessRules,
};
use crate::wire::record;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// `[wait]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wait {
    cycles: u32,
    #[serde(with = "required")]
    cycle: Duration,
    #[serde(with = "required")]
    look: Duration,
    #[serde(with = "required")]
    oned: Duration,
}

/// `[fence]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Fence {
    pub(super) agents_dir: Vec<PathBuf>,
    samples: u32,
    #[serde(with = "required")]
    interval: Duration,
    attempts: u32,
    #[serde(with = "required")]
    patience: Duration,
    #[serde(with = "required")]
    deadline: Duration,
    probe_error: Probe,
    seen_on: Seen,
    #[serde(with = "required")]
    seen_on_age: Duration,
    again: u32,
    #[serde(with = "required")]
    recheck: Duration,
    without_gain: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Probe {
    Hold,
    Fence,
}

/// `seen_on`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Seen {
    Required,
    Waived,
}

/// `[brake]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Brake {
    failing: u32,
    failing_percent: u32,
    fenced_short: u32,
    #[serde(with = "required")]
    short: Duration,
    fenced_long: u32,
    #[serde(with = "required")]
    long: Duration,
    flaps: u32,
    #[serde(with = "required")]
    flap_time: Duration,
    #[serde(with = "required")]
    startup_grace: Duration,
}

/// `[observer]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Observer {
    leader: bool,
    gateways: Vec<String>,
    ping: Vec<String>,
}

/// `[witness]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Witness {
    peers: u32,
    alive: u32,
    dead: u32,
    #[serde(with = "required")]
    after_off: Duration,
    probe: Vec<String>,
    ssh: Vec<String>,
    #[serde(with = "required")]
    timeout: Duration,
    consul: Option<Consul>,
}

/// `[witness.consul]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Consul {
    url: String,
    ca_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
}

/// `[hold]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Hold {
    #[serde(with = "required")]
    look: Duration,
    #[serde(with = "required")]
    longest: Duration,
    #[serde(with = "required")]
    deadline: Duration,
    #[serde(with = "required")]
    vms: Duration,
}

/// `[reconcile]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Reconcile {
    #[serde(with = "required")]
    age: Duration,
    parallel: u32,
    options: Option<String>,
}

/// `[record]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Record {
    #[serde(rename = "type")]
    kind: i64,
    #[serde(with = "required")]
    age: Duration,
    most: u32,
    pub(super) journal: Option<PathBuf>,
}

/// `placement`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Direct,
    Scheduler,
}

/// `after_late`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AfterLate {
    Go,
    Hold,
}

/// `[settle]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settle {
    parallel: u32,
    targets: u32,
    retries: u32,
    #[serde(with = "required")]
    retry_wait: Duration,
    #[serde(with = "required")]
    deadline: Duration,
    #[serde(with = "required")]
    unknown: Duration,
    #[serde(with = "required")]
    cleanup: Duration,
    placement: Place,
    #[serde(with = "required")]
    scheduler: Duration,
    #[serde(with = "required")]
    after_wait: Duration,
    after_late: AfterLate,
}

impl Default for Wait {
    fn default() -> Self {
        let WaitRules { cycles, cycle, look, oned } = WaitRules::default();
        Self { cycles, cycle, look, oned }
    }
}

impl Default for Brake {
    fn default() -> Self {
        let BrakeRules { failing, failing_percent, short, long, flaps, startup_grace, leader: _ } =
            BrakeRules::default();
        Self {
            failing,
            failing_percent,
            fenced_short: short.count,
            short: short.time,
            fenced_long: long.count,
            long: long.time,
            flaps: flaps.count,
            flap_time: flaps.time,
            startup_grace,
        }
    }
}

impl Default for Observer {
    fn default() -> Self {
        let ping = ["/usr/bin/ping", "-c", "1", "-W", "2", "{address}"].map(str::to_owned).to_vec();
        Self { leader: BrakeRules::default().leader, gateways: Vec::new(), ping }
    }
}

impl Default for Witness {
    fn default() -> Self {
        let WitnessRules { peers, consul: _, alive, dead, after_off } = WitnessRules::default();
        let WitnessSettings { probe, ssh, timeout, consul: _ } = WitnessSettings::default();
        Self { peers, alive, dead, after_off, probe, ssh, timeout, consul: None }
    }
}

impl Default for Fence {
    fn default() -> Self {
        let rules = FenceRules::default();
        Self {
            agents_dir: ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from).to_vec(),
            samples: rules.samples,
            interval: rules.interval,
            attempts: rules.attempts,
            patience: rules.patience,
            deadline: rules.deadline,
            probe_error: match rules.probe_error {
                ProbeError::Hold => Probe::Hold,
                ProbeError::Fence => Probe::Fence,
            },
            seen_on: match rules.control {
                Control::Required => Seen::Required,
                Control::Waived => Seen::Waived,
            },
            seen_on_age: rules.control_age,
            again: rules.again,
            recheck: rules.recheck,
            without_gain: rules.without_gain,
        }
    }
}

impl Default for Hold {
    fn default() -> Self {
        let HoldRules { look, longest, deadline, vms } = HoldRules::default();
        Self { look, longest, deadline, vms }
    }
}

impl Default for Reconcile {
    fn default() -> Self {
        let ReconcileRules { age, parallel, .. } = ReconcileRules::default();
        Self { age, parallel, options: None }
    }
}

impl Default for Record {
    fn default() -> Self {
        let RecordRules { age, most } = RecordRules::default();
        Self { kind: record::TYPE, age, most, journal: None }
    }
}

impl Default for Settle {
    fn default() -> Self {
        let rules = SettleRules::default();
        Self {
            parallel: rules.parallel,
            targets: rules.targets,
            retries: rules.retries,
            retry_wait: rules.retry_wait,
            deadline: rules.deadline,
            unknown: rules.unknown,
            cleanup: rules.cleanup,
            placement: match rules.placement {
                Placement::Direct => Place::Direct,
                Placement::Scheduler => Place::Scheduler,
            },
            scheduler: rules.scheduler,
            after_wait: rules.after_wait,
            after_late: match rules.after_late {
                Late::Go => AfterLate::Go,
                Late::Hold => AfterLate::Hold,
            },
        }
    }
}
