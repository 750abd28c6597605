//! The next attempt: on its own host, elsewhere, or none any more.

use super::Step;
use super::act::Acting;
use super::case::{CRASH_LOOP, Case, STATE};
use super::move_away::Surveying;
use crate::model::{Moment, VmState};
use crate::policy::limits::span;
use crate::policy::notes::Phase;
use crate::policy::report::{Fate, Outcome};
use crate::policy::tend::Deed;

pub(super) fn next(mut case: Box<Case>, now: Moment) -> Step {
    let here = usize::try_from(case.policy.down.retry_count).unwrap_or(usize::MAX);
    let all = here.saturating_add(usize::try_from(case.policy.rules.settle.targets).unwrap_or(usize::MAX));
    let recent = case.recent(now);
    let state = case.vm.as_ref().map(|vm| vm.state);
    let plan = format!("attempt {} of {all}", recent.saturating_add(1));
    if recent < here {
        let text = format!("{plan}: start it on {}", case.place());
        case.diary.note(now, Phase::Plan, text.clone());
        if case.rehearses() {
            let planned = case.fate(Fate::Planned(text));
            return case.end(now, Outcome::Rehearsed(None), Some(planned));
        }
        return Acting::start(case, now);
    }
    if recent >= all {
        return crash_loop(case, now, recent);
    }
    if state != Some(VmState::Poweroff) {
        // Its host lives and does not say that it is gone. Started elsewhere it might run twice.
        let why = format!(
            "{recent} attempts have failed, and an UNKNOWN VM may still run on {}: look there with `virsh list`, and \
             `onevm poweroff --hard` it before it is started elsewhere",
            case.place()
        );
        return case.hold(now, why);
    }
    case.diary.note(now, Phase::Plan, format!("{plan}: place it elsewhere"));
    Step::Survey(Surveying::new(case))
}

/// It ends with a name that people can look for.
fn crash_loop(mut case: Box<Case>, now: Moment, recent: usize) -> Step {
    let why = format!(
        "{CRASH_LOOP}: {recent} attempts within {}; find out why it crashes, then `onevm resume {}`",
        span(case.policy.down.reset),
        case.subject.vm.0
    );
    let known =
        case.vm.as_ref().and_then(|vm| vm.attributes.get(STATE)).is_some_and(|state| state == CRASH_LOOP);
    // Attempts that lie ahead would keep it for as long as a clock was wrong.
    if known && !case.is_misdated(now) {
        return case.hold(now, why);
    }
    if case.rehearses() {
        let held = case.fate(Fate::Held(why));
        return case.end(now, Outcome::Rehearsed(Some(Box::new(Outcome::Partly))), Some(held));
    }
    let vm = case.subject.vm;
    let mut attributes = vec![(STATE, CRASH_LOOP.to_owned())];
    attributes.extend(case.mend(now));
    let deeds = vec![Deed::NoteVm { vm, attributes }];
    Acting::name(case, deeds, why)
}
