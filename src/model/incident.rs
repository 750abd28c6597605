//! What is remembered of a host's failure, in a document of the cloud, so that every front-end sees it.
//!
//! Plain values; how they are written is `wire::record`, what follows from them is decided in `policy`.

use super::{Asked, ClusterId, Confirmation, Epoch, Fencing, Force, HostId, Mode, RunId, Stages, VmId};
use serde::{Deserialize, Serialize};

/// How far an incident has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// A run works on it and has sent nothing to a fence device.
    #[default]
    Open,
    /// Something keeps the run from fencing; it looks again.
    Held,
    /// "Off" is about to be sent, or was.
    Fencing,
    /// The host is proven off.
    Off,
    /// The run has ended.
    Closed,
}

/// Why an incident is held, with the figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What keeps it, for example `4 of 5 hosts fail, more than 50 %`.
    pub why: String,
    /// The one thing to do.
    pub advice: String,
    /// Since when.
    pub since: Epoch,
}

/// One line of an incident's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Epoch,
    /// The step of the procedure: `fence`.
    pub phase: String,
    /// What happened, for example `sent "off" to bmc`.
    pub text: String,
}

/// How the incident ended for a VM; the words are those of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Read back where it should be.
    Recovered,
    /// Not touched, because nobody asked for that.
    Left,
    /// It should have been recovered and was not touched.
    Held,
    /// It was touched and is not where it should be.
    Failed,
}

/// How a VM is with which its owner, or its service, waits for more than that it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// So many seconds after it was read back RUNNING it was ready; none while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// It was seen without `READY=YES` after its last run had ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cleared: bool,
}

/// One VM of an incident, so that no later run forgets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentVm {
    /// The VM.
    pub id: VmId,
    /// Its name; left out where there are too many VMs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The order that was decided on last, for example `migrate`; it may not have been sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Where it was to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<HostId>,
    /// How it ended; none while it is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// Why it was decided or ended so; shortened or left out where there are too many VMs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Whether it is ready; none where it is so as soon as it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Opened>,
}

impl IncidentVm {
    /// It runs where it should, and was not ready in time.
    #[must_use]
    pub fn is_not_ready(&self) -> bool {
        self.end == Some(End::Recovered) && self.ready.is_some_and(|ready| ready.after.is_none())
    }
}

/// The cloud's lock that an owner holds on its record, as oned shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// `LOCK/TIME`
    pub time: i64,
    /// `LOCK/REQ_ID`
    pub request: i64,
}

/// What the wait for a host has shown beside the host itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signs {
    /// No witness has got an answer since then.
    Silent(Epoch),
    /// The host has its whole time, for this reason: something shows life, or nothing could show the contrary.
    Waited(String),
    /// It was over before its time.
    Over {
        /// What showed that the host does not come back by itself.
        why: String,
        /// When that was.
        at: Epoch,
        /// When it would have been over.
        until: Epoch,
    },
}

/// Looks at VMs that are held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    /// Since when.
    pub since: Epoch,
    /// How the run before them ended, for as long as one is at work.
    pub outcome: String,
}

/// Where a run had its settings and its lock files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// The settings file; none where there was none, and the defaults held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// The folder of its lock files.
    pub run_dir: String,
    /// A person has named that file, by `--config` or `ONERESCUE_CONFIG`; nobody else needs to know.
    #[serde(skip)]
    pub named: bool,
}

