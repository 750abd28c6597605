//! A story as a simulated world that is ready to run.

use super::story::{
    After, CARDS, Chips, DATASTORES, HostStory, NAMES, POLICIES, PRIORITIES, Story, Ties, Trouble, VmStory,
};
use crate::story::rules::plain;
use onerescue::model::SERVICE_TYPE;
use onerescue::model::{ClusterId, DatastoreId, GroupId, GroupPolicy, HostId, Role, VmGroup, VmId, VmState};
use onerescue::policy::{Firmware, Layers, Placement, Policy, Source, Subject};
use onerescue::sim::{
    Behaviour, Cloud, DatastoreSpec, Death, DiskSpec, Driver, Event, Fault, FaultRule, HostSpec, NumaSpec,
    PciSpec, SimDevice, SimTransport, SimWorld, Template, VmSpec,
};
use onerescue::wire::record;
use onerescue::wire::xmlrpc::Value;
use onerescue::world::Zone;
use onerescue::world::oned::{Credentials, Oned, Patience, Session};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const DEAD: HostId = HostId(0);

pub(crate) struct Stage {
    pub(crate) world: SimWorld,
    pub(crate) subject: Subject,
    pub(crate) charged: Vec<VmId>,
    pub(crate) policy: Policy,
}

pub(crate) fn host_id(at: usize) -> HostId {
    HostId(u32::try_from(at).unwrap())
}

pub(crate) fn vm_id(at: usize) -> VmId {
    VmId(u32::try_from(at).unwrap())
}

impl Stage {
    pub(crate) fn new(story: &Story) -> Stage {
        let mut cloud = cloud(story);
        cloud.timings.detection = Duration::from_secs(30);
        cloud.host_dies(DEAD, Death::PowerLoss);
        cloud.advance(Duration::from_secs(60));
        let event = cloud.host_xml(DEAD).unwrap();
        let event: onerescue::model::Host =
            onerescue::wire::documents::read(&event, onerescue::wire::xml::Limits::HOOK).unwrap();
        let transport = SimTransport::new(Arc::new(Mutex::new(cloud)));
        if let Some((skip, times)) = story.refusals {
            let no = Fault::Refused { code: 0x0800, text: "does not fit in host".to_owned() };
            transport.add_fault(FaultRule::always("one.vm.migrate", no).after(skip).times(times));
        }
        let credentials = Credentials {
            endpoint: "http://localhost:2633/RPC2".to_owned(),
            session: Session::new("oneadmin:password".to_owned()),
        };
        let oned = Oned::new(transport.clone(), credentials, Patience::default());
        let mut world = SimWorld::new(transport, Zone::new(oned, record::TYPE));
        world.set_devices(DEAD, vec![SimDevice::new("device", Behaviour::Works)]);
        let began = world.began();
        for (at, trouble) in &story.troubles {
            world.schedule(began + Duration::from_secs(*at), event_of(story, *trouble));
        }
        for (vm, seconds) in story.vms.iter().enumerate().filter_map(|(vm, of)| Some((vm, of.resumes?))) {
            if story.vms[vm].powered_off && story.home(vm) != 0 {
                let params = vec![Value::Text("resume".to_owned()), Value::Int(vm_id(vm).0.into())];
                let call = Event::Call("one.vm.action".to_owned(), params);
                world.schedule(began + Duration::from_secs(seconds), call);
            }
        }
        let subject = Subject { host: DEAD, name: event.name, vms: event.vms.clone(), source: Source::Event };
        let mut policy = plain(story.mode);
        policy.wait.cycles = 0;
        policy.hold.deadline = Duration::from_secs(60);
        choose(story, &mut policy);
        Stage { world, subject, charged: event.vms, policy }
    }
}

/// The site's settings, with one exclusion of each kind.
fn choose(story: &Story, policy: &mut Policy) {
    let plan = &mut policy.plan;
    plan.standby = story.site.standby;
    plan.layers = if story.site.soft { Layers::Soft } else { Layers::Hard };
    plan.firmware = if story.site.lose { Firmware::Lose } else { Firmware::Hold };
    let by_id = (0..story.vms.len()).filter(|vm| story.vms[*vm].excluded == Some(0));
    plan.exclude.vms = by_id.map(vm_id).collect();
    plan.exclude.names = vec!["test-*".to_owned()];
    plan.exclude.labels = ["dev".to_owned()].into();
    plan.exclude.groups = ["guests".to_owned()].into();
    plan.requirements = story.site.requirements;
    if story.site.scheduler {
        policy.settle.placement = Placement::Scheduler;
    }
}

