//! The proof that a host is off. Only the fence can make one, and every VM action needs one.

use crate::model::{DeviceName, HostId, Moment, Sample, Scope};
use std::fmt;
use std::rc::Rc;

/// Why VMs of a host may be started elsewhere. It names its host, is made by the fence alone, and there is one of it.
///
/// ```compile_fail
/// // Nobody makes one by hand,
/// let proof = onerescue::policy::Proof::new(onerescue::model::HostId(7), Default::default(), Vec::new());
/// ```
///
/// ```compile_fail
/// // and without one no order is sent.
/// use onerescue::policy::{Order, World};
/// fn act(world: &mut dyn World, orders: &[Order]) {
///     world.act(orders);
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Proof(Rc<Shown>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    host: HostId,
    at: Moment,
    evidence: Vec<Evidence>,
    scope: Scope,
    reservation: Option<String>,
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
    /// A person has seen that the host is off; its devices cannot be asked.
    Confirmed {
        /// Who.
        by: String,
        /// Why they are sure.
        reason: String,
        /// Devices of which none may say on.
        devices: Vec<DeviceName>,
    },
    /// Nobody who was asked contradicts.
    Witnesses(String),
    /// `-u`: nobody was asked.
    Waived,
    /// `--dry-run`: nothing will be sent, so nothing needs to be proven.
    Rehearsal,
}

impl Proof {
    /// Nothing is proven by no evidence: the first is always there.
    pub(super) fn new(host: HostId, at: Moment, first: Evidence) -> Self {
        let (evidence, scope, reservation) = (vec![first], Scope::Host, None);
        Self(Rc::new(Shown { host, at, evidence, scope, reservation }))
    }

    /// The same, complete at this moment.
    pub(super) fn complete(mut self, at: Moment) -> Self {
        Rc::make_mut(&mut self.0).at = at;
        self
    }

    /// The same about a host that is cut off from some datastores only, or with a reservation about its devices.
    pub(super) fn limited(mut self, scope: Scope, reservation: Option<String>) -> Self {
        let shown = Rc::make_mut(&mut self.0);
        (shown.scope, shown.reservation) = (scope, reservation);
        self
    }

    pub(super) fn add(&mut self, evidence: Evidence) {
        Rc::make_mut(&mut self.0).evidence.push(evidence);
    }

    /// The same, for a question that is asked with it.
    pub(super) fn shown(&self) -> Self {
        Self(Rc::clone(&self.0))
    }

    /// What is cut off.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// Why it does not authorise what destroys data, if it does not.
    #[must_use]
    pub fn reservation(&self) -> Option<&str> {
        self.0.reservation.as_deref()
    }

    /// Was nobody asked?
    pub(in crate::policy) fn is_waived(&self) -> bool {
        self.0.evidence.contains(&Evidence::Waived)
    }

    /// Does it rest on a person's word about this device, which may be mute?
    pub(in crate::policy) fn may_be_mute(&self, device: &DeviceName) -> bool {
        self.0.evidence.iter().any(|evidence| match evidence {
            Evidence::Confirmed { devices, .. } => devices.contains(device),
            Evidence::ReadBack { .. }
            | Evidence::ExitCode { .. }
            | Evidence::Witnesses(_)
            | Evidence::Waived
            | Evidence::Rehearsal => false,
        })
    }

    /// Can all of it be had again without sending anything?
    pub(in crate::policy) fn is_read_back(&self) -> bool {
        let read = |evidence: &Evidence| matches!(evidence, Evidence::ReadBack { .. });
        let again = |evidence: &Evidence| read(evidence) || matches!(evidence, Evidence::Witnesses(_));
        self.0.evidence.iter().any(read) && self.0.evidence.iter().all(again)
    }

    /// The host that this proof is about, and no other.
    #[must_use]
    pub fn host(&self) -> HostId {
        self.0.host
    }

    /// When it was complete.
    #[must_use]
    pub fn at(&self) -> Moment {
        self.0.at
    }

    /// What it rests on.
    #[must_use]
    pub fn evidence(&self) -> &[Evidence] {
        &self.0.evidence
    }

    /// The devices whose status can be read once more.
    pub(in crate::policy) fn devices(&self) -> Vec<DeviceName> {
        let readable = |evidence: &Evidence| match evidence {
            Evidence::ReadBack { samples } => {
                samples.first().map(|sample| sample.device.clone()).into_iter().collect()
            }
            Evidence::Confirmed { devices, .. } => devices.clone(),
            Evidence::ExitCode { .. } | Evidence::Witnesses(_) | Evidence::Waived | Evidence::Rehearsal => {
                Vec::new()
            }
        };
        self.0.evidence.iter().flat_map(readable).collect()
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, evidence) in self.0.evidence.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            evidence.fmt(f)?;
        }
        match &self.0.scope {
            Scope::Host => Ok(()),
            Scope::Datastores(ids) => {
                let ids: Vec<_> = ids.iter().map(|id| id.0.to_string()).collect();
                write!(f, "; it is cut off from datastores {} only", ids.join(", "))
            }
        }
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
            Self::Confirmed { by, reason, .. } => write!(f, "{by} confirms that it is off: {reason}"),
            Self::Witnesses(text) => f.write_str(text),
            Self::Waived => f.write_str("fencing was waived with -u: nothing proves that the host is off"),
            Self::Rehearsal => f.write_str("dry run"),
        }
    }
}
