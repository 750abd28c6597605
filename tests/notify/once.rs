//! Each change is told once; a sender that is killed costs one message more, which says so; only the leader tells.

use super::lab::{Lab, ONERESCUE, held, now, open};
use crate::hooks::kills::killed_after;
use onerescue::model::{DocumentId, Incident, Progress};
use onerescue::wire::record::Record;
use onerescue::wire::xmlrpc::{Call, Reply, Value};
use std::fs;
use std::time::Instant;

fn closed(incident: Incident) -> Incident {
    Incident { progress: Progress::Closed, updated: now(), outcome: Some("recovered".to_owned()), ..incident }
}

pub(super) fn replace(lab: &Lab, document: DocumentId, incident: Incident) {
    let template = Record::Incident(Box::new(incident)).write().unwrap();
    let mut cloud = lab.bench.cloud.lock().unwrap();
    let params = vec![
        Value::Text("oneadmin:password".to_owned()),
        Value::Int(i64::from(document.0)),
        Value::Text(template),
        Value::Int(0),
    ];
    let call = Call { method: "one.document.update".to_owned(), params };
    let reply = cloud.call(0, &call);
    assert!(matches!(reply, Reply::Value(_)), "{reply:?}");
}

#[test]
fn each_change_is_told_once_with_json_and_a_plain_environment() {
    let lab = Lab::new();
    let (code, said) = lab.notify();
    assert_eq!((code, said.as_str()), (Some(0), "ops: it is told from now on\n"));
    let document = lab.remember(held(7, "node7; $(rm)", "its controller says on"));
    let (code, said) = lab.notify();
    let subject =
        format!("node7; $(rm) is held: its controller says on; look: onerescue show {}", document.0);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("ops: told: {subject}\n")), "{said}");
    assert_eq!(lab.notify(), (Some(0), "ops: nothing new\n".to_owned()));
    let got = lab.got();
    assert_eq!(got.len(), 1);
    assert_eq!(
        (&got[0]["format"], &got[0]["test"], &got[0]["subject"]),
        (&1.into(), &false.into(), &subject.into())
    );
    let change = &got[0]["changes"][0];
    assert_eq!((&change["host_id"], &change["state"]), (&7.into(), &"held".into()));
    assert_eq!((&change["do_this"], &change["vms"]["held"]), (&"look at it".into(), &0.into()));
    let environment = fs::read_to_string(lab.path("take.env")).unwrap();
    let mut names: Vec<_> = environment.lines().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    names.retain(|name| !["_", "PWD", "SHLVL", "OLDPWD"].contains(name));
    let ours = ["CHANGES", "EVENT", "HOST", "HOST_ID", "INCIDENT", "MAYBE_REPEATED", "TEST"]
        .map(|name| format!("ONERESCUE_{name}"));
    let mut expected = vec!["LC_ALL"];
    expected.extend(ours.iter().map(String::as_str));
    expected.push("PATH");
    assert_eq!(names, expected);
    assert!(environment.contains("ONERESCUE_HOST=node7____rm_\n"), "{environment}");

    replace(&lab, document, closed(open(7, "node7")));
    assert_eq!(lab.notify().0, Some(0));
    let events: Vec<_> = lab.changes().into_iter().map(|(_, event, _)| event).collect();
    assert_eq!(events, ["held", "ended"]);
    // What is noted says what was told, and who reads incidents does not see it.
    let (_, notices) = lab.notices().pop().unwrap();
    assert_eq!(notices.incidents[0].said, ["opened", "ended"]);
}

#[test]
fn a_flood_is_one_message() {
    let lab = Lab::new();
    lab.notify();
    for host in 1..=50 {
        lab.remember(held(host, &format!("node{host}"), "a storm"));
    }
    let (code, said) = lab.notify();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(lab.got().len(), 1);
    assert_eq!(lab.got()[0]["subject"], "50 incidents: 50 held; look: onerescue history");
    assert_eq!(lab.changes().len(), 50);
}

