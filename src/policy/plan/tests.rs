//! What a scenario cannot show: pools that cannot be read, explanations, many VMs at once.
#![cfg(test)]

use super::*;
use crate::model::{Datastore, Deployment, DocumentId, Host, Listing, Owner, Service, ServiceRole, VmGroup};
use crate::policy::settings::Mode;
use crate::policy::{LayerList, PlanRules};
use crate::wire::documents::read;
use crate::wire::xml::Limits;

fn host(id: u32, state: i64, memory_mib: i64, vms: &[u32]) -> Host {
    let vms: Vec<String> = vms.iter().map(|vm| format!("<ID>{vm}</ID>")).collect();
    let vms = vms.concat();
    let text = format!(
        "<HOST><ID>{id}</ID><NAME>node{id}</NAME><STATE>{state}</STATE><CLUSTER_ID>0</CLUSTER_ID><HOST_SHARE>\
         <MAX_CPU>10000</MAX_CPU><MAX_MEM>{}</MAX_MEM></HOST_SHARE><VMS>{vms}</VMS></HOST>",
        memory_mib * 1024
    );
    read(&text, Limits::HOOK).unwrap()
}

fn vm(id: u32, template: &str, user_template: &str) -> Vm {
    let text = format!(
        "<VM><ID>{id}</ID><NAME>vm{id}</NAME><STATE>3</STATE><LCM_STATE>16</LCM_STATE><TEMPLATE><CPU>1</CPU>\
         <MEMORY>1024</MEMORY>{template}</TEMPLATE><USER_TEMPLATE>{user_template}</USER_TEMPLATE><HISTORY_RECORDS>\
         <HISTORY><SEQ>0</SEQ><HID>0</HID><DS_ID>0</DS_ID><TM_MAD>shared</TM_MAD></HISTORY></HISTORY_RECORDS></VM>"
    );
    read(&text, Limits::HOOK).unwrap()
}

/// The dead host 0 with these VMs, and hosts 1 and 2 with room for two each.
fn survey(vms: Vec<Vm>) -> Survey {
    let ids: Vec<u32> = vms.iter().map(|vm| vm.id.0).collect();
    let datastore = "<DATASTORE><ID>0</ID><NAME>system</NAME><TYPE>1</TYPE><TM_MAD>shared</TM_MAD><CLUSTERS><ID>0</ID>\
                     </CLUSTERS></DATASTORE>";
    Survey {
        hosts: vec![host(0, 3, 8192, &ids), host(1, 2, 2048, &[]), host(2, 2, 2048, &[])],
        datastores: vec![read::<Datastore>(datastore, Limits::HOOK).unwrap()],
        vms,
        ..Survey::default()
    }
}

fn policy(plan: PlanRules) -> Policy {
    Policy { plan, ..Policy::new(Mode::Migrate) }
}

fn request(policy: &Policy) -> Request<'_> {
    Request::new(HostId(0), policy, &Scope::Host)
}

fn planned(survey: &Survey) -> Vec<(u32, String)> {
    let policy = policy(PlanRules::default());
    let decisions = plan(survey, &request(&policy));
    decisions.into_iter().map(|decision| (decision.vm.0, decision.verdict.to_string())).collect()
}

fn one(survey: &Survey) -> String {
    planned(survey).remove(0).1
}

const IN_GROUP: &str = "<VMGROUP><VMGROUP_ID>3</VMGROUP_ID><ROLE>web</ROLE></VMGROUP>";
const WITH_NIC: &str = "<NIC><NETWORK_ID>7</NETWORK_ID></NIC>";

fn group(role: &str) -> VmGroup {
    let text = format!("<VM_GROUP><ID>3</ID><NAME>g</NAME><ROLES><ROLE>{role}</ROLE></ROLES></VM_GROUP>");
    read(&text, Limits::HOOK).unwrap()
}

