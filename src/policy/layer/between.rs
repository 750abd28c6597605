//! Rules of a VM group that are no layers: roles whose VMs never share a host with each other's, and VMs that belong on one
//! host. They are shown and checked here; whoever wants to change them does it in the VM group.

use super::judge::{Fault, Severity, host_name};
use super::{Member, Place, Survey, members};
use crate::model::{ClusterId, GroupId, GroupPolicy, Host, HostId, HostState, Role, Vm, VmGroup, VmId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bond {
    /// `ANTI_AFFINED` between roles: VMs of one role may share a host, VMs of two may not.
    Apart,
    /// `AFFINED` between roles or inside one: all on one host.
    Together,
}

/// A rule between roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The VM group and its roles: `shop/front and back`.
    pub name: String,
    /// The VM group.
    pub group: GroupId,
    /// What it asks.
    pub bond: Bond,
    /// Its roles, with their VMs by id.
    pub roles: Vec<(String, Vec<Member>)>,
}

/// `shop/front and back apart (vm group 3)`
impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bond = match self.bond {
            Bond::Apart => "apart",
            Bond::Together => "together",
        };
        write!(f, "{} {bond} ({})", self.name, self.group)
    }
}

impl Rule {
    /// Every VM that it binds.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.roles.iter().flat_map(|(_, members)| members)
    }
}

/// The rules of these VM groups, by name.
#[must_use]
pub fn rules(groups: &[VmGroup], vms: &[Vm]) -> Vec<Rule> {
    let by_id: BTreeMap<VmId, &Vm> = vms.iter().map(|vm| (vm.id, vm)).collect();
    let rule = |group: &VmGroup, bond, roles: Vec<&Role>| {
        let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        Rule {
            name: format!("{}/{}", group.name, names.join(" and ")),
            group: group.id,
            bond,
            roles: roles.iter().map(|role| (role.name.clone(), members::of_role(role, &by_id))).collect(),
        }
    };
    let mut rules = Vec::new();
    for group in groups {
        let of = |set: &Vec<String>| group.roles.iter().filter(|role| set.contains(&role.name)).collect();
        rules.extend(group.anti_affined.iter().map(|set| rule(group, Bond::Apart, of(set))));
        rules.extend(group.affined.iter().map(|set| rule(group, Bond::Together, of(set))));
        let inside = group.roles.iter().filter(|role| role.policy == GroupPolicy::Affined);
        rules.extend(inside.map(|role| rule(group, Bond::Together, vec![role])));
    }
    rules.sort_by(|a, b| (&a.name, a.bond, a.group).cmp(&(&b.name, b.bond, b.group)));
    rules
}

/// What is wrong with these rules today, and what would be after the loss of one host. Capacity is not looked at.
#[must_use]
pub fn judge_rules(survey: &Survey, rules: &[Rule]) -> Vec<Fault> {
    let hosts: BTreeMap<HostId, &Host> = survey.hosts.iter().map(|host| (host.id, host)).collect();
    let mut faults = Vec::new();
    for rule in rules {
        let judged = Judged { rule, survey, hosts: &hosts };
        faults.extend(judged.unseen());
        match rule.bond {
            Bond::Apart => judged.apart(&mut faults),
            Bond::Together => faults.extend(judged.together()),
        }
    }
    faults.sort_by(|a, b| (&a.layer, b.severity, a.host).cmp(&(&b.layer, a.severity, b.host)));
    faults
}

struct Judged<'a> {
    rule: &'a Rule,
    survey: &'a Survey,
    hosts: &'a BTreeMap<HostId, &'a Host>,
}

