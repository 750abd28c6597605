//! The client against scripted front-ends: what it repeats, what it does not, and how it asks.

mod leader;

use super::script::{done, good, not_sent, oned, refused, solo, undefined, unknown};
use super::{HostStatus, MigrationType, RecoverOperation};
use crate::error::{Error, OnedError, Refusal};
use crate::model::{HostId, VmId};
use crate::wire::xml::XmlError;
use crate::wire::xmlrpc::Value;

const RAFT: &str = "one.zone.raftstatus";
const VERSION: &str = "one.system.version";
const MIGRATE: &str = "one.vm.migrate";

fn migrate(oned: &super::Oned<super::script::Script>) -> Result<(), OnedError> {
    oned.migrate(VmId(41), HostId(2), MigrationType::Poweroff)
}

#[test]
fn a_read_is_repeated_with_growing_pauses_and_comes_to_an_end() {
    for fault in [not_sent, unknown, || refused(0x2000, "[one.system.version] in election mode")] {
        let oned = oned(move |_, call, _| match call.method.as_str() {
            RAFT => solo(),
            _ => fault(),
        });
        assert!(oned.version().is_err());
        assert_eq!(oned.counts()[VERSION], 6);
        let pauses: Vec<u128> = oned.pauses().iter().map(std::time::Duration::as_millis).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000]);
    }
}

/// VM 3 cannot be read, alone or with others.
fn without_vm_3(error: fn() -> OnedError) -> super::Oned<super::script::Script> {
    oned(move |_, call, _| {
        let ids = match call.params.get(1) {
            Some(Value::Int(id)) => id.to_string(),
            ids => ids.and_then(Value::as_text).unwrap_or_default().to_owned(),
        };
        let vm = |id: &str| format!("<VM><ID>{id}</ID><UID>{id}</UID><STATE>3</STATE></VM>");
        match call.method.as_str() {
            RAFT => solo(),
            _ if ids.split(',').any(|id| id == "3") => Err(error()),
            "one.vm.info" => good(vm(&ids)),
            _ => good(format!("<VM_POOL>{}</VM_POOL>", ids.split(',').map(vm).collect::<Vec<_>>().concat())),
        }
    })
}

#[test]
fn a_vm_that_cannot_be_read_hides_no_other() {
    let ids: Vec<VmId> = (0..100).map(VmId).collect();
    let large = || OnedError::Reply(XmlError::TooLong(1));
    let no_utf8 = || OnedError::Fault { code: -500, text: "not valid UTF-8".to_owned() };
    let withheld = XmlError::Withheld("not valid UTF-8".to_owned());
    for (error, why) in [(large as fn() -> OnedError, XmlError::TooLong(1)), (no_utf8, withheld)] {
        let oned = without_vm_3(error);
        let pool = oned.vms(&ids).unwrap();
        assert_eq!((pool.good.len(), pool.bad), (99, vec![("3".to_owned(), why)]));
        let calls = oned.counts();
        assert!(calls["one.vmpool.infoset"] < 12 && calls["one.vm.info"] < 8, "{calls:?}");
        // From now on it is asked for by itself.
        assert_eq!(oned.layers_of(&ids).unwrap().good.len(), 99);
        let again = oned.counts();
        assert_eq!(again["one.vmpool.infoset"], calls["one.vmpool.infoset"] + 1);
        assert_eq!(again["one.vm.info"], calls["one.vm.info"] + 1);
    }
}

#[test]
fn a_cloud_whose_sets_are_all_faults_costs_a_bounded_number_of_calls() {
    let oned = oned(|_, call, _| match call.method.as_str() {
        RAFT => solo(),
        "one.vm.info" => good(vm_document(&call.params[1])),
        _ => Err(OnedError::Fault { code: -500, text: "no".to_owned() }),
    });
    let pool = oned.vms(&(0..5000).map(VmId).collect::<Vec<_>>()).unwrap();
    assert_eq!((pool.good.len(), pool.bad.len()), (1000, 4000));
    assert!(oned.counts()["one.vmpool.infoset"] < 300);
}

