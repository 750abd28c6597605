//! What a record keeps of a run: its VMs and its log, both bounded.
//!
//! A document is replicated to every front-end, and one that is too large could not be written, so nothing could be
//! fenced. Texts are shortened first, then left out; the ids of VMs that are not done are never left out.

use crate::model::{Asked, End, Epoch, Incident, IncidentVm, Line, VmId};
use crate::policy::notes::Weight;
use crate::policy::order::{MigrationType, Order};
use crate::policy::report::Fate;
use crate::policy::run::Run;
use crate::policy::run::progress::{Stage, WhenOff};
use crate::policy::settings::Policy;
use std::collections::BTreeMap;

/// Bytes for all VMs, as they are written. An id alone needs up to 50 with its braces and words.
const ROOM: usize = 240 * 1024;
const BARE: usize = 80;

/// More VMs than this are not kept when they are done.
const MOST: usize = 4000;

/// And more than this are not kept at all.
const MOST_IDS: usize = 15_000;

/// Lines of a log: these many of its beginning and of its end.
const FIRST: usize = 20;
const LAST: usize = 80;

/// Bytes of one line's text.
const LINE: usize = 300;

/// Bytes of what holds an incident, and of how it ended: oned's own words are in them.
const TEXT: usize = 4000;

/// Bytes of a VM's name.
const NAME: usize = 40;

impl Run {
    /// The record as it would be written now.
    pub(in crate::policy) fn standing_record(&mut self) -> Option<Incident> {
        self.keep_vms();
        self.keep_log();
        let at = self.epoch();
        let incident = self.record.incident.as_mut()?;
        incident.updated = at;
        let held = incident.held.iter_mut().flat_map(|held| [&mut held.why, &mut held.advice]);
        for text in held.chain(&mut incident.outcome) {
            *text = short(text, TEXT);
        }
        Some(incident.clone())
    }

    /// The options of this run.
    pub(in crate::policy) fn flags(&self) -> Asked {
        let Policy { mode, force, fencing, .. } = self.policy;
        Asked { mode, force, fencing }
    }

    /// Put every VM that is known into the record.
    pub(in crate::policy) fn keep_vms(&mut self) {
        let mut vms = std::mem::take(&mut self.vms.remembered);
        for (id, name) in &self.vms.undecided {
            vms.entry(*id).or_insert_with(|| bare(*id, name));
        }
        for (id, course) in &self.vms.progress {
            let vm = vms.entry(*id).or_insert_with(|| bare(*id, &course.name));
            (vm.end, vm.why) = (None, String::new());
            if let Some(order) = self.decided(*id, course.stage) {
                vm.order = Some(word(order).to_owned());
                if let Order::Migrate { to, .. } = order {
                    vm.to = Some(to);
                    if course.when_off == WhenOff::Starts {
                        vm.order = Some(START.to_owned());
                    }
                }
            }
        }
        for (id, report) in &self.vms.reports {
            let vm = vms.entry(*id).or_insert_with(|| bare(*id, &report.name));
            let (end, why) = match &report.fate {
                Fate::Recovered(why) | Fate::NotReady(why) => (End::Recovered, why),
                Fate::Left(why) | Fate::Planned(why) => (End::Left, why),
                Fate::Held(why) => (End::Held, why),
                Fate::Failed(why) => (End::Failed, why),
            };
            (vm.end, vm.why) = (Some(end), why.clone());
            if let Some(to) = self.vms.places.sent.get(id) {
                vm.to = Some(*to);
            }
        }
        for (id, opening) in &self.vms.openings {
            if let Some(vm) = vms.get_mut(id).filter(|vm| vm.order.is_some()) {
                vm.ready = Some(opening.opened());
            }
        }
        if let Some(incident) = &mut self.record.incident {
            let (kept, left_out) = fit(vms.values().cloned().collect());
            // Those that an earlier run left out are not known here.
            (incident.vms, incident.vms_left_out) = (kept, left_out.max(incident.vms_left_out));
        }
        self.vms.remembered = vms;
    }

    /// The order that is on its way or about to be sent.
    fn decided(&self, vm: VmId, stage: Stage) -> Option<Order> {
        match stage {
            Stage::Moving { order, .. } => match order {
                // It repeats the step that failed; what was decided stands.
                Order::Retry { .. } | Order::Resume { .. } | Order::Fail { .. } | Order::Unresched { .. } => {
                    None
                }
                Order::Migrate { .. }
                | Order::Recreate { .. }
                | Order::Delete { .. }
                | Order::Resched { .. } => Some(order),
            },
            Stage::Open
            | Stage::Waiting { .. }
            | Stage::Behind { .. }
            | Stage::Awaiting { .. }
            | Stage::Gated { .. } => {
                let kind = MigrationType::Save;
                self.vms.places.sent.get(&vm).map(|to| Order::Migrate { vm, to: *to, kind })
            }
        }
    }

    /// Put what was noted since the last time into the record's log.
    fn keep_log(&mut self) {
        let lines = self.trail_from(self.record.logged);
        self.record.logged += lines.len();
        let new: Vec<Line> = lines
            .iter()
            .filter(|entry| entry.weight != Weight::Detail)
            .map(|entry| Line {
                at: self.record.clock.epoch(entry.at),
                phase: entry.phase.to_string(),
                text: short(&entry.text, LINE),
            })
            .collect();
        let Some(incident) = &mut self.record.incident else { return };
        incident.log.extend(new);
        let many = incident.log.len().saturating_sub(FIRST + LAST);
        let mut at = 0;
        incident.log.retain(|_| {
            at += 1;
            at <= FIRST || at > FIRST + many
        });
    }
}

