//! Is it us? Asked before every fence, and again before an "off" when the last look is not fresh.
//!
//! The limits themselves are in [`super::limits`].

use super::FRESH;
use super::ahead::Ahead;
use super::case::Case;
use super::confirm::{Confirming, alive, sign_of_life};
use super::devices::ChoosingDevices;
use super::fence::{self, Fencing as Fence, not_again};
use super::hear::Hearing;
use super::hold::hold;
use super::incident::{Step, wait};
use super::itself::{Leader, young_lead};
use super::lead::{Leading, Leads, leads, let_go, must_lead};
use super::leave::{Leaving, old};
use super::limits::brakes;
use super::notes::Phase;
use super::observe::{not_dead, unreadable};
use super::own::{abort_of, leave_to, lost};
use super::port::Failure;
use super::report::Outcome;
use super::rules::ProbeError;
use super::settings::Fencing;
use super::settings::Purpose;
use super::standing::{open, standing};
use super::weigh::Weighing;
use crate::model::{Host, HostState, Moment, Outlook, Peer, WhoLeads};

/// A front-end that says it leads when it is asked, and then that it does not know, is asked no more often.
const UNSURE: u32 = 3;

/// See [`Step::Brake`].
#[derive(Debug)]
pub struct Braking {
    case: Box<Case>,
    ahead: Ahead,
}

impl Braking {
    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
    }

    pub(super) fn new(case: Box<Case>) -> Self {
        Self { case, ahead: Ahead::Fence }
    }

    /// Look once more, then send "off": at brakes and witnesses too, unless they were just asked.
    pub(super) fn before_off(fence: Fence, case: Box<Case>, now: Moment) -> Step {
        if let Some(why) = not_again(&case) {
            return fence.stays_its_hand(case, now, why);
        }
        if Weighing::is_due(&case) {
            return Weighing::before_off(fence, case, now);
        }
        let ahead = Ahead::PowerOff(Box::new(fence));
        if case.cleared.is_some_and(|at| now.since(at) < FRESH) {
            return Confirming::before(case, now, ahead);
        }
        Step::Brake(Self { case, ahead })
    }

    /// Look at everything once more.
    pub(super) fn again(case: Box<Case>, ahead: Ahead) -> Step {
        Step::Brake(Self { case, ahead })
    }

    /// What can be seen from here, or why it could not be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, outlook: Result<Outlook, Failure>) -> Step {
        let outlook = match outlook {
            Ok(outlook) => outlook,
            Err(failure) => {
                if let Some(pause) = self.case.patience(now, Phase::Brake, &failure) {
                    return wait(pause, Step::Brake(self));
                }
                return self.case.stop(now, unreadable(failure));
            }
        };
        let lead = WhoLeads { state: outlook.observer.raft.clone(), leader: None };
        match leads(&lead) {
            Leads::No(failure) if must_lead(&self.case) => return let_go(self.case, now, failure),
            Leads::Unclear(failure) if must_lead(&self.case) && self.case.unsure >= UNSURE => {
                return let_go(self.case, now, failure);
            }
            Leads::Unclear(_) if must_lead(&self.case) => {
                self.case.unsure += 1;
                return Leading::before(Step::Brake(self));
            }
            Leads::Yes | Leads::Unclear(_) | Leads::No(_) => self.case.unsure = 0,
        }
        let Self { mut case, ahead } = self;
        case.answered();
        if let Some(lost) = lost(&case, &outlook.memory) {
            return leave_to(case, now, &lost);
        }
        if let Some(word) = abort_of(&case, &outlook.memory) {
            return case.abort(now, word);
        }
        if let Some(document) = case.document.filter(|_| matches!(ahead, Ahead::Fence) && is_fresh(&case)) {
            let counts = standing(&outlook.memory, case.subject.host).map(|(document, _)| *document);
            if let Some(other) = counts.filter(|other| *other < document) {
                let text =
                    format!("{other} remembers this incident too, was made before {document}, and counts");
                case.note(now, Phase::Claim, text);
                return Leaving::again(case, document);
            }
        }
        case.owned = now;
        learn(&mut case, now, &outlook);
        let others = outlook.hosts.iter().filter(|host| host.id != case.subject.host);
        let (others, healthy) = others.fold((0, 0), |(all, healthy), host| {
            (all + 1, healthy + usize::from(host.state == HostState::Monitored))
        });
        let figures = format!("{healthy} of {others} other hosts are MONITORED");
        if matches!(ahead, Ahead::Fence) {
            case.note_once(now, Phase::Brake, figures);
        }
        let mut brakes = brakes(&case, now, &outlook);
        let young = young_lead(&outlook.observer, &case.policy.brake);
        case.leader = if young.is_some() { Leader::Young } else { Leader::Known };
        case.hold.at_off &= brakes.is_empty() && young.is_some();
        case.hold.at_off |= brakes.is_empty() && young.is_some() && matches!(ahead, Ahead::PowerOff(_));
        brakes.extend(young.filter(|_| ahead.is_blind(&case)).map(|young| ahead.in_view(young)));
        if case.policy.purpose == Purpose::Rehearse {
            let host = outlook.hosts.iter().find(|host| host.id == case.subject.host);
            rehearse(&mut case, now, brakes, host);
            return Hearing::rehearse(case);
        }
        if let Some(failure) = brakes.into_iter().next() {
            return hold(case, now, failure, Outcome::Held);
        }
        case.cleared = Some(now).filter(|_| case.leader == Leader::Known);
        Hearing::before(case, now, ahead)
    }
}

