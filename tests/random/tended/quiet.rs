//! Whatever happens to a host that is back, or to a VM that is down, in the end nothing is forgotten: S12.

use super::story::Story;
use super::{ENDLESS, config, steps, strategy};
use crate::story::services::Services;
use onerescue::model::{HostId, VmId};
use onerescue::sim::Scenario;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// VMs that ran at first, that their owners want to be recovered, and that nobody has stopped.
fn wanted(story: &Story) -> BTreeSet<VmId> {
    let deeds: Vec<&String> = story.earlier.iter().chain(&story.events).map(|(_, deed)| deed).collect();
    let stopped = |at: usize| {
        let by = [format!("action vm{at} poweroff"), format!("terminated vm{at}")];
        deeds.iter().any(|deed| by.iter().any(|by| deed.starts_with(by)))
    };
    // Whoever moves a VM whose driver fails has it in a failure state, and knows.
    let broken = |at: usize| {
        let by = [format!("migrated vm{at} "), format!("migrated_live vm{at} ")];
        let moved = deeds.iter().any(|deed| by.iter().any(|by| deed.starts_with(by)));
        moved && story.vms[at].driver.is_some()
    };
    // Somebody has written down that its host's failure is over.
    let over = |at: usize| {
        let record = format!("recorded node{} closed", story.vms[at].host);
        deeds.iter().any(|deed| deed.starts_with(&record))
    };
    let vms = (0..story.vms.len()).filter(|at| !stopped(*at) && !broken(*at) && !over(*at));
    let wanted = vms.filter(|at| story.vms[*at].off.is_none() && !story.vms[*at].opted_out);
    wanted.map(|at| VmId(u32::try_from(at).unwrap())).collect()
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn when_all_is_quiet_every_vm_runs_or_has_its_reason(story in prop_oneof![strategy::back(), strategy::down()]) {
        let mut scenario = Scenario::parse(&story.toml()).unwrap();
        scenario.world.begin_again();
        let (account, _) = steps(&mut scenario, story.killed.unwrap_or(ENDLESS));
        let policy = scenario.policy.clone();
        let mut services = Services::new(&mut scenario.world, &policy, wanted(&story));
        services.said(account.as_ref().map_or(&[], |account| account.vms.as_slice()));
        let broken = services.go(HostId(0));
        let first = account.map_or_else(|| "killed".to_owned(), |account| format!("{:?}\n{:?}", account.outcome, account.vms));
        prop_assert!(broken.is_empty(), "{}\nfirst: {first}\n{}", broken.join("\n"), story.toml());
    }
}
