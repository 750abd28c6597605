//! What reconcile tells: each host with the decision about it, and how its run ended.

use super::downs::Due;
use super::look::Looked;
use crate::error::Result;
use crate::model::text::{cut, one_line};
use crate::model::{HostId, VmId};
use crate::policy::Fate;
use crate::policy::healthy::Account;
use crate::policy::reconcile::{Decision, Todo};
use crate::policy::{Failure, Outcome, Report};
use crate::short_report;
use crate::trail::FILE_ONLY;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// More hosts than this are only counted, outside JSON.
const MOST: usize = 200;

/// The exit code where something that cannot be read holds what it is about.
const HELD: u8 = 7;

/// One host, as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
struct Line {
    id: u32,
    name: String,
    incident: Option<u32>,
    todo: Todo,
    why: String,
    outcome: Option<String>,
    advice: Option<String>,
    exit_code: Option<u8>,
}

/// One VM, as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
struct VmLine {
    id: u32,
    outcome: Option<String>,
    advice: Option<String>,
    exit_code: Option<u8>,
}

/// A VM that `vm_down` holds, and the seconds to its next look.
#[derive(Clone, Debug, Serialize)]
struct HeldVm {
    id: u32,
    left: u64,
}

/// What `--json` prints; the names of fields stay, more may come.
#[derive(Serialize)]
struct Json<'a> {
    format: u32,
    leads: bool,
    reason: Option<&'a str>,
    exit_code: u8,
    /// Why not everything that is remembered can be read, with the one thing to do.
    unreadable: Option<&'a str>,
    hosts: Vec<&'a Line>,
    /// VMs whose run of `vm_down` was ended on this front-end before it was done.
    vms: Vec<&'a VmLine>,
    /// VMs that `vm_down` holds on this front-end until a later look.
    held: &'a [HeldVm],
    /// Incidents of this front-end whose run is dead and that were let go.
    released: &'a [String],
}

/// A run that has ended, for people.
#[derive(Debug)]
pub(super) struct Ended {
    outcome: Outcome,
    advice: Option<String>,
    text: String,
}

impl Ended {
    /// No run began, and only a person goes on.
    pub(super) fn held(decision: &Decision, failure: Failure) -> Self {
        let (advice, outcome) = (Some(failure.advice.clone()), Outcome::Held(failure));
        let text = format!("{} ({}): {outcome}\n", decision.name, decision.host);
        Self { outcome, advice, text }
    }
}

impl From<Report> for Ended {
    fn from(report: Report) -> Self {
        Self { advice: report.advice(), text: short_report::short(&report), outcome: report.outcome }
    }
}

impl From<Account> for Ended {
    fn from(account: Account) -> Self {
        let advice = account.outcome.advice().map(str::to_owned);
        Self { advice, text: short_report::short_account(&account), outcome: account.outcome }
    }
}

/// Every host that was decided about, with its last decision, or the one that was carried out.
#[derive(Debug, Default)]
pub(super) struct Told {
    hosts: BTreeMap<HostId, Line>,
    vms: BTreeMap<VmId, VmLine>,
    held: Vec<HeldVm>,
    unreadable: Option<String>,
    released: Vec<String>,
}

impl Told {
    /// These incidents were let go; why not, where they cannot be read: the timer comes again.
    pub(super) fn released(&mut self, lines: std::result::Result<Vec<String>, Failure>) {
        match lines {
            Ok(lines) => self.released.extend(lines.iter().map(|line| one_line(line))),
            Err(failure) => log::warn!("reconcile: own runs are not looked at: {}", failure.what),
        }
    }

    pub(super) fn decided(&mut self, looked: &Looked) {
        let told = |Failure { what, advice, .. }| one_line(&format!("{what}; {advice}"));
        self.unreadable = looked.unreadable().map(told);
        for decision in &looked.decisions {
            let known = self.hosts.get(&decision.host);
            // What was begun stays as it was decided.
            if known.is_none_or(|line| line.todo == Todo::Leave) {
                self.hosts.insert(decision.host, line(decision));
            }
        }
    }

    /// Has a run begun?
    pub(super) fn has_worked(&self) -> bool {
        self.hosts.values().any(|line| line.exit_code.is_some())
    }

    /// These VMs would be looked after.
    pub(super) fn due(&mut self, vms: &Due) {
        let line =
            |(vm, _): &(VmId, _)| (*vm, VmLine { id: vm.0, outcome: None, advice: None, exit_code: None });
        self.vms.extend(vms.iter().map(line));
    }

    /// These VMs are held by `vm_down`, and looked at again after this time.
    pub(super) fn held(&mut self, vms: &[(VmId, Duration)]) {
        self.held = vms.iter().map(|(vm, left)| HeldVm { id: vm.0, left: left.as_secs() }).collect();
    }

