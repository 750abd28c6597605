//! A story as a simulated world that is ready to run.

use super::happening::event_of;
use super::{Before, DATASTORES, DeviceStory, End, IMAGES, Ill, KINDS, NAMES, RecordStory, Story};
use onerescue::model::{ClusterId, DatastoreId, Epoch, HostId, Incident, Progress, Scope, VmId};
use onerescue::policy::{Source, Subject};
use onerescue::sim::{
    Cloud, Consul, DatastoreSpec, Death, DiskSpec, Driver, Event, HostSpec, PciSpec, SimDevice, SimTransport,
    SimWorld, Template, VmSpec,
};
use onerescue::wire::record::{self, Record};
use onerescue::wire::xmlrpc::Value;
use onerescue::world::Zone;
use onerescue::world::oned::{Credentials, Oned, Patience, Session};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What must never be seen anywhere.
pub(crate) const SESSION: &str = "oneadmin:correct-horse-battery-staple";

pub(crate) struct Stage {
    pub(crate) world: SimWorld,
    pub(crate) subject: Subject,
    pub(crate) charged: Vec<VmId>,
}

impl Stage {
    pub(crate) fn new(story: &Story) -> Stage {
        let mut cloud = cloud(story);
        let dead = HostId(u32::try_from(story.dead).unwrap());
        past(&mut cloud, story);
        match story.end {
            End::Dies(death) => cloud.host_dies(dead, death),
            End::Probe => cloud.monitoring_fails(dead, "Error executing kvm.rb: No space left on device"),
        }
        cloud.advance(Duration::from_secs(story.detection + story.start));
        let event = cloud.host_xml(dead).unwrap();
        let event: onerescue::model::Host =
            onerescue::wire::documents::read(&event, onerescue::wire::xml::Limits::HOOK).unwrap();
        let transport = SimTransport::new(Arc::new(Mutex::new(cloud)));
        for fault in &story.faults {
            transport.add_fault(fault.clone());
        }
        let mut world = world(&transport);
        let began = world.began();
        world.set_devices(dead, devices(story));
        look_out(&mut world, story);
        // If it hangs it saves its crash dump for three minutes.
        world.schedule(began, Event::Dumps(dead, Duration::from_secs(180)));
        for (at, happens) in &story.events {
            world.schedule(began + Duration::from_secs(*at), event_of(story, *happens, dead));
        }
        if story.claimed {
            world.claimed_by_another(dead);
        }
        let subject = Subject { host: dead, name: event.name, vms: event.vms.clone(), source: Source::Event };
        Stage { world, subject, charged: event.vms }
    }
}

/// What became of VMs before the host died, and that oned has heard of it.
fn past(cloud: &mut Cloud, story: &Story) {
    if story.vms.iter().all(|vm| vm.before == Before::Nothing) {
        return;
    }
    // What oned does not hear of, OFFLINE hosts among it, nobody can know.
    let listed = |at: &usize| !matches!(story.hosts[*at].ill, Some(Ill::Dead | Ill::Offline));
    let heard: Vec<_> = (0..story.hosts.len()).filter(|at| *at != story.dead).filter(listed).collect();
    for (id, vm) in story.vms.iter().enumerate() {
        let vm_id = VmId(u32::try_from(id).unwrap());
        match vm.before {
            Before::Nothing => {}
            Before::Fell => cloud.vm_crashes(vm_id),
            Before::Off => power_off(cloud, id),
            Before::Twice(at) => {
                let at = heard.get(at % heard.len().max(1)).copied().unwrap_or(story.dead);
                cloud.vm_runs_on(vm_id, HostId(u32::try_from(at).unwrap()));
            }
        }
    }
    cloud.advance(Duration::from_secs(10));
}

/// The ids that the stage gives to the kinds of datastores, and to the one for images.
pub(crate) fn datastore(at: usize) -> DatastoreId {
    // The cloud has a system, an image and a file datastore of its own.
    DatastoreId(if at == IMAGES { 1 } else { u32::try_from(100 + at).unwrap() })
}

