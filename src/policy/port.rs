//! The port: everything that a procedure can ask of a world, and what a wait is cut short for. The core owns it.
//! The nouns of the questions are in `subject`, those of the answers in `answers`.

mod answers;
mod subject;

pub use answers::{Claim, Crowd, Domains, LayerList, Survey, Taken, VmList};
pub use subject::{Failure, Source, Subject, Trouble, VmSubject};

use super::notes::Entry;
use super::order::{Order, Reply};
use crate::model::{
    DeviceName, DocumentId, Door, Dump, Evacuation, Forced, Heard, Hold, Holder, Hook, Host, HostId,
    Incident, Level, Memory, Moment, NotOff, Opinion, Outlook, Peer, PowerState, Testimony, Vm, VmId,
    WhoLeads, Words,
};
use crate::policy::fencing::clearance::token::Clearance;
use crate::policy::fencing::proof::Proof;
use crate::policy::healthy::deed::Deed;
use crate::policy::rules::HoldRules;
use crate::policy::timings::FRESH;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::time::Duration;

/// Everything that a recovery can do and learn. It decides nothing; what an answer means is for the policy.
pub trait World {
    /// The monotonic clock of this run.
    fn now(&mut self) -> Moment;

    /// A run is between two steps: nothing is on its way. It need not return, if the process is to stop.
    fn between_steps(&mut self) {}

    /// Let time pass.
    fn wait(&mut self, pause: Duration);

    /// Let time pass; less, as soon as people have written something about the host, or one of the devices answers.
    fn wait_for_news(&mut self, pause: Duration, watch: &Watch) -> News {
        let _ = watch;
        self.wait(pause);
        News::default()
    }

    /// The host as oned has it now.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer, or has no such host.
    fn host(&mut self, id: HostId) -> Result<Host, Failure>;

    /// The same, beside the power of a host that is proven off.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer, or has no such host.
    fn beside(&mut self, id: HostId) -> Result<Host, Failure> {
        self.host(id)
    }

    /// What is remembered of this and other incidents.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn memory(&mut self) -> Result<Memory, Failure>;

    /// Write an incident down, in a new document or over an old one.
    ///
    /// # Errors
    /// A [`Failure`]; it may have been written nevertheless, unless oned refused.
    fn record(&mut self, document: Option<DocumentId>, incident: &Incident) -> Result<DocumentId, Failure>;

    /// Lock a record, so that no other run works on its host. `over` is the lock of an owner that is gone: it is taken
    /// away first, if it is still the one that is there.
    ///
    /// # Errors
    /// A [`Failure`]; it may have been locked nevertheless, unless oned refused.
    fn take(&mut self, host: HostId, document: DocumentId, over: Option<Hold>) -> Result<Taken, Failure>;

    /// Let go of a host: unlock its record, and delete documents.
    ///
    /// # Errors
    /// The first [`Failure`]; what comes after it is tried all the same.
    fn leave(
        &mut self,
        host: HostId,
        unlock: Option<DocumentId>,
        forget: &[DocumentId],
    ) -> Result<(), Failure>;

    /// Everything that a brake needs: hosts, clusters, the memory, this front-end itself.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn outlook(&mut self) -> Result<Outlook, Failure>;

    /// Ask witnesses about a host that was read, at the same time: these peers, and Consul if it is set up.
    fn witnesses(&mut self, host: HostId, peers: &[Peer]) -> Vec<Testimony>;

    /// Ask these hosts which of the VMs they run, whatever oned has: all at the same time, and each once.
    fn domains(&mut self, peers: &[Peer], vms: &[VmId]) -> Vec<Domains> {
        let _ = vms;
        let silent =
            |peer: &Peer| Domains { host: peer.id, running: Vec::new(), silent: Some(NOT_HERE.to_owned()) };
        peers.iter().map(silent).collect()
    }

    /// What the front-end says it is, and who leads if it does not.
    fn lead(&mut self) -> WhoLeads;

    /// Make sure that no other run works on this host. `over` are those who hold its lock and are no runs: it is taken from
    /// them, if nobody else holds it.
    ///
    /// # Errors
    /// A [`Failure`] if that cannot be made sure.
    fn claim(&mut self, host: HostId, over: &[Holder]) -> Result<Claim, Failure>;

