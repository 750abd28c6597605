//! What goes wrong between the first look and the last: lost answers, and somebody else at the same layer.

use super::desk::Desk;
use super::no::No;
use crate::error::OnedError;
use crate::model::{HostId, VmId};
use crate::policy::LayerScope;
use crate::policy::layer::Survey;
use crate::sim::{Cloud, Fault, FaultRule, HostSpec, SimTransport, Version, VmSpec};
use crate::wire::xmlrpc::{Call, Value};
use crate::world::Zone;
use crate::world::oned::{Credentials, Oned, Patience, Session, Transport};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ENDPOINT: &str = "http://localhost:2633/RPC2";

/// Somebody else's calls, made just before the first call of this method arrives.
struct Meddler {
    inner: SimTransport,
    before: &'static str,
    calls: Mutex<Vec<Call>>,
}

impl Transport for Meddler {
    fn post(&self, endpoint: &str, body: &str, deadline: Duration) -> Result<String, OnedError> {
        if body.contains(&format!("<methodName>{}</methodName>", self.before)) {
            for call in self.calls.lock().unwrap().drain(..) {
                self.inner.cloud().call(0, &call);
            }
        }
        self.inner.post(endpoint, body, deadline)
    }

    fn pause(&self, wait: Duration) {
        self.inner.pause(wait);
    }
}

fn call(method: &str, params: Vec<Value>) -> Call {
    let session = Value::Text("oneadmin:password".to_owned());
    Call { method: method.to_owned(), params: [vec![session], params].concat() }
}

fn mark(vm: i64, layer: &str) -> Call {
    call("one.vm.update", vec![Value::Int(vm), Value::Text(format!("HA_LAYER=\"{layer}\"")), Value::Int(1)])
}

/// Three hosts; vm 0 and vm 1 are on host 0, vm 2 is on host 1.
fn cloud(version: Version) -> SimTransport {
    let mut cloud = Cloud::new(version);
    let hosts: Vec<HostId> = (0..3).map(|id| cloud.add_host(HostSpec::new(&format!("node{id}")))).collect();
    for (name, host) in [("a", hosts[0]), ("b", hosts[0]), ("c", hosts[1])] {
        cloud.add_vm(VmSpec::new(name, host));
    }
    SimTransport::new(Arc::new(Mutex::new(cloud)))
}

fn desk(inner: &SimTransport, before: &'static str, calls: Vec<Call>) -> Desk<Meddler> {
    let transport = Meddler { inner: inner.clone(), before, calls: Mutex::new(calls) };
    let session = Session::new("oneadmin:password".to_owned());
    let credentials = Credentials { endpoint: ENDPOINT.to_owned(), session };
    let zone = Zone::new(Oned::new(transport, credentials, Patience::default()), 1);
    Desk::new(zone, LayerScope::default(), "alice".to_owned())
}

fn look(desk: &Desk<Meddler>) -> Survey {
    let Ok(survey) = desk.look() else { panic!("oned does not answer") };
    survey
}

/// The layers and their members.
fn told(desk: &Desk<Meddler>) -> Vec<(String, Vec<u32>)> {
    let survey = look(desk);
    let ids = |layer: &crate::policy::layer::Layer| layer.members.iter().map(|member| member.vm.0).collect();
    survey.layers.iter().map(|layer| (layer.to_string(), ids(layer))).collect()
}

fn names(vms: &[&str]) -> Vec<String> {
    vms.iter().map(|vm| (*vm).to_owned()).collect()
}

fn count(cloud: &SimTransport, method: &str) -> usize {
    cloud.calls().iter().filter(|call| call.method == method).count()
}

#[test]
fn two_people_who_fill_one_layer_at_once_are_told_and_ours_is_taken_back() {
    let cloud = cloud(Version::V6_10);
    cloud.cloud().call(0, &mark(2, "web"));
    let desk = desk(&cloud, "one.vm.update", vec![mark(1, "web")]);
    let Err(No::Refused(no)) = desk.add(&look(&desk), "web", &names(&["a"])) else { panic!("it was let in") };
    assert!(
        no.rule.contains("a (vm 0) and b (vm 1) are both on node0 (host 0): somebody else"),
        "{}",
        no.rule
    );
    assert_eq!(told(&desk), [("web (HA_LAYER)".to_owned(), vec![1, 2])], "theirs stays");
}

