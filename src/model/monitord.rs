//! What OpenNebula's monitoring daemon is told in `monitord.conf`, as far as it decides when a dead host is seen.

use serde::Serialize;

/// A time of OpenNebula's in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// The seconds.
    pub seconds: u64,
    /// The file says it; else it is OpenNebula's default.
    pub set: bool,
}

impl Figure {
    const fn default(seconds: u64) -> Self {
        Self { seconds, set: false }
    }
}

/// An information driver: one `IM_MAD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImDriver {
    /// `NAME`, for example `kvm`.
    pub name: String,
    /// It works on the front-end (`one_im_sh`, or `-l`), and not over ssh.
    pub local: bool,
    /// `-w`: the end of a probe's program; none is without end.
    pub timeout: Option<u64>,
    /// `-r`: how often a probe that fails is run again.
    pub retries: u64,
}

/// `monitord.conf`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitord {
    /// `MONITORING_INTERVAL_HOST`: a host that is silent for so long is looked at.
    pub interval: Figure,
    /// `MANAGER_TIMER`: how often that is seen.
    pub timer: Figure,
    /// `PROBES_PERIOD/BEACON_HOST`: how often a host says that it is there.
    pub beacon: Figure,
    /// Every `IM_MAD`.
    pub drivers: Vec<ImDriver>,
}

impl Default for Monitord {
    /// As OpenNebula ships it. Source: `src/monitor/src/monitor/MonitorConfigTemplate.cc`, `src/monitor/etc/monitord.conf`.
    fn default() -> Self {
        let driver =
            |name: &str| ImDriver { name: name.to_owned(), local: false, timeout: Some(90), retries: 3 };
        Self {
            interval: Figure::default(180),
            timer: Figure::default(15),
            beacon: Figure::default(30),
            drivers: ["kvm", "qemu", "lxc"].map(driver).to_vec(),
        }
    }
}
