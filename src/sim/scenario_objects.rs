//! The objects of a scenario file put into a cloud: clusters, hosts, datastores, networks, VM groups, VMs.

use super::cloud::Cloud;
use super::file::{self, File};
use super::file_objects::{Datastore, Disk, Host, Vm, VmGroup};
use super::scenario_service;
use super::spec::{DatastoreSpec, DiskSpec, HostSpec, NumaSpec, PciSpec, VmSpec};
use super::template::Template;
use super::words::{self, Names};
use crate::model::{ClusterId, DatastoreId, GroupId, GroupPolicy, HostId, Role, VmGroup as Group};
use std::collections::BTreeMap;

pub(super) fn populate(cloud: &mut Cloud, file: &File) -> Result<Names, String> {
    let mut names = Names {
        clusters: BTreeMap::from([("default".to_owned(), ClusterId(0))]),
        // What is named in the file is for systems, unless it says otherwise.
        datastores: BTreeMap::from([
            ("system".to_owned(), DatastoreId(0)),
            ("default".to_owned(), DatastoreId(1)),
        ]),
        ..Names::default()
    };
    for name in &file.clusters {
        names.clusters.insert(name.clone(), cloud.add_cluster(name));
    }
    for (cluster, attributes) in &file.cluster_attributes {
        let id = names.cluster(cluster)?;
        for (name, value) in attributes {
            cloud.set_cluster_attribute(id, name, value);
        }
    }
    for host in &file.hosts {
        let id = cloud.add_host(host_spec(host, &names)?);
        names.hosts.insert(host.name.clone(), id);
    }
    for datastore in &file.datastores {
        let id = cloud.add_datastore(datastore_spec(datastore, &names)?);
        names.datastores.insert(datastore.name.clone(), id);
    }
    for network in &file.networks {
        let clusters = clusters(&network.clusters, &names)?;
        names.networks.insert(network.name.clone(), cloud.add_network(&network.name, clusters));
    }
    for group in &file.vm_groups {
        let id = cloud.add_vm_group(&group_of(group, &names)?);
        names.groups.insert(group.name.clone(), id);
    }
    for vm in &file.vms {
        add_vms(cloud, vm, &mut names)?;
    }
    for service in &file.services {
        scenario_service::add(cloud, service, &names)?;
    }
    Ok(names)
}

fn clusters(of: &[String], names: &Names) -> Result<Vec<ClusterId>, String> {
    if of.is_empty() {
        return Ok(vec![ClusterId(0)]);
    }
    of.iter().map(|name| names.cluster(name)).collect()
}

fn host_spec(host: &Host, names: &Names) -> Result<HostSpec, String> {
    let node = |node: &super::file_objects::Numa| NumaSpec {
        cores: node.cores,
        threads: node.threads.unwrap_or(2),
        memory_kib: node.memory_gib << 20,
        hugepages: node.hugepages,
    };
    let gpus = host.gpus.iter().map(|address| PciSpec::gpu(address));
    let mut pci: Vec<PciSpec> = gpus.collect();
    pci.extend(host.pci.iter().map(|text| device(text)).collect::<Result<Vec<_>, _>>()?);
    Ok(HostSpec {
        cluster: names.cluster(host.cluster.as_deref().unwrap_or("default"))?,
        cpu: host.cpu.unwrap_or(64) * 100,
        memory_kib: host.memory_gib.unwrap_or(256) << 20,
        pci,
        numa: host.numa.iter().map(node).collect(),
        attributes: host.attributes.clone(),
        share: host.share.clone(),
        ..HostSpec::new(&host.name)
    })
}

/// `15b3:1017:0200@3b:00.0`, or a part of it; `10de:2236:0302@07:00.0=nvidia-558,nvidia-559` with profiles.
fn device(text: &str) -> Result<PciSpec, String> {
    let (text, profiles) = text.split_once('=').unwrap_or((text, ""));
    let (kind, address) = text.split_once('@').unwrap_or((text, ""));
    let parts: Vec<&str> = if kind.is_empty() { vec![""; 3] } else { kind.split(':').collect() };
    let [vendor, device, class] = parts.as_slice() else {
        return Err(format!("not VENDOR:DEVICE:CLASS@ADDRESS: {text}"));
    };
    Ok(PciSpec {
        vendor: (*vendor).to_owned(),
        device: (*device).to_owned(),
        class: (*class).to_owned(),
        short_address: address.to_owned(),
        profiles: profiles.to_owned(),
    })
}

fn datastore_spec(datastore: &Datastore, names: &Names) -> Result<DatastoreSpec, String> {
    let kind = match datastore.kind.as_deref() {
        Some("image") => 0,
        None | Some("system") => 1,
        Some("file") => 2,
        Some("backup") => 3,
        Some(other) => return Err(format!("no such kind of datastore: {other}")),
    };
    Ok(DatastoreSpec {
        kind,
        clusters: clusters(&datastore.clusters, names)?,
        shared: datastore.shared.clone(),
        disabled: datastore.disabled,
        attributes: datastore.attributes.clone(),
        ..DatastoreSpec::system(&datastore.name, &datastore.tm_mad)
    })
}