/// The failure of one host, from its first event to the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The host.
    pub host: HostId,
    /// Its name then.
    pub name: String,
    /// Its cluster then.
    pub cluster: ClusterId,
    /// Who works on it: `fe1 4711 1795165661`, front-end, process and begin.
    pub owner: String,
    /// The identity of the process that works on it; none in a record of an older version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Where the owner has its settings and its lock files; none in records of versions before, and in simulations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Surroundings>,
    /// When it was opened.
    pub opened: Epoch,
    /// When it was written last.
    pub updated: Epoch,
    /// How far it has come.
    pub progress: Progress,
    /// ERROR events of this host that belong to it, oldest first.
    pub events: Vec<Epoch>,
    /// `TEMPLATE/ERROR` of the host when it was opened. It has the date, so another text is another failure.
    pub error: Option<String>,
    /// Since when it is not fenced, because it says that it saves its crash dump. It stays here when that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dump: Option<Epoch>,
    /// When "off" was about to be sent last, or fencing was waived.
    pub fenced: Option<Epoch>,
    /// When a device said last that the host is on.
    pub on: Option<Epoch>,
    /// Why it is held.
    pub held: Option<Held>,
    /// When a run began whose proof this is: the times in `proof` count from here.
    pub began: Option<Epoch>,
    /// What proves that the host is off: who said so, which device, the samples with their times.
    pub proof: Option<String>,
    /// The person's word that a run has used up. It cannot be used again.
    pub confirmation: Option<Confirmation>,
    /// The person's word that took the brakes off, once a run has taken it. It cannot be used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proceeded: Option<Confirmation>,
    /// How the last run ended.
    pub outcome: Option<String>,
    /// Nothing is done before that, unless by hand: the host may come back, or what holds it may be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Epoch>,
    /// What the wait for the host has shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs: Option<Signs>,
    /// VMs of it are held although everything else is done; they are looked at again after `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Looks>,
    /// When a run of it was about to disable the host, so that oned gives up its VMs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Epoch>,
    /// When oned was seen to hear the host although VMs of it had been moved away as of one that is off: they may run twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alive: Option<Epoch>,
    /// When oned had heard the host last, by oned's own clock, while it was dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<i64>,
    /// When it came to each of its stages.
    #[serde(default, skip_serializing_if = "Stages::is_empty")]
    pub stages: Stages,
    /// The lock that the owner holds; none when it has let go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Hold>,
    /// The lock that the last owner was about to give back when it let go: if it is still there, it is nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Hold>,
    /// How often another run has taken it over.
    #[serde(default)]
    pub takeovers: u32,
    /// When the last run was stopped by a signal, if it was; it has let go then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<Epoch>,
    /// When a person stopped its last run on the terminal, if one did. No machine goes on with this failure then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Epoch>,
    /// The options of its last run: `["-m","-f"]`. They are that run's; what another one makes of them is its own business.
    #[serde(default, with = "super::asked::listed")]
    pub flags: Option<Asked>,
    /// What happened, oldest first; the middle of a long log is left out.
    #[serde(default)]
    pub log: Vec<Line>,
    /// Every VM of the incident, by id.
    #[serde(default)]
    pub vms: Vec<IncidentVm>,
    /// How many VMs that were done are left out there.
    #[serde(default)]
    pub vms_left_out: u32,
}

impl Incident {
    /// `host_error --host node7 -m -f`: the command that goes on with it, with the options that its last run had.
    #[must_use]
    pub fn command(&self) -> String {
        let moves = Asked { mode: Mode::Migrate, force: Force::RunningOnly, fencing: Fencing::Required };
        self.flags.unwrap_or(moves).command(&self.name)
    }

    /// Since when it is known that the host ran while VMs of it were moved away, as long as nobody has looked at that.
    #[must_use]
    pub fn ran_on(&self) -> Option<Epoch> {
        self.alive.filter(|_| self.progress != Progress::Closed)
    }

    /// Is the owner of that record the owner of this one?
    #[must_use]
    pub fn is_owned_as(&self, other: &Incident) -> bool {
        self.owner == other.owner && self.run == other.run
    }

    /// The same, let go by a run that a signal stops at this time.
    #[must_use]
    pub fn interrupted_at(&self, at: Epoch) -> Incident {
        let mut stopped = Incident { interrupted: Some(at), updated: at, ..self.clone() };
        stopped.release();
        stopped
    }

    /// The owner has let go: its lock is given back next.
    pub fn release(&mut self) {
        self.released = self.lock.take().or(self.released);
    }
}