fn devices(story: &Story) -> Vec<SimDevice> {
    let days = |days| Duration::from_secs(days * 24 * 3600 + 60);
    // The settings allow no level with both kinds.
    let power = |level| story.devices.iter().any(|device| device.level == level && device.cuts.is_none());
    let device = |(at, device): (usize, &DeviceStory)| SimDevice {
        read_back: device.read_back,
        level: device.level,
        scope: device.cuts.filter(|_| !power(device.level)).map_or(Scope::Host, |bits| {
            let cut = (0..=IMAGES).filter(|at| bits >> at & 1 == 1).map(datastore);
            Scope::Datastores(cut.collect())
        }),
        route: device.route,
        seen_on: device.seen_on.map(days),
        returns_after: Some(Duration::from_secs(device.returns_after)),
        off_anyway: device.odd,
        // Some answer at once, and some so late that it is old by then.
        takes: Duration::from_millis(200 + device.returns_after * 37 % 4000),
        turned: device.odd.then(|| "44454c4c-3700-1042-8054-b7c04f383432".to_owned()),
        ..SimDevice::new(&format!("device{at}"), device.behaviour)
    };
    story.devices.iter().enumerate().map(device).collect()
}

/// What the front-end sees, whom it asks, what it remembers.
fn look_out(world: &mut SimWorld, story: &Story) {
    let view = &story.view;
    for (at, honesty) in &view.witnesses {
        world.set_witness(HostId(u32::try_from(at % story.hosts.len()).unwrap()), *honesty);
    }
    world.set_consul(if story.policy.witness.consul { view.consul } else { Consul::Absent });
    let mut cloud = world.transport().cloud();
    for (at, answers) in view.gateways.iter().enumerate() {
        if *answers { cloud.gateway_answers(&gateway(at)) } else { cloud.gateway_silent(&gateway(at)) }
    }
    if let Some(seconds) = view.oned {
        cloud.set_oned_runs_for(Duration::from_secs(seconds));
    }
    cloud.set_chance(view.chance);
    let now = cloud.wall_clock();
    for record in &view.records {
        let mut incident = incident(record, story, now);
        let shown = cloud.host_xml(incident.host).unwrap();
        let shown: onerescue::model::Host =
            onerescue::wire::documents::read(&shown, onerescue::wire::xml::Limits::HOOK).unwrap();
        incident.error = shown.error;
        cloud.add_record(&Record::Incident(Box::new(incident)));
    }
}

pub(crate) fn gateway(at: usize) -> String {
    format!("10.0.0.{}", at + 1)
}

fn incident(record: &RecordStory, story: &Story, now: Epoch) -> Incident {
    let ago = |seconds: u64| Epoch(now.0 - i64::try_from(seconds).unwrap());
    let host = record.host % story.hosts.len();
    let done = matches!(record.progress, Progress::Off | Progress::Closed) && record.fenced.is_some();
    Incident {
        host: HostId(u32::try_from(host).unwrap()),
        name: format!("node{host}"),
        cluster: ClusterId(0),
        owner: "another front-end".to_owned(),
        opened: ago(record.updated + 60),
        updated: ago(record.updated),
        progress: record.progress,
        events: record.events.iter().map(|event| ago(*event)).collect(),
        error: None,
        on: None,
        fenced: record.fenced.map(ago),
        held: None,
        began: None,
        proof: done.then(|| "its device said off".to_owned()),
        confirmation: None,
        outcome: None,
        ..Incident::default()
    }
}

/// The cloud of the story before anything dies.
pub(crate) fn alive(story: &Story) -> SimWorld {
    world(&SimTransport::new(Arc::new(Mutex::new(cloud(story)))))
}

pub(crate) fn world(transport: &SimTransport) -> SimWorld {
    let credentials = Credentials {
        endpoint: "http://localhost:2633/RPC2".to_owned(),
        session: Session::new(SESSION.to_owned()),
    };
    SimWorld::new(
        transport.clone(),
        Zone::new(Oned::new(transport.clone(), credentials, Patience::default()), record::TYPE),
    )
}

