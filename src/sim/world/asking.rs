//! What the simulated front-end sees of itself, and what its witnesses say.

use super::super::seen::Seen;
use super::super::witness::{ASKING, Consul, Honesty};
use super::SimWorld;
use crate::model::{HostId, Observer, Opinion, Outlook, Peer, Raft, RaftState, Term, Testimony, Words};
use crate::policy::{Failure, News, Watch, listen};
use crate::world::World as _;
use std::time::Duration;

impl SimWorld {
    /// In the order in which a live run reads these: hosts, clusters, the memory, itself.
    pub(super) fn look(&mut self) -> Result<Outlook, Failure> {
        let (hosts, clusters, memory) = (self.zone.hosts()?, self.zone.clusters()?, self.memory()?);
        let raft = self.zone.raft_status();
        let leader_for = self.see_lead(raft.as_ref().ok().and_then(Option::as_ref));
        let term = Term::of(&raft);
        let raft = raft.map(|raft| raft.map_or(RaftState::Solo, |raft| raft.state));
        let cloud = self.transport.cloud();
        let (gateways, oned_runs_for) = (cloud.gateways(), Some(cloud.oned_runs_for()));
        let machine = cloud.machine().clone();
        let observer = Observer { raft, gateways, oned_runs_for, leader_for, term, machine };
        Ok(Outlook { hosts, clusters, memory, observer, chance: cloud.chance() })
    }

    /// Documents of which none has changed are not read again. A read that is left out so is not told among the calls: there may
    /// be hundreds in an hour.
    pub(super) fn wait_for_words(&mut self, pause: Duration, watch: &Watch) -> News {
        let mut known = None;
        listen(self, pause, watch, |world| {
            let print = world.transport.cloud().print_of_documents();
            if known == Some(print) {
                return None;
            }
            let memory = world.memory().ok()?;
            known = Some(print);
            Some(Words::of(&memory, watch.host))
        })
    }

    /// What a program of this front-end does that only asks whether it leads. One that is alone has nothing to note.
    pub fn look_for_a_leader(&mut self) {
        if !self.transport.cloud().front.is_solo() {
            let raft = self.zone.raft_status().ok().flatten();
            self.see_lead(raft.as_ref());
        }
    }

    /// What each program of a front-end does that asks whether it leads: a term that it has not seen before is noted. One
    /// from before the simulation was seen long ago.
    fn see_lead(&mut self, raft: Option<&Raft>) -> Option<Duration> {
        let raft = raft.filter(|raft| raft.state != RaftState::Solo)?;
        let now = self.cloud_now();
        if self.transport.cloud().front.elected.is_empty() {
            return Some(self.transport.cloud().led_for(now));
        }
        let seen = self.leads.entry((raft.server, raft.term)).or_insert(now);
        Some(now.saturating_sub(*seen))
    }

    /// All are asked at the same time: who answers has looked after a second, who does not holds up the rest.
    pub(super) fn ask_witnesses(&mut self, suspect: HostId, peers: &[Peer]) -> Vec<Testimony> {
        if peers.is_empty() && self.consul == Consul::Absent {
            return Vec::new();
        }
        self.advance(ASKING);
        let at = self.cloud_now();
        let really_alive = {
            let cloud = self.transport.cloud();
            cloud.answers_peers(suspect) && cloud.lets_in(suspect)
        };
        let mut heard: Vec<_> =
            peers.iter().map(|peer| (Some(peer.id), self.hear(peer, really_alive))).collect();
        heard.extend(self.hear_consul(suspect).map(|testimony| (None, testimony)));
        for (peer, testimony) in &heard {
            let (peer, testimony) = (*peer, testimony.clone());
            self.seen.push(Seen::Witness { at, peer, testimony, really_alive });
        }
        if heard.iter().any(|(_, testimony)| testimony.opinion == Opinion::None) {
            self.advance(self.witness_timeout.saturating_sub(ASKING));
        }
        heard.into_iter().map(|(_, testimony)| testimony).collect()
    }

    fn hear(&self, peer: &Peer, really_alive: bool) -> Testimony {
        let honesty = self.witnesses.get(&peer.id).copied().unwrap_or_default();
        let reached = self.transport.cloud().answers_front_end(peer.id);
        let (opinion, said) = (if reached { honesty } else { Honesty::Silent }).speak(really_alive);
        Testimony { witness: peer.to_string(), opinion, said: said.to_owned() }
    }

    fn hear_consul(&self, suspect: HostId) -> Option<Testimony> {
        let silent = self.transport.cloud().silent_for(suspect);
        let (opinion, said) = self.consul.speak(silent)?;
        Some(Testimony { witness: "consul".to_owned(), opinion, said: said.to_owned() })
    }
}
