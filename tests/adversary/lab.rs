//! A world that answers each step of the policy from a script, so that a test can choose every answer.

use crate::values::*;
use onerescue::model::*;
use onerescue::policy::*;
use std::collections::BTreeMap;
use std::time::Duration;

type Power = Box<dyn FnMut(&str, Duration, u32) -> PowerState>;
type Confirm = Box<dyn FnMut(Duration, &Host) -> Result<Host, Failure>>;
type Written = Box<dyn FnMut(Duration, &Incident) -> Option<Failure>>;
type Witnesses = Box<dyn FnMut(Duration) -> Vec<Testimony>>;
type Replies = Box<dyn FnMut(Duration, &Order) -> Reply>;
type Takes = Box<dyn FnMut(Duration, Option<Hold>) -> Taken>;
type Orders = Box<dyn FnMut(Duration) -> Result<(), NotOff>>;
type Views = Box<dyn FnMut(Duration, &mut Observer)>;
type Happens = Box<dyn FnMut(Duration, &str, &mut Vec<Host>, &mut Vec<Vm>, &mut Memory)>;

/// Every answer; a test changes what it needs.
pub(crate) struct Lab {
    pub(crate) now: Duration,
    pub(crate) hosts: Vec<Host>,
    pub(crate) vms: Vec<Vm>,
    pub(crate) memory: Memory,
    pub(crate) levels: Result<Vec<Level>, Failure>,
    /// What a device says, from its name, the time and how often "off" was sent to this host.
    pub(crate) power: Power,
    pub(crate) confirm: Confirm,
    pub(crate) record: Written,
    /// What the lock of the record says, from the time and the lock that may be taken away.
    pub(crate) take: Takes,
    pub(crate) witness: Witnesses,
    /// What comes back from an "off".
    pub(crate) order: Orders,
    /// Changes what this front-end sees of itself.
    pub(crate) view: Views,
    pub(crate) reply: Replies,
    /// Happens to the cloud after each step.
    pub(crate) then: Happens,
    /// Which of the hosts is observed.
    own: usize,
    told: BTreeMap<usize, u32>,
    pub(crate) off: u32,
    /// Each step by name, with its time.
    pub(crate) steps: Vec<(Duration, String)>,
    pub(crate) written: Vec<Incident>,
}

/// A front-end that is the only one.
fn alone() -> WhoLeads {
    WhoLeads { state: Ok(RaftState::Solo), leader: None }
}

impl Lab {
    pub(crate) fn new(devices: Vec<Vec<FenceDevice>>) -> Self {
        let names = devices.iter().flatten();
        let seen_on = names
            .map(|device| SeenOn {
                host: NODE7,
                device: device.name.clone(),
                target: device.target.clone(),
                at: Epoch(NOON - 3600),
            })
            .collect();
        Self {
            now: Duration::ZERO,
            hosts: vec![
                host(7, HostState::Error, &[1]),
                host(2, HostState::Monitored, &[]),
                host(3, HostState::Monitored, &[]),
            ],
            vms: vec![vm(1, VmState::UNKNOWN, Some(7), 100)],
            memory: Memory { me: "fe1 1 1".to_owned(), seen_on, ..Memory::default() },
            levels: Ok(devices.into_iter().map(Level).collect()),
            power: Box::new(|_, _, off| if off > 0 { PowerState::Off } else { PowerState::On }),
            confirm: Box::new(|_, host| Ok(host.clone())),
            record: Box::new(|_, _| None),
            take: Box::new(|_, _| Taken::Ours(Hold { time: NOON, request: 1 })),
            witness: Box::new(|_| Vec::new()),
            order: Box::new(|_| Ok(())),
            view: Box::new(|_, _| {}),
            reply: Box::new(|_, _| Reply::Accepted),
            then: Box::new(|_, _, _, _, _| {}),
            own: 0,
            told: BTreeMap::new(),
            off: 0,
            steps: Vec::new(),
            written: Vec::new(),
        }
    }

