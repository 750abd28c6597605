//! The proof that a host is off. Only this layer's fence steps can make one, and every VM action needs one.

use crate::model::{DeviceName, HostId, Moment, Sample};
use std::fmt;

/// Why VMs of a host may be started elsewhere. It names its host and cannot be made outside `policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    host: HostId,
    at: Moment,
    evidence: Vec<Evidence>,
}

/// One part of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A device said off that many times in a row.
    ReadBack {
        /// The samples, oldest first, all of them off.
        samples: Vec<Sample>,
    },
    /// A device's off command succeeded; it cannot be read back and the settings accept that by name.
    ExitCode {
        /// The device.
        device: DeviceName,
    },
    /// `-u`: nobody was asked.
    Waived,
    /// `--dry-run`: nothing will be sent, so nothing needs to be proven.
    Rehearsal,
}

impl Proof {
    pub(super) fn new(host: HostId, at: Moment, evidence: Vec<Evidence>) -> Self {
        Self { host, at, evidence }
    }

    /// The host that this proof is about, and no other.
    #[must_use]
    pub fn host(&self) -> HostId {
        self.host
    }

    /// When it was complete.
    #[must_use]
    pub fn at(&self) -> Moment {
        self.at
    }

    /// What it rests on.
    #[must_use]
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// The devices whose status can be read once more.
    pub(super) fn devices(&self) -> Vec<DeviceName> {
        let read_back = |evidence: &Evidence| match evidence {
            Evidence::ReadBack { samples } => samples.first().map(|sample| sample.device.clone()),
            Evidence::ExitCode { .. } | Evidence::Waived | Evidence::Rehearsal => None,
        };
        self.evidence.iter().filter_map(read_back).collect()
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, evidence) in self.evidence.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            evidence.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadBack { samples } => {
                let times: Vec<_> = samples.iter().map(|sample| sample.at.to_string()).collect();
                let device = samples.first().map_or("?", |sample| sample.device.0.as_str());
                write!(f, "{device} said off {} times in a row ({})", samples.len(), times.join(" "))
            }
            Self::ExitCode { device } => {
                write!(
                    f,
                    "{device} reported success and cannot be read back (weaker, accepted in the settings)"
                )
            }
            Self::Waived => f.write_str("fencing was waived with -u: nothing proves that the host is off"),
            Self::Rehearsal => f.write_str("dry run"),
        }
    }
}
