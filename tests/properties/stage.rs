//! A story as a simulated world that is ready to run.

use super::story::{DATASTORES, End, Happens, Ill, NAMES, Story};
use onerescue::model::{ClusterId, DatastoreId, HostId, VmId};
use onerescue::policy::{Source, Subject};
use onerescue::sim::{
    Cloud, DatastoreSpec, Death, Driver, Event, HostSpec, PciSpec, SimDevice, SimTransport, SimWorld, VmSpec,
};
use onerescue::wire::record;
use onerescue::wire::xmlrpc::Value;
use onerescue::world::Zone;
use onerescue::world::oned::{Credentials, Oned, Patience, Session};
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
        let device = |(at, (behaviour, read_back)): (usize, &(_, _))| SimDevice {
            read_back: *read_back,
            ..SimDevice::new(&format!("device{at}"), *behaviour)
        };
        world.set_devices(dead, story.devices.iter().enumerate().map(device).collect());
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

/// The cloud of the story before anything dies.
pub(crate) fn alive(story: &Story) -> SimWorld {
    world(&SimTransport::new(Arc::new(Mutex::new(cloud(story)))))
}

fn world(transport: &SimTransport) -> SimWorld {
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

fn person(cloud: &mut Cloud, method: &str, numbers: &[usize]) {
    let session = Value::Text(SESSION.to_owned());
    let numbers = numbers.iter().map(|number| Value::Int(i64::try_from(*number).unwrap()));
    let params = std::iter::once(session).chain(numbers).collect();
    cloud.call(0, &onerescue::wire::xmlrpc::Call { method: method.to_owned(), params });
}

fn add_vms(cloud: &mut Cloud, story: &Story, datastores: &[DatastoreId]) {
    for (at, vm) in story.vms.iter().enumerate() {
        let host = vm.host.map_or(story.dead, |host| host % story.hosts.len());
        let host = HostId(u32::try_from(host).unwrap());
        let id = cloud.add_vm(VmSpec {
            datastore: datastores[vm.datastore],
            cpu: vm.cpu,
            memory_kib: vm.memory_gib << 20,
            pci: vec![PciSpec::gpu(""); vm.gpus],
            lock: vm.lock,
            ..VmSpec::new(&format!("{}{at}", NAMES[vm.name]), host).in_state(vm.state)
        });
        if let Some((stage, driver)) = vm.driver {
            cloud.set_driver(id, stage, driver);
        }
    }
}

fn event_of(story: &Story, happens: Happens, dead: HostId) -> Event {
    let vm = |at: usize| VmId(u32::try_from(at % story.vms.len().max(1)).unwrap());
    let target = |at: usize| {
        let others: Vec<_> = (0..story.hosts.len()).filter(|host| *host != story.dead).collect();
        HostId(u32::try_from(others.get(at % others.len().max(1)).copied().unwrap_or(99)).unwrap())
    };
    let call = |method: &str, id: u32, number: i64| {
        Event::Call(method.to_owned(), vec![Value::Int(id.into()), Value::Int(number)])
    };
    match happens {
        Happens::Returns => Event::Returns(dead),
        Happens::PowerOn => Event::PowerOn(dead),
        Happens::PowerOff => Event::PowerOff(dead),
        Happens::Status(status) => call("one.host.status", dead.0, status),
        Happens::Terminated(at) => call("one.vm.recover", vm(at).0, 3),
        Happens::Locked(at) => call("one.vm.lock", vm(at).0, 1),
        Happens::Unlocked(at) => Event::Call("one.vm.unlock".to_owned(), vec![Value::Int(vm(at).0.into())]),
        Happens::Crashes(at) => Event::Crashes(vm(at)),
        Happens::TargetDies(at, death) => Event::Dies(target(at), death),
        Happens::TargetStatus(at, status) => call("one.host.status", target(at).0, status),
        Happens::FrontEndDies(server) => Event::FrontEndDies(server),
        Happens::FrontEndReturns(server) => Event::FrontEndReturns(server),
        Happens::DriverTurns(at, stage, driver) => Event::DriverTurns(vm(at), stage, driver),
    }
}
