//! A drill of a hook on healthy hosts, told as a timeline.

use super::reconciled;
use super::timeline::{calls, timeline, whereabouts};
use super::watched::play_watch;
use crate::model::text::one_line;
use crate::model::{Moment, Vm, VmId};
use crate::policy::healthy::{Account, Hook};
use crate::policy::{Outcome, vm_down};
use crate::sim::{Job, Scenario, SimWorld, audit_tend};
use crate::wire::{documents, xml::Limits};
use crate::{run_back, run_down, run_evacuate, run_restore};
use std::fmt::Write as _;

/// Run a scenario of such a hook once and tell it, with every safety rule that was broken. The text is the same every
/// time. A scenario of `host_error` is played by [`super::play`].
pub fn play_tended(scenario: &mut Scenario) -> (Option<Account>, String, Vec<String>) {
    if let Job::Watch(policy, time) = scenario.job {
        let (account, text, broken) = play_watch(scenario, (policy, time));
        return (Some(account), text, broken);
    }
    if !scenario.world.told().is_empty() {
        scenario.world.advance(scenario.rest);
    }
    let mut ticks = String::new();
    let idle = reconciled::before_tended(scenario, &mut ticks);
    scenario.world.begin_again();
    let began = scenario.world.began();
    let account = match (idle, &scenario.job) {
        (Some(outcome), _) => nothing(scenario, outcome),
        (None, Job::HostError | Job::Watch(..)) => return (None, String::new(), Vec::new()),
        (None, Job::HostBack(policy)) => {
            run_back(&mut scenario.world, scenario.subject.clone(), (**policy).clone())
        }
        (None, Job::Evacuate(policy)) => {
            run_evacuate(&mut scenario.world, &scenario.subject.clone(), (**policy).clone())
        }
        (None, Job::Restore(policy)) => {
            run_restore(&mut scenario.world, &scenario.subject.clone(), (**policy).clone())
        }
        (None, Job::VmDown(vm, policy)) => {
            // The hook manager hands the document over as it is at that moment.
            let Some(event) = event(&scenario.world, *vm) else { return (None, String::new(), Vec::new()) };
            let source = scenario.subject.source;
            run_down(&mut scenario.world, vm_down::Subject::of(&event, source), Some(&event), policy)
        }
    };
    let mut text = format!("{}\n\n{ticks}", scenario.title);
    timeline(&scenario.world, &account.trail, &mut text);
    let _ = write!(text, "\n{}", crate::short_report::short_account(&account));
    if let Some(advice) = account.outcome.advice() {
        let _ = writeln!(text, "do this: {}", one_line(advice));
    }
    let _ = writeln!(
        text,
        "{} would end with exit code {}, after {} calls of oned\n",
        if matches!(account.hook, Hook::Evacuate | Hook::Restore) { "the command" } else { "the hook" },
        account.outcome.exit_code(),
        calls(&scenario.world, began)
    );
    whereabouts(scenario, &account.vms, &mut text);
    let charged = match &scenario.job {
        Job::HostError | Job::HostBack(_) | Job::Evacuate(_) | Job::Restore(_) | Job::Watch(..) => {
            scenario.charged.clone()
        }
        Job::VmDown(vm, _) => vec![*vm],
    };
    let broken = audit_tend(&scenario.world, &account, &charged);
    for rule in &broken {
        let _ = writeln!(text, "BROKEN {rule}");
    }
    if broken.is_empty() {
        text.push_str("every safety rule held\n");
    }
    (Some(account), text, broken)
}

/// The timer has found nothing.
fn nothing(scenario: &Scenario, outcome: Outcome) -> Account {
    Account {
        hook: Hook::HostBack,
        about: format!("{} ({})", scenario.subject.name, scenario.subject.host),
        outcome,
        vms: Vec::new(),
        trail: Vec::new(),
        took: Moment::default(),
    }
}

fn event(world: &SimWorld, vm: VmId) -> Option<Vm> {
    let xml = world.transport().cloud().vm_xml(vm)?;
    documents::read::<Vm>(&xml, Limits::HOOK).ok()
}