    /// The devices that fence a host that was read, level by level.
    ///
    /// # Errors
    /// A [`Failure`] if the settings have none, or have them for another name.
    fn fence_levels(&mut self, host: HostId) -> Result<Vec<Level>, Failure>;

    /// What may show that a host that was read does not come back by itself: the devices that fence it, and what can be seen
    /// from here.
    ///
    /// # Errors
    /// A [`Failure`] if it has no device, or oned gives no usable answer.
    fn clues(&mut self, host: HostId) -> Result<(Vec<Level>, Outlook), Failure> {
        Ok((self.fence_levels(host)?, self.outlook()?))
    }

    /// At each of these devices a machine was seen that showed this UUID, the one of the settings with turned bytes. From here on
    /// it counts as the host there.
    fn recognise(&mut self, host: HostId, turned: &[(DeviceName, String)]) {
        let _ = (host, turned);
    }

    /// Send "off" to the host of this clearance, from the front-end or from a peer. The answer is information, never a proof.
    ///
    /// # Errors
    /// What the device said instead of success, or why nothing was sent to it. In doubt it was sent.
    fn power_off(
        &mut self,
        clearance: Clearance,
        device: &DeviceName,
        via: Option<&Peer>,
    ) -> Result<(), NotOff>;

    /// Listen for at most so long whether a host that was read says that it saves its crash dump.
    fn dump(&mut self, host: HostId, listen: Duration) -> Dump {
        let _ = (host, listen);
        Dump::Unknown(NOT_HERE.to_owned())
    }

    /// Read the power back, from the front-end or from a peer.
    fn power_state(&mut self, host: HostId, device: &DeviceName, via: Option<&Peer>) -> PowerState;

    /// Begin to read the power back at these devices, all at once, beside what is asked next. Whatever was under way is dropped.
    fn begin_reading(&mut self, host: HostId, devices: &[(DeviceName, Option<Peer>)]) {
        let _ = (host, devices);
    }

    /// What came of that; nothing while a device has not answered, unless that is waited for. None of them where nothing is
    /// under way.
    fn reading(&mut self, wait: bool) -> Option<Vec<(DeviceName, PowerState)>> {
        let _ = wait;
        Some(Vec::new())
    }

    /// Has this run a place among those of its process that work on VMs? It takes one if there is one.
    fn has_place(&mut self) -> bool {
        true
    }

    /// Fresh pools: hosts, datastores, and the VMs of `host` together with `also`.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn survey(&mut self, host: HostId, also: &[VmId]) -> Result<Survey, Failure>;

    /// Some VMs as oned has them now.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn vms(&mut self, ids: &[VmId]) -> Result<VmList, Failure>;

    /// Some VMs with all records of their history; one call for each.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn histories(&mut self, ids: &[VmId]) -> Result<Vec<Vm>, Failure>;

    /// Disable the proof's host.
    fn disable(&mut self, proof: &Proof) -> Reply;

    /// Send orders at the same time; the replies are in their order.
    fn act(&mut self, proof: &Proof, orders: &[Order]) -> Vec<Reply>;

    /// Carry out calls that change something: those for VMs at the same time, the others one after the other. The
    /// replies are in their order; what follows a call that was not accepted is not sent, unless it is for another VM.
    fn tend(&mut self, deeds: &[Deed]) -> Vec<Reply> {
        deeds.iter().map(|_| Reply::NotSent(NOT_HERE.to_owned())).collect()
    }

    /// Connect to these doors from the front-end, all at once, and close each connection at once; nothing is sent or read. A text says
    /// why one takes none within this time.
    fn connect(&mut self, doors: &[Door], within: Duration) -> Vec<Result<(), String>> {
        let _ = within;
        doors.iter().map(|_| Err(NOT_HERE.to_owned())).collect()
    }

