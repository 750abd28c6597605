//! Faults between client and oned, and a zone of several front-ends.

use super::*;
use onerescue::error::OnedError;
use onerescue::model::{HostId, HostState, VmId};
use onerescue::sim::{CallRecord, Death, Fault, FaultRule, Outcome, SimTransport, Version, VmSpec};
use onerescue::wire::xmlrpc::Value;
use onerescue::world::Zone;
use onerescue::world::oned::{Credentials, Oned, Patience, Session, Transport as _};

#[test]
fn infoset_is_missing_before_6_0() {
    let params = [text("0"), Value::Bool(true)];
    let old = small(Version::V5_12);
    let method = "Method 'one.vmpool.infoset' not defined".to_owned();
    assert_eq!(ask(&old, "one.vmpool.infoset", &params), Err((-506, method)));
    assert!(ask(&small(Version::V6_0), "one.vmpool.infoset", &params).is_ok());
}

#[test]
fn faults_strike_the_calls_they_are_meant_for() {
    let done = |cloud: &SimTransport| cloud.cloud().vm_host(VmId(0)) == Some(HostId(1));
    let flags = [Value::Bool(false), Value::Bool(true)];
    let params = [&[int(0), int(1)], flags.as_slice()].concat();
    let late = Fault::Late(seconds(60));
    let refused = Fault::Refused { code: 8192, text: "replicating log".to_owned() };
    for (fault, at_once, after_all, outcome) in [
        (Fault::NotSent, false, false, Some(Outcome::NotSent)),
        (Fault::LostReply, true, true, Some(Outcome::Unknown)),
        (Fault::LostRequest, false, false, Some(Outcome::Unknown)),
        (late, false, true, Some(Outcome::Unknown)),
        (refused, false, false, None),
        (Fault::Garbage("<html>".to_owned()), true, true, Some(Outcome::Unknown)),
        (Fault::Slow(seconds(3)), true, true, Some(Outcome::Done)),
        (Fault::Slow(seconds(300)), true, true, Some(Outcome::Unknown)),
    ] {
        let cloud = dead(Version::V7_5, Death::PowerLoss);
        cloud.add_fault(FaultRule::once("one.vm.migrate", fault.clone()));
        ask(&cloud, "one.vm.info", &[int(0)]).unwrap();
        let answer = ask_at(&cloud, ENDPOINT, "one.vm.migrate", &params);
        let record = cloud.calls().pop().unwrap();
        match outcome {
            Some(outcome) => assert_eq!(record.outcome, outcome, "{fault:?}"),
            None => assert_eq!(answer, Ok(Err((8192, "[one.vm.migrate] replicating log".to_owned())))),
        }
        assert_eq!(done(&cloud), at_once, "{fault:?}");
        cloud.pause(seconds(120));
        assert_eq!(done(&cloud), after_all, "{fault:?}");
        assert_eq!(record.params, "0, 1, false, true");
    }
    let log = format!("{:?}", small(Version::V7_5).calls());
    assert!(!log.contains("password"));
}

#[test]
fn faults_count() {
    let cloud = small(Version::V7_5);
    cloud.add_fault(FaultRule::once("*", Fault::NotSent).after(1).times(2));
    let answers: Vec<bool> =
        (0..4).map(|_| ask_at(&cloud, ENDPOINT, "one.hostpool.info", &[]).is_ok()).collect();
    assert_eq!(answers, [true, false, false, true]);
}

#[test]
fn a_follower_answers_from_old_data_and_forwards_writes() {
    let transport = small(Version::V7_5);
    transport.cloud().set_front_ends(3);
    let endpoints = transport.cloud().endpoints();
    transport.pause(seconds(1));
    let create = [text("NAME=\"a\""), Value::Int(4242)];
    assert_eq!(ask_at(&transport, &endpoints[1], "one.document.allocate", &create), Ok(Ok(Value::Int(0))));
    let read =
        |server: usize| ask_at(&transport, &endpoints[server], "one.document.info", &[int(0)]).unwrap();
    assert_eq!(read(1).unwrap_err().0, 1024);
    assert!(read(0).is_ok());
    transport.pause(seconds(1));
    assert!(read(1).is_ok());
}

