//! Second opinions: is the host dead before it is fenced, and does nobody contradict the proof afterwards?
//!
//! One witness that says alive counts; silence proves nothing, and no witness replaces the fence.

use crate::model::{Opinion, Testimony};
use crate::policy::fencing::proof::Proof;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::run::would_stop::WouldStop;
use crate::policy::run::would_stop::says;
use crate::policy::timings::FRESH;
use std::time::Duration;

/// The time between two questions to a witness that still says alive.
const AGAIN: Duration = Duration::from_secs(5);

/// Hear witnesses, if there are any, before something that cannot be taken back.
pub(in crate::policy) async fn before(run: &mut Run) -> Result<(), Stop> {
    // Those that the wait has heard just now are not asked twice.
    let just = run.waiting.heard.take().filter(|(at, _)| run.now().since(*at) < FRESH);
    let heard = if let Some((_, count)) = just { Some(count) } else { hear(run).await };
    let Some(count) = heard else { return Ok(()) };
    if count.says_alive(run) {
        return Err(Stop::held(says_alive(run, &count)));
    }
    let needed = run.policy.witness.dead;
    if count.dead < needed {
        let what = format!(
            "{} must get no answer from {}; {}",
            witnesses(usize::try_from(needed).unwrap_or(usize::MAX)),
            run.host(),
            count.summary()
        );
        let advice = "bring more witnesses back, or lower [witness] dead".to_owned();
        return Err(Stop::held(Failure { trouble: Trouble::Unreachable, what, advice }));
    }
    run.note(Phase::Confirm, count.summary());
    Ok(())
}

/// The host is proven off: what witnesses say who do not contradict, if there are any.
pub(in crate::policy) async fn after_off(run: &mut Run, proof: &Proof) -> Result<Option<String>, Stop> {
    let since = run.now();
    loop {
        let Some(count) = hear(run).await else { return Ok(None) };
        if !count.says_alive(run) {
            return Ok(Some(count.summary()));
        }
        let waited = run.now().since(since);
        if waited >= run.policy.witness.after_off {
            return Err(contradicted(run, proof, waited, &count));
        }
        run.detail(Phase::Prove, format!("a witness has not noticed yet: {}", count.who()));
        let left = run.policy.witness.after_off.saturating_sub(waited);
        run.pause(AGAIN.min(left).max(Duration::from_millis(100))).await?;
    }
}

fn contradicted(run: &mut Run, proof: &Proof, waited: Duration, count: &Count) -> Stop {
    let what = format!(
        "CONTRADICTION: {} was read back as off ({proof}), and {} s later it is alive: {}",
        run.host(),
        waited.as_secs(),
        count.who()
    );
    run.fence.contradiction = Some(what.clone());
    let advice = format!(
        "go and look: the fence device may have switched off another machine than {0}, so see which one went off and correct the \
         device of {0}; if {0} is really off, the witness is wrong",
        run.subject.name
    );
    Stop::held(Failure { trouble: Trouble::Refused, what, advice })
}

/// A healthy host should be seen alive; one in ERROR that is would not be fenced.
pub(in crate::policy) async fn rehearse(run: &mut Run, stop: &mut WouldStop) {
    let Some(count) = hear(run).await else { return };
    run.note(Phase::Confirm, count.summary());
    if count.says_alive(run) && !stop.is_well() {
        says(run, stop, Phase::Confirm, says_alive(run, &count), Outcome::Held);
    }
}

/// Ask peers, and Consul where it is set up; nobody where there is no witness.
pub(super) async fn hear(run: &mut Run) -> Option<Count> {
    if !run.policy.witness.any() {
        return None;
    }
    let most = usize::try_from(run.policy.witness.peers).unwrap_or(0);
    let peers: Vec<_> = run.suspect.peers.iter().take(most).cloned().collect();
    let (host, ids) = (run.subject.host, peers.iter().map(|peer| peer.id).collect::<Vec<_>>());
    let heard = run.ask(move |world| world.witnesses(host, &peers)).await;
    for testimony in &heard {
        run.detail(Phase::Confirm, testimony.to_string());
    }
    // They are in that order, and Consul is the last.
    let silent = ids.iter().zip(&heard).filter(|(_, testimony)| testimony.opinion == Opinion::None);
    run.suspect.silent = silent.map(|(peer, _)| *peer).collect();
    Some(Count::of(&heard))
}

/// What witnesses have said.
pub(in crate::policy) struct Count {
    pub(super) alive: Vec<String>,
    pub(super) dead: u32,
    all: usize,
}

impl Count {
    fn of(heard: &[Testimony]) -> Self {
        let alive = heard.iter().filter(|testimony| testimony.opinion == Opinion::Alive);
        let dead = heard.iter().filter(|testimony| testimony.opinion == Opinion::Dead).count();
        let alive = alive.map(ToString::to_string).collect();
        Self { alive, dead: u32::try_from(dead).unwrap_or(u32::MAX), all: heard.len() }
    }

    fn says_alive(&self, run: &Run) -> bool {
        self.alive.len() >= usize::try_from(run.policy.witness.alive.max(1)).unwrap_or(usize::MAX)
    }

    pub(super) fn who(&self) -> String {
        self.alive.join("; ")
    }

    fn summary(&self) -> String {
        let (alive, dead) = (self.alive.len(), self.dead);
        let none = self.all.saturating_sub(alive).saturating_sub(usize::try_from(dead).unwrap_or(usize::MAX));
        format!(
            "of {} asked, {alive} saw it alive, {dead} got no answer from it, {none} could not tell",
            witnesses(self.all)
        )
    }
}

pub(super) fn witnesses(count: usize) -> String {
    format!("{count} witness{}", if count == 1 { "" } else { "es" })
}

fn says_alive(run: &Run, count: &Count) -> Failure {
    let what = format!("{} is alive: {}", run.host(), count.who());
    let advice = format!(
        "find out why OpenNebula does not hear {}; if a witness is wrong, repair it or change [witness]",
        run.subject.name
    );
    Failure { trouble: Trouble::Refused, what, advice }
}