    /// The hooks of the zone.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn hooks(&mut self) -> Result<Vec<Hook>, Failure> {
        Err(not_here())
    }

    /// Make sure that no other run works on this VM.
    ///
    /// # Errors
    /// A [`Failure`] if that cannot be made sure.
    fn claim_vm(&mut self, vm: VmId, over: &[Holder]) -> Result<Claim, Failure> {
        let _ = (vm, over);
        Err(not_here())
    }

    /// Ask a host that was read whether a VM runs there, whatever oned has.
    fn domain(&mut self, host: HostId, vm: VmId) -> Testimony {
        let _ = vm;
        Testimony { witness: host.to_string(), opinion: Opinion::None, said: NOT_HERE.to_owned() }
    }

    /// Count the VMs that went down within this time; where an event says so, this one is noted first. It costs no call of
    /// oned.
    ///
    /// # Errors
    /// A [`Failure`] if they cannot be counted.
    fn crowd(&mut self, down: &VmSubject, within: Duration) -> Result<Crowd, Failure> {
        let _ = (down, within);
        Err(not_here())
    }

    /// This run of `vm_down` ends, and `onerescue reconcile` of this front-end begins another one for the VM, more and more
    /// slowly.
    fn look_again(&mut self, vm: VmId, hold: &HoldRules) {
        let _ = (vm, hold);
    }

    /// The hosts that say they run one of these VMs, and oned has it elsewhere.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn zombies(&mut self, vms: &[VmId]) -> Result<Vec<Host>, Failure> {
        let _ = vms;
        Err(not_here())
    }

    /// Every host of the zone as oned has it now.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    fn pool(&mut self) -> Result<Vec<Host>, Failure> {
        Err(not_here())
    }

    /// Connect to the ssh port of each of these hosts for so long, and say what was heard: nothing of a host that is missing in
    /// the answer. A connection that is open at the end goes on meanwhile, and is read at the next question.
    fn touch(&mut self, hosts: &Rc<[Peer]>, listen: Duration) -> Vec<(HostId, Heard)> {
        let _ = hosts;
        self.wait(listen);
        Vec::new()
    }

    /// Write down a look that oned is made to take at a host, in a new document or over an old one.
    ///
    /// # Errors
    /// A [`Failure`]; it may have been written nevertheless, unless oned refused.
    fn note_forced(&mut self, document: Option<DocumentId>, forced: &Forced) -> Result<DocumentId, Failure> {
        let _ = (document, forced);
        Err(not_here())
    }

    /// Write down how far a host is emptied, in a new document or over an old one.
    ///
    /// # Errors
    /// A [`Failure`]; it may have been written nevertheless, unless oned refused.
    fn note_evacuation(
        &mut self,
        document: Option<DocumentId>,
        evacuation: &Evacuation,
    ) -> Result<DocumentId, Failure> {
        let _ = (document, evacuation);
        Err(not_here())
    }

    /// Tell people what the policy has just written down.
    fn tell(&mut self, entry: &Entry);
}

/// [`World::wait_for_news`] of a world whose time passes while it waits: it looks every [`FRESH`]. What people have written about
/// the host now is `read`; none where that was no answer, or nothing was written since.
pub(crate) fn listen<W: World>(
    world: &mut W,
    pause: Duration,
    watch: &Watch,
    mut read: impl FnMut(&mut W) -> Option<Words>,
) -> News {
    let until = world.now().plus(pause);
    let mut next = world.now().plus(FRESH.saturating_sub(watch.looked));
    let mut news = News::default();
    loop {
        let now = world.now();
        let (left, rest) = (until.since(now), next.since(now));
        if left.is_zero() {
            return news;
        }
        if !rest.is_zero() {
            world.wait(left.min(rest));
            world.between_steps();
            continue;
        }
        let heard = read(world).is_some_and(|words| words != watch.words);
        news.looked = true;
        let answers = |(device, via): &(DeviceName, Option<Peer>)| {
            !matches!(world.power_state(watch.host, device, via.as_ref()), PowerState::Unknown(_))
        };
        if heard || watch.mute.iter().any(answers) {
            return News { heard: true, ..news };
        }
        next = world.now().plus(FRESH);
    }
}

/// What a wait is cut short for.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The host.
    pub host: HostId,
    /// What people had written when that was looked at last, and how long ago that is.
    pub words: Words,
    /// See `words`.
    pub looked: Duration,
    /// Devices that give no answer, and from where they are asked.
    pub mute: Vec<(DeviceName, Option<Peer>)>,
}

/// What came of a wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// There is news, so it was cut short.
    pub heard: bool,
    /// It was looked for.
    pub looked: bool,
}

/// A world of recoveries alone, as a journal is one, has no healthy hosts to look after.
const NOT_HERE: &str = "this world has dead hosts only";

fn not_here() -> Failure {
    Failure { trouble: Trouble::Settings, what: NOT_HERE.to_owned(), advice: String::new() }
}
