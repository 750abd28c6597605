//! Second opinions: is the host dead before it is fenced, and does nobody contradict the proof afterwards?
//!
//! One witness that says alive counts; silence proves nothing, and no witness replaces the fence.

use super::ahead::Ahead;
use super::brake::rehearse_fence;
use super::case::Case;
use super::confirm::Confirming;
use super::hold::hold;
use super::incident::{Step, wait};
use super::notes::Phase;
use super::port::{Failure, Subject, Trouble};
use super::proof::{Evidence, Proof};
use super::record::{After, write};
use super::report::Outcome;
use crate::model::{Moment, Opinion, Peer, Progress, Testimony};
use std::time::Duration;

/// The time between two questions to a witness that still says alive.
const AGAIN: Duration = Duration::from_secs(5);

#[derive(Debug)]
enum Goal {
    /// Is it dead? Then go on with this.
    Before(Ahead),
    /// It is proven off: nobody may go on to say that it is alive.
    AfterOff { proof: Proof, since: Moment },
    /// `--dry-run`: would one stop the real run?
    Rehearse,
}

/// See [`Step::Hear`].
#[derive(Debug)]
pub struct Hearing {
    case: Box<Case>,
    peers: Vec<Peer>,
    goal: Goal,
}

impl Hearing {
    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
    }

    /// Hear witnesses, if there are any, before something that cannot be taken back.
    pub(super) fn before(case: Box<Case>, now: Moment, ahead: Ahead) -> Step {
        if !case.policy.witness.any() {
            return Confirming::before(case, now, ahead);
        }
        Self::step(case, Goal::Before(ahead))
    }

    /// The host is proven off: hear whether somebody contradicts, then go on.
    pub(super) fn after_off(case: Box<Case>, now: Moment, proof: Proof) -> Step {
        if !case.policy.witness.any() {
            return proven(case, now, proof);
        }
        Self::step(case, Goal::AfterOff { proof, since: now })
    }

    /// Say what witnesses say, and go on.
    pub(super) fn rehearse(case: Box<Case>) -> Step {
        if !case.policy.witness.any() {
            return rehearse_fence(case);
        }
        Self::step(case, Goal::Rehearse)
    }

    fn step(case: Box<Case>, goal: Goal) -> Step {
        let most = usize::try_from(case.policy.witness.peers).unwrap_or(0);
        let peers = case.peers.iter().take(most).cloned().collect();
        Step::Hear(Self { case, peers, goal })
    }

    /// The host that they are asked about.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// The peers to ask; Consul is asked where it is set up.
    #[must_use]
    pub fn peers(&self) -> &[Peer] {
        &self.peers
    }

    /// What they say.
    #[must_use]
    pub fn answer(self, now: Moment, heard: &[Testimony]) -> Step {
        let Self { mut case, goal, .. } = self;
        for testimony in heard {
            case.detail(now, Phase::Confirm, testimony.to_string());
        }
        let count = Count::of(heard);
        match goal {
            Goal::Before(ahead) => before(case, now, &count, ahead),
            Goal::AfterOff { proof, since } => after_off(case, now, &count, proof, since),
            Goal::Rehearse => rehearsed(case, now, &count),
        }
    }
}

struct Count<'a> {
    alive: Vec<&'a Testimony>,
    dead: u32,
    all: usize,
}

impl<'a> Count<'a> {
    fn of(heard: &'a [Testimony]) -> Self {
        let alive = heard.iter().filter(|testimony| testimony.opinion == Opinion::Alive).collect();
        let dead = heard.iter().filter(|testimony| testimony.opinion == Opinion::Dead).count();
        Self { alive, dead: u32::try_from(dead).unwrap_or(u32::MAX), all: heard.len() }
    }

    fn says_alive(&self, case: &Case) -> bool {
        self.alive.len() >= usize::try_from(case.policy.witness.alive.max(1)).unwrap_or(usize::MAX)
    }

