//! What a scenario file can say about its objects, and the documents that oned makes of it.

use super::*;
use onerescue::sim::Scenario;

const EVERYTHING: &str = r#"
title = "every key of every object"
call = "-m"
host = "node0"
clusters = ["east"]
[cluster_attributes.east]
HA = "NO"
[[hosts]]
name = "node0"
numa = [{ cores = 2, memory_gib = 8 }, { cores = 2, threads = 2, memory_gib = 8 }]
pci = ["15b3:1017:0200@3b:00.0", "15b3:1017:0200@3b:00.1"]
attributes = { HA_STANDBY = "YES", PIN_POLICY = "PINNED", RACK = "7" }
[[hosts]]
name = "node1"
numa = [{ cores = 2, memory_gib = 8 }]
[[hosts]]
name = "node2"
cluster = "east"
[[datastores]]
name = "images"
tm_mad = "ceph"
kind = "image"
clusters = ["default", "east"]
[[datastores]]
name = "local"
tm_mad = "ssh"
disabled = true
attributes = { REPLICA_HOST = "node2" }
[[networks]]
name = "lan"
clusters = ["default", "east"]
[[networks]]
name = "dmz"
[[vm_groups]]
name = "shop"
anti_affined = ["web, app"]
[[vm_groups.roles]]
name = "web"
policy = "ANTI_AFFINED"
host_anti_affined = ["node2"]
[[vm_groups.roles]]
name = "app"
host_affined = ["node0", "node1"]
[[vms]]
name = "web"
host = "node0"
role = "shop/web"
networks = ["lan", "dmz"]
disks = [{ datastore = "images", tm_mad_system = "ssh" }, {}]
owner_group = "shoppers"
memory_mib = 2048
template = '''
VCPU=2
TPM=[MODEL="tpm-crb"]
OS=[FIRMWARE="UEFI"]
TOPOLOGY=[PIN_POLICY="CORE",SOCKETS="1"]'''
pci = ["@3b:00.1"]
attributes = { HA_PRIORITY = "HIGH", HA_LAYER = "front", SERVICE_ID = "3", LABELS = "a,b" }
[[vms]]
name = "plain"
host = "node0"
image_datastore = "images"
"#;

fn shown(cloud: &SimTransport, method: &str, id: u32, path: &[&str]) -> Vec<String> {
    let document = document(cloud, method, id);
    let mut found = vec![&document];
    for name in path {
        found = found.into_iter().flat_map(|element| element.all(name)).collect();
    }
    found.into_iter().map(|element| element.text.clone()).collect()
}

#[test]
fn a_file_tells_of_everything_and_the_documents_show_it() {
    let scenario = Scenario::parse(EVERYTHING).unwrap();
    let cloud = scenario.world.transport();
    let vm = |path: &[&str]| shown(cloud, "one.vm.info", 0, path);
    assert_eq!(vm(&["TEMPLATE", "NIC", "NETWORK_ID"]), ["0", "1"]);
    assert_eq!(vm(&["TEMPLATE", "NIC", "CLUSTER_ID"]), ["0,100", "0"]);
    assert_eq!(vm(&["TEMPLATE", "DISK", "DATASTORE_ID"]), ["100"], "a volatile disk has none");
    assert_eq!(vm(&["TEMPLATE", "DISK", "TM_MAD"]), ["ceph"]);
    assert_eq!(vm(&["TEMPLATE", "DISK", "TM_MAD_SYSTEM"]), ["ssh"]);
    assert_eq!(vm(&["TEMPLATE", "OS", "FIRMWARE"]), ["UEFI"]);
    assert_eq!(vm(&["TEMPLATE", "TPM", "MODEL"]), ["tpm-crb"]);
    assert_eq!(vm(&["TEMPLATE", "VMGROUP", "ROLE"]), ["web"]);
    assert_eq!(vm(&["TEMPLATE", "PCI", "SHORT_ADDRESS"]), ["3b:00.1"]);
    assert_eq!(vm(&["TEMPLATE", "NUMA_NODE", "CPUS"]), ["0,2"], "a core of its own for each CPU");
    assert_eq!(
        vm(&["TEMPLATE", "AUTOMATIC_REQUIREMENTS"]),
        ["(CLUSTER_ID = 0) & (PIN_POLICY = PINNED)"],
        "the cluster that its image and both networks share"
    );
    assert_eq!(vm(&["GNAME"]), ["shoppers"]);
    assert_eq!(vm(&["USER_TEMPLATE", "HA_LAYER"]), ["front"]);
    let plain = shown(cloud, "one.vm.info", 1, &["TEMPLATE", "AUTOMATIC_REQUIREMENTS"]);
    assert_eq!(plain, ["(CLUSTER_ID = 0 | CLUSTER_ID = 100) & !(PIN_POLICY = PINNED)"]);

    let host = |path: &[&str]| shown(cloud, "one.host.info", 0, path);
    let core = |name: &str| host(&["HOST_SHARE", "NUMA_NODES", "NODE", "CORE", name]);
    assert_eq!(core("CPUS"), ["0:0,1:-1", "2:0,3:-1", "4:-1,5:-1", "6:-1,7:-1"]);
    assert_eq!(core("DEDICATED"), ["YES", "YES", "NO", "NO"]);
    assert_eq!(host(&["HOST_SHARE", "NUMA_NODES", "NODE", "MEMORY", "USAGE"]), ["2097152", "0"]);
    assert_eq!(host(&["HOST_SHARE", "PCI_DEVICES", "PCI", "VMID"]), ["-1", "0"]);
    assert_eq!(host(&["TEMPLATE", "HA_STANDBY"]), ["YES"]);
    assert_eq!(shown(cloud, "one.cluster.info", 100, &["VNETS", "ID"]), ["0"]);
    assert_eq!(shown(cloud, "one.cluster.info", 100, &["TEMPLATE", "HA"]), ["NO"]);
    assert_eq!(shown(cloud, "one.datastore.info", 101, &["STATE"]), ["1"]);
    assert_eq!(shown(cloud, "one.datastore.info", 101, &["TEMPLATE", "REPLICA_HOST"]), ["node2"]);
    assert_eq!(shown(cloud, "one.vn.info", 0, &["CLUSTERS", "ID"]), ["0", "100"]);
    let role = |name: &str| shown(cloud, "one.vmgroup.info", 0, &["ROLES", "ROLE", name]);
    assert_eq!(
        (role("HOST_AFFINED"), role("HOST_ANTI_AFFINED"), role("VMS")),
        (vec!["0,1".to_owned()], vec!["2".to_owned()], vec!["0".to_owned()])
    );
}

