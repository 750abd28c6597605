//! A drill of a hook on healthy hosts, told as a timeline.

use super::drill::{calls, timeline, whereabouts};
use crate::finish;
use crate::policy::tend::Account;
use crate::run_back;
use crate::sim::{Job, Scenario, audit_tend};
use crate::trail::one_line;
use std::fmt::Write as _;

/// Run a scenario of such a hook once and tell it, with every safety rule that was broken. The text is the same every
/// time. A scenario of `host_error` is played by [`super::play`].
pub fn play_tended(scenario: &mut Scenario) -> (Option<Account>, String, Vec<String>) {
    if !scenario.world.told().is_empty() {
        scenario.world.advance(scenario.rest);
    }
    scenario.world.begin_again();
    let began = scenario.world.began();
    let account = match &scenario.job {
        Job::HostError => return (None, String::new(), Vec::new()),
        Job::HostBack(policy) => run_back(&mut scenario.world, scenario.subject.clone(), **policy),
    };
    let mut text = format!("{}\n\n", scenario.title);
    timeline(&scenario.world, &account.trail, &mut text);
    let _ = write!(text, "\n{}", finish::short_account(&account));
    if let Some(advice) = account.outcome.advice() {
        let _ = writeln!(text, "do this: {}", one_line(advice));
    }
    let _ = writeln!(
        text,
        "the hook would end with exit code {}, after {} calls of oned\n",
        account.outcome.exit_code(),
        calls(&scenario.world, began)
    );
    whereabouts(scenario, &account.vms, &mut text);
    let broken = audit_tend(&scenario.world, &account, &scenario.charged);
    for rule in &broken {
        let _ = writeln!(text, "BROKEN {rule}");
    }
    if broken.is_empty() {
        text.push_str("every safety rule held\n");
    }
    (Some(account), text, broken)
}
