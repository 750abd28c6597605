//! The survey: everything that a plan is made from, in a number of calls that does not grow with the VMs of the host.
//!
//! Hosts, datastores and clusters are read every time; VM groups and networks if one of the VMs is in one. Which VMs
//! elsewhere are in a layer is asked for if one of the VMs is, and once for each of them: an `HA_LAYER` that is
//! written while the run is at work counts for the next run. So it is with the services of OneFlow that the VMs belong to.
//! VMs on other hosts are read where a VM group keeps others together with them, or an `HA_AFTER` names them: by id, or by a name that nobody on the host has. Such a name
//! is looked for once, in the names of the whole cloud: a call for every 1,900 VMs.

mod services;

use super::Zone;
use super::oned::Transport;
use crate::error::Error;
use crate::model::{Epoch, Host, HostId, Listing, Version, Vm, VmId, VmState};
use crate::policy::plan::{fairly, kept_with, may_be_meant, names_elsewhere};
use crate::policy::{Failure, LayerList, Survey, Trouble, VmList, zombies};
use crate::wire::documents::Pool;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

/// VMs whose layers are asked for at once; more would only cost memory.
const CHUNK: usize = 2000;

/// The most VMs elsewhere that are read because an `HA_AFTER` names them, and because a VM group keeps others with them.
const MOST_NEEDED: usize = 500;

/// The most VMs whose names are asked for because their documents cannot be read.
const MOST_CALLED: usize = 20;

/// More hosts than this that run what oned has elsewhere are the same trouble.
const MOST_ZOMBIES: usize = 50;

impl<T: Transport> Zone<T> {
    /// See [`super::World::survey`].
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn survey(&self, host: HostId, also: &[VmId]) -> Result<Survey, Failure> {
        let mut hosts = self.hosts()?;
        let charged = hosts.iter().filter(|other| other.id == host).flat_map(|host| &host.vms);
        let ids: BTreeSet<VmId> = charged.chain(also).copied().collect();
        self.hear(&mut hosts, &ids);
        self.survey_of(hosts, &ids, Some(host))
    }