#[test]
fn a_leader_dies_and_another_one_takes_over() {
    let transport = small(Version::V7_5);
    transport.cloud().set_front_ends(3);
    let endpoints = transport.cloud().endpoints();
    let lock = [int(0), Value::Int(3), Value::Bool(true)];
    ask_at(&transport, &endpoints[0], "one.document.allocate", &[text("NAME=\"a\""), Value::Int(1)])
        .unwrap()
        .unwrap();
    ask_at(&transport, &endpoints[0], "one.document.lock", &lock).unwrap().unwrap();
    transport.cloud().server_dies(0);
    assert!(matches!(
        ask_at(&transport, &endpoints[0], "one.hostpool.info", &[]),
        Err(OnedError::NotSent(_))
    ));
    let write = || ask_at(&transport, &endpoints[2], "one.host.status", &[int(1), int(1)]).unwrap();
    assert_eq!(write().unwrap_err().0, 8192);
    assert!(ask_at(&transport, &endpoints[2], "one.hostpool.info", &[]).unwrap().is_ok(), "reads go on");
    transport.pause(seconds(10));
    assert!(write().is_ok());
    assert_eq!(ask_at(&transport, &endpoints[2], "one.document.lock", &lock).unwrap().unwrap_err().0, 2048);
    transport.cloud().server_dies(1);
    transport.pause(seconds(30));
    assert_eq!(transport.cloud().leader(), None, "one of three is no quorum");
    transport.cloud().server_returns(0);
    transport.pause(seconds(30));
    assert!(write().is_ok());
}

#[test]
fn writes_after_an_election_may_take_longer_than_any_deadline() {
    let transport = small(Version::V7_5);
    transport.cloud().set_front_ends(3);
    let endpoints = transport.cloud().endpoints();
    transport.cloud().timings.write_after_election = seconds(90);
    transport.cloud().server_dies(0);
    transport.pause(seconds(10));
    let disable = [int(1), int(1)];
    let answer = ask_at(&transport, &endpoints[1], "one.host.status", &disable);
    assert!(matches!(answer, Err(OnedError::Unknown(_))), "{answer:?}");
    assert!(ask_at(&transport, &endpoints[1], "one.hostpool.info", &[]).unwrap().is_ok(), "reads are quick");
    assert_eq!(host_state(&transport, 1), HostState::Monitored);
    transport.pause(seconds(90));
    assert_eq!(host_state(&transport, 1), HostState::Disabled, "it was done all the same");
}

/// A thousand VMs and three front-ends, each change copied for the followers.
#[test]
fn a_big_zone_is_quick_to_simulate() {
    let transport = small(Version::V7_5);
    transport.cloud().set_front_ends(3);
    for number in 0..1000 {
        let mut spec = VmSpec::new("vm", HostId(0));
        (spec.cpu, spec.memory_kib) = (1, 1 << 10);
        assert_eq!(transport.cloud().add_vm(spec), VmId(number + 1));
    }
    transport.cloud().host_dies(HostId(0), Death::PowerLoss);
    transport.pause(seconds(260));
    for number in 0..1000 {
        migrate(&transport, VmId(number + 1), HostId(1 + number % 2)).unwrap();
    }
    transport.pause(seconds(10));
    assert!((0..1000).all(|vm| state(&transport, vm + 1) == "RUNNING"));
}

/// Whoever led at the last look may have been replaced without a failure.
#[test]
fn every_look_at_a_host_asks_again_who_leads_unless_the_front_end_is_alone() {
    for (front_ends, asked) in [(1, 1), (3, 3 * 3)] {
        let transport = small(Version::V7_5);
        transport.cloud().set_front_ends(front_ends);
        let session = Session::new("oneadmin:password".to_owned());
        let credentials = Credentials { endpoint: ENDPOINT.to_owned(), session };
        let zone = Zone::new(
            Oned::new(transport.clone(), credentials, Patience::default()),
            onerescue::wire::record::TYPE,
        );
        for _ in 0..3 {
            assert_eq!(zone.host(HostId(1)).unwrap().id, HostId(1));
        }
        let raft =
            |calls: Vec<CallRecord>| calls.iter().filter(|call| call.method == "one.zone.raftstatus").count();
        assert_eq!(raft(transport.calls()), asked, "{front_ends} front-ends");
    }
}
