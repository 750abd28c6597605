//! A host that a look has left OFFLINE is enabled; one that a person has set OFFLINE is not touched.
//!
//! Whose it is says the note that was written before the first call. It is ours while the note is open, and oned has not heard
//! the host since: monitoring drops what an OFFLINE host says. A note whose host is seen in another state is ended, so that what
//! a person does later is the person's; while the first call may still be on its way, it is not.

use super::brakes::LONGEST;
use super::known::Topic;
use super::run::{Run, age};
use crate::model::{DocumentId, Epoch, Forced, Host, HostState, Memory};
use crate::policy::healthy::Deed;
use crate::policy::limits::held;
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::port::Failure;
use crate::policy::record::lease::front_end;
use crate::policy::surroundings::refused;
use crate::policy::timings::{QUIET, UNNAMED};

/// oned may have heard the host for so long after it had heard it last before the note: the first call may be carried out so
/// late, and a host reports every two minutes.
const HEARD: i64 = 300;

/// Is there a look that is not over? Then `mend` has something to do.
#[must_use]
pub fn is_left(memory: &Memory) -> bool {
    memory.forced.iter().any(|(_, forced)| forced.over.is_none())
}

/// Mend what is left of looks; whether what is remembered could be read.
pub(super) async fn mend(run: &mut Run) -> bool {
    let memory = match run.ask(|world| world.memory()).await {
        Ok(memory) => memory,
        Err(failure) => {
            run.holds(Topic::Here, "oned", &failure);
            return false;
        }
    };
    if let Some(failure) = refused(&memory) {
        run.holds(Topic::Here, "settings", &failure);
        return false;
    }
    for (document, forced) in &memory.forced {
        if forced.over.is_none() {
            one(run, &memory, *document, forced).await;
        } else if age(memory.now, forced) > LONGEST {
            forget(run, *document, forced).await;
        }
    }
    true
}

async fn one(run: &mut Run, memory: &Memory, document: DocumentId, forced: &Forced) {
    // What this process has begun it knows itself: it is over, or no call was made.
    if forced.by == memory.me && !run.known.pending.contains_key(&forced.host) {
        return end_note(run, document, forced, memory.now).await;
    }
    let host = match run.read(forced.host).await {
        Ok(Some(host)) => host,
        Ok(None) => return forget(run, document, forced).await,
        Err(failure) => return run.holds(Topic::Note(forced.host), "oned", &failure),
    };
    let whose = whose(run, memory, forced, &host);
    match (host.state == HostState::Offline, whose) {
        (true, Whose::Ours) => {
            let text = format!("{host} is OFFLINE by a look that {} began and did not end", forced.by);
            run.note(Phase::Observe, text);
            let reply = run.tend(vec![Deed::Enable { host: host.id }]).await.pop();
            if reply == Some(Reply::Accepted) {
                run.known.mended += 1;
                end_note(run, document, forced, memory.now).await;
            }
        }
        (true, Whose::Persons) => {
            let what = format!("{host} is OFFLINE, and oned has heard it since the look of {}", forced.by);
            let failure = held(what, "a person has set it so, and enables it");
            run.holds(Topic::Note(host.id), "person", &failure);
            end_note(run, document, forced, memory.now).await;
        }
        (false, Whose::Ours | Whose::Persons) if !may_come(run, memory, forced) => {
            end_note(run, document, forced, memory.now).await;
        }
        (_, Whose::AtWork) | (false, Whose::Ours | Whose::Persons) => {}
    }
}

#[derive(Clone, Copy)]
enum Whose {
    /// Whoever wrote the note may be between the two calls now.
    AtWork,
    Ours,
    Persons,
}

fn whose(run: &Run, memory: &Memory, forced: &Forced, host: &Host) -> Whose {
    let heard = host.monitored_at.zip(forced.heard);
    if heard.is_some_and(|(now, then)| now.saturating_sub(then) > HEARD) {
        return Whose::Persons;
    }
    let own = run.policy.alone && front_end(&forced.by) == front_end(&memory.me);
    if !own && age(memory.now, forced) < QUIET {
        return Whose::AtWork;
    }
    Whose::Ours
}

/// May oned still carry out the first call? A watcher of this front-end that is dead has sent it before it died, or never: what
/// a person does after that is not waited for.
fn may_come(run: &Run, memory: &Memory, forced: &Forced) -> bool {
    let own = run.policy.alone && front_end(&forced.by) == front_end(&memory.me);
    let may = match run.known.pending.get(&forced.host).filter(|_| forced.by == memory.me) {
        Some(unsure) => *unsure,
        None => forced.unsure || !own,
    };
    may && age(memory.now, forced) < UNNAMED
}

/// It is over.
pub(super) async fn end_note(run: &mut Run, document: DocumentId, forced: &Forced, now: Epoch) {
    run.known.pending.remove(&forced.host);
    let over = Forced { over: Some(now), ..forced.clone() };
    let written = run.ask(move |world| world.note_forced(Some(document), &over)).await;
    // It is tried again by the next turn.
    if let Err(Failure { what, .. }) = written {
        run.detail(Phase::Report, what);
    }
}

async fn forget(run: &Run, document: DocumentId, forced: &Forced) {
    let host = forced.host;
    let done = run.ask(move |world| world.leave(host, None, &[document])).await;
    if let Err(Failure { what, .. }) = done {
        run.detail(Phase::Report, what);
    }
}