#[test]
fn enforce_looks_at_numa_nodes_and_devices_by_address_and_at_nothing_else() {
    let scenario = Scenario::parse(EVERYTHING).unwrap();
    let cloud = scenario.world.transport();
    let move_to = |host: u32, kind: i64| {
        let params =
            [int(0), int(host), Value::Bool(false), Value::Bool(true), Value::Int(-1), Value::Int(kind)];
        ask(cloud, "one.vm.migrate", &params).unwrap_err().1
    };
    // node1 has the cores and no such device, node2 has neither and is in a cluster without the VM's network.
    assert!(
        move_to(1, 1).ends_with("does not fit in host [1]. Unavailable PCI device."),
        "{}",
        move_to(1, 1)
    );
    assert!(move_to(2, 1).ends_with("Unavailable PCI device."), "{}", move_to(2, 1));
    let without = EVERYTHING.replace("pci = [\"@3b:00.1\"]\n", "");
    let scenario = Scenario::parse(&without).unwrap();
    let cloud = scenario.world.transport();
    let refusal = migrate(cloud, VmId(0), HostId(2)).unwrap_err().1;
    assert!(refusal.ends_with("does not fit in host [2]. Cannot allocate NUMA topology"), "{refusal}");
    assert_eq!(migrate(cloud, VmId(1), HostId(1)), Ok(int(1)));
    assert_eq!(migrate(cloud, VmId(0), HostId(1)), Ok(int(0)), "its role's ANTI_AFFINED does not count");
    cloud.pause(seconds(5));
    assert_eq!(state(cloud, 0), "RUNNING");
    let node = |host: u32| {
        shown(cloud, "one.host.info", host, &["HOST_SHARE", "NUMA_NODES", "NODE", "CORE", "FREE"])
    };
    assert_eq!((node(0), node(1)), (vec!["2".to_owned(); 4], vec!["0".to_owned(); 2]));
}

#[test]
fn a_name_that_the_file_does_not_have_is_an_error() {
    for (was, is) in [
        ("role = \"shop/web\"", "role = \"shop\""),
        ("role = \"shop/web\"", "role = \"store/web\""),
        ("networks = [\"lan\", \"dmz\"]", "networks = [\"wan\"]"),
        ("[cluster_attributes.east]", "[cluster_attributes.west]"),
        ("pci = [\"@3b:00.1\"]", "pci = [\"10de:2236\"]"),
        ("kind = \"image\"", "kind = \"picture\""),
        ("host_anti_affined = [\"node2\"]", "host_anti_affined = [\"node9\"]"),
    ] {
        assert!(EVERYTHING.contains(was), "{was}");
        assert!(Scenario::parse(&EVERYTHING.replace(was, is)).is_err(), "{is}");
    }
}