    /// How the run of a VM ended; the text for stdout. A look that holds the VM as before says nothing new.
    pub(super) fn tended(&mut self, vm: VmId, was_held: bool, ended: &Result<Account>) -> String {
        let (outcome, advice, code) = match ended {
            Ok(account) => (
                account.outcome.to_string(),
                account.outcome.advice().map(str::to_owned),
                account.outcome.exit_code(),
            ),
            Err(error) => (error.chain(), Some(error.advice()), error.exit_code()),
        };
        let (outcome, advice) = (one_line(&outcome), advice.as_deref().map(one_line));
        let mut text = match ended {
            Ok(account) => short_report::short_account(account),
            Err(_) => format!("vm_down {vm}: {outcome}\n"),
        };
        text.extend(advice.iter().map(|advice| format!("  do this: {advice}\n")));
        let held = |account: &Account| account.vms.iter().all(|vm| matches!(vm.fate, Fate::Held(_)));
        if was_held && ended.as_ref().is_ok_and(held) {
            text.clear();
        }
        let line = VmLine { id: vm.0, outcome: Some(outcome), advice, exit_code: Some(code) };
        self.vms.insert(vm, line);
        text
    }

    /// How a run ended; the text for stdout.
    pub(super) fn ended(&mut self, decision: &Decision, ended: &Result<Ended>) -> String {
        let mut line = line(decision);
        let text = match ended {
            Ok(ended) => {
                line.outcome = Some(one_line(&ended.outcome.to_string()));
                line.advice = ended.advice.as_deref().map(one_line);
                line.exit_code = Some(ended.outcome.exit_code());
                let advice = line.advice.iter().map(|advice| format!("  do this: {advice}\n"));
                ended.text.clone() + &advice.collect::<String>()
            }
            Err(error) => {
                let what = one_line(&error.chain());
                log::error!(target: FILE_ONLY, "{what}");
                line.exit_code = Some(error.exit_code());
                line.advice = Some(one_line(&error.advice()));
                let text =
                    format!("{}: {what}\n  do this: {}\n", object(decision), one_line(&error.advice()));
                line.outcome = Some(what);
                text
            }
        };
        self.hosts.insert(decision.host, line);
        text
    }

    /// The highest code of all runs. What cannot be read holds whatever it is about.
    pub(super) fn exit_code(&self) -> u8 {
        let held = self.unreadable.as_ref().map(|_| HELD);
        let vms = self.vms.values().filter_map(|line| line.exit_code);
        self.hosts.values().filter_map(|line| line.exit_code).chain(held).chain(vms).max().unwrap_or(0)
    }

    /// What was not worked on; with `--json` everything.
    pub(super) fn text(&self, json: bool) -> String {
        if json {
            return self.json(None);
        }
        let unreadable = self.unreadable.iter().map(|why| cut(why, 500) + "\n").collect::<String>();
        let due = self.due_text();
        let idle =
            self.hosts.is_empty() && self.vms.is_empty() && self.released.is_empty() && self.held.is_empty();
        if idle && unreadable.is_empty() {
            return "nothing to do: no host is in ERROR and no incident is open\n".to_owned();
        }
        let waiting = self.hosts.values().filter(|line| line.exit_code.is_none());
        let text = waiting.clone().take(MOST).map(|line| {
            let incident = line.incident.map_or_else(String::new, |id| format!(", document {id}"));
            let text =
                format!("{} (host {}){incident}: {}: {}", line.name, line.id, line.todo.name(), line.why);
            cut(&one_line(&text), 500) + "\n"
        });
        let more = waiting.count().saturating_sub(MOST);
        let more = if more > 0 { format!("and {more} more: --json has them all\n") } else { String::new() };
        unreadable + &self.released_text() + &due + &self.held_text() + &text.collect::<String>() + &more
    }

    /// This front-end is not the one that works.
    pub(super) fn follower(&self, why: &str, json: bool) -> String {
        if json {
            return self.json(Some(why));
        }
        // Only this front-end knows of those.
        let due = self.due_text();
        let advice = if due.is_empty() { "" } else { "  do this: `vm_down --vm ID` on the leader\n" };
        let released = self.released_text();
        format!("nothing to do here: {why}; the leader reconciles\n{released}{due}{advice}")
    }

    fn released_text(&self) -> String {
        self.released.iter().map(|line| cut(line, 500) + "\n").collect()
    }

    fn due_text(&self) -> String {
        let due = self.vms.values().filter(|line| line.exit_code.is_none());
        let line =
            |line: &VmLine| format!("vm {}: its run of vm_down was ended before it was done\n", line.id);
        due.map(line).collect()
    }

    fn held_text(&self) -> String {
        let Some(first) = self.held.iter().map(|vm| vm.left).min() else { return String::new() };
        let names: Vec<_> = self.held.iter().take(20).map(|vm| format!("vm {}", vm.id)).collect();
        let more = match self.held.len().saturating_sub(names.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "{}{more}: held by vm_down (see its log); looked at again in {first} s, or `vm_down --vm ID` now\n",
            names.join(", ")
        )
    }

    fn json(&self, reason: Option<&str>) -> String {
        let json = Json {
            format: 1,
            leads: reason.is_none(),
            reason,
            exit_code: self.exit_code(),
            unreadable: self.unreadable.as_deref(),
            hosts: self.hosts.values().collect(),
            vms: self.vms.values().collect(),
            held: &self.held,
            released: &self.released,
        };
        serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
    }
}

fn line(decision: &Decision) -> Line {
    Line {
        id: decision.host.0,
        name: one_line(&decision.name),
        incident: decision.incident.map(|document| document.0),
        todo: decision.todo,
        why: one_line(&decision.why),
        outcome: None,
        advice: None,
        exit_code: None,
    }
}

fn object(decision: &Decision) -> String {
    format!("{} ({})", one_line(&decision.name), decision.host)
}
