//! The simulated documents against OpenNebula's own schemas (7.5), where these are at hand: `../shared/xsd`, or the
//! folder that `ONERESCUE_XSD` names.
//!
//! The schemas are stricter than oned: recorded documents fail them for the full bodies in VM pools, for
//! `NUMA_NODE` of PCI devices, for `ENDPOINT_GRPC` of a zone and for VCPU before the VM's first deployment. Those
//! four are left out here; `recordings` compares them with the real thing.

use onerescue::model::{ClusterId, DatastoreId, GroupPolicy, HostId, LcmState, Role, VmGroup, VmState};
use onerescue::sim::{Cloud, Death, DiskSpec, HostSpec, NumaSpec, Template, Version, VmSpec};
use onerescue::wire::xmlrpc::{Call, Reply, Value};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

#[expect(
    clippy::disallowed_methods,
    reason = "the schemas belong to OpenNebula and are not in the repository"
)]
fn schemas() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/xsd");
    let folder = std::env::var_os("ONERESCUE_XSD").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

fn cloud(version: Version) -> Cloud {
    let mut cloud = Cloud::new(version);
    let numa = vec![NumaSpec { cores: 2, threads: 2, memory_kib: 1 << 22, hugepages: 64 }; 2];
    let host = |at: i32| HostSpec { numa: numa.clone(), ..HostSpec::new(&format!("node{at}")) };
    let hosts: Vec<HostId> = (0..3).map(|at| cloud.add_host(host(at))).collect();
    let network = cloud.add_network("lan", vec![ClusterId(0)]);
    let group = cloud.add_vm_group(&VmGroup {
        id: onerescue::model::GroupId(0),
        name: "database".to_owned(),
        roles: vec![Role {
            name: "master".to_owned(),
            policy: GroupPolicy::AntiAffined,
            vms: Vec::new(),
            host_affined: vec![hosts[0], hosts[1]],
            host_anti_affined: Vec::new(),
        }],
        affined: Vec::new(),
        anti_affined: Vec::new(),
    });
    let mut member = VmSpec::new("member", hosts[0]).with("HA_PRIORITY", "HIGH & <more>");
    member.group = Some((group, "master".to_owned()));
    member.lock = Some(1);
    member.disks = vec![DiskSpec::image(DatastoreId(1)), DiskSpec::default()];
    member.networks = vec![network];
    let more = "TPM=[MODEL=\"tpm-tis\"]\nOS=[FIRMWARE=\"UEFI\"]\nTOPOLOGY=[PIN_POLICY=\"THREAD\"]";
    member.template = Template::parse(more).unwrap();
    cloud.add_vm(member);
    for state in
        [VmState::Poweroff, VmState::Suspended, VmState::Active(LcmState::Hotplug), VmState::Undeployed]
    {
        cloud.add_vm(VmSpec::new("vm", hosts[0]).in_state(state));
    }
    write(&mut cloud, "one.document.allocate", vec![text("NAME=\"a\"\nBODY=\"{}\""), Value::Int(4242)]);
    write(&mut cloud, "one.document.lock", vec![Value::Int(0), Value::Int(3), Value::Bool(true)]);
    cloud.host_dies(hosts[0], Death::PowerLoss);
    cloud.advance(Duration::from_secs(300));
    let migrate = [Value::Int(0), Value::Int(1), Value::Bool(false), Value::Bool(true)];
    write(&mut cloud, "one.vm.unlock", vec![Value::Int(0)]);
    write(&mut cloud, "one.vm.migrate", migrate.to_vec());
    cloud.advance(Duration::from_secs(10));
    cloud
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn write(cloud: &mut Cloud, method: &str, params: Vec<Value>) -> Value {
    let params = [vec![text("oneadmin:password")], params].concat();
    let call = Call { method: method.to_owned(), params };
    match cloud.call(0, &call) {
        Reply::Value(Value::Array(values)) if values[0] == Value::Bool(true) => values[1].clone(),
        other @ (Reply::Value(_) | Reply::Fault { .. }) => panic!("{method}: {other:?}"),
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "xmllint is the judge here")]
fn documents_fit_the_schemas() {
    let Some(schemas) = schemas() else {
        println!("no schemas in ../shared/xsd or ONERESCUE_XSD, nothing was checked");
        return;
    };
    let id = || vec![Value::Int(0)];
    let pool = || vec![Value::Int(-2), Value::Int(-1), Value::Int(-1), Value::Int(-1)];
    let documents = vec![Value::Int(-2), Value::Int(-1), Value::Int(-1), Value::Int(4242)];
    let cases = [
        (Version::V7_5, "one.host.info", id(), "host"),
        (Version::V7_5, "one.hostpool.info", vec![], "host_pool"),
        (Version::V7_5, "one.vm.info", id(), "vm"),
        (Version::V7_5, "one.vm.info", vec![Value::Int(3)], "vm"),
        (Version::V7_5, "one.vmpool.info", pool(), "vm_pool"),
        (Version::V7_5, "one.datastorepool.info", vec![], "datastore_pool"),
        (Version::V7_5, "one.datastore.info", id(), "datastore"),
        (Version::V7_5, "one.clusterpool.info", vec![], "cluster_pool"),
        (Version::V7_5, "one.cluster.info", id(), "cluster"),
        (Version::V7_5, "one.vmgrouppool.info", pool(), "vm_group_pool"),
        (Version::V7_5, "one.vmgroup.info", id(), "vm_group"),
        (Version::V7_5, "one.documentpool.info", documents, "document_pool"),
        (Version::V7_5, "one.document.info", id(), "document"),
        (Version::V7_5, "one.zone.raftstatus", vec![], "raftstatus"),
        (Version::V6_10, "one.zone.info", id(), "zone"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (version, method, params, schema) in cases {
        let Value::Text(document) = write(&mut cloud(version), method, params) else {
            panic!("{method} gave no document");
        };
        let file = folder.path().join("document.xml");
        let named = document.replacen('>', " xmlns=\"http://opennebula.org/XMLSchema\">", 1);
        fs::write(&file, &named).unwrap();
        let lint = Command::new("xmllint")
            .args(["--noout", "--schema"])
            .arg(schemas.join(format!("{schema}.xsd")))
            .arg(&file)
            .output()
            .expect("xmllint is needed: apt-get install libxml2-utils");
        if !lint.status.success() {
            wrong.push(format!("{method}: {}", String::from_utf8_lossy(&lint.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
