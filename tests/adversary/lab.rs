//! A world that answers each question of the policy from a script, so that a test can choose every answer.

use crate::values::*;
use onerescue::Run;
use onerescue::model::*;
use onerescue::policy::*;
use std::collections::BTreeMap;
use std::time::Duration;

type Power = Box<dyn FnMut(&str, Duration, u32) -> PowerState>;
type Reads = Box<dyn FnMut(Duration, &Host) -> Result<Host, Failure>>;
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
    /// What oned says of a host, from the time and the host as it is.
    pub(crate) read: Reads,
    pub(crate) record: Written,
    /// What the lock of the record says, from the time and the lock that may be taken away.
    pub(crate) take: Takes,
    pub(crate) witness: Witnesses,
    /// What comes back from an "off".
    pub(crate) order: Orders,
    /// Changes what this front-end sees of itself.
    pub(crate) view: Views,
    pub(crate) reply: Replies,
    /// Happens to the cloud after each question.
    pub(crate) then: Happens,
    /// How often "off" was sent to each host.
    pub(crate) told: BTreeMap<HostId, u32>,
    pub(crate) off: u32,
    /// Each question by name, with its time.
    pub(crate) steps: Vec<(Duration, String)>,
    pub(crate) written: Vec<Incident>,
}

impl Lab {
    pub(crate) fn new(devices: Vec<Vec<FenceDevice>>) -> Self {
        let names = devices.iter().flatten();
        let seen_on = names
            .map(|device| SeenOn {
                host: NODE7,
                device: device.name.clone(),
                target: device.target.clone(),
                turned: None,
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
            read: Box::new(|_, host| Ok(host.clone())),
            record: Box::new(|_, _| None),
            take: Box::new(|_, _| Taken::Ours(Hold { time: NOON, request: 1 })),
            witness: Box::new(|_| Vec::new()),
            order: Box::new(|_| Ok(())),
            view: Box::new(|_, _| {}),
            reply: Box::new(|_, _| Reply::Accepted),
            then: Box::new(|_, _, _, _, _| {}),
            told: BTreeMap::new(),
            off: 0,
            steps: Vec::new(),
            written: Vec::new(),
        }
    }

    pub(crate) fn surveyed(&self) -> Survey {
        Survey {
            hosts: self.hosts.clone(),
            vms: self.vms.clone(),
            unreadable: Vec::new(),
            datastores: vec![datastore(100), datastore(200)],
            memory: self.remembered(),
            ..Survey::default()
        }
    }

    pub(crate) fn remembered(&self) -> Memory {
        let at = NOON + i64::try_from(self.now.as_secs()).unwrap();
        Memory { now: Epoch(at), ..self.memory.clone() }
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.steps.iter().filter(|(_, step)| step.starts_with(name)).count()
    }

    /// The questions, without waits and repetitions.
    pub(crate) fn story(&self) -> String {
        let mut steps: Vec<_> = self.steps.iter().filter(|(_, step)| step != "wait").collect();
        steps.dedup_by_key(|(_, step)| step.clone());
        steps.iter().fold(String::new(), |text, (at, step)| format!("{text}{:>5} {step}\n", at.as_secs()))
    }

    pub(crate) fn wrote(
        &mut self,
        document: Option<DocumentId>,
        incident: &Incident,
    ) -> Result<DocumentId, Failure> {
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

    /// A question was asked; each takes a moment.
    pub(crate) fn asked(&mut self) {
        self.now += Duration::from_millis(10);
    }

    /// It has its answer, and something happens to the cloud.
    pub(crate) fn answered<T>(&mut self, name: &str, answer: T) -> T {
        (self.then)(self.now, name, &mut self.hosts, &mut self.vms, &mut self.memory);
        self.steps.push((self.now, name.to_owned()));
        answer
    }

    /// Run to the end; `None` when it has not ended after that many questions.
    pub(crate) fn run(&mut self, policy: &Policy) -> Option<Report> {
        let report = Run::begin(subject(), policy.clone()).steps(self, 5000)?;
        self.is_told(&report);
        Some(report)
    }

    /// What is not done is said, and the exit code and the record say so too.
    fn is_told(&self, report: &Report) {
        let mut open = false;
        for vm in &report.vms {
            if let Fate::Held(why) | Fate::Failed(why) = &vm.fate {
                open = true;
                assert!(!why.is_empty(), "{vm} has no reason:\n{}", self.story());
            }
        }
        assert!(
            !open || report.outcome.exit_code() != 0,
            "{}, and a VM is down:\n{}",
            report.outcome,
            self.story()
        );
        if let (Some(Incident { progress: Progress::Held, held, .. }), Outcome::Held(_)) =
            (self.written.last(), &report.outcome)
        {
            let told = held.as_ref().is_some_and(|held| !held.why.is_empty() && !held.advice.is_empty());
            assert!(told, "{held:?}:\n{}", self.story());
        }
    }
}
