//! What a run asks of the world, in short, so that two runs can be compared.

use crate::model::{DeviceName, DocumentId, Door, Hold, HostId, Peer, Progress, VmId};
use crate::policy::Order;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// More ids than this are only counted in texts.
const MOST: usize = 6;

/// One question, with what it was about. See [`crate::policy::World`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of the world's methods and their parameters")]
pub enum Question {
    Wait { pause: Duration },
    Host,
    Beside,
    Memory,
    Record { document: Option<DocumentId>, progress: Progress },
    Take { document: DocumentId, over: Option<Hold> },
    Leave { unlock: Option<DocumentId>, forget: Vec<DocumentId> },
    Outlook,
    Witnesses { peers: Vec<Peer> },
    Domains { peers: Vec<Peer>, vms: Vec<VmId> },
    Lead,
    Claim,
    FenceLevels,
    Clues,
    Dump,
    PowerOff { device: DeviceName, via: Option<HostId> },
    PowerState { device: DeviceName, via: Option<HostId> },
    Reading,
    Survey { also: Vec<VmId> },
    Vms { ids: Vec<VmId> },
    Histories { ids: Vec<VmId> },
    Disable,
    Act { orders: Vec<Order> },
    Tend { deeds: Vec<String> },
    Connect { doors: Vec<Door> },
}

impl Question {
    /// Does it change something that later answers show: the power, the host, a VM?
    #[must_use]
    pub fn changes(&self) -> bool {
        matches!(self, Self::PowerOff { .. } | Self::Disable | Self::Act { .. } | Self::Tend { .. })
    }

    /// Does the answer to `recorded` answer this as well, as a whole or in part?
    #[must_use]
    pub fn is_answered_by(&self, recorded: &Question) -> bool {
        let all = |ids: &[VmId], of: &[VmId]| ids.iter().all(|id| of.contains(id));
        match (self, recorded) {
            // How far the incident has come is this run's own opinion.
            (Self::Record { document, .. }, Self::Record { document: then, .. }) => document == then,
            (Self::Vms { ids }, Self::Vms { ids: then })
            | (Self::Histories { ids }, Self::Histories { ids: then })
            | (Self::Survey { also: ids }, Self::Survey { also: then }) => all(ids, then),
            (Self::Act { orders }, Self::Act { orders: then }) => {
                orders.iter().all(|order| then.contains(order))
            }
            (Self::Wait { .. }, Self::Wait { .. }) => true,
            (now, then) => now == then,
        }
    }

    /// The document that is written or locked.
    #[must_use]
    pub fn document(&self) -> Option<DocumentId> {
        if let Self::Record { document: Some(document), .. } | Self::Take { document, .. } = self {
            return Some(*document);
        }
        None
    }

    /// The orders that are sent.
    #[must_use]
    pub fn orders(&self) -> &[Order] {
        if let Self::Act { orders } = self { orders } else { &[] }
    }
}

/// `read the power back from bmc`, `wait 5 s`: what comes after "it would".
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = |via: &Option<HostId>| via.map_or_else(String::new, |peer| format!(" over {peer}"));
        match self {
            Self::Wait { pause } => write!(f, "wait {pause:?}"),
            Self::Host => f.write_str("read the host"),
            Self::Beside => f.write_str("read the host beside its power"),
            Self::Memory => f.write_str("read the records"),
            Self::Record { document: None, .. } => f.write_str("open a record"),
            Self::Record { document: Some(document), progress } => {
                write!(f, "write the record, {document}, as {}", name(*progress))
            }
            Self::Take { document, over: None } => write!(f, "lock {document}"),
            Self::Take { document, over: Some(_) } => write!(f, "take {document} over"),
            Self::Leave { .. } => f.write_str("let go of the record"),
            Self::Outlook => f.write_str("look around for what speaks against a fence"),
            Self::Witnesses { peers } => {
                let names: Vec<_> = peers.iter().map(|peer| peer.name.as_str()).collect();
                write!(
                    f,
                    "ask witnesses{}",
                    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
                )
            }
            Self::Domains { peers, vms } => {
                let names: Vec<_> = peers.iter().map(|peer| peer.name.as_str()).collect();
                write!(f, "ask {} whether they run {}", names.join(", "), list(vms.iter()))
            }
            Self::Lead => f.write_str("ask whether this front-end leads"),
            Self::Claim => f.write_str("lock the host on this front-end"),
            Self::FenceLevels => f.write_str("look up the fence devices"),
            Self::Clues => f.write_str("look up what may end the wait"),
            Self::Dump => f.write_str("listen whether the host saves its crash dump"),
            Self::PowerOff { device, via } => write!(f, "send \"off\" to {device}{}", from(via)),
            Self::PowerState { device, via } => write!(f, "read the power back from {device}{}", from(via)),
            Self::Reading => f.write_str("take up what devices have said beside the orders"),
            Self::Survey { .. } => f.write_str("survey the cloud"),
            Self::Vms { ids } => write!(f, "look at {}", list(ids.iter())),
            Self::Histories { ids } => write!(f, "read the history of {}", list(ids.iter())),
            Self::Disable => f.write_str("disable the host"),
            Self::Tend { deeds } => f.write_str(&list(deeds.iter())),
            Self::Connect { doors } => write!(f, "connect to {}", list(doors.iter().map(|door| door.at))),
            Self::Act { orders } => f.write_str(&list(orders.iter().map(in_words))),
        }
    }
}

fn name(progress: Progress) -> &'static str {
    match progress {
        Progress::Open => "open",
        Progress::Held => "held",
        Progress::Fencing => "fencing",
        Progress::Off => "proven off",
        Progress::Closed => "closed",
    }
}

fn list<T: fmt::Display>(all: impl ExactSizeIterator<Item = T>) -> String {
    let more = all.len().saturating_sub(MOST);
    let mut words: Vec<_> = all.take(MOST).map(|one| one.to_string()).collect();
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    words.join(", ")
}

/// `migrate vm 4 to host 1`
pub(super) fn in_words(order: &Order) -> String {
    match order {
        Order::Migrate { vm, to, .. } => format!("migrate {vm} to {to}"),
        Order::Recreate { vm } => format!("recreate {vm}"),
        Order::Delete { vm } => format!("delete {vm}"),
        Order::Retry { vm } => format!("retry {vm}"),
        Order::Resume { vm } => format!("resume {vm}"),
        Order::Fail { vm } => format!("end the step of {vm}"),
        Order::Resched { vm } => format!("set RESCHED of {vm}"),
        Order::Unresched { vm } => format!("clear RESCHED of {vm}"),
    }
}
