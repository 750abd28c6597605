//! `onerescue status`: VMs that are down and that no incident goes on with.

use super::bench::{WELL, write};
use super::status::{bench, dead, ended, held, json, now, screen, vm};
use onerescue::model::{Abort, End, Epoch, Host, HostId, Incident, Looks, VmId};
use onerescue::wire::documents::read;
use onerescue::wire::record::Record;
use onerescue::wire::xml::Limits;
use onerescue::wire::xmlrpc::{Reply, Value};

#[test]
fn a_thousand_vms_that_nobody_goes_on_with_are_few_lines_with_one_command() {
    let vms: Vec<_> = (0..1000)
        .map(|id| format!("{{ name = \"web-{id}\", host = \"node2\", cpu = 0.01, memory_mib = 1 }}"))
        .collect();
    let before = "before = [\"dies node2 power_loss\"]";
    let bench = bench(&format!("{WELL}vms = [{}]\n{before}\n", vms.join(", ")));
    let node2 = bench.cloud.lock().unwrap().host_xml(HostId(2)).unwrap();
    let error = read::<Host>(&node2, Limits::REPLY).unwrap().error;
    assert!(error.is_some());
    let closed = ended(1000, Incident { error: error.clone(), ..held(2) });
    bench.remember(&Record::Incident(Box::new(closed.clone())));
    let (code, screen) = screen(&bench);
    assert_eq!(code, 1, "{screen}");
    assert!(screen.lines().count() < 30, "{screen}");
    assert!(screen.starts_with("NEEDS YOU  1000 VMs are down and left alone; node2 by day"), "{screen}");
    assert!(screen.contains("VMs DOWN   999 VMs of node2: vm 0 web-0, vm 2 web-2, "), "{screen}");
    assert!(screen.contains(" and 994 more\n") && screen.contains("held: no host has room\n"), "{screen}");
    assert!(
        screen.contains("VMs DOWN   1 VM of node2: vm 1 web-1\n           held: it is locked (MANAGE)\n"),
        "{screen}"
    );
    assert!(screen.contains("\ndo this    host_error --host node2 -m\n"), "{screen}");
    let all = json(&bench);
    assert_eq!(all["down"][0]["vms"].as_array().unwrap().len(), 999);

    // As long as reconcile looks at them again they are the business of the host's line.
    let waiting = Some(Looks { since: Epoch(now() - 100), outcome: "partly".to_owned() });
    let document = bench.memory().incidents[0].0;
    let looked = Incident { waiting, until: Some(Epoch(now() + 40)), ..closed.clone() };
    bench.replace(&document.0.to_string(), &Record::Incident(Box::new(looked)));
    let (_, screen) = self::screen(&bench);
    assert!(screen.contains("VMs HELD   node2 (host 2), ERROR: 1000 VMs wait"), "{screen}");
    assert!(
        screen.contains("vm 0 web-0: no host has room; and 999 more\n") && !screen.contains("VMs DOWN"),
        "{screen}"
    );
}

#[test]
fn vms_of_an_aborted_incident_are_told_with_who_has_ended_it() {
    let bench = dead();
    let document = bench.memory().incidents[0].0;
    let vms = vec![
        vm(0, None, ""),
        vm(1, Some(End::Recovered), ""),
        vm(2, Some(End::Left), "POWEROFF by a person"),
    ];
    let closed = Incident { vms, ..ended(0, held(2)) };
    let closed =
        Incident { vms: vec![vm(0, None, ""), closed.vms[1].clone(), closed.vms[2].clone()], ..closed };
    bench.replace(&document.0.to_string(), &Record::Incident(Box::new(closed)));
    let (by, reason) = ("bob".to_owned(), "we look ourselves".to_owned());
    bench.remember(&Record::Abort(Abort {
        host: HostId(2),
        incident: document,
        by,
        reason,
        at: Epoch(now()),
    }));
    let told = json(&bench);
    let [down] = told["down"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((&down["kind"], &down["vms"][0]["id"]), (&"aborted".into(), &0.into()), "{told}");
    assert_eq!(down["why"], "bob has ended it: we look ourselves", "{told}");
}

#[test]
fn a_vm_that_vm_down_holds_is_told_until_it_runs() {
    let vms = "vms = [{ name = \"web\", host = \"node0\" }]\nbefore = [\"crashes web\"]\n";
    let bench = bench(&format!("{WELL}{vms}"));
    assert_eq!(screen(&bench).0, 0, "a hook looks after it");
    let xml = bench.cloud.lock().unwrap().vm_xml(VmId(0)).unwrap();
    let at = xml.split("<RETIME>").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned();
    let down = Value::Text(format!("HA_DOWN=\"{at}\""));
    assert!(matches!(bench.oned("one.vm.update", vec![Value::Int(0), down, Value::Int(1)]), Reply::Value(_)));
    let (code, text) = screen(&bench);
    assert!(code == 1 && text.contains("\ndo this    vm_down --vm 0\n"), "{text}");
    assert!(text.contains("VMs DOWN   1 VM: vm 0 web\n           went down: "), "{text}");
    // This front-end looks again by itself.
    write(&bench.path("onerescue-vm-0.lock"), &format!("since {} next {}", now() - 60, now() + 45), 0o600);
    let told = json(&bench);
    assert_eq!(
        (&told["verdict"], &told["down"][0]["urgency"]),
        (&"at_work".into(), &"at_work".into()),
        "{told}"
    );
    assert!(told["down"][0]["next_look"].as_i64().unwrap() > now(), "{told}");
    let start = vec![Value::Text("resume".to_owned()), Value::Int(0)];
    assert!(matches!(bench.oned("one.vm.action", start), Reply::Value(_)));
    assert_eq!(json(&bench)["down"].as_array().unwrap().len(), 0, "it is on its way");
}