fn group_of(group: &VmGroup, names: &Names) -> Result<Group, String> {
    let hosts = |of: &[String]| of.iter().map(|name| names.host(name)).collect::<Result<Vec<HostId>, _>>();
    let sets = |of: &[String]| -> Vec<Vec<String>> {
        of.iter().map(|set| set.split(',').map(|role| role.trim().to_owned()).collect()).collect()
    };
    let role = |role: &super::file_objects::Role| {
        Ok(Role {
            name: role.name.clone(),
            policy: match role.policy.as_deref() {
                None => GroupPolicy::None,
                Some("AFFINED") => GroupPolicy::Affined,
                Some("ANTI_AFFINED") => GroupPolicy::AntiAffined,
                Some(other) => GroupPolicy::Unknown(other.to_owned()),
            },
            vms: Vec::new(),
            host_affined: hosts(&role.host_affined)?,
            host_anti_affined: hosts(&role.host_anti_affined)?,
        })
    };
    Ok(Group {
        // The cloud gives the id.
        id: GroupId(0),
        name: group.name.clone(),
        roles: group.roles.iter().map(role).collect::<Result<_, String>>()?,
        affined: sets(&group.affined),
        anti_affined: sets(&group.anti_affined),
    })
}

fn add_vms(cloud: &mut Cloud, vm: &Vm, names: &mut Names) -> Result<(), String> {
    let spec = vm_spec(vm, names)?;
    let count = vm.count.unwrap_or(1);
    for number in 1..=count {
        let name = if count == 1 { vm.name.clone() } else { format!("{}-{number}", vm.name) };
        let called = vm.called.clone().unwrap_or_else(|| name.clone());
        let id = cloud.add_vm(VmSpec { name: called, ..spec.clone() });
        for (stage, driver) in &vm.drivers {
            cloud.set_driver(id, file::stage(stage)?, file::driver(driver)?);
        }
        if let Some(guest) = &vm.guest {
            cloud.set_guest(id, words::guest(guest)?);
        }
        names.vms.insert(name, id);
    }
    Ok(())
}

fn vm_spec(vm: &Vm, names: &Names) -> Result<VmSpec, String> {
    let mut spec = VmSpec::new(&vm.name, names.host(&vm.host)?);
    spec.datastore = names.datastore(vm.datastore.as_deref().unwrap_or("system"))?;
    if let Some(state) = &vm.state {
        spec.state = file::state(state)?;
    }
    let image = vm.image_datastore.as_deref().map(|name| names.datastore(name)).transpose()?;
    spec.disks.extend(image.map(DiskSpec::image));
    spec.disks.extend(vm.disks.iter().map(|of| disk(of, names)).collect::<Result<Vec<_>, _>>()?);
    spec.networks = vm.networks.iter().map(|name| names.network(name)).collect::<Result<_, _>>()?;
    // The file speaks of cores and MiB.
    #[expect(clippy::cast_possible_truncation, reason = "a scenario's cores are small numbers")]
    let hundredths = (vm.cpu.unwrap_or(1.0) * 100.0).round() as i64;
    spec.cpu = hundredths;
    spec.memory_kib = vm.memory_mib.unwrap_or(1024) << 10;
    spec.pci = vec![PciSpec::gpu(""); vm.gpus.unwrap_or(0)];
    spec.pci.extend(vm.pci.iter().map(|text| device(text)).collect::<Result<Vec<_>, _>>()?);
    if let Some(role) = &vm.role {
        let (group, role) = role.split_once('/').ok_or_else(|| format!("not GROUP/ROLE: {role}"))?;
        spec.group = Some((names.group(group)?, role.to_owned()));
    }
    spec.owner = vm.owner.unwrap_or(0);
    if let Some(group) = &vm.owner_group {
        spec.owner_group.clone_from(group);
    }
    if let Some(template) = &vm.template {
        spec.template = Template::parse(template)?;
    }
    spec.lock = vm.lock;
    spec.last_action = vm.last_action.unwrap_or(0);
    spec.attributes.clone_from(&vm.attributes);
    Ok(spec)
}

fn disk(disk: &Disk, names: &Names) -> Result<DiskSpec, String> {
    Ok(DiskSpec {
        datastore: disk.datastore.as_deref().map(|name| names.datastore(name)).transpose()?,
        tm_mad: disk.tm_mad.clone(),
        tm_mad_system: disk.tm_mad_system.clone(),
        replicated_every: disk.recovery_snapshot_freq,
    })
}
