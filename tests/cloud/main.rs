//! Does the simulated cloud behave as OpenNebula? Against recorded exchanges, OpenNebula's schemas and its own Python client; and
//! its rules where no recording shows them: monitoring, drivers, storage, faults, front-ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test may fail loudly"
)]

mod authority;
mod devices;
mod doors;
mod groups;
mod judging;
mod judging_orders;
mod monitoring;
mod moving;
mod objects;
mod people;
mod pyone;
mod recordings;
mod recovering;
mod rehearsal;
mod scheduling;
mod witnesses;
mod xsd;

use onerescue::error::OnedError;
use onerescue::model::{HostId, HostState, VmId};
use onerescue::sim::{Cloud, Death, Fault, FaultRule, HostSpec, SimTransport, Version, VmSpec};
use onerescue::wire::xml::{Element, Limits};
use onerescue::wire::xmlrpc::{Call, Reply, Value};
use onerescue::world::oned::Transport as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(30);
const ENDPOINT: &str = "http://localhost:2633/RPC2";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn int(number: u32) -> Value {
    Value::Int(i64::from(number))
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// What a client gets: the payload, or oned's code and text.
type Answer = Result<Value, (i64, String)>;

fn ask_at(cloud: &SimTransport, endpoint: &str, method: &str, params: &[Value]) -> Result<Answer, OnedError> {
    let call = Call { method: method.to_owned(), params: [&[text("oneadmin:password")], params].concat() };
    let body = cloud.post(endpoint, &call.write(), DEADLINE)?;
    match Reply::read(&body, Limits::REPLY).map_err(OnedError::Reply)? {
        Reply::Fault { code, text } => Ok(Err((code, text))),
        Reply::Value(Value::Array(values)) if values[0] == Value::Bool(true) => Ok(Ok(values[1].clone())),
        Reply::Value(Value::Array(values)) => {
            let text = values[1].as_text().unwrap().to_owned();
            Ok(Err((values[2].as_int().unwrap(), text)))
        }
        Reply::Value(other) => panic!("{other:?}"),
    }
}

fn ask(cloud: &SimTransport, method: &str, params: &[Value]) -> Answer {
    ask_at(cloud, ENDPOINT, method, params).unwrap()
}

fn migrate(cloud: &SimTransport, vm: VmId, host: HostId) -> Answer {
    let flags = [Value::Bool(false), Value::Bool(true), Value::Int(-1), Value::Int(0)];
    ask(cloud, "one.vm.migrate", &[&[int(vm.0), int(host.0)], flags.as_slice()].concat())
}

fn recover(cloud: &SimTransport, vm: VmId, operation: u32) -> Answer {
    ask(cloud, "one.vm.recover", &[int(vm.0), int(operation)])
}

fn document(cloud: &SimTransport, method: &str, id: u32) -> Element {
    let answer = ask(cloud, method, &[int(id), Value::Bool(false)]).unwrap();
    Element::parse(answer.as_text().unwrap(), Limits::REPLY).unwrap()
}

/// Hosts 0 to 2, and VM 0 that runs on host 0.
fn small(version: Version) -> SimTransport {
    let mut cloud = Cloud::new(version);
    for number in 0..3 {
        cloud.add_host(HostSpec::new(&format!("node{number}")));
    }
    cloud.add_vm(VmSpec::new("web", HostId(0)));
    SimTransport::new(Arc::new(Mutex::new(cloud)))
}

/// The same after host 0 died and oned has seen it.
fn dead(version: Version, death: Death) -> SimTransport {
    let transport = small(version);
    transport.cloud().host_dies(HostId(0), death);
    transport.pause(seconds(220));
    transport
}

fn state(cloud: &SimTransport, vm: u32) -> String {
    cloud.cloud().vm_state(VmId(vm)).unwrap().to_string()
}

fn host_state(cloud: &SimTransport, host: u32) -> HostState {
    cloud.cloud().host_state(HostId(host)).unwrap()
}