#[test]
fn a_read_that_is_refused_is_not_repeated() {
    for (code, kind) in [
        (0x100, Refusal::Authentication),
        (0x200, Refusal::Authorization),
        (0x400, Refusal::NoExists),
        (0x800, Refusal::Action),
    ] {
        let oned = oned(move |_, call, _| match call.method.as_str() {
            RAFT => solo(),
            _ => refused(code, "no"),
        });
        match oned.host(HostId(9)) {
            Err(Error::Oned { source: OnedError::Refused { kind: found, .. }, .. }) => {
                assert_eq!(found, kind);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(oned.counts()["one.host.info"], 1);
    }
}

#[test]
fn a_cut_off_reply_to_a_read_is_repeated() {
    let oned = oned(|_, call, earlier| match (call.method.as_str(), earlier) {
        (RAFT, _) => solo(),
        (_, 0) => good("7.5.80").map(|body| body[..80].to_owned()),
        _ => good("7.5.80"),
    });
    assert_eq!(oned.version().unwrap(), "7.5.80");
    assert_eq!(oned.counts()[VERSION], 2);
}

#[test]
fn a_write_is_sent_once_and_at_once_whatever_becomes_of_it() {
    type Fault = fn() -> Result<String, OnedError>;
    let election = || refused(0x2000, "[one.vm.migrate] in election mode");
    let faults: [(Fault, bool); 3] = [(not_sent, true), (unknown, false), (election, false)];
    for (fault, unsent) in faults {
        let oned = oned(move |_, call, _| match call.method.as_str() {
            RAFT => solo(),
            _ => fault(),
        });
        let error = migrate(&oned).unwrap_err();
        assert_eq!(matches!(error, OnedError::NotSent(_)), unsent, "{error}");
        assert_eq!(oned.counts()[MIGRATE], 1);
        assert_eq!(oned.pauses(), []);
    }
}

#[test]
fn a_write_of_which_not_even_the_first_question_leaves_does_not_wait() {
    let oned = oned(|_, _, _| not_sent());
    assert!(matches!(migrate(&oned), Err(OnedError::NotSent(_))));
    assert_eq!(oned.counts().get(MIGRATE), None);
    assert_eq!(oned.counts()[RAFT], 1);
    assert_eq!(oned.pauses(), []);
}

#[test]
fn a_write_that_oned_says_it_has_not_begun_was_not_sent() {
    for why in ["no leader found", "oned cluster in election mode", "oned cluster is replicating log"] {
        let text: &'static str = String::leak(format!("[one.vm.migrate] Cannot process request, {why}"));
        let oned = oned(move |_, call, _| match call.method.as_str() {
            RAFT => solo(),
            _ => refused(0x2000, text),
        });
        let error = migrate(&oned).unwrap_err();
        assert!(matches!(error, OnedError::NotSent(_)), "{error}");
        assert_eq!(oned.counts()[MIGRATE], 1);
    }
}

#[test]
fn the_outcome_of_a_write_is_unknown_where_oned_itself_does_not_know() {
    let forward = "[one.vm.migrate] libcurl failed to execute the HTTP POST transaction, explaining:  \
                   Failed to connect to 127.0.0.1 port 2633";
    // What was cut off may be the word that tells.
    let cut_off: &'static str = String::leak("x".repeat(400));
    let cases: [(i64, &'static str, bool); 8] = [
        (0x2000, forward, true),
        (0x2000, "[one.vm.migrate] Something about a leader, a replica or an election", true),
        (0x2000, "[one.vm.migrate] Operation timed out", true),
        (0x10000, "anything", true),
        (0x2000, cut_off, true),
        (0x800, cut_off, false),
        (0x2000, "[one.vm.migrate] Cannot allocate a VNC port", false),
        (0x800, "[one.vm.migrate] does not fit in host [3]", false),
    ];
    for (code, text, open) in cases {
        let oned = oned(move |_, call, _| match call.method.as_str() {
            RAFT => solo(),
            _ => refused(code, text),
        });
        let error = migrate(&oned).unwrap_err();
        assert_eq!(matches!(error, OnedError::Unknown(_)), open, "{error}");
        assert_eq!(oned.counts()[MIGRATE], 1);
    }
}

#[test]
fn an_unreadable_reply_to_a_write_is_an_unknown_outcome() {
    for body in ["<html>busy</html>", "", "<methodResponse><params/></methodResponse>"] {
        let oned = oned(move |_, call, _| match call.method.as_str() {
            RAFT => solo(),
            _ => Ok(body.to_owned()),
        });
        assert!(matches!(migrate(&oned), Err(OnedError::Unknown(_))), "{body}");
    }
}

#[test]
fn the_parameters_are_in_oneds_order() {
    let oned = oned(|_, call, _| match call.method.as_str() {
        RAFT => solo(),
        _ => done(1),
    });
    migrate(&oned).unwrap();
    let int = Value::Int;
    let (no, yes) = (Value::Bool(false), Value::Bool(true));
    assert_eq!(oned.last(MIGRATE), [int(41), int(2), no, yes, int(-1), int(1)]);
    oned.recover(VmId(2), RecoverOperation::Recreate).unwrap();
    assert_eq!(oned.last("one.vm.recover"), [int(2), int(4)]);
    oned.host_status(HostId(0), HostStatus::Disabled).unwrap();
    assert_eq!(oned.last("one.host.status"), [int(0), int(1)]);
    oned.vm_action(VmId(4), "resume").unwrap();
    assert_eq!(oned.last("one.vm.action"), [Value::Text("resume".to_owned()), int(4)]);
}

fn vm_document(id: &Value) -> String {
    let id = id.as_int().unwrap();
    format!("<VM><ID>{id}</ID><NAME>n</NAME><STATE>3</STATE><LCM_STATE>16</LCM_STATE></VM>")
}

#[test]
fn without_infoset_vms_are_read_one_by_one_and_absent_ones_left_out() {
    let oned = oned(|_, call, _| match call.method.as_str() {
        RAFT => solo(),
        "one.vmpool.infoset" => undefined("one.vmpool.infoset"),
        _ if call.params[1] == Value::Int(2) => {
            refused(0x400, "[one.vm.info] Error getting virtual machine [2].")
        }
        _ if call.params[1] == Value::Int(3) => good("<VM><ID>3</ID></VM>"),
        _ => good(vm_document(&call.params[1])),
    });
    for _ in 0..2 {
        let pool = oned.vms(&[VmId(1), VmId(2), VmId(3), VmId(4)]).unwrap();
        let good: Vec<VmId> = pool.good.iter().map(|vm| vm.id).collect();
        assert_eq!(good, [VmId(1), VmId(4)]);
        assert_eq!(pool.bad[0].0, "3");
    }
    assert_eq!(oned.counts()["one.vmpool.infoset"], 1);
}

#[test]
fn vms_are_read_in_chunks_and_none_without_a_call() {
    let oned = oned(|_, call, _| match call.method.as_str() {
        RAFT => solo(),
        _ => good("<VM_POOL/>"),
    });
    assert!(oned.vms(&[]).unwrap().good.is_empty());
    assert!(oned.counts().is_empty());
    let many: Vec<VmId> = (0..4001).map(VmId).collect();
    oned.vms(&many).unwrap();
    assert_eq!(oned.counts()["one.vmpool.infoset"], 3);
    let last = [Value::Text("4000".to_owned()), Value::Bool(true)];
    assert_eq!(oned.last("one.vmpool.infoset"), last);
}

#[test]
fn no_error_tells_the_session() {
    let oned = oned(|_, _, _| unknown());
    let error = oned.version().unwrap_err();
    assert!(!format!("{error:?} {}", error.chain()).contains("secret"));
    assert!(!format!("{:?}", oned.credentials).contains("secret"));
}
