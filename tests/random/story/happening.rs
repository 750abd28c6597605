//! What happens in a story, as events of the simulated cloud.

use super::stage::gateway;
use super::{Happens, Story};
use onerescue::model::{ClusterId, HostId, VmId};
use onerescue::sim::Event;
use onerescue::wire::xmlrpc::Value;
use std::time::Duration;

/// With hosts and VMs that the story has, whatever the number.
pub(crate) fn event_of(story: &Story, happens: Happens, dead: HostId) -> Event {
    let vm = |at: usize| VmId(u32::try_from(at % story.vms.len().max(1)).unwrap());
    let target = |at: usize| {
        let others: Vec<_> = (0..story.hosts.len()).filter(|host| *host != story.dead).collect();
        HostId(u32::try_from(others.get(at % others.len().max(1)).copied().unwrap_or(99)).unwrap())
    };
    let call = |method: &str, id: u32, number: i64| {
        Event::Call(method.to_owned(), vec![Value::Int(id.into()), Value::Int(number)])
    };
    // The default cluster is 0, those that are made have 100 and more.
    let cluster = |at: usize| match at % story.clusters {
        0 => ClusterId(0),
        at => ClusterId(u32::try_from(99 + at).unwrap()),
    };
    match happens {
        Happens::Returns => Event::Returns(dead),
        Happens::PowerOn => Event::PowerOn(dead),
        Happens::PowerOff => Event::PowerOff(dead),
        Happens::Status(status) => call("one.host.status", dead.0, status),
        Happens::Terminated(at) => call("one.vm.recover", vm(at).0, 3),
        Happens::Locked(at) => call("one.vm.lock", vm(at).0, 1),
        Happens::Unlocked(at) => Event::Call("one.vm.unlock".to_owned(), vec![Value::Int(vm(at).0.into())]),
        Happens::Garbled(at) => {
            // A byte that is no UTF-8: oned gives no reply that has it.
            let (id, template) = (Value::Int(vm(at).0.into()), "NOTE=\"caf\u{FFFD}\"".to_owned());
            Event::Call("one.vm.update".to_owned(), vec![id, Value::Text(template), Value::Int(1)])
        }
        Happens::Crashes(at) => Event::Crashes(vm(at)),
        Happens::TargetDies(at, death) => Event::Dies(target(at), death),
        Happens::TargetStatus(at, status) => call("one.host.status", target(at).0, status),
        Happens::FrontEndDies(server) => Event::FrontEndDies(server),
        Happens::FrontEndReturns(server) => Event::FrontEndReturns(server),
        Happens::LeaderStepsDown => Event::LeaderStepsDown,
        Happens::DriverTurns(at, stage, driver) => Event::DriverTurns(vm(at), stage, driver),
        Happens::Dies(death) => Event::Dies(dead, death),
        Happens::TargetReturns(at) => Event::Returns(target(at)),
        Happens::Disarmed(place) => Event::Disarmed(place.map(cluster)),
        Happens::Armed(place) => Event::Armed(place.map(cluster)),
        Happens::ConfirmedOff => Event::ConfirmedOff(dead),
        Happens::Proceeded => Event::Proceeded(dead),
        Happens::Damaged(own) => Event::DocumentDamaged(own.then_some(dead)),
        Happens::ClockJumps(seconds) => Event::ClockJumps(seconds),
        Happens::Protected(at, yes) => {
            let template = format!("HA=\"{}\"", if yes { "YES" } else { "NO" });
            let id = Value::Int(i64::from(cluster(at).0));
            Event::Call("one.cluster.update".to_owned(), vec![id, Value::Text(template), Value::Int(1)])
        }
        Happens::Gateway(at, true) => Event::GatewayAnswers(gateway(at)),
        Happens::Gateway(at, false) => Event::GatewaySilent(gateway(at)),
        Happens::Dumps(seconds) => Event::Dumps(dead, Duration::from_secs(seconds)),
        Happens::OnedRestarted => Event::OnedRestarted,
    }
}
