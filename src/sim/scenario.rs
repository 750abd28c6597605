//! A scenario file: a cloud, what goes wrong in it, and the hook's call. TOML in, a [`SimWorld`] out.
//!
//! `examples/five_hosts.toml` shows the shape. Unknown keys are errors with their line.

use super::cloud::Cloud;
use super::equipment;
use super::file;
use super::spec::{DatastoreSpec, HostSpec, PciSpec, VmSpec};
use super::transport::SimTransport;
use super::version::Version;
use super::words::{Names, read_event, read_fault};
use super::world::SimWorld;
use crate::cli::HostError;
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::{ClusterId, DatastoreId, HostId, VmId};
use crate::policy::{Policy, Source, Subject};
use crate::wire::record;
use crate::world::Zone;
use crate::world::oned::{Credentials, Oned, Patience, Session};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A scenario that is ready to run.
#[derive(Debug)]
pub struct Scenario {
    /// One line.
    pub title: String,
    /// The world, at the moment when the hook starts.
    pub world: SimWorld,
    /// The host of the event.
    pub subject: Subject,
    /// The hook's options over the scenario's settings.
    pub policy: Policy,
    /// VMs that are charged to the host when the hook starts.
    pub charged: Vec<VmId>,
    /// How often the hook is started, one run after the other.
    pub runs: u32,
    /// The file's hosts by name.
    pub hosts: BTreeMap<String, HostId>,
    /// The file's VMs by name.
    pub vms: BTreeMap<String, VmId>,
}

impl Scenario {
    /// Read a scenario.
    ///
    /// # Errors
    /// [`Error::Scenario`] with the line, or the name that is not known.
    pub fn parse(text: &str) -> Result<Scenario> {
        let file: file::File = toml::from_str(text).map_err(|error| Error::Scenario(error.to_string()))?;
        build(file).map_err(Error::Scenario)
    }
}

fn is_written(event: &str) -> bool {
    ["recorded", "confirmed_off", "disarmed", "armed", "document_"].iter().any(|verb| event.starts_with(verb))
}

fn build(file: file::File) -> Result<Scenario, String> {
    let version = file.version.as_deref().unwrap_or("7.5");
    let version = Version::from_text(version).ok_or_else(|| format!("no such version: {version}"))?;
    let mut cloud = Cloud::new(version);
    file.timings.apply(&mut cloud.timings);
    let names = populate(&mut cloud, &file)?;
    if let Some(count) = file.front_ends {
        cloud.set_front_ends(count);
    }
    let subject = *names.hosts.get(&file.host).ok_or_else(|| format!("no such host: {}", file.host))?;
    // What stands in documents is as old, when the hook starts, as the file says.
    let (late, early): (Vec<_>, Vec<_>) = file.before.iter().partition(|event| is_written(event));
    for event in early {
        read_event(event, &names)?.happen(&mut cloud);
    }
    cloud.advance(file.start.unwrap_or(Duration::from_secs(215)));
    for event in late {
        read_event(event, &names)?.happen(&mut cloud);
    }
    let transport = SimTransport::new(Arc::new(Mutex::new(cloud)));
    for fault in &file.fault {
        transport.add_fault(read_fault(fault)?);
    }
    let endpoint = match file.front_end {
        None => "http://localhost:2633/RPC2".to_owned(),
        Some(at) => {
            let known = transport.cloud().endpoints().get(at).cloned();
            known.ok_or_else(|| format!("no such front-end: {at}"))?
        }
    };
    let credentials = Credentials { endpoint, session: Session::new("oneadmin:password".to_owned()) };
    let zone = Zone::new(Oned::new(transport.clone(), credentials, Patience::default()), record::TYPE);
    let (charged, name) = on_host(&transport, subject);
    let mut world = SimWorld::new(transport, zone);
    let start = world.began();
    let (policy, config) = settings(&file.call, file.settings.as_deref().unwrap_or_default())?;
    equipment::give(&mut world, &file, &names, &config)?;
    for event in &file.event {
        world.schedule(start.saturating_add(event.at), read_event(&event.what, &names)?);
    }
    if file.claimed_by_another {
        world.claimed_by_another(subject);
    }
    let source = if file.by_hand { Source::Person } else { Source::Event };
    Ok(Scenario {
        title: file.title,
        world,
        subject: Subject { host: subject, name, vms: charged.clone(), source },
        policy,
        charged,
        runs: file.runs.unwrap_or(1),
        hosts: names.hosts,
        vms: names.vms,
    })
}

