//! VM groups that are made, changed, joined and left.

use super::*;
use onerescue::model::HostId;

const JOIN: &str = "one.vm.vmgroupadd";
const LEAVE: &str = "one.vm.vmgroupdel";

fn allocate(cloud: &SimTransport, name: &str) -> Answer {
    let template = format!("NAME=\"{name}\"\nROLE=[NAME=\"r\",POLICY=\"ANTI_AFFINED\"]");
    ask(cloud, "one.vmgroup.allocate", &[text(&template)])
}

fn members(cloud: &SimTransport, group: u32) -> Option<String> {
    let group = document(cloud, "one.vmgroup.info", group);
    group.child("ROLES").unwrap().child("ROLE").unwrap().text_of("VMS").map(str::to_owned)
}

fn code(answer: Answer) -> i64 {
    answer.unwrap_err().0
}

/// Two hosts; vm 0 and vm 1 are on host 0, vm 2 is on host 1.
fn cloud(version: Version) -> SimTransport {
    let mut cloud = Cloud::new(version);
    let hosts = [0, 1].map(|id| cloud.add_host(HostSpec::new(&format!("node{id}"))));
    for host in [hosts[0], hosts[0], hosts[1]] {
        cloud.add_vm(VmSpec::new("web", host));
    }
    SimTransport::new(Arc::new(Mutex::new(cloud)))
}

#[test]
fn joining_exists_since_7_4_and_checks_affinity_while_the_vm_is_active() {
    for (version, knows) in [(Version::V7_2, false), (Version::V7_4, true), (Version::V7_5, true)] {
        let cloud = cloud(version);
        allocate(&cloud, "web").unwrap();
        let join = |vm| ask(&cloud, JOIN, &[int(vm), int(0), text("r")]);
        if !knows {
            assert_eq!((code(join(0)), code(ask(&cloud, LEAVE, &[int(0)]))), (-506, -506));
            continue;
        }
        join(0).unwrap();
        assert_eq!(code(join(1)), 0x800, "the host of vm 0");
        join(2).unwrap();
        assert_eq!(members(&cloud, 0).as_deref(), Some("0,2"));
        let vm = document(&cloud, "one.vm.info", 2);
        let group = vm.child("TEMPLATE").unwrap().child("VMGROUP").unwrap();
        assert_eq!((group.text_of("VMGROUP_ID"), group.text_of("ROLE")), (Some("0"), Some("r")));
        ask(&cloud, LEAVE, &[int(0)]).unwrap();
        assert_eq!(members(&cloud, 0).as_deref(), Some("2"));
        assert_eq!(code(ask(&cloud, LEAVE, &[int(0)])), 0x800, "it is in none");
        join(1).unwrap();
        assert_eq!(code(ask(&cloud, JOIN, &[int(0), int(7), text("r")])), 0x400);
        assert_eq!(code(ask(&cloud, JOIN, &[int(0), int(0), text("x")])), 0x800);
        allocate(&cloud, "db").unwrap();
        let second = ask(&cloud, JOIN, &[int(2), int(1), text("r")]);
        assert_eq!(second.is_ok(), version == Version::V7_4, "7.4 lets a VM into a second group");
        assert_eq!(cloud.cloud().vm_host(VmId(2)), Some(HostId(1)));
    }
}

#[test]
fn a_locked_vm_joins_and_leaves_nothing() {
    let cloud = cloud(Version::V7_5);
    allocate(&cloud, "web").unwrap();
    ask(&cloud, "one.vm.lock", &[int(0), int(1), Value::Bool(false)]).unwrap();
    assert_eq!(code(ask(&cloud, JOIN, &[int(0), int(0), text("r")])), 0x200);
    assert_eq!(code(ask(&cloud, LEAVE, &[int(0)])), 0x200);
}

#[test]
fn a_group_with_vms_is_renamed_but_neither_deleted_nor_updated() {
    let cloud = cloud(Version::V7_5);
    allocate(&cloud, "web").unwrap();
    assert_eq!(code(allocate(&cloud, "web")), 0x2000, "the name is taken");
    for name in ["", "a/b", "a'b"] {
        assert_eq!(code(allocate(&cloud, name)), 0x2000, "{name}");
    }
    allocate(&cloud, "db").unwrap();
    ask(&cloud, JOIN, &[int(0), int(0), text("r")]).unwrap();
    let update = |append| ask(&cloud, "one.vmgroup.update", &[int(0), text("X=\"1\""), Value::Int(append)]);
    assert_eq!((code(update(0)), code(update(1))), (0x800, 0x800));
    assert_eq!(code(ask(&cloud, "one.vmgroup.delete", &[int(0)])), 0x800);
    let rename = |name: &str| ask(&cloud, "one.vmgroup.rename", &[int(0), text(name)]);
    assert_eq!(code(rename("db")), 0x2000);
    rename("web").unwrap();
    rename("front").unwrap();
    assert_eq!(document(&cloud, "one.vmgroup.info", 0).text_of("NAME"), Some("front"));
    let add = |name: &str| {
        let role = text(&format!("ROLE=[NAME=\"{name}\",POLICY=\"AFFINED\"]"));
        ask(&cloud, "one.vmgroup.roleadd", &[int(0), role])
    };
    add("second").unwrap();
    assert_eq!(code(add("second")), 0x800);
    ask(&cloud, LEAVE, &[int(0)]).unwrap();
    update(1).unwrap();
    ask(&cloud, "one.vmgroup.lock", &[int(0), int(1), Value::Bool(false)]).unwrap();
    assert_eq!(code(ask(&cloud, "one.vmgroup.delete", &[int(0)])), 0x200);
    ask(&cloud, "one.vmgroup.unlock", &[int(0)]).unwrap();
    ask(&cloud, "one.vmgroup.delete", &[int(0)]).unwrap();
    assert_eq!(code(ask(&cloud, "one.vmgroup.info", &[int(0)])), 0x400);
}