/// The order for a VM that is off: it is moved, then started.
pub(in crate::policy) const START: &str = "start";

fn bare(id: VmId, name: &str) -> IncidentVm {
    IncidentVm {
        id,
        name: name.to_owned(),
        order: None,
        to: None,
        end: None,
        why: String::new(),
        ready: None,
    }
}

fn word(order: Order) -> &'static str {
    match order {
        Order::Migrate { .. } => "migrate",
        Order::Recreate { .. } => "recreate",
        Order::Delete { .. } => "delete",
        Order::Retry { .. } => "retry",
        Order::Resume { .. } => "resume",
        Order::Fail { .. } => "fail",
        Order::Resched { .. } => "resched",
        Order::Unresched { .. } => "unresched",
    }
}

/// The VMs with texts that fit, and how many were left out.
fn fit(mut vms: Vec<IncidentVm>) -> (Vec<IncidentVm>, u32) {
    let mut left_out = 0;
    if vms.len() > MOST {
        let all = vms.len();
        let done = |vm: &IncidentVm| matches!(vm.end, Some(End::Recovered | End::Left));
        let mut many = all - MOST;
        vms.retain(|vm| {
            let keep = many == 0 || !done(vm);
            many -= usize::from(!keep);
            keep
        });
        if vms.len() > MOST {
            // More than any host runs: their ids at least.
            for vm in &mut vms {
                (vm.order, vm.to) = (None, None);
            }
            vms.truncate(MOST_IDS);
        }
        left_out = u32::try_from(all - vms.len()).unwrap_or(u32::MAX);
    }
    let text = (ROOM / vms.len().max(1)).saturating_sub(BARE);
    for vm in &mut vms {
        vm.name = short(&vm.name, NAME.min(text / 2));
        vm.why = short(&vm.why, LINE.min(text / 2));
    }
    (vms, left_out)
}

/// The beginning of a text, in this many bytes as a record is written.
fn short(text: &str, most: usize) -> String {
    let mut bytes = 0;
    let fits = |c: &char| {
        bytes += match c {
            '"' | '\\' => 2,
            '<' | '>' | '&' | '\u{7f}' => 6,
            c if c.is_ascii_control() => 6,
            c if c.is_ascii() => 1,
            c => 6 * c.len_utf16(),
        };
        bytes <= most
    };
    text.chars().take_while(fits).collect()
}

/// How long a run that ended with VMs left still matters to the next one of the same host.
pub(in crate::policy) const TAIL: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// The VMs of an earlier record that are not done.
pub(in crate::policy) fn tail(
    incident: &Incident,
    at: Epoch,
    error: Option<&str>,
) -> BTreeMap<VmId, IncidentVm> {
    let same = error.is_some() && incident.error.as_deref() == error;
    let recent = at.since(incident.updated) < TAIL;
    let open = |vm: &&IncidentVm| !matches!(vm.end, Some(End::Recovered | End::Left));
    let vms = incident.vms.iter().filter(open).filter(|_| same || recent);
    vms.map(|vm| (vm.id, vm.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Held, HostId};
    use crate::policy::desk::Desk;
    use crate::policy::{Policy, Rules, Source, Subject};
    use crate::wire::record::{LONGEST, Record};

    fn vm(id: u32, end: Option<End>) -> IncidentVm {
        let text = "\u{1f600}\"<&\u{1}".repeat(100);
        let order = Some("recreate".to_owned());
        IncidentVm {
            id: VmId(id),
            name: text.clone(),
            order,
            to: Some(HostId(4_294_967)),
            end,
            why: text,
            ready: None,
        }
    }

    #[test]
    fn a_record_of_any_number_of_vms_can_be_written_and_forgets_none_that_is_not_done() {
        for count in [1, 100, 3000, 4000, 14_000] {
            let open = (1_000_000..1_000_000 + count).map(|id| vm(id, None));
            let done = (0..count).map(|id| vm(id, Some(End::Recovered)));
            let (vms, left_out) = fit(done.chain(open).collect());
            let kept = vms.iter().filter(|vm| vm.end.is_none()).count();
            assert_eq!(kept, usize::try_from(count).unwrap());
            assert_eq!(vms.len() + usize::try_from(left_out).unwrap(), 2 * kept);
            let line = Line {
                at: Epoch(1_795_165_661),
                phase: "observe".to_owned(),
                text: short(&"\u{1}".repeat(900), LINE),
            };
            let log = vec![line; FIRST + LAST];
            let text = "\u{1f600}".repeat(300_000);
            let held = Some(Held { why: text.clone(), advice: text.clone(), since: Epoch(0) });
            let incident = Incident { log, vms, held, outcome: Some(text), ..Incident::default() };
            let policy = Policy::under(crate::policy::Mode::Migrate, Rules::default());
            let (host, name) = (HostId(1), "node1".to_owned());
            let subject = Subject { host, name, vms: Vec::new(), source: Source::Event };
            let mut run = Run::new(Desk::default(), subject, policy);
            run.vms.remembered = incident.vms.iter().map(|vm| (vm.id, vm.clone())).collect();
            run.record.incident = Some(incident);
            let incident = run.standing_record().unwrap();
            let written = Record::Incident(Box::new(incident)).write();
            assert!(written.is_ok_and(|text| text.len() < LONGEST), "{count} VMs");
        }
    }
}