#[test]
fn what_cannot_be_read_holds_the_vms_that_it_concerns_and_no_others() {
    let mut survey = survey(vec![vm(1, IN_GROUP, ""), vm(2, WITH_NIC, ""), vm(3, "", "")]);
    survey.groups.unreadable.insert(3, "<VMS> is \"x\"".to_owned());
    survey.networks.failed = Some("not authorised".to_owned());
    let said = planned(&survey);
    assert_eq!(said[0].1, "hold: its vm group 3 cannot be read: <VMS> is \"x\"");
    assert_eq!(said[1].1, "hold: its network 7 cannot be read: not authorised");
    assert!(said[2].1.starts_with("migrate to"), "{said:?}");
    survey.clusters.failed = Some("not authorised".to_owned());
    assert!(planned(&survey).iter().all(|(_, text)| text.contains("its cluster's HA_POLICY")));
}

#[test]
fn a_group_that_is_gone_or_has_another_policy_holds() {
    let mut survey = survey(vec![vm(1, IN_GROUP, "")]);
    assert_eq!(one(&survey), "hold: its vm group 3 does not exist");
    survey.groups = Listing::of(vec![group("<NAME>db</NAME>")]);
    assert_eq!(one(&survey), "hold: its vm group 3 has no role web");
    survey.groups = Listing::of(vec![group("<NAME>web</NAME><POLICY>STRICT</POLICY>")]);
    assert!(one(&survey).contains("has the policy STRICT"));
    survey.groups = Listing::of(vec![group("<NAME>web</NAME>")]);
    assert!(one(&survey).starts_with("migrate to"));
}

/// oned says the first as a requirement too, and the second is found out for the cluster as well.
#[test]
fn pinned_hosts_and_datastores_of_disks_are_looked_at_here_too() {
    let mut pinned = survey(vec![vm(1, "", "")]);
    pinned.hosts[1].attributes.insert("PIN_POLICY".to_owned(), "PINNED".to_owned());
    assert!(one(&pinned).starts_with("migrate to node2"), "{}", one(&pinned));
    pinned.hosts.truncate(2);
    assert!(
        one(&pinned).contains("1 host without the cores, threads or pages that it is pinned to; free them"),
        "{}",
        one(&pinned)
    );
    let disk = "<DISK><DISK_ID>0</DISK_ID><DATASTORE_ID>99</DATASTORE_ID><TM_MAD>shared</TM_MAD></DISK>";
    let said = one(&survey(vec![vm(1, disk, "")]));
    assert_eq!(said, "hold: datastore 99, where its disk 0 is, does not exist or cannot be read");
}

#[test]
fn a_vm_elsewhere_that_cannot_be_read_may_be_in_any_layer() {
    let mut survey = survey(vec![vm(1, "", "<HA_LAYER>web</HA_LAYER>")]);
    survey.hosts[1].vms = vec![VmId(50)];
    survey.layers = LayerList { unreadable: BTreeSet::from([VmId(50)]), ..LayerList::default() };
    assert!(one(&survey).starts_with("migrate to node2"));
    survey.hosts[2].vms = vec![VmId(51)];
    survey.layers.members.insert(VmId(51), "web".to_owned());
    assert!(one(&survey).starts_with("hold: layer web needs one more host"), "{}", one(&survey));
    // Another layer's member is nobody's business; a VM that was sent there meanwhile is.
    survey.layers.members.insert(VmId(51), "mail".to_owned());
    assert!(one(&survey).starts_with("migrate to node2"));
}

#[test]
fn a_stranger_whose_vm_cannot_be_read_holds_nobody() {
    let mine = Owner { user: 2, group: 1 };
    let mut survey = survey(vec![Vm { owner: mine, ..vm(1, "", "<HA_LAYER>web</HA_LAYER>") }]);
    survey.hosts[1].vms = vec![VmId(50)];
    survey.hosts[2].vms = vec![VmId(51)];
    survey.layers.unreadable = BTreeSet::from([VmId(50), VmId(51)]);
    assert!(one(&survey).starts_with("hold: layer web needs one more host"), "nobody knows whose they are");
    survey.layers.owners = BTreeMap::from([(VmId(50), mine), (VmId(51), Owner { user: 3, group: 1 })]);
    assert!(one(&survey).starts_with("migrate to node2"), "{}", one(&survey));
    survey.layers.owners.insert(VmId(51), Owner { user: 3, group: 0 });
    assert!(one(&survey).starts_with("hold: layer web needs one more host"), "an admin's counts for all");
}

