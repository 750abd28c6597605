//! A look is forced: everything that forbids it is looked at, the note is written, then come the two calls.

use super::brakes::{Reason, View};
use super::evidence::evidence;
use super::known::Topic;
use super::mend::end_note;
use super::run::Run;
use crate::model::{DocumentId, Forced, Host, HostId, HostState, Outlook, Peer};
use crate::policy::healthy::Deed;
use crate::policy::lead::{Leads, leads};
use crate::policy::limits::held;
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::peers::peers;
use crate::policy::port::Failure;
use crate::policy::timings::FRESH;
use std::rc::Rc;
use std::time::Duration;

/// How often a host is enabled in one go, a second apart, where oned does not say that it has done so: an election takes 8 s.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_secs(1);

/// Look at hosts that are silent, one after the other.
pub(super) async fn look(run: &mut Run, watched: &Rc<[Peer]>, due: &[HostId]) {
    for host in due {
        if let Err(failure) = one(run, watched, *host).await {
            run.holds(Topic::Here, "oned", &failure);
        }
        run.known.later(*host, run.now());
    }
}

/// The host is read first: who looks around and who is asked about it must know it. What was done about the one before is seen.
async fn one(run: &mut Run, watched: &Rc<[Peer]>, id: HostId) -> Result<(), Failure> {
    let Some(host) = run.read(id).await? else { return Ok(()) };
    let outlook = run.ask(|world| world.outlook()).await?;
    match considered(run, watched, &outlook, &host).await {
        Ok(why) => force(run, &outlook, &host, why).await,
        Err((topic, (kind, failure))) => run.holds(topic, kind, &failure),
    }
    Ok(())
}

/// What speaks for a look, where nothing speaks against it.
async fn considered(
    run: &mut Run,
    watched: &Rc<[Peer]>,
    outlook: &Outlook,
    host: &Host,
) -> Result<String, (Topic, Reason)> {
    may_be_looked_at(run, outlook, host)?;
    run.known.is_over(Topic::Zone);
    let about = |reason: Reason| (Topic::Host(host.id), reason);
    let peers = peers(&outlook.hosts, host.id, u32::MAX, outlook.chance);
    let why = evidence(run, host, &peers, &outlook.memory).await.map_err(about)?;
    // What came in meanwhile, of this host and of the others.
    super::listen(run, watched, run.policy.watch.every / 4).await;
    if run.known.ear(host.id).unserved.is_zero() {
        return Err(about(("heard", held(format!("{host} is heard again"), "nothing is needed"))));
    }
    may_be_looked_at(run, outlook, host)?;
    let seconds = run.known.ear(host.id).unserved.as_secs();
    Ok(format!("no ssh banner for {seconds} s; {why}"))
}

fn may_be_looked_at(run: &Run, outlook: &Outlook, host: &Host) -> Result<(), (Topic, Reason)> {
    let view = View { policy: &run.policy, known: &run.known, outlook };
    let zone = view.zone().map(|reason| (Topic::Zone, reason));
    zone.or_else(|| Some((Topic::Host(host.id), view.host(host)?))).map_or(Ok(()), Err)
}

fn must_be_monitored(host: &Host, read: Option<&Host>) -> Result<(), Reason> {
    match read {
        Some(read) if read.state == HostState::Monitored => Ok(()),
        Some(read) => Err(("state", held(format!("{host} is {} by now", read.state), "nothing is needed"))),
        None => Err(("state", held(format!("{host} is gone"), "nothing is needed"))),
    }
}

/// Write the note, then make oned look.
async fn force(run: &mut Run, outlook: &Outlook, host: &Host, why: String) {
    let (began, memory) = (run.now(), &outlook.memory);
    let view = View { policy: &run.policy, known: &run.known, outlook };
    let times = view.forced(host.id).map(|forced| forced.times).max().unwrap_or(0).saturating_add(1);
    let old = memory.forced.iter().find(|(_, forced)| forced.host == host.id).map(|(document, _)| *document);
    run.note(Phase::Observe, format!("{host}: {why}: oned is made to look at it"));
    let note = Forced {
        host: host.id,
        name: host.name.clone(),
        by: memory.me.clone(),
        at: memory.now,
        state: host.state,
        heard: host.monitored_at,
        why,
        times,
        unsure: false,
        over: None,
    };
    let written = note.clone();
    let document = match run.ask(move |world| world.note_forced(old, &written)).await {
        Ok(document) => document,
        Err(failure) => return run.holds(Topic::Host(host.id), "note", &failure),
    };
    if let Err((kind, failure)) = still(run, host, began).await {
        run.holds(Topic::Host(host.id), kind, &failure);
        return end_note(run, document, &note, memory.now).await;
    }
    call(run, document, note).await;
}

/// Nothing has changed since: a person may have taken the host out of service, and another front-end may lead.
async fn still(run: &Run, host: &Host, began: crate::model::Moment) -> Result<(), Reason> {
    if run.policy.observer.leader {
        match leads(&run.ask(|world| world.lead()).await) {
            Leads::Yes => {}
            Leads::Unclear(failure) | Leads::No(failure) => return Err(("lead", failure)),
        }
    }
    let read = run.read(host.id).await.map_err(|failure| ("oned", failure))?;
    must_be_monitored(host, read.as_ref())?;
    if run.now().since(began) >= FRESH {
        let what = format!("oned is slow: what was seen of {host} is old");
        return Err(("slow", held(what, "nothing: it is looked at again")));
    }
    Ok(())
}

/// The two calls, with nothing between them.
async fn call(run: &mut Run, document: DocumentId, note: Forced) {
    let (host, at) = (note.host, note.at);
    run.known.pending.insert(host, false);
    let mut replies = run.tend(vec![Deed::Offline { host }, Deed::Enable { host }]).await.into_iter();
    let (first, second) = (replies.next(), replies.next());
    let enabled = match first {
        Some(Reply::Accepted) => second == Some(Reply::Accepted) || enable(run, host).await,
        // It may still be carried out: the note stays open until that cannot be any more.
        Some(Reply::Unknown(_)) | None => {
            run.known.pending.insert(host, true);
            let unsure = Forced { unsure: true, ..note.clone() };
            let _ = run.ask(move |world| world.note_forced(Some(document), &unsure)).await;
            let read = run.read(host).await.ok().flatten();
            read.is_some_and(|read| read.state == HostState::Offline) && enable(run, host).await
        }
        Some(Reply::Refused(..) | Reply::NotSent(_)) => return end_note(run, document, &note, at).await,
    };
    run.known.forced += 1;
    if enabled {
        end_note(run, document, &note, at).await;
    }
}

/// Enable the host until oned says that it has. What is not done then is done by the next turn, or by another process.
async fn enable(run: &mut Run, host: HostId) -> bool {
    for _ in 0..TRIES {
        run.wait(PAUSE).await;
        let reply = run.tend(vec![Deed::Enable { host }]).await.pop();
        if reply == Some(Reply::Accepted) {
            return true;
        }
    }
    false
}