#[test]
fn a_vm_that_is_moved_meanwhile_is_taken_back_from_a_new_group_and_the_group_too() {
    let cloud = cloud(Version::V7_5);
    let params =
        [Value::Int(2), Value::Int(0), Value::Bool(false), Value::Bool(true), Value::Int(-1), Value::Int(0)];
    let desk = desk(&cloud, "one.vm.vmgroupadd", vec![call("one.vm.migrate", params.to_vec())]);
    let result = desk.create(&look(&desk), "web", &names(&["a", "c"]));
    // oned's own check, or ours after it: in both cases nothing is left.
    assert!(matches!(result, Err(No::Refused(_) | No::Failed(_))));
    assert_eq!(told(&desk), []);
    assert!(look(&desk).groups.is_empty());
}

#[test]
fn an_answer_that_was_lost_is_looked_for_and_never_asked_for_again() {
    for (version, method) in [(Version::V6_10, "one.vm.update"), (Version::V7_5, "one.vm.vmgroupadd")] {
        let cloud = cloud(version);
        cloud.add_fault(FaultRule::once(method, Fault::LostReply));
        let desk = desk(&cloud, "", vec![]);
        let done = desk.create(&look(&desk), "web", &names(&["a", "c"])).is_ok();
        assert!(done, "{version}: it is there");
        assert_eq!(count(&cloud, method), 2, "{version}: one for each VM");
        assert_eq!(told(&desk)[0].1, [0, 2]);
    }
    let cloud = cloud(Version::V7_5);
    cloud.add_fault(FaultRule::once("one.vmgroup.allocate", Fault::LostReply));
    let desk = desk(&cloud, "", vec![]);
    assert!(desk.create(&look(&desk), "web", &[]).is_ok());
    assert_eq!((count(&cloud, "one.vmgroup.allocate"), told(&desk).len()), (1, 1));
}

#[test]
fn a_write_that_is_not_there_is_not_sent_again_and_what_came_before_is_taken_back() {
    for (version, method) in [(Version::V6_10, "one.vm.update"), (Version::V7_5, "one.vm.vmgroupadd")] {
        for fault in [Fault::LostRequest, Fault::NotSent, Fault::Refused { code: 512, text: "no".to_owned() }]
        {
            let cloud = cloud(version);
            cloud.add_fault(FaultRule::once(method, fault.clone()).after(1));
            let desk = desk(&cloud, "", vec![]);
            let result = desk.create(&look(&desk), "web", &names(&["a", "c"]));
            let Err(No::Failed(failure)) = result else { panic!("{version} {fault:?}") };
            assert!(failure.what.contains("vm 2"), "{}", failure.what);
            assert_eq!(told(&desk), [], "{version} {fault:?}");
        }
    }
}

#[test]
fn what_cannot_be_taken_back_is_said() {
    let cloud = cloud(Version::V6_10);
    cloud.cloud().call(0, &mark(2, "web"));
    let refused = Fault::Refused { code: 512, text: "no".to_owned() };
    cloud.add_fault(FaultRule::once("one.vm.update", refused).after(1));
    let desk = desk(&cloud, "one.vm.update", vec![mark(1, "web")]);
    let Err(No::Left(failure)) = desk.add(&look(&desk), "web", &names(&["a"])) else { panic!("not said") };
    assert!(failure.what.contains("still to do: empty HA_LAYER of vm 0"), "{}", failure.what);
    assert_eq!(told(&desk)[0].1, [0, 1, 2]);
}

#[test]
fn early_7_4_lets_a_vm_into_two_groups_so_it_is_not_asked() {
    let cloud = cloud(Version::V7_4);
    let desk = desk(&cloud, "", vec![]);
    assert!(desk.create(&look(&desk), "web", &names(&["a"])).is_ok());
    assert!(desk.create(&look(&desk), "db", &names(&["c"])).is_ok());
    assert!(matches!(desk.add(&look(&desk), "db", &names(&["a"])), Err(No::Refused(_))));
    assert_eq!(count(&cloud, "one.vm.vmgroupadd"), 2);
    assert_eq!(cloud.cloud().vm_host(VmId(0)), Some(HostId(0)));
}