/// Whoever writes a VM's `SERVICE_ID` or makes a service, a VM waits only where both name the other.
#[test]
fn a_service_orders_only_the_vms_that_name_it() {
    let role = |name: &str, parents: &[&str], vms: &[u32]| ServiceRole {
        name: name.to_owned(),
        parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
        vms: vms.iter().copied().map(VmId).collect(),
    };
    let waits = |user_template: &str, vms: &[u32]| {
        let mut survey = survey(vec![vm(1, "", user_template), vm(2, "", "")]);
        survey.services.all = vec![Service {
            id: DocumentId(7),
            name: "theirs".to_owned(),
            deployment: Deployment::Straight,
            gate: false,
            roles: vec![role("web", &["db"], vms), role("db", &[], &[2])],
        }];
        let policy = policy(PlanRules::default());
        let decisions = plan(&survey, &request(&policy));
        decisions.iter().find(|decision| decision.vm == VmId(1)).map(|decision| decision.after.clone())
    };
    let names_it = "<SERVICE_ID>7</SERVICE_ID>";
    assert_eq!(waits(names_it, &[1]), Some(vec![VmId(2)]), "both name the other");
    assert_eq!(waits("", &[1]), Some(vec![]), "a stranger's service names the VM");
    assert_eq!(waits(names_it, &[3]), Some(vec![]), "the VM names a stranger's service");
}

/// Whose role it is stands in the VM's own template, where oned writes it after it has asked for the right.
#[test]
fn a_group_that_claims_a_vm_does_not_bind_it() {
    let mut survey =
        survey(vec![vm(1, "", ""), vm(2, "<VMGROUP><VMGROUP_ID>3</VMGROUP_ID><ROLE>r</ROLE></VMGROUP>", "")]);
    survey.hosts[1].vms = vec![VmId(50)];
    survey.hosts[2].vms = vec![VmId(51)];
    let claims = "<VM_GROUP><ID>3</ID><NAME>theirs</NAME><ROLES><ROLE><NAME>r</NAME><POLICY>ANTI_AFFINED</POLICY>\
                  <VMS>1,2,50,51</VMS></ROLE></ROLES><TEMPLATE/></VM_GROUP>";
    survey.groups.all = vec![read(claims, Limits::HOOK).unwrap()];
    let policy = policy(PlanRules::default());
    let decisions = plan(&survey, &request(&policy));
    let told: Vec<String> = decisions.iter().map(|decision| decision.verdict.to_string()).collect();
    assert!(told[0].starts_with("migrate to node"), "{told:?}");
    assert!(told[1].starts_with("hold: layer theirs/r"), "{told:?}");
}

#[test]
fn what_an_owner_writes_is_told_in_few_words() {
    let long = "\u{1b}[2J,x\ny".repeat(50_000);
    let names = [
        "HA_LAYER",
        "HA_AFTER",
        "HA_POLICY",
        "HA_PRIORITY",
        "SERVICE_ID",
        "ROLE_NAME",
        "LABELS",
        "SCHED_REQUIREMENTS",
        "HA_STATE",
        "HA_RESTARTS",
        "HA_READY",
        "ERROR",
    ];
    let with = |all: &[&str]| {
        let mut vm = vm(1, "", "");
        vm.attributes.extend(all.iter().map(|name| ((*name).to_owned(), long.clone())));
        one(&survey(vec![vm]))
    };
    for name in names {
        assert!(with(&[name]).len() < 1000, "{name}: {}", with(&[name]).len());
    }
    assert!(with(&names).len() < 3000);
    let mut vm = vm(1, "", &format!("<SERVICE_ID>7</SERVICE_ID><HA_LAYER>{}</HA_LAYER>", "x".repeat(1000)));
    vm.attributes.insert("ROLE_NAME".to_owned(), long);
    assert_eq!(vm.layer().map(str::len), Some(200));
    assert!(one(&survey(vec![vm])).len() < 1000);
}