fn event_of(story: &Story, trouble: Trouble) -> Event {
    let target = |at: usize| host_id(1 + at % (story.hosts.len() - 1));
    match trouble {
        Trouble::Dies(at) => Event::Dies(target(at), Death::PowerLoss),
        Trouble::Disabled(at) => {
            let params = vec![Value::Int(target(at).0.into()), Value::Int(1)];
            Event::Call("one.host.status".to_owned(), params)
        }
        Trouble::NoBoot(at) => Event::HostDriverTurns(target(at), Driver::Fails),
    }
}

fn clusters(story: &Story, bits: u8) -> Vec<ClusterId> {
    let ids = (0..story.clusters).filter(|at| bits >> at & 1 == 1);
    ids.map(cluster_id).collect()
}

fn cluster_id(at: usize) -> ClusterId {
    ClusterId(if at == 0 { 0 } else { u32::try_from(99 + at).unwrap() })
}

fn cloud(story: &Story) -> Cloud {
    let mut cloud = Cloud::new(story.version);
    for number in 1..story.clusters {
        cloud.add_cluster(&format!("cluster{number}"));
    }
    for (at, host) in story.hosts.iter().enumerate() {
        let memory_kib = host.memory_gib << 20;
        let mut spec = HostSpec {
            cluster: cluster_id(story.cluster(at)),
            cpu: host.cores * 100,
            memory_kib,
            pci: devices(host),
            ..HostSpec::new(&format!("node{at}"))
        };
        spec.attributes.insert("RACK".to_owned(), host.rack.to_string());
        if let Some(cores) = host.pinned {
            spec.attributes.insert("PIN_POLICY".to_owned(), "PINNED".to_owned());
            spec.numa = vec![NumaSpec { cores, threads: 2, memory_kib, hugepages: 0 }];
        }
        if host.standby {
            spec.attributes.insert("HA_STANDBY".to_owned(), "YES".to_owned());
        }
        cloud.add_host(spec);
    }
    for (bits, (driver, ..)) in story.datastores.iter().zip(DATASTORES) {
        let clusters = clusters(story, *bits);
        cloud.add_datastore(DatastoreSpec { clusters, ..DatastoreSpec::system("some", driver) });
    }
    for (at, bits) in story.networks.iter().enumerate() {
        cloud.add_network(&format!("net{at}"), clusters(story, *bits));
    }
    for at in 0..story.groups.len() {
        cloud.add_vm_group(&group(story, at));
    }
    add_vms(&mut cloud, story);
    for service in 0..story.services.len() {
        add_service(&mut cloud, story, service);
    }
    cloud
}

/// Its document, and what its VMs say of it.
fn add_service(cloud: &mut Cloud, story: &Story, at: usize) {
    let service = &story.services[at];
    let of = |role: usize| {
        let vms = story.vms.iter().enumerate().filter(move |(_, vm)| vm.service == Some((at, role)));
        vms.map(|(vm, _)| vm_id(vm))
    };
    let role = |role: usize| {
        let parents = (0..role).filter(|other| service.parents[role] >> other & 1 == 1);
        let parents: Vec<String> = parents.map(|other| format!("role{other}")).collect();
        let nodes: Vec<_> = of(role).map(|vm| json!({"deploy_id": vm.0})).collect();
        json!({"name": format!("role{role}"), "cardinality": nodes.len(), "parents": parents, "nodes": nodes})
    };
    let deployment = if service.straight { "straight" } else { "none" };
    let roles: Vec<_> = (0..3).map(role).collect();
    let body = json!({"name": format!("service{at}"), "deployment": deployment, "state": 2, "roles": roles});
    let id = cloud.add_document(&format!("service{at}"), SERVICE_TYPE, &[("BODY", &body.to_string())]);
    for role in 0..3 {
        for vm in of(role) {
            cloud.set_user_attribute(vm, "SERVICE_ID", &id.0.to_string());
            cloud.set_user_attribute(vm, "ROLE_NAME", &format!("role{role}"));
        }
    }
}

fn devices(host: &HostStory) -> Vec<PciSpec> {
    let gpus = (0..host.gpus).map(|gpu| PciSpec::gpu(&format!("{:02}:00.0", gpu + 1)));
    let cards = CARDS.iter().enumerate().filter(|(at, _)| host.cards >> at & 1 == 1);
    let card = |address: &str| PciSpec {
        vendor: "15b3".to_owned(),
        device: "1017".to_owned(),
        class: "0200".to_owned(),
        short_address: address.to_owned(),
        profiles: String::new(),
    };
    gpus.chain(cards.map(|(_, address)| card(address))).collect()
}