fn cloud(story: &Story) -> Cloud {
    let mut cloud = Cloud::new(story.version);
    cloud.set_session(SESSION);
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    let slow = story.slow;
    cloud.timings.detection = s(story.detection);
    cloud.timings.first_unknown = ms(slow.first_unknown_ms);
    cloud.timings.lcm = ms(slow.lcm_ms);
    cloud.timings.boot = ms(slow.boot_ms);
    cloud.timings.transfer = ms(slow.transfer_ms);
    cloud.timings.cleanup_stuck = s(slow.cleanup_s);
    cloud.timings.ssh_timeout = s(slow.ssh_s);
    cloud.timings.follower_lag = ms(slow.lag_ms);
    let mut clusters = vec![ClusterId(0)];
    for number in 1..story.clusters {
        clusters.push(cloud.add_cluster(&format!("cluster{number}")));
    }
    for (at, host) in story.hosts.iter().enumerate() {
        let gpus = (0..host.gpus).map(|gpu| PciSpec::gpu(&format!("{:02}:00.0", gpu + 1)));
        cloud.add_host(HostSpec {
            cluster: clusters[host.cluster % clusters.len()],
            cpu: host.cores * 100,
            memory_kib: host.memory_gib << 20,
            pci: gpus.collect(),
            attributes: attributes(host.kind),
            ..HostSpec::new(&format!("node{at}"))
        });
    }
    let mut datastores = Vec::new();
    for ((driver, shared, _), bits) in DATASTORES.iter().zip(&story.datastores) {
        let clusters = clusters.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
        datastores.push(cloud.add_datastore(DatastoreSpec {
            clusters: clusters.map(|(_, id)| *id).collect(),
            shared: shared.map(str::to_owned),
            ..DatastoreSpec::system("some", driver)
        }));
    }
    assert!(datastores.iter().enumerate().all(|(at, id)| *id == datastore(at)), "{datastores:?}");
    add_vms(&mut cloud, story, &datastores);
    cloud.set_front_ends(story.front_ends);
    for (at, host) in story.hosts.iter().enumerate().filter(|(at, _)| *at != story.dead) {
        let id = HostId(u32::try_from(at).unwrap());
        match host.ill {
            None => {}
            Some(Ill::Dead) => cloud.host_dies(id, Death::PowerLoss),
            Some(Ill::Disabled) => person(&mut cloud, "one.host.status", &[at, 1]),
            Some(Ill::Offline) => person(&mut cloud, "one.host.status", &[at, 2]),
            Some(Ill::NoBoot(u32::MAX)) => cloud.set_host_driver(id, Driver::Fails),
            Some(Ill::NoBoot(times)) => cloud.set_host_driver(id, Driver::FailsTimes(times)),
        }
    }
    cloud
}

/// A host that does not say what it can runs everything of its driver.
fn attributes(kind: usize) -> BTreeMap<String, String> {
    let (driver, models) = KINDS[kind];
    let words = [("VM_MAD", driver), ("KVM_CPU_MODELS", models)];
    let said = words.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn person(cloud: &mut Cloud, method: &str, numbers: &[usize]) {
    let session = Value::Text(SESSION.to_owned());
    let numbers = numbers.iter().map(|number| Value::Int(i64::try_from(*number).unwrap()));
    let params = std::iter::once(session).chain(numbers).collect();
    cloud.call(0, &onerescue::wire::xmlrpc::Call { method: method.to_owned(), params });
}

/// A person's `onevm poweroff --hard`.
fn power_off(cloud: &mut Cloud, vm: usize) {
    let words = [Value::Text(SESSION.to_owned()), Value::Text("poweroff-hard".to_owned())];
    let params = words.into_iter().chain([Value::Int(i64::try_from(vm).unwrap())]).collect();
    cloud.call(0, &onerescue::wire::xmlrpc::Call { method: "one.vm.action".to_owned(), params });
}

fn cpu_model(model: &str) -> Template {
    Template::parse(&format!("CPU_MODEL=[MODEL=\"{model}\"]")).unwrap()
}

fn add_vms(cloud: &mut Cloud, story: &Story, datastores: &[DatastoreId]) {
    for (at, vm) in story.vms.iter().enumerate() {
        let host = vm.host.map_or(story.dead, |host| host % story.hosts.len());
        let host = HostId(u32::try_from(host).unwrap());
        let id = cloud.add_vm(VmSpec {
            datastore: datastores[vm.datastore],
            disks: vm.image.then(|| DiskSpec::image(datastore(IMAGES))).into_iter().collect(),
            cpu: vm.cpu,
            memory_kib: vm.memory_gib << 20,
            pci: vec![PciSpec::gpu(""); vm.gpus],
            lock: vm.lock,
            template: vm.model.map_or_else(Template::default, cpu_model),
            ..VmSpec::new(&format!("{}{at}", NAMES[vm.name]), host).in_state(vm.state)
        });
        if let Some((stage, driver)) = vm.driver {
            cloud.set_driver(id, stage, driver);
        }
    }
}
