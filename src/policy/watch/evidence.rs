//! Whether somebody else finds that host dead too: its devices say off, or its peers get no answer either.
//!
//! One answer is enough against it. A device that gives none, and a peer that cannot be reached, say nothing. It is no proof of
//! anything: oned looks, and a recovery proves anew.

use super::run::Run;
use crate::model::{FenceDevice, Host, Level, Memory, Opinion, Peer, PowerState, ReadBack, Route, Scope};
use crate::policy::limits::held;
use crate::policy::notes::Phase;
use crate::policy::rules::Control;

use super::brakes::Reason;

/// What speaks for a look: `bmc says off`.
///
/// # Errors
/// Why nothing does.
pub(super) async fn evidence(
    run: &Run,
    host: &Host,
    peers: &[Peer],
    memory: &Memory,
) -> Result<String, Reason> {
    if let Some(said) = says_off(run, host, peers, memory).await {
        return Ok(said);
    }
    let rules = &run.policy.watch;
    if run.known.ear(host.id).refuses(rules) {
        let what = format!(
            "{host} refuses connections to port {}: the machine lives, and its sshd does not",
            rules.port
        );
        return Err(("refused", held(what, format!("start sshd on {}", host.name))));
    }
    asked(run, host, peers).await
}

/// The devices of one level that all say off.
async fn says_off(run: &Run, host: &Host, peers: &[Peer], memory: &Memory) -> Option<String> {
    let id = host.id;
    let levels = match run.ask(move |world| world.fence_levels(id)).await {
        Ok(levels) => levels,
        Err(failure) => {
            run.detail(Phase::Confirm, failure.what);
            return None;
        }
    };
    for level in levels.iter().filter(|level| says_something(run, host, level, memory)) {
        if all_say_off(run, host, level, peers).await {
            let names: Vec<_> = level.0.iter().map(|device| device.name.0.as_str()).collect();
            return Some(format!("{} says off", names.join(" and ")));
        }
    }
    None
}

async fn all_say_off(run: &Run, host: &Host, level: &Level, peers: &[Peer]) -> bool {
    for device in &level.0 {
        let via = match device.route {
            Route::FrontEnd => None,
            Route::Peer => peers.first().cloned(),
        };
        let (id, name) = (host.id, device.name.clone());
        let said = run.ask(move |world| world.power_state(id, &name, via.as_ref())).await;
        run.detail(Phase::Confirm, format!("{} says {said}", device.name));
        if said != PowerState::Off {
            return false;
        }
    }
    true
}

/// Would "off" of all these devices mean that the machine has no power? One that was never seen ON may be wired to nothing.
fn says_something(run: &Run, host: &Host, level: &Level, memory: &Memory) -> bool {
    let seen = |device: &FenceDevice| {
        let same = |seen: &crate::model::SeenOn| {
            seen.host == host.id && seen.device == device.name && seen.target == device.target
        };
        run.policy.control == Control::Waived || memory.seen_on.iter().any(same)
    };
    let says = |device: &FenceDevice| {
        device.read_back == ReadBack::Status && device.scope == Scope::Host && seen(device)
    };
    !level.0.is_empty() && level.0.iter().all(says)
}

/// Peers, and Consul where it is set up: at least one gets no answer, and nobody has one.
async fn asked(run: &Run, host: &Host, peers: &[Peer]) -> Result<String, Reason> {
    let rules = run.policy.witness;
    let most = usize::try_from(rules.peers).unwrap_or(0);
    let peers: Vec<_> = peers.iter().take(most).cloned().collect();
    if peers.is_empty() && !rules.consul {
        let what = format!("{host} is silent, and nobody says that it is off: it has no peer to be asked");
        return Err(("nobody", held(what, "set [witness] peers")));
    }
    let id = host.id;
    let heard = run.ask(move |world| world.witnesses(id, &peers)).await;
    for testimony in &heard {
        run.detail(Phase::Confirm, testimony.to_string());
    }
    let by = |opinion| heard.iter().filter(move |testimony| testimony.opinion == opinion);
    if let Some(alive) = by(Opinion::Alive).next() {
        let what = format!("{host} is silent here, and it is alive: {alive}");
        return Err(("alive", held(what, "find out why this front-end gets no answer from it")));
    }
    let dead: Vec<_> = by(Opinion::Dead).map(|testimony| testimony.witness.as_str()).collect();
    let needed = usize::try_from(rules.dead.max(1)).unwrap_or(usize::MAX);
    if dead.len() < needed {
        let what = format!(
            "{host} is silent, and of {} asked only {} got no answer either",
            heard.len(),
            dead.len()
        );
        return Err(("unclear", held(what, "see whether its peers can be reached over ssh")));
    }
    Ok(format!("no answer to {}", dead.join(" and ")))
}