fn settings(call: &str, settings: &str) -> Result<(Policy, Config), String> {
    let words: Vec<String> = call.split_whitespace().map(str::to_owned).collect();
    let options = HostError::read(&words).map_err(|error| error.chain())?;
    let config = Config::parse(settings, Path::new("settings"), &Environment::default());
    let config = config.map_err(|error| error.chain())?;
    Ok((options.policy(config.rules).map_err(|error| error.chain())?, config))
}

fn on_host(transport: &SimTransport, host: HostId) -> (Vec<VmId>, String) {
    let cloud = transport.cloud();
    let read = cloud.host_xml(host).and_then(|xml| {
        crate::wire::documents::read::<crate::model::Host>(&xml, crate::wire::xml::Limits::HOOK).ok()
    });
    read.map_or_else(|| (Vec::new(), host.to_string()), |host| (host.vms, host.name))
}

fn populate(cloud: &mut Cloud, file: &file::File) -> Result<Names, String> {
    let mut clusters = BTreeMap::from([("default".to_owned(), ClusterId(0))]);
    for name in &file.clusters {
        clusters.insert(name.clone(), cloud.add_cluster(name));
    }
    let cluster = |name: &str| clusters.get(name).copied().ok_or_else(|| format!("no such cluster: {name}"));
    let mut hosts = BTreeMap::new();
    for host in &file.hosts {
        let id = cloud.add_host(HostSpec {
            cluster: cluster(host.cluster.as_deref().unwrap_or("default"))?,
            cpu: host.cpu.unwrap_or(64) * 100,
            memory_kib: host.memory_gib.unwrap_or(256) << 20,
            pci: host.gpus.iter().map(|address| PciSpec::gpu(address)).collect(),
            ..HostSpec::new(&host.name)
        });
        hosts.insert(host.name.clone(), id);
    }
    let mut datastores = BTreeMap::from([
        ("system".to_owned(), DatastoreId(0)),
        // Of images; what is named in the file is for systems.
        ("default".to_owned(), DatastoreId(1)),
    ]);
    for datastore in &file.datastores {
        let in_clusters: Result<Vec<_>, _> = datastore.clusters.iter().map(|name| cluster(name)).collect();
        let spec = DatastoreSpec {
            shared: datastore.shared.clone(),
            ..DatastoreSpec::system(&datastore.name, &datastore.tm_mad)
        };
        let spec = if datastore.clusters.is_empty() {
            spec
        } else {
            DatastoreSpec { clusters: in_clusters?, ..spec }
        };
        datastores.insert(datastore.name.clone(), cloud.add_datastore(spec));
    }
    let mut names = Names { clusters, hosts, datastores, vms: BTreeMap::new() };
    for vm in &file.vms {
        add_vms(cloud, vm, &mut names)?;
    }
    Ok(names)
}

fn add_vms(cloud: &mut Cloud, vm: &file::Vm, names: &mut Names) -> Result<(), String> {
    let host = *names.hosts.get(&vm.host).ok_or_else(|| format!("no such host: {}", vm.host))?;
    let datastore = names.datastore(vm.datastore.as_deref().unwrap_or("system"))?;
    let image_datastore = vm.image_datastore.as_deref().map(|name| names.datastore(name)).transpose()?;
    let count = vm.count.unwrap_or(1);
    for number in 1..=count {
        let name = if count == 1 { vm.name.clone() } else { format!("{}-{number}", vm.name) };
        let mut spec = VmSpec::new(&name, host);
        (spec.datastore, spec.image_datastore) = (datastore, image_datastore);
        if let Some(state) = &vm.state {
            spec.state = file::state(state)?;
        }
        // The file speaks of cores and MiB.
        #[expect(clippy::cast_possible_truncation, reason = "a scenario's cores are small numbers")]
        let hundredths = (vm.cpu.unwrap_or(1.0) * 100.0).round() as i64;
        spec.cpu = hundredths;
        spec.memory_kib = vm.memory_mib.unwrap_or(1024) << 10;
        spec.pci = vec![PciSpec::gpu(""); vm.gpus.unwrap_or(0)];
        spec.lock = vm.lock;
        spec.last_action = vm.last_action.unwrap_or(0);
        spec.attributes.clone_from(&vm.attributes);
        let id = cloud.add_vm(spec);
        for (stage, driver) in &vm.drivers {
            cloud.set_driver(id, file::stage(stage)?, file::driver(driver)?);
        }
        names.vms.insert(name, id);
    }
    Ok(())
}