    /// A survey with the VMs of every host: twenty-five calls more for 50,000 VMs.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn everything(&self) -> Result<Survey, Failure> {
        let mut hosts = self.hosts()?;
        let ids = hosts.iter().flat_map(|host| &host.vms).copied().collect();
        self.hear(&mut hosts, &ids);
        self.survey_of(hosts, &ids, None)
    }

    /// The hosts that say they run one of these VMs, and oned has it elsewhere.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn zombies(&self, vms: &[VmId]) -> Result<Vec<Host>, Failure> {
        let mut hosts = self.hosts()?;
        hosts.retain(|host| zombies::listed(host).any(|vm| vms.contains(&vm)));
        self.hear(&mut hosts, &vms.iter().copied().collect());
        Ok(hosts)
    }

    /// A pool of hosts does not say when each was heard: the first [`MOST_ZOMBIES`] that list one of these VMs as a zombie
    /// are asked for it. Of the others it stays unknown.
    fn hear(&self, hosts: &mut [Host], vms: &BTreeSet<VmId>) {
        let lists = |host: &&mut Host| zombies::listed(host).any(|vm| vms.contains(&vm));
        for host in hosts.iter_mut().filter(lists).take(MOST_ZOMBIES) {
            host.monitored_at = self.oned().host(host.id).ok().and_then(|(read, _)| read.monitored_at);
        }
    }

    /// A survey with these VMs, for the loss of one host or of any.
    fn survey_of(
        &self,
        hosts: Vec<Host>,
        ids: &BTreeSet<VmId>,
        lost: Option<HostId>,
    ) -> Result<Survey, Failure> {
        let all: Vec<_> = ids.iter().copied().collect();
        let VmList { vms, unreadable } = self.vms(&all)?;
        let mut needed = self.named(&vms, ids, lost)?;
        let services = self.services_of(&vms, lost)?;
        let oned = self.oned();
        let datastores = oned.datastores()?.good;
        let clusters = listing(oned.clusters())?;
        let grouped = vms.iter().any(|vm| vm.needs.group.is_some());
        let groups = if grouped { listing(oned.vm_groups())? } else { Listing::default() };
        let read: BTreeSet<VmId> = needed.iter().map(|vm| vm.id).chain(ids.iter().copied()).collect();
        let kept = kept_with(&vms, &groups.all);
        needed.extend(self.elsewhere(kept.into_iter().filter(|(_, vm)| !read.contains(vm)))?);
        let wired = vms.iter().any(|vm| !vm.needs.networks.is_empty());
        let networks = if wired { listing(oned.networks())? } else { Listing::default() };
        let layers = self.layers_of(&hosts, &vms)?;
        let version = if vms.iter().any(by_version) { self.version() } else { None };
        // Last: a person's word that comes while oned is slow is heard.
        let memory = self.memory(Epoch::default(), "")?;
        let names = self.names_of(&unreadable);
        Ok(Survey {
            hosts,
            unread_hosts: self.unread_hosts(),
            vms,
            unreadable,
            names,
            needed,
            services,
            datastores,
            memory,
            clusters,
            groups,
            networks,
            layers,
            version,
            running: BTreeMap::new(),
        })
    }

    /// What VMs are called whose own documents cannot be read: a call for each of the first few.
    fn names_of(&self, unreadable: &[(VmId, String)]) -> BTreeMap<VmId, String> {
        let few = unreadable.iter().take(MOST_CALLED);
        few.filter_map(|(vm, _)| Some((*vm, self.oned().vm_name(*vm)?))).collect()
    }

    /// The VMs that others of these wait for and that are not among them.
    fn named(&self, vms: &[Vm], read: &BTreeSet<VmId>, lost: Option<HostId>) -> Result<Vec<Vm>, Failure> {
        let ids = |vm: &Vm| -> Vec<(u32, VmId)> {
            vm.after().filter_map(|word| Some((vm.owner.user, VmId(word.parse().ok()?)))).collect()
        };
        let named = vms.iter().flat_map(ids).chain(self.called(vms, lost)?);
        self.elsewhere(named.filter(|(_, vm)| !read.contains(vm)))
    }

    fn elsewhere<K: Ord>(&self, named: impl Iterator<Item = (K, VmId)>) -> Result<Vec<Vm>, Failure> {
        let ids: Vec<VmId> = fairly(named, MOST_NEEDED).into_iter().collect();
        Ok(self.vms(&ids)?.vms)
    }

    /// Those that others of these wait for by their names, wherever they are.
    fn called(&self, vms: &[Vm], lost: Option<HostId>) -> Result<Vec<(u32, VmId)>, Failure> {
        let words = names_elsewhere(vms, lost);
        let mut known = self.known.names.lock().unwrap_or_else(PoisonError::into_inner);
        if words.iter().any(|word| !known.contains_key(word)) {
            let all = self.oned().vm_names()?;
            known.extend(words.into_iter().map(|word| (word, BTreeMap::new())));
            for vm in all {
                if let Some(called) = known.get_mut(&vm.name) {
                    called.insert(vm.id, vm);
                }
            }
        }
        Ok(may_be_meant(vms, known.values().flat_map(BTreeMap::values)))
    }

    /// One call in a run; a cloud that does not say it is taken for an old one.
    fn version(&self) -> Option<Version> {
        *self.known.version.get_or_init(|| Version::read(&self.oned().version().ok()?))
    }

    fn layers_of(&self, hosts: &[Host], vms: &[Vm]) -> Result<LayerList, Failure> {
        let mut list = LayerList::default();
        for vm in vms {
            list.members.extend(vm.layer().map(|layer| (vm.id, layer.to_owned())));
        }
        if list.members.is_empty() {
            return Ok(list);
        }
        let read: BTreeSet<VmId> = vms.iter().map(|vm| vm.id).collect();
        let charged = hosts.iter().flat_map(|host| &host.vms);
        let others: BTreeSet<VmId> = charged.copied().filter(|vm| !read.contains(vm)).collect();
        let mut known = self.known.layers.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown: Vec<VmId> = others.iter().copied().filter(|vm| !known.contains_key(vm)).collect();
        for chunk in unknown.chunks(CHUNK) {
            let Pool { good, bad } = self.oned().layers_of(chunk)?;
            list.unreadable.extend(bad.iter().filter_map(|(vm, _)| vm.parse().ok().map(VmId)));
            let gone = chunk.iter().filter(|vm| !list.unreadable.contains(vm)).map(|vm| (*vm, None));
            known.extend(gone);
            known.extend(good.into_iter().map(|vm| (vm.id, vm.layer.map(|layer| (layer, vm.owner)))));
        }
        for vm in &others {
            if let Some(Some((layer, owner))) = known.get(vm) {
                list.members.insert(*vm, layer.clone());
                list.owners.insert(*vm, *owner);
            }
        }
        if !list.unreadable.is_empty() {
            // The short bodies say whose they are.
            let named = self.oned().vm_names()?.into_iter();
            list.owners
                .extend(named.filter(|vm| list.unreadable.contains(&vm.id)).map(|vm| (vm.id, vm.owner)));
        }
        Ok(list)
    }
}

/// What these drivers do after a host's death depends on the version of OpenNebula, and what oned does with a VM that is
/// stopped.
fn by_version(vm: &Vm) -> bool {
    let lvm = |driver: &str| driver.contains("lvm");
    matches!(vm.state, VmState::Suspended | VmState::Poweroff)
        || lvm(&vm.tm_mad)
        || vm.needs.disks.iter().any(|disk| lvm(&disk.tm_mad) || lvm(&disk.tm_mad_system))
}

/// A pool that oned refuses to give is a pool that is not known; one that it could not give now is a failure.
fn listing<D>(pool: Result<Pool<D>, Error>) -> Result<Listing<D>, Failure> {
    match pool {
        Ok(Pool { good, bad }) => {
            let mut listing = Listing::of(good);
            for (id, why) in bad {
                match id.parse() {
                    Ok(id) => drop(listing.unreadable.insert(id, why.to_string())),
                    Err(_) => listing.failed = Some(format!("one of the pool, {id}: {why}")),
                }
            }
            Ok(listing)
        }
        Err(error) => {
            let failure = Failure::from(error);
            if failure.trouble != Trouble::Refused {
                return Err(failure);
            }
            Ok(Listing { failed: Some(failure.what), ..Listing::default() })
        }
    }
}