    fn who(&self) -> String {
        let who: Vec<_> = self.alive.iter().map(ToString::to_string).collect();
        who.join("; ")
    }

    fn summary(&self) -> String {
        let (alive, dead) = (self.alive.len(), self.dead);
        let none = self.all.saturating_sub(alive).saturating_sub(usize::try_from(dead).unwrap_or(usize::MAX));
        format!(
            "of {} asked, {alive} say alive, {dead} got no answer from it, {none} have no opinion",
            self.all
        )
    }
}

/// A healthy host should be seen alive; one in ERROR that is would not be fenced.
fn rehearsed(mut case: Box<Case>, now: Moment, count: &Count<'_>) -> Step {
    case.note(now, Phase::Confirm, count.summary());
    let healthy = matches!(case.would_stop, Some(Outcome::NothingToDo(_)));
    if count.says_alive(&case) && !healthy {
        let failure = says_alive(&case, count);
        case.note(now, Phase::Confirm, format!("WOULD STOP HERE: {}; {}", failure.what, failure.advice));
        case.stops_with(Outcome::Held(failure));
    }
    rehearse_fence(case)
}

fn says_alive(case: &Case, count: &Count<'_>) -> Failure {
    let what = format!("{} is alive, says {}", case.host(), count.who());
    let advice = format!(
        "find out why OpenNebula does not hear {}; if a witness is wrong, mend it or change [witness]",
        case.subject.name
    );
    Failure { trouble: Trouble::Refused, what, advice }
}

fn before(mut case: Box<Case>, now: Moment, count: &Count<'_>, ahead: Ahead) -> Step {
    if count.says_alive(&case) {
        let failure = says_alive(&case, count);
        return hold(case, now, failure, Outcome::Held);
    }
    let needed = case.policy.witness.dead;
    if count.dead < needed {
        let what = format!("{needed} witnesses must find {} dead; {}", case.host(), count.summary());
        let advice = "bring more witnesses back, or lower [witness] dead".to_owned();
        return hold(case, now, Failure { trouble: Trouble::Unreachable, what, advice }, Outcome::Held);
    }
    case.note(now, Phase::Confirm, count.summary());
    Confirming::before(case, now, ahead)
}

fn after_off(mut case: Box<Case>, now: Moment, count: &Count<'_>, mut proof: Proof, since: Moment) -> Step {
    if !count.says_alive(&case) {
        proof.add(Evidence::Witnesses(count.summary()));
        return proven(case, now, proof);
    }
    if now.since(since) < case.policy.witness.after_off {
        case.detail(now, Phase::Prove, format!("a witness has not noticed yet: {}", count.who()));
        let left = case.policy.witness.after_off.saturating_sub(now.since(since));
        let pause = AGAIN.min(left).max(Duration::from_millis(100));
        return wait(pause, Hearing::step(case, Goal::AfterOff { proof, since }));
    }
    let what = format!(
        "CONTRADICTION: {} was read back as off ({proof}), and {} s later it is alive, says {}",
        case.host(),
        now.since(since).as_secs(),
        count.who()
    );
    case.contradiction = Some(what.clone());
    let advice = format!(
        "go and look: the fence device may switch another machine than {}, or a witness may look at one",
        case.subject.name
    );
    hold(case, now, Failure { trouble: Trouble::Refused, what, advice }, Outcome::Held)
}

/// Nobody contradicts: write the proof down, and go on to the VMs.
fn proven(mut case: Box<Case>, now: Moment, proof: Proof) -> Step {
    case.note(now, Phase::Prove, format!("{} is off: {proof}", case.host()));
    (case.earlier, case.disproven, case.contradiction) = (None, false, None);
    let began = case.epoch(Moment::default());
    let shown = (!proof.is_waived()).then(|| proof.to_string());
    let looks = case.only_looks();
    if let Some(incident) = &mut case.incident {
        if !looks {
            incident.progress = Progress::Off;
        }
        incident.began = Some(began);
        incident.proof = shown;
        incident.held = None;
    }
    write(case, now, After::Proven(proof))
}