#[test]
fn only_the_leader_of_three_tells() {
    let lab = Lab::new();
    let others = lab.bench.of_three();
    lab.notify();
    lab.remember(open(7, "node7"));
    for follower in &others {
        let (code, said) = lab.notify_at(follower);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("this front-end is a follower; the leader tells"), "{said}");
        let reconciled = lab
            .bench
            .start_at(&follower.endpoint(), ONERESCUE, &["reconcile"], "")
            .wait_with_output()
            .unwrap();
        assert_eq!(reconciled.status.code(), Some(0));
    }
    assert_eq!(lab.got().len(), 0);
    assert_eq!(lab.notify().0, Some(0));
    assert_eq!(lab.changes().len(), 1);
    // The new leader tells nothing again.
    lab.bench.cloud.lock().unwrap().leads(1);
    let led = others.iter().map(|server| lab.notify_at(server).1).collect::<String>();
    assert!(led.contains("ops: nothing new") && led.contains("is a follower"), "{led}");
    assert_eq!(lab.changes().len(), 1);
}

#[test]
fn a_sender_that_is_killed_at_any_moment_costs_one_message_more_which_says_so() {
    const ROUNDS: u32 = 40;
    let lab = Lab::new();
    lab.notify();
    lab.remember(held(0, "node0", "a storm"));
    // The moments are parts of a whole run, however quick the machine is.
    let began = Instant::now();
    assert_eq!(lab.notify().0, Some(0));
    let whole = began.elapsed();
    let (mut kills, mut repeated) = (0, 0);
    for round in 1..=ROUNDS {
        let document = lab.remember(held(round, &format!("node{round}"), "a storm"));
        let killed = killed_after(&lab.bench, ONERESCUE, &["notify"], whole * (round - 1) / ROUNDS).is_none();
        kills += u32::from(killed);
        let (code, said) = lab.notify();
        assert_eq!(code, Some(0), "{said}");
        let own: Vec<_> = lab.changes().into_iter().filter(|(id, ..)| *id == u64::from(document.0)).collect();
        match own.as_slice() {
            [_] => {}
            [(.., false), (.., true)] if killed => repeated += 1,
            other => panic!("round {round}, killed {killed}: {other:?}"),
        }
    }
    // The first moment is before a program can have loaded.
    assert!(kills > 0);
    assert!(repeated <= kills);
    assert_eq!(lab.notify(), (Some(0), "ops: nothing new\n".to_owned()));
}

/// Its program runs when it is killed: the message has arrived, and nobody has noted that.
#[test]
fn a_sender_that_is_killed_while_it_sends_says_that_it_may_have_been_sent_before() {
    let lab = Lab::new();
    lab.notify();
    lab.program("take", "#!/bin/sh\ncat >>\"$0.got\"\necho >>\"$0.got\"\nkill -9 $PPID\n");
    lab.remember(open(7, "node7"));
    assert_eq!(lab.notify().0, None);
    assert!(lab.notices()[0].1.incidents[0].attempt.is_some());
    lab.program("take", "#!/bin/sh\ncat >>\"$0.got\"\necho >>\"$0.got\"\n");
    assert_eq!(lab.notify().0, Some(0));
    let repeated: Vec<_> = lab.changes().into_iter().map(|(.., repeated)| repeated).collect();
    assert_eq!(repeated, [false, true]);
    let subject = lab.got()[1]["subject"].as_str().unwrap().to_owned();
    assert!(subject.ends_with("(may have been sent before)"), "{subject}");
}

#[test]
fn what_cannot_be_noted_is_not_sent() {
    let lab = Lab::new();
    lab.notify();
    lab.remember(open(7, "node7"));
    let document = i64::from(lab.notices()[0].0.0);
    let lock = |method: &str, params: &[Value]| {
        let session = Value::Text("oneadmin:password".to_owned());
        let id = Value::Int(document);
        let params = [&[session, id], params].concat();
        let call = Call { method: method.to_owned(), params };
        lab.bench.cloud.lock().unwrap().call(0, &call)
    };
    lock("one.document.lock", &[Value::Int(4), Value::Bool(false)]);
    let (code, said) = lab.notify();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("nothing was sent, because it cannot be noted"), "{said}");
    assert_eq!(lab.got().len(), 0);
    lock("one.document.unlock", &[]);
    assert_eq!(lab.notify().0, Some(0));
    assert_eq!(lab.got().len(), 1);
}