impl Judged<'_> {
    fn fault(&self, severity: Severity, at: Option<HostId>, vms: Vec<VmId>, text: String) -> Fault {
        let advice = match vms.last() {
            Some(last) => format!("migrate one of them: `onevm migrate {} HOST`", last.0),
            None => "look at the VM group".to_owned(),
        };
        let cluster = at.and_then(|host| self.hosts.get(&host)).map(|host| host.cluster);
        Fault { layer: self.rule.to_string(), severity, host: at, cluster, vms, text, advice }
    }

    fn unseen(&self) -> Option<Fault> {
        let unknown: Vec<&Member> =
            self.rule.members().filter(|member| member.place == Place::Unknown).collect();
        let first = unknown.first()?.vm;
        let vms = unknown.iter().map(|member| member.vm).collect();
        let fault =
            self.fault(Severity::Warning, None, vms, format!("it is not known where {} is", named(&unknown)));
        Some(Fault { advice: format!("look at `onevm show {}`", first.0), ..fault })
    }

    /// Who is on each host, with the number of the role.
    fn places(&self) -> BTreeMap<HostId, Vec<(usize, &Member)>> {
        let mut places: BTreeMap<HostId, Vec<(usize, &Member)>> = BTreeMap::new();
        for (number, (_, members)) in self.rule.roles.iter().enumerate() {
            for member in members {
                if let Some(host) = member.place.host() {
                    places.entry(host).or_default().push((number, member));
                }
            }
        }
        places
    }

    fn apart(&self, faults: &mut Vec<Fault>) {
        let places = self.places();
        for (host, there) in &places {
            let deployed: Vec<_> =
                there.iter().filter(|(_, member)| member.place.deployed().is_some()).copied().collect();
            if roles(&deployed).len() > 1 {
                faults.push(self.shared(*host, &deployed, Severity::Violation, "share"));
            } else if roles(there).len() > 1 {
                faults.push(self.shared(*host, there, Severity::Warning, "would share, once started,"));
            }
            for role in roles(&deployed) {
                faults.extend(self.after_loss(*host, role, &deployed, &places));
            }
        }
    }

    fn shared(&self, host: HostId, there: &[(usize, &Member)], severity: Severity, verb: &str) -> Fault {
        let there: Vec<&Member> = there.iter().map(|(_, member)| *member).collect();
        let text = format!("{} {verb} {}", named(&there), host_name(self.hosts, host));
        self.fault(severity, Some(host), there.iter().map(|member| member.vm).collect(), text)
    }

    /// Whether the VMs of a role find a host of their cluster without a VM of another role.
    fn after_loss(
        &self,
        lost: HostId,
        role: usize,
        deployed: &[(usize, &Member)],
        places: &BTreeMap<HostId, Vec<(usize, &Member)>>,
    ) -> Option<Fault> {
        let host = self.hosts.get(&lost)?;
        let usable: Vec<HostId> = self.usable(host.cluster).filter(|other| *other != lost).collect();
        let taken =
            |other: &HostId| places.get(other).is_some_and(|there| roles(there).iter().any(|r| *r != role));
        if usable.iter().any(|other| !taken(other)) {
            return None;
        }
        let vms: Vec<&Member> = deployed.iter().filter(|(of, _)| *of == role).map(|(_, vm)| *vm).collect();
        let cluster = self.survey.cluster(host.cluster);
        let text = format!(
            "if {host} failed, {} could not be kept apart: each of the {} usable hosts left in {cluster} has a VM of \
             another role",
            named(&vms),
            usable.len(),
        );
        let ids = vms.iter().map(|member| member.vm).collect();
        let advice = format!("add 1 more host to {cluster}, or take a VM out of the VM group");
        Some(Fault { advice, ..self.fault(Severity::Warning, Some(lost), ids, text) })
    }

    fn usable(&self, cluster: ClusterId) -> impl Iterator<Item = HostId> {
        let usable = move |host: &&Host| host.state == HostState::Monitored && host.cluster == cluster;
        self.survey.hosts.iter().filter(usable).map(|host| host.id)
    }

    /// VMs that belong together and are on several hosts.
    fn together(&self) -> Option<Fault> {
        let places = self.places();
        let first = *places.keys().next().filter(|_| places.len() > 1)?;
        let all: Vec<&Member> = places.values().flatten().map(|(_, member)| *member).collect();
        let running: BTreeSet<HostId> = all.iter().filter_map(|member| member.place.deployed()).collect();
        let (severity, verb) = if running.len() > 1 {
            (Severity::Violation, "are not on one host")
        } else {
            (Severity::Warning, "would not be on one host, once started")
        };
        let at = |(host, there): (&HostId, &Vec<(usize, &Member)>)| {
            let there: Vec<&Member> = there.iter().map(|(_, member)| *member).collect();
            format!("{} on {}", named(&there), host_name(self.hosts, *host))
        };
        let text = format!("{}: they {verb}", places.iter().map(at).collect::<Vec<_>>().join("; "));
        Some(self.fault(severity, Some(first), all.iter().map(|member| member.vm).collect(), text))
    }
}

/// The roles of these VMs.
fn roles(there: &[(usize, &Member)]) -> BTreeSet<usize> {
    there.iter().map(|(role, _)| *role).collect()
}

fn named(members: &[&Member]) -> String {
    members.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
