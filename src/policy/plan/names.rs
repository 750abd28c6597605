//! Whom a name in `HA_AFTER` means: the VMs of the same owner that are called so, and where he has none, those of the same
//! group of users, unless that is `users`, where strangers are. Those of its own host come first, so that nobody else's are read where one is meant that is there.

use crate::model::{HostId, Named, Owner, Vm, VmId};
use std::collections::{BTreeMap, BTreeSet};

/// Every VM that was read, by its name.
#[derive(Default)]
pub(super) struct Names<'a> {
    here: BTreeMap<&'a str, Vec<&'a Vm>>,
    elsewhere: BTreeMap<&'a str, Vec<&'a Vm>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(here: &'a [Vm], elsewhere: &'a [Vm]) -> Self {
        let by_name = |vms: &'a [Vm]| {
            let mut names: BTreeMap<&'a str, Vec<&'a Vm>> = BTreeMap::new();
            for vm in vms {
                names.entry(vm.name.as_str()).or_default().push(vm);
            }
            names
        };
        Self { here: by_name(here), elsewhere: by_name(elsewhere) }
    }

    /// The VMs that this one means by a name, itself among them if it is called so.
    pub(super) fn meant(&self, by: &Vm, name: &str) -> Vec<VmId> {
        let find = |place: &BTreeMap<&str, Vec<&Vm>>, fits: fn(Owner, Owner) -> bool| -> Vec<VmId> {
            let called = place.get(name).into_iter().flatten();
            called.filter(|vm| fits(vm.owner, by.owner)).map(|vm| vm.id).collect()
        };
        let his: fn(Owner, Owner) -> bool = |one, other| one.user == other.user;
        let of_group: fn(Owner, Owner) -> bool = Owner::belongs_with;
        let mut found = find(&self.here, his);
        if found.is_empty() {
            found = find(&self.elsewhere, his);
        }
        if found.is_empty() {
            found = find(&self.here, of_group);
            found.extend(find(&self.elsewhere, of_group));
        }
        found
    }
}

/// A number is an id.
fn is_name(word: &str) -> bool {
    word.parse::<u32>().is_err()
}

/// The names that these VMs wait for and that none of their owners' VMs on the same host has: they are looked for in the
/// whole cloud. Without a lost host each VM's own is meant.
#[must_use]
pub fn names_elsewhere(vms: &[Vm], lost: Option<HostId>) -> BTreeSet<String> {
    if vms.iter().all(|vm| vm.after().next().is_none()) {
        return BTreeSet::new();
    }
    let place = |vm: &Vm| vm.host.filter(|_| lost.is_none());
    let here: BTreeSet<(Option<HostId>, u32, &str)> =
        vms.iter().map(|vm| (place(vm), vm.owner.user, vm.name.as_str())).collect();
    let open = |vm: &Vm, word: &str| is_name(word) && !here.contains(&(place(vm), vm.owner.user, word));
    let words = vms.iter().flat_map(|vm| vm.after().filter(move |word| open(vm, word)));
    words.map(str::to_owned).collect()
}

/// Those of some VMs that others may mean by a name, each with the user that it is read for: its own.
pub fn may_be_meant<'a>(by: &[Vm], some: impl Iterator<Item = &'a Named>) -> Vec<(u32, VmId)> {
    let mut wanted: BTreeMap<&str, BTreeSet<Owner>> = BTreeMap::new();
    for vm in by {
        for word in vm.after().filter(|word| is_name(word)) {
            wanted.entry(word).or_default().insert(vm.owner);
        }
    }
    let fits = |owner: &Owner, vm: &Named| owner.belongs_with(vm.owner);
    let meant = |vm: &&Named| {
        wanted.get(vm.name.as_str()).is_some_and(|owners| owners.iter().any(|owner| fits(owner, vm)))
    };
    some.filter(meant).map(|vm| (vm.owner.user, vm.id)).collect()
}

/// So many of these VMs, of everybody's as many as of anybody else's: nobody takes the room of others by naming many.
pub fn fairly<K: Ord>(named: impl IntoIterator<Item = (K, VmId)>, most: usize) -> BTreeSet<VmId> {
    let mut lists: BTreeMap<K, BTreeSet<VmId>> = BTreeMap::new();
    for (by, vm) in named {
        lists.entry(by).or_default().insert(vm);
    }
    let mut taken = BTreeSet::new();
    while taken.len() < most && !lists.is_empty() {
        for list in lists.values_mut() {
            taken.extend(list.pop_first().filter(|_| taken.len() < most));
        }
        lists.retain(|_, list| !list.is_empty());
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::fairly;
    use crate::model::VmId;
    use std::collections::BTreeSet;

    #[test]
    fn who_names_many_takes_the_room_of_nobody_else() {
        let many = (0..1000).map(|vm| (3, VmId(vm)));
        let read = fairly(many.chain([(5, VmId(2000)), (6, VmId(7))]), 100);
        assert_eq!(read.len(), 100);
        assert!(read.contains(&VmId(2000)) && read.contains(&VmId(7)));
        assert_eq!(fairly([(3, VmId(1)), (3, VmId(2))], 100), BTreeSet::from([VmId(1), VmId(2)]));
        assert!(fairly([(3, VmId(1))], 0).is_empty());
    }
}
