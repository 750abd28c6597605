//! Every recorded exchange is read, typed where a type exists, and the odd ones are checked by value.

use super::{corpus, files, typed};
use onerescue::error::{OnedError, Refusal};
use onerescue::model::{
    Cluster, ClusterId, Datastore, DatastoreId, Document, GroupPolicy, Hook, Host, HostId, HostState, Lock,
    Raft, RaftState, Sharing, Vm, VmGroup, VmId, VmState, Zone,
};
use onerescue::wire::answer;
use onerescue::wire::documents::{Decode, Pool, read, read_pool};
use onerescue::wire::xml::{Element, Limits};
use onerescue::wire::xmlrpc::{Call, Reply, Value};
use std::collections::BTreeMap;
use std::fs;

fn recorded(name: &str) -> String {
    let path = corpus().join("recordings").join(format!("{name}.response.xml"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The payload of a recorded reply.
fn payload(name: &str) -> Result<Value, OnedError> {
    answer::read(&recorded(name), Limits::REPLY)
}

fn document(name: &str) -> String {
    match payload(name) {
        Ok(Value::Text(text)) => text,
        other => panic!("{name}: {other:?}"),
    }
}

fn one<T: Decode>(name: &str) -> T {
    read(&document(name), Limits::REPLY).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn many<T: Decode>(name: &str) -> Pool<T> {
    let pool = read_pool(&document(name), Limits::REPLY).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(pool.bad.is_empty(), "{name}: {:?}", pool.bad);
    pool
}

#[test]
fn every_recorded_exchange_is_read() {
    let mut roots: BTreeMap<String, usize> = BTreeMap::new();
    for (name, bytes) in files() {
        let text = String::from_utf8(bytes).unwrap();
        if name.ends_with(".request.xml") {
            let call = Call::read(&text, Limits::HOOK).unwrap_or_else(|error| panic!("{name}: {error}"));
            let again = Call::read(&call.write(), Limits::HOOK);
            assert_eq!(again, Ok(call), "{name}");
        } else if name.ends_with(".response.xml") {
            let reply = Reply::read(&text, Limits::HOOK).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(Reply::read(&reply.write(), Limits::HOOK), Ok(reply), "{name}");
            match answer::read(&text, Limits::HOOK) {
                Ok(Value::Text(document)) if document.starts_with('<') => {
                    let root = Element::parse(&document, Limits::HOOK).unwrap();
                    match typed(&document) {
                        Some(Ok(_)) => *roots.entry(root.name).or_default() += 1,
                        Some(Err(error)) => panic!("{name}: {error}"),
                        None => assert_eq!(root.name, "OPENNEBULA_CONFIGURATION", "{name}"),
                    }
                }
                Ok(_) | Err(OnedError::Refused { .. } | OnedError::Fault { .. }) => {}
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
    let names: Vec<&str> = roots.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "CLUSTER_POOL",
            "DATASTORE_POOL",
            "DOCUMENT",
            "DOCUMENT_POOL",
            "HOOK",
            "HOOK_POOL",
            "HOST",
            "HOST_POOL",
            "RAFT",
            "VM",
            "VM_GROUP_POOL",
            "VM_POOL",
            "ZONE"
        ]
    );
    assert!(roots["VM"] > 20, "{roots:?}");
}

#[test]
fn a_host_has_its_capacity_devices_and_vms() {
    let host: Host = one("7.5/40-one.host.info-monitored");
    assert_eq!((host.id, host.state, host.cluster), (HostId(0), HostState::Monitored, ClusterId(0)));
    assert_eq!(host.vms, [0, 1, 2, 4, 5, 6, 7, 10].map(VmId));
    let capacity = host.capacity;
    assert_eq!((capacity.max_cpu, capacity.used_cpu), (6400, 800));
    assert_eq!((capacity.max_memory_kib, capacity.used_memory_kib), (268_435_456, 8_388_608));
    assert_eq!(host.pci.len(), 1);
    assert_eq!(host.pci[0].vm, Some(VmId(10)));
    assert_eq!(host.pci[0].short_address, "07:00.0");
    assert_eq!(host.monitored_at, Some(1_795_165_647));
    assert_eq!(host.attributes["FENCE_IP"], "127.0.0.10");

    let dead: Host = one("7.5/48-one.host.info-error");
    assert_eq!(dead.state, HostState::Error);
    assert!(dead.error.unwrap().contains("Error monitoring Host"));
    assert_eq!(one::<Host>("7.5/89-one.host.info-disabled").state, HostState::Disabled);
    assert_eq!(one::<Host>("6.10/91-one.host.info-offline").state, HostState::Offline);
}

#[test]
fn long_and_short_bodies_tell_the_same_of_a_vm() {
    for version in ["7.5", "6.10"] {
        let long = many::<Vm>(&format!("{version}/49-one.vmpool.infoset"));
        let short = many::<Vm>(&format!("{version}/50-one.vmpool.infoset-short"));
        assert_eq!(long.good.len(), 8);
        for (long, short) in long.good.iter().zip(&short.good) {
            assert_eq!((long.id, long.state, long.host), (short.id, short.state, short.host));
            assert_eq!((long.cpu, long.memory_kib), (100, 1_048_576));
            assert_eq!((long.cpu, long.memory_kib), (short.cpu, short.memory_kib));
            assert_eq!((long.lock, &long.tm_mad), (short.lock, &short.tm_mad));
            assert_eq!(long.system_datastore, short.system_datastore);
        }
    }
}

#[test]
fn a_vm_on_its_way_is_charged_to_its_destination() {
    let before: Vm = one("7.5/51-one.vm.info-unknown");
    assert_eq!((before.state, before.host), (VmState::UNKNOWN, Some(HostId(0))));
    let after: Vm = one("7.5/54-one.vm.info-recovered");
    assert_eq!((after.state, after.host), (VmState::RUNNING, Some(HostId(2))));
    assert_eq!(after.system_datastore, Some(DatastoreId(0)));

    assert_eq!(one::<Vm>("7.5/36-one.vm.info-hold").host, None);
    assert_eq!(one::<Vm>("7.5/35-one.vm.info-locked").lock, Some(Lock(1)));
    assert_eq!(one::<Vm>("7.5/33-one.vm.info-poweroff").last_action, Some(20));
    let gpu: Vm = one("7.5/38-one.vm.info-pci");
    assert_eq!((gpu.pci.len(), gpu.pci[0].vendor.as_str()), (1, "10de"));
}

#[test]
fn datastores_clusters_and_groups_have_what_placement_needs() {
    let datastores = many::<Datastore>("7.5/43-one.datastorepool.info").good;
    assert_eq!(datastores.len(), 4);
    let local = datastores.iter().find(|store| store.name == "local").unwrap();
    assert_eq!((local.id, local.ready), (DatastoreId(100), true));
    let files = datastores.iter().find(|store| store.name == "files").unwrap();
    assert_eq!(files.sharing, Sharing::Unsaid);

    let cluster = &many::<Cluster>("7.5/42-one.clusterpool.info").good[0];
    assert_eq!(cluster.hosts, [0, 1, 2, 3].map(HostId));
    assert_eq!(cluster.datastores, [0, 1, 2, 100].map(DatastoreId));

    let group = &many::<VmGroup>("7.5/44-one.vmgrouppool.info").good[0];
    assert_eq!(group.roles[0].policy, GroupPolicy::AntiAffined);
    assert_eq!(group.roles[0].vms, [VmId(2), VmId(3)]);
    assert_eq!(group.roles[1].policy, GroupPolicy::None);
    assert_eq!(group.anti_affined, [["master", "replica"]]);
}

#[test]
fn a_zone_says_who_its_front_ends_are_and_who_leads() {
    assert!(one::<Zone>("7.5/01-one.zone.info").servers.is_empty());
    assert_eq!(one::<Raft>("7.5/02-one.zone.raftstatus").state, RaftState::Solo);
    let zone: Zone = one("raft/00-zone.info");
    assert_eq!(zone.servers.len(), 3);
    assert_eq!(zone.servers[2].endpoint, "http://127.0.0.1:2833/RPC2");
    assert_eq!(one::<Raft>("raft/01-raftstatus-leader").state, RaftState::Leader);
    assert_eq!(one::<Raft>("raft/02-raftstatus-follower").state, RaftState::Follower);
}

#[test]
fn documents_keep_their_lock_and_hooks_their_template() {
    let document: Document = one("7.5/79-one.document.info");
    let lock = document.lock.unwrap();
    assert_eq!((lock.level, lock.taken_at), (Lock(3), Some(1_795_165_661)));
    assert_eq!((document.kind, document.attributes["BODY"].as_str()), (4242, "step 2"));
    assert_eq!(many::<Document>("7.5/81-one.documentpool.info").good[0].lock, None);
    let hook: Hook = one("7.5/84-one.hook.info");
    assert_eq!(hook.attributes["ARGUMENTS"], "$TEMPLATE -m -p 5");
}

#[test]
fn refusals_have_their_kind() {
    for (name, expected) in [
        ("7.5/59-one.vm.migrate-locked", Refusal::Authorization),
        ("7.5/60-one.vm.migrate-same-host", Refusal::Action),
        ("7.5/62-one.vm.migrate-no-host", Refusal::NoExists),
        ("7.5/72-bad-auth", Refusal::Authentication),
        ("raft/05-write-during-election", Refusal::Internal),
    ] {
        match payload(name) {
            Err(OnedError::Refused { kind, .. }) => assert_eq!(kind, expected, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let fault = payload("7.5/73-unknown-method");
    assert!(matches!(fault, Err(OnedError::Fault { code: -506, .. })));
}
