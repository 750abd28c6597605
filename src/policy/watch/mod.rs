//! `onerescue watch`: oned is made to look sooner at a host that is silent. It decides nothing about the host: oned's own probe
//! does. No host is fenced by it, and no VM touched.
//!
//! It connects to the ssh port of every MONITORED host. One that gives no banner is asked about: its devices, then its peers
//! (`evidence`). What forbids a recovery forbids this too (`brakes`). Then the host is set OFFLINE and at once enabled, as
//! `onehost forceupdate` does it (`force`). That is written down before, and a host that stays OFFLINE between the two calls is
//! enabled by the next turn, by another front-end's watcher or by `onerescue reconcile` (`mend`).

mod brakes;
mod evidence;
mod force;
mod known;
mod mend;
mod rules;
mod run;

pub use known::Known;
pub use mend::is_left;
pub use rules::{Policy, Rules};

use super::desk::Suspended;
use super::lead::idle;
use crate::model::{Heard, HostState, Peer};
use known::Topic;
use run::Run;
use std::rc::Rc;
use std::time::Duration;

/// The hosts are read this often.
pub const TURN: Duration = Duration::from_secs(30);

/// The time in a round that counts as listened to is at most so many of its lengths: the process may have been stopped.
const SLOW: u32 = 2;

/// One turn of a watcher, which ends after [`TURN`] or when a host was looked at; what is known goes into the next one.
#[must_use]
pub fn begin(known: Known, policy: Policy) -> Suspended<Known> {
    Suspended::new(|desk| async move {
        let mut run = Run::new(desk, known, policy);
        turn(&mut run).await;
        run.known
    })
}

/// Enable the hosts that a look has left OFFLINE, whoever has begun it.
#[must_use]
pub fn begin_to_mend(policy: Policy) -> Suspended<Known> {
    Suspended::new(|desk| async move {
        let mut run = Run::new(desk, Known::default(), Policy { alone: false, ..policy });
        if leads(&mut run).await {
            mend::mend(&mut run).await;
        }
        run.known
    })
}

async fn turn(run: &mut Run) {
    let watches = leads(run).await && mend::mend(run).await;
    let hosts = if watches { pool(run).await } else { None };
    let Some(hosts) = hosts else {
        run.known.keep(std::iter::empty());
        return run.wait(TURN).await;
    };
    let until = run.now().plus(TURN);
    while until.since(run.now()) > Duration::ZERO {
        let every = run.policy.watch.every.min(until.since(run.now()));
        listen(run, &hosts, every).await;
        let due = run.known.due(&run.policy.watch, run.now());
        if !due.is_empty() {
            return force::look(run, &hosts, &due).await;
        }
    }
}

/// One round: what is heard of the hosts.
async fn listen(run: &mut Run, hosts: &Rc<[Peer]>, listen: Duration) {
    let (began, asked) = (run.now(), Rc::clone(hosts));
    let heard = run.ask(move |world| world.touch(&asked, listen)).await;
    let listened = run.now().since(began).min(listen.saturating_mul(SLOW));
    run.known.hears(&heard, listened);
    for (host, heard) in heard {
        if let Heard::NotAsked(why) = heard {
            let text = || format!("{host} cannot be asked from here: {why}");
            run.says(Topic::Host(host), "not asked", text);
        }
    }
}

/// Does this front-end lead its zone? It says once that it does not.
async fn leads(run: &mut Run) -> bool {
    let lead = run.ask(|world| world.lead()).await;
    match idle(&lead, run.policy.observer) {
        Ok(None) => return true,
        Ok(Some(why)) => run.says(Topic::Here, "lead", || format!("nothing is done here: {why}")),
        Err(failure) => run.holds(Topic::Here, "lead", &failure),
    }
    false
}

/// The hosts that are watched: those that are MONITORED.
async fn pool(run: &mut Run) -> Option<Rc<[Peer]>> {
    let hosts = match run.ask(|world| world.pool()).await {
        Ok(hosts) => hosts,
        Err(failure) => {
            run.holds(Topic::Here, "oned", &failure);
            return None;
        }
    };
    let monitored = hosts.into_iter().filter(|host| host.state == HostState::Monitored);
    let hosts: Rc<[Peer]> = monitored.map(|host| Peer { id: host.id, name: host.name }).collect();
    run.known.keep(hosts.iter().map(|host| host.id));
    let text = || format!("the ssh ports of {} hosts are watched", hosts.len());
    run.says(Topic::Here, "watched", text);
    Some(hosts)
}