fn group(story: &Story, at: usize) -> VmGroup {
    let group = &story.groups[at];
    let host = |host: Option<usize>| host.map(|host| host_id(host % story.hosts.len())).into_iter().collect();
    let role = |at: usize| Role {
        name: format!("role{at}"),
        policy: match group.inside[at] {
            Ties::None => GroupPolicy::None,
            Ties::Together => GroupPolicy::Affined,
            Ties::Apart => GroupPolicy::AntiAffined,
        },
        vms: Vec::new(),
        host_affined: if at == 0 { host(group.only) } else { Vec::new() },
        host_anti_affined: if at == 1 { host(group.never) } else { Vec::new() },
    };
    let set = |ties: Ties| {
        let both = vec!["role0".to_owned(), "role1".to_owned()];
        if group.between == ties { vec![both] } else { Vec::new() }
    };
    VmGroup {
        id: GroupId(0),
        name: format!("group{at}"),
        roles: vec![role(0), role(1)],
        affined: set(Ties::Together),
        anti_affined: set(Ties::Apart),
    }
}

fn add_vms(cloud: &mut Cloud, story: &Story) {
    for (at, vm) in story.vms.iter().enumerate() {
        let name = match story.called(at) {
            Some(name) => NAMES[name].to_owned(),
            None if vm.excluded == Some(1) => format!("test-{at}"),
            None => format!("vm{at}"),
        };
        let mut spec = VmSpec::new(&name, host_id(story.home(at)));
        if vm.powered_off && story.home(at) != 0 {
            spec = spec.in_state(VmState::Poweroff);
        }
        spec.owner = vm.owner;
        spec.cpu = vm.cpu;
        spec.memory_kib = vm.memory_gib << 20;
        spec.pci = vec![PciSpec::gpu(""); vm.gpus];
        spec.pci.extend(vm.card.map(|card| by_address(CARDS[card])));
        story.team(at).clone_into(&mut spec.owner_group);
        // The first new datastore is 100; 1 holds the images of the default cluster only, so disks are volatile.
        spec.datastore = DatastoreId(100 + u32::try_from(vm.datastore).unwrap());
        spec.disks = vec![DiskSpec::default()];
        spec.networks = vm.network.map(|network| u32::try_from(network).unwrap()).into_iter().collect();
        spec.group =
            vm.role.map(|(group, role)| (GroupId(u32::try_from(group).unwrap()), format!("role{role}")));
        spec.lock = vm.locked.then_some(1);
        spec.template = template(vm);
        let wishes = [
            ("HA_PRIORITY", vm.priority.map(|at| PRIORITIES[at].to_owned())),
            ("HA_POLICY", vm.policy.map(|at| POLICIES[at].to_owned())),
            ("HA_AFTER", vm.after.map(|after| after_text(story, after))),
            ("HA_LAYER", vm.layer.map(|layer| format!("layer{layer}"))),
            ("LABELS", (vm.excluded == Some(2)).then(|| "web,dev".to_owned())),
            ("SCHED_REQUIREMENTS", requirements(vm)),
        ];
        for (name, value) in wishes {
            if let Some(value) = value {
                spec.attributes.insert(name.to_owned(), value);
            }
        }
        cloud.add_vm(spec);
    }
}

fn after_text(story: &Story, after: After) -> String {
    match after {
        After::Id(id) => (id % story.vms.len()).to_string(),
        After::Name(name) => NAMES[name].to_owned(),
    }
}

/// What only the scheduler can evaluate is true of every host.
fn requirements(vm: &VmStory) -> Option<String> {
    let rack = vm.rack.map(|rack| format!("RACK = {rack}"));
    match (rack, vm.unclear) {
        (rack, false) => rack,
        (Some(rack), true) => Some(format!("{rack} & FREE_CPU > -1000000")),
        (None, true) => Some("FREE_CPU > -1000000".to_owned()),
    }
}

fn by_address(address: &str) -> PciSpec {
    let any = String::new;
    PciSpec { vendor: any(), device: any(), class: any(), short_address: address.to_owned(), profiles: any() }
}

fn template(vm: &VmStory) -> Template {
    let mut text = String::new();
    if vm.pinned > 0 {
        text = format!("VCPU={}\nTOPOLOGY=[PIN_POLICY=\"CORE\",SOCKETS=\"1\"]\n", vm.pinned);
    }
    if matches!(vm.firmware, Chips::Tpm | Chips::Both) {
        text.push_str("TPM=[MODEL=\"tpm-crb\"]\n");
    }
    if matches!(vm.firmware, Chips::Uefi | Chips::Both) {
        text.push_str("OS=[FIRMWARE=\"UEFI\"]\n");
    }
    Template::parse(&text).unwrap()
}