/// Has the run only looked so far? Then it may begin again with another record: one that could not be read before.
fn is_fresh(case: &Case) -> bool {
    case.told.is_empty()
        && case.earlier.is_none()
        && !case.touched
        && case.policy.purpose != Purpose::Rehearse
}

/// Keep what later steps need of this look.
fn learn(case: &mut Case, now: Moment, outlook: &Outlook) {
    let memory = &outlook.memory;
    case.clock.get_or_insert((memory.now, now));
    case.shown = Some((memory.now, now));
    case.old = old(memory, case.subject.host, &case.policy.record, &case.policy.brake);
    case.seen_on = memory.seen_on.iter().filter(|seen| seen.host == case.subject.host).cloned().collect();
    let own = memory.incidents.iter().find(|(document, _)| Some(*document) == case.document);
    if let (Some((_, stored)), Some(incident)) = (own, &mut case.incident) {
        // A word that any run has used is used.
        incident.confirmation = stored.confirmation.clone().or(incident.confirmation.take());
    }
    let about = memory.confirmations.iter().filter(|word| word.host == case.subject.host);
    // There may be two open records of this host by accident; one that is older than a closed one is another failure's.
    let since = open(memory, case.subject.host);
    let open: Vec<_> = since.map(|(document, _)| *document).chain(case.document).collect();
    case.word = about.filter(|word| open.contains(&word.incident)).max_by_key(|word| word.at).cloned();
    let cluster = outlook.hosts.iter().find(|host| host.id == case.subject.host).map(|host| host.cluster);
    let peer = |host: &&Host| {
        host.id != case.subject.host && Some(host.cluster) == cluster && host.state == HostState::Monitored
    };
    let peers = outlook.hosts.iter().filter(peer);
    let mut peers: Vec<_> = peers.map(|host| Peer { id: host.id, name: host.name.clone() }).collect();
    shuffle(&mut peers, outlook.chance);
    case.peers = peers;
}

/// Another order for another number, so that not always the same hosts are asked.
fn shuffle(peers: &mut [Peer], chance: u64) {
    peers.sort_by_key(|peer| {
        let mixed = (u64::from(peer.id.0) ^ chance).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed ^ (mixed >> 29), peer.id)
    });
}

/// Say where the real run would stop.
fn rehearse(case: &mut Case, now: Moment, brakes: Vec<Failure>, host: Option<&Host>) {
    if let Some(reason) = host.and_then(not_dead) {
        case.note(now, Phase::Observe, format!("WOULD STOP HERE: {reason}; going on as if it were dead"));
        case.stops_with(Outcome::NothingToDo(reason));
    }
    let life = host.and_then(|host| Some(alive(host, &sign_of_life(host)?)));
    let life = life.filter(|_| case.policy.fence.probe_error == ProbeError::Hold);
    for failure in brakes.into_iter().chain(life) {
        case.note(now, Phase::Confirm, format!("WOULD STOP HERE: {}; {}", failure.what, failure.advice));
        case.stops_with(Outcome::Held(failure));
    }
}

/// Go on with the devices, as if nothing had stopped it.
pub(super) fn rehearse_fence(case: Box<Case>) -> Step {
    match case.policy.fencing {
        Fencing::Required => Step::ChooseDevices(ChoosingDevices::new(case)),
        Fencing::Waived => fence::rehearse(case, Moment::default()),
    }
}