#[test]
fn a_layer_knows_where_its_members_were_sent() {
    let layer = "<HA_LAYER>web</HA_LAYER>";
    let survey = survey(vec![vm(1, "", layer), vm(2, "", layer)]);
    let policy = policy(PlanRules::default());
    let mut request = request(&policy);
    request.closed.insert(VmId(1));
    request.moving.insert(VmId(1), HostId(2));
    let decisions = plan(&survey, &request);
    assert_eq!(decisions.len(), 1);
    assert!(decisions[0].verdict.to_string().starts_with("migrate to node1"), "{decisions:?}");
}

#[test]
fn every_host_that_does_not_take_a_vm_says_why() {
    let layer = "<HA_LAYER>web</HA_LAYER>";
    let mut survey = survey(vec![vm(1, "", layer)]);
    survey.hosts[1].vms = vec![VmId(50)];
    survey.layers.members.insert(VmId(50), "web".to_owned());
    survey.hosts[2] = host(2, 2, 512, &[]);
    survey.hosts.push(host(3, 4, 2048, &[]));
    let policy = policy(PlanRules::default());
    let explained = explain(&survey, &request(&policy), VmId(1)).unwrap();
    let why: Vec<_> = explained
        .targets
        .iter()
        .filter_map(|target| Some((target.host.0, target.answer.clone().err()?)))
        .collect();
    let why: Vec<_> = why.iter().map(|(host, why)| (*host, why.as_str())).collect();
    assert_eq!(why, [(1, "layer web has a VM there"), (2, "full"), (3, "it is DISABLED")]);
    assert!(explained.chain.iter().any(|line| line == "kept apart by layer web"), "{:?}", explained.chain);
    assert_eq!(explain(&survey, &request(&policy), VmId(9)), None);
}

/// Every VM on its place, for surveys of many sizes: room is never given twice, and never to a lower priority first.
#[test]
fn room_is_given_once_and_by_priority() {
    for count in 1..9_u32 {
        let word = |id: u32| ["LOW", "MEDIUM", "HIGH", "CRITICAL"][id as usize % 4];
        let vms =
            (1..=count).map(|id| vm(id, "", &format!("<HA_PRIORITY>{}</HA_PRIORITY>", word(id)))).collect();
        let survey = survey(vms);
        let policy = policy(PlanRules::default());
        let decisions = plan(&survey, &request(&policy));
        let placed: Vec<u32> = decisions
            .iter()
            .filter(|decision| matches!(decision.verdict, Verdict::Act(..)))
            .map(|decision| decision.vm.0 % 4)
            .collect();
        assert_eq!(placed.len(), count.min(4) as usize);
        let held = decisions.iter().filter(|decision| matches!(decision.verdict, Verdict::Hold(_)));
        for held in held {
            assert!(placed.iter().all(|placed| *placed >= held.vm.0 % 4), "{count}: {decisions:?}");
        }
    }
}

/// A VM that is still to be given up by oned keeps its place from one of lower priority.
#[test]
fn a_vm_that_is_waited_for_keeps_its_place() {
    let mut high = vm(1, "", "<HA_PRIORITY>HIGH</HA_PRIORITY>");
    high.state = VmState::RUNNING;
    let mut survey = survey(vec![high, vm(2, "", "")]);
    survey.hosts.truncate(2);
    survey.hosts[1] = host(1, 2, 1024, &[]);
    let said = planned(&survey);
    assert!(said[0].1.starts_with("wait: RUNNING"), "{said:?}");
    assert!(said[1].1.starts_with("hold: no host takes"), "{said:?}");
}

#[test]
fn circles_of_any_shape_end_and_every_vm_is_decided_once() {
    for shape in ["2", "2,3", "1", "3,2,1", "4,1"] {
        let vms: Vec<Vm> = (1..=4).map(|id| vm(id, "", &format!("<HA_AFTER>{shape}</HA_AFTER>"))).collect();
        let survey = survey(vms);
        let policy = policy(PlanRules::default());
        let decisions = plan(&survey, &request(&policy));
        let mut started = BTreeSet::new();
        for decision in &decisions {
            assert!(decision.after.iter().all(|vm| started.contains(vm)), "{shape}: {decisions:?}");
            assert!(started.insert(decision.vm));
        }
        assert_eq!(started.len(), 4, "{shape}");
    }
}
