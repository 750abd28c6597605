//! This front-end: may it act, and is it connected?

use super::ZoneFacts;
use super::finding::{Finding, Item};
use crate::model::{Host, Observer, RaftState};
use crate::policy::host_error::itself::is_this_machine;
use crate::policy::{Failure, Rules};

/// What this front-end is called in the table.
const HERE: &str = "this front-end";

pub(super) fn judge(rules: &Rules, zone: &ZoneFacts) -> Vec<Finding> {
    let observer = &zone.outlook.observer;
    let mut findings = vec![leader(observer), grace(rules, observer)];
    findings.extend(young_lead(rules, observer));
    findings.extend(zone.outlook.hosts.iter().filter_map(|host| itself(host, observer)));
    findings.extend(gateways(&zone.gateways, observer));
    findings
}

fn leader(observer: &Observer) -> Finding {
    let ok = |text: &str| Finding::ok(Item::Leader, HERE, text);
    let look = "look at `onezone show 0` and at oned.log";
    match &observer.raft {
        Ok(RaftState::Solo) => ok("it is the only front-end"),
        Ok(RaftState::Leader) => ok("it leads the zone"),
        Ok(RaftState::Follower) => {
            ok("it follows: the leader's check is the one that writes down what it saw")
        }
        Ok(RaftState::Candidate) => {
            Finding::warning(Item::Leader, HERE, "an election is going on; nothing was written down", look)
        }
        Ok(RaftState::Unknown(number)) => {
            let text = format!("its raft state is {number}, which this version does not know");
            Finding::warning(Item::Leader, HERE, text, look)
        }
        Err(why) => {
            let text = format!("whether it leads the zone is not known: {why}");
            Finding::warning(Item::Leader, HERE, text, look)
        }
    }
}

fn grace(rules: &Rules, observer: &Observer) -> Finding {
    let grace = rules.brake.startup_grace;
    match observer.oned_runs_for {
        Some(runs) if runs < grace => {
            let left = grace.saturating_sub(runs).as_secs();
            let text =
                format!("oned has run for {} s: nothing is fenced for another {left} s", runs.as_secs());
            let advice = "wait; [brake] startup_grace is the time";
            Finding::warning(Item::Grace, HERE, text, advice)
        }
        Some(runs) => Finding::ok(Item::Grace, HERE, format!("oned has run for {} min", runs.as_secs() / 60)),
        None => Finding::ok(Item::Grace, HERE, "how long oned has run cannot be seen from here"),
    }
}

/// A host that is this machine cannot be recovered from here.
fn itself(host: &Host, observer: &Observer) -> Option<Finding> {
    let Failure { what, .. } = is_this_machine(host, &observer.machine)?;
    let text = format!("{what}; this front-end never fences it and moves none of its VMs");
    let advice = "keep a front-end on another machine, or run only VMs here that may stay down";
    Some(Finding::warning(Item::Machine, host.to_string(), text, advice))
}

/// A leader that is known for long is not worth a line, and who follows fences nothing.
fn young_lead(rules: &Rules, observer: &Observer) -> Option<Finding> {
    let grace = rules.brake.startup_grace;
    let leads =
        observer.leader_for.filter(|leads| *leads < grace && observer.raft == Ok(RaftState::Leader))?;
    let left = grace.saturating_sub(leads).as_secs();
    let text = format!(
        "its zone has had this leader for {} s as far as it is known: no host that is on is fenced for another {left} s",
        leads.as_secs()
    );
    Some(Finding::warning(Item::Grace, HERE, text, "wait; [brake] startup_grace is the time"))
}

/// One that answers is enough to act; each that does not is worth a look.
fn gateways(configured: &[String], observer: &Observer) -> Vec<Finding> {
    let any = observer.gateways.iter().any(|(_, answers)| *answers);
    let one = |gateway: &String| {
        let answer = observer.gateways.iter().find(|(name, _)| name == gateway);
        let advice = "check the network, and [observer] gateways and ping";
        match answer {
            Some((_, true)) => Finding::ok(Item::Gateway, gateway, "it answers"),
            Some((_, false)) if any => Finding::warning(Item::Gateway, gateway, "it does not answer", advice),
            Some((_, false)) => {
                let text = "no gateway answers, so this front-end counts as cut off and fences nothing";
                Finding::broken(Item::Gateway, gateway, text, advice)
            }
            None => Finding::warning(Item::Gateway, gateway, "it was not asked", advice),
        }
    };
    configured.iter().map(one).collect()
}