    fn node7(&self) -> Host {
        self.hosts[self.own].clone()
    }

    /// Answer one step of a run about another host.
    pub(crate) fn answer_about(&mut self, step: Step, own: usize) -> Result<Step, Box<Report>> {
        self.own = own;
        self.memory.me = format!("fe1 {own} 1");
        self.answer(step)
    }

    fn survey(&self) -> Survey {
        Survey {
            hosts: self.hosts.clone(),
            vms: self.vms.clone(),
            unreadable: Vec::new(),
            datastores: vec![datastore(100), datastore(200)],
            memory: self.remembered(),
            ..Survey::default()
        }
    }

    fn remembered(&self) -> Memory {
        let at = NOON + i64::try_from(self.now.as_secs()).unwrap();
        Memory { now: Epoch(at), ..self.memory.clone() }
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.steps.iter().filter(|(_, step)| step.starts_with(name)).count()
    }

    /// The steps, without waits and repetitions.
    pub(crate) fn story(&self) -> String {
        let mut steps: Vec<_> = self.steps.iter().filter(|(_, step)| step != "wait").collect();
        steps.dedup_by_key(|(_, step)| step.clone());
        steps.iter().fold(String::new(), |text, (at, step)| format!("{text}{:>5} {step}\n", at.as_secs()))
    }

