//! Where a VM goes that leaves a host which is alive: the planner's own answer.
//!
//! The planner is asked about one VM as if its host had lost it, so that every rule of placement counts. Only what is
//! true of dead hosts alone is taken back: from a living one oned copies disks that are not shared.

use crate::model::{HostId, HostState, Scope, Sharing, VmId, VmState};
use crate::policy::order::{MigrationType, Order};
use crate::policy::plan::{Request, Verdict, plan};
use crate::policy::port::Survey;
use crate::policy::rules::Rules;
use crate::policy::settings::{Mode, Policy};
use std::collections::{BTreeMap, BTreeSet};

/// A target, how to get there, and the planner's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) struct Place {
    pub(in crate::policy) to: HostId,
    pub(in crate::policy) kind: MigrationType,
    pub(in crate::policy) said: String,
}

/// Place one VM of this survey, though not on hosts that have refused it, and on `only` if that is said; or say why it
/// cannot be.
pub(in crate::policy) fn place(
    survey: &Survey,
    vm: VmId,
    from: HostId,
    refused: &[HostId],
    only: Option<HostId>,
    rules: &Rules,
) -> Result<Place, String> {
    let mut survey = survey.clone();
    for other in &mut survey.vms {
        if other.id == vm {
            other.state = VmState::UNKNOWN;
        }
    }
    for host in survey.hosts.iter_mut().filter(|host| only.is_some_and(|only| host.id != only)) {
        host.state = HostState::Disabled;
    }
    // A live migration needs storage that both hosts see.
    for datastore in survey.datastores.iter_mut().filter(|_| only.is_none()) {
        datastore.sharing = Sharing::Yes;
    }
    let closed: BTreeSet<_> = survey
        .vms
        .iter()
        .map(|other| other.id)
        .chain(survey.hosts.iter().flat_map(|host| host.vms.iter().copied()))
        .filter(|other| *other != vm)
        .collect();
    let policy = Policy::under(Mode::Migrate, rules.clone());
    let request = Request {
        closed,
        refused: BTreeMap::from([(vm, refused.to_vec())]),
        ..Request::new(from, &policy, &Scope::Host)
    };
    let decision = plan(&survey, &request).into_iter().find(|decision| decision.vm == vm);
    match decision.map(|decision| decision.verdict) {
        Some(Verdict::Act(Order::Migrate { to, kind, .. }, said)) => Ok(Place { to, kind, said }),
        Some(Verdict::Hold(why) | Verdict::Await(why) | Verdict::Leave(why)) => Err(why),
        Some(Verdict::Act(order, _)) => Err(format!("the planner wants {order:?}, which no VM needs here")),
        None => Err("it was not in the survey".to_owned()),
    }
}
