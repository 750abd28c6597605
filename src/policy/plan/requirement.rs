//! `SCHED_REQUIREMENTS` and `AUTOMATIC_REQUIREMENTS` of a VM on every host, worked out once for each text.
//!
//! oned's migrate checks the clusters of `AUTOMATIC_REQUIREMENTS` only, so the rest is checked here.

use super::expression::{Expression, Truth, Value};
use super::view::View;
use crate::model::{Host, Vm};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The attribute of the user template.
const OWNERS: &str = "SCHED_REQUIREMENTS";

/// Attributes that a host has in the scheduler's eyes and not in the pool of hosts.
const MONITORED: &[&str] = &[
    "FREE_CPU",
    "FREE_MEMORY",
    "USED_CPU",
    "USED_MEMORY",
    "FREE_DISK",
    "MAX_DISK",
    "USED_DISK",
    "NETRX",
    "NETTX",
];

/// Where a VM asks for a word, and the attribute in which a host lists those that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// `SCHED_REQUIREMENTS` or `AUTOMATIC_REQUIREMENTS`
    Expression,
    /// The driver of its last record: what it has made another one does not start.
    Driver,
    Cpu,
    Machine,
}

/// A text on every host, in the order of their ids.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) asked: Asked,
    pub(super) on: Vec<Truth>,
    /// The text, if it is not known somewhere whether it is true.
    pub(super) unclear: Option<String>,
}

/// What was worked out already.
#[derive(Default)]
pub(super) struct Requirements {
    known: BTreeMap<(Asked, String), Rc<Met>>,
}

impl Requirements {
    /// What this VM asks for, as far as it asks.
    pub(super) fn of(&mut self, vm: &Vm, view: &View<'_>) -> Vec<Rc<Met>> {
        let expressions = vm.needs.automatic.iter().chain(vm.attributes.get(OWNERS));
        let asked = expressions.map(|text| (Asked::Expression, text)).chain([(Asked::Driver, &vm.vm_mad)]);
        let asked = asked.chain(vm.needs.cpu_model.iter().map(|model| (Asked::Cpu, model)));
        let asked = asked.chain(vm.needs.machine.iter().map(|machine| (Asked::Machine, machine)));
        asked.map(|(asked, text)| self.met(asked, text, view)).collect()
    }

    fn met(&mut self, asked: Asked, text: &str, view: &View<'_>) -> Rc<Met> {
        let key = (asked, text.to_owned());
        if let Some(met) = self.known.get(&key) {
            return Rc::clone(met);
        }
        let met = Rc::new(match asked {
            Asked::Expression => work_out(text, view),
            Asked::Driver => {
                words(asked, view, |host| host.vm_mad == text || host.vm_mad.is_empty() || text.is_empty())
            }
            Asked::Cpu => words(asked, view, |host| lists(host, "KVM_CPU_MODELS", text)),
            Asked::Machine => words(asked, view, |host| lists(host, "KVM_MACHINES", text)),
        });
        self.known.insert(key, Rc::clone(&met));
        met
    }
}

fn words(asked: Asked, view: &View<'_>, has: impl Fn(&Host) -> bool) -> Met {
    let truth = |host: &&Host| if has(host) { Truth::Yes } else { Truth::No };
    Met { asked, on: view.hosts.values().map(truth).collect(), unclear: None }
}

/// A host that does not say what it can is tried.
fn lists(host: &Host, attribute: &str, word: &str) -> bool {
    let known = host.attributes.get(attribute);
    known.is_none_or(|known| known.split([' ', ',']).any(|known| known == word))
}

fn work_out(text: &str, view: &View<'_>) -> Met {
    let expression = match Expression::read(text) {
        Ok(expression) => expression,
        Err(broken) => {
            let unclear = Some(format!("{} ({broken})", shown(text)));
            return Met { asked: Asked::Expression, on: vec![Truth::Unknown; view.hosts.len()], unclear };
        }
    };
    let truth = |host: &&Host| expression.truth(&|name| value(name, host, view));
    let on: Vec<Truth> = view.hosts.values().map(truth).collect();
    let unclear = on.contains(&Truth::Unknown).then(|| shown(text));
    Met { asked: Asked::Expression, on, unclear }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// An attribute of a host, looked for where oned's own scheduler looks, in its order.
/// Source: `src/scheduler/src/pool/HostXML.cc`.
fn value(name: &str, host: &Host, view: &View<'_>) -> Value {
    if name == "CURRENT_VMS" {
        return Value::Any(host.vms.iter().map(|vm| i64::from(vm.0)).collect());
    }
    if let Some(text) = host.attributes.get(name) {
        return Value::One(text.clone());
    }
    let cluster = view.clusters.get(&host.cluster);
    let capacity = host.capacity;
    let of_host = match name {
        "ID" => host.id.0.to_string(),
        "NAME" => host.name.clone(),
        "STATE" => host.state.number().to_string(),
        "CLUSTER_ID" => host.cluster.0.to_string(),
        "MAX_CPU" => capacity.max_cpu.to_string(),
        "CPU_USAGE" => capacity.used_cpu.to_string(),
        "MAX_MEM" => capacity.max_memory_kib.to_string(),
        "MEM_USAGE" => capacity.used_memory_kib.to_string(),
        "RUNNING_VMS" => host.vms.len().to_string(),
        "CLUSTER" => match cluster {
            Some(cluster) => cluster.name.clone(),
            None => return Value::Unknown,
        },
        _ if MONITORED.contains(&name) || name.contains('/') => return Value::Unknown,
        _ => match cluster {
            Some(cluster) => match cluster.attributes.get(name) {
                Some(text) => text.clone(),
                None => return Value::Absent,
            },
            None if view.survey.clusters.failed.is_some() || !view.survey.clusters.unreadable.is_empty() => {
                return Value::Unknown;
            }
            None => return Value::Absent,
        },
    };
    Value::One(of_host)
}