    fn wrote(&mut self, document: Option<DocumentId>, incident: &Incident) -> Result<DocumentId, Failure> {
        if let Some(failure) = (self.record)(self.now, incident) {
            return Err(failure);
        }
        let next = self.memory.incidents.iter().map(|(id, _)| id.0).max().map_or(1, |last| last + 1);
        let id = document.unwrap_or(DocumentId(next));
        self.written.push(incident.clone());
        self.memory.incidents.retain(|(old, _)| *old != id);
        self.memory.incidents.push((id, incident.clone()));
        self.memory.incidents.sort_by_key(|(id, _)| *id);
        Ok(id)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "its caller has matched by name")]
    fn own_record(&mut self, now: Moment, step: Step, name: &mut String) -> Step {
        match step {
            Step::Take(ask) => {
                "take".clone_into(name);
                let taken = (self.take)(self.now, ask.over());
                ask.answer(now, Ok(taken))
            }
            Step::Check(ask) => {
                "check".clone_into(name);
                ask.answer(now, Ok(self.remembered()))
            }
            Step::Own(ask) => {
                "own".clone_into(name);
                ask.answer(now, Ok(self.remembered()))
            }
            Step::Beat(ask) => {
                let written = self.wrote(Some(ask.document()), ask.incident());
                *name = format!("beat, written {}", written.is_ok());
                ask.answer(now, written)
            }
            Step::Leave(ask) => {
                "leave".clone_into(name);
                ask.answer(now, Ok(()))
            }
            other => other,
        }
    }

    /// Answer one step. The front-end is alone, and so is the run in its process.
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other step is asked below")]
    pub(crate) fn answer(&mut self, step: Step) -> Result<Step, Box<Report>> {
        match step {
            Step::Lead(ask) => Ok(ask.answer(Moment(self.now), &alone())),
            Step::Place(ask) => Ok(ask.answer(Moment(self.now), true)),
            step => self.answered(step),
        }
    }

    fn later(&mut self) -> Moment {
        self.now += Duration::from_millis(10);
        Moment(self.now)
    }

    fn answered(&mut self, step: Step) -> Result<Step, Box<Report>> {
        let mut name = "wait".to_owned();
        let now = self.later();
        let next = match step {
            Step::Stop(report) => return Err(report),
            Step::Wait(ask) => {
                self.now += ask.pause();
                ask.answer(Moment(self.now))
            }
            Step::Observe(ask) => {
                "observe".clone_into(&mut name);
                let host = self.node7();
                ask.answer(now, (self.confirm)(self.now, &host))
            }
            Step::Claim(ask) => ask.answer(now, Ok(Claim::Ours(None))),
            Step::Remember(ask) => {
                "remember".clone_into(&mut name);
                ask.answer(now, Ok(self.remembered()))
            }
            step @ (Step::Lead(_) | Step::Place(_)) => step,
            step @ (Step::Take(_) | Step::Check(_) | Step::Own(_) | Step::Beat(_) | Step::Leave(_)) => {
                self.own_record(now, step, &mut name)
            }
            Step::Record(ask) => {
                let written = self.wrote(ask.document(), ask.incident());
                name = format!("record {:?}, written {}", ask.incident().progress, written.is_ok());
                ask.answer(now, written)
            }
            Step::Brake(ask) => {
                "brake".clone_into(&mut name);
                let mut observer = Observer {
                    raft: Ok(RaftState::Solo),
                    gateways: Vec::new(),
                    oned_runs_for: None,
                    leader_for: None,
                    machine: Machine::default(),
                };
                (self.view)(self.now, &mut observer);
                let (hosts, memory) = (self.hosts.clone(), self.remembered());
                ask.answer(now, Ok(Outlook { hosts, clusters: Vec::new(), memory, observer, chance: 0 }))
            }
            Step::Hear(ask) => {
                "hear".clone_into(&mut name);
                ask.answer(now, &(self.witness)(self.now))
            }
            Step::Confirm(ask) => {
                let own = self.node7();
                let host = (self.confirm)(self.now, &own);
                name = format!("confirm {:?}", host.as_ref().map(|host| host.state).ok());
                ask.answer(now, host)
            }
            Step::ChooseDevices(ask) => {
                "choose".clone_into(&mut name);
                ask.answer(now, self.levels.clone())
            }
            Step::PowerOff(ask) => {
                let said = (self.order)(self.now);
                if matches!(said, Err(NotOff::NotSent { .. })) {
                    name = format!("not sent by {}", ask.device());
                } else {
                    name = format!("power off by {}", ask.device());
                    self.off += 1;
                    *self.told.entry(self.own).or_default() += 1;
                }
                ask.answer(now, said)
            }
            Step::Prove(ask) => {
                let state =
                    (self.power)(&ask.device().0, self.now, self.told.get(&self.own).copied().unwrap_or(0));
                name = format!("prove {} {state}", ask.device());
                ask.answer(now, state)
            }
            Step::Weigh(ask) => {
                "weigh".clone_into(&mut name);
                let survey = self.survey();
                ask.answer(now, Ok(survey))
            }
            Step::Survey(ask) => {
                "survey".clone_into(&mut name);
                let survey = self.survey();
                ask.answer(now, Ok(survey))
            }
            Step::Trace(ask) => ask.answer(now, Ok(Vec::new())),
            Step::Disable(ask) => {
                "disable".clone_into(&mut name);
                ask.answer(now, &Reply::Accepted)
            }
            Step::Act(ask) => {
                name = format!("act {:?} on scope {:?}", ask.orders(), ask.proof().scope());
                let replies = ask.orders().iter().map(|order| (self.reply)(self.now, order)).collect();
                ask.answer(now, replies)
            }
            Step::Settle(ask) => {
                "settle".clone_into(&mut name);
                let vms = self.vms.iter().filter(|vm| ask.ids().contains(&vm.id)).cloned().collect();
                ask.answer(now, Ok(VmList { vms, unreadable: Vec::new() }))
            }
        };
        (self.then)(self.now, &name, &mut self.hosts, &mut self.vms, &mut self.memory);
        self.steps.push((self.now, name));
        Ok(next)
    }

    /// Run to the end; `None` when it has not ended after that many steps.
    pub(crate) fn run(&mut self, policy: &Policy) -> Option<Box<Report>> {
        let mut step = begin(subject(), policy.clone());
        for _ in 0..5000 {
            step = match self.answer(step) {
                Ok(next) => next,
                Err(report) => return Some(report),
            };
        }
        None
    }
}
