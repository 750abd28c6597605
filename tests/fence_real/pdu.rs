//! `fence_apc_snmp` and switched rack PDUs. A machine with two feeds dies when both outlets are off, and only then.

use super::lab::{DOCUMENT, Lab, fence, host, install, off, status, unknown};
use super::outlets::Pdu;
use super::processes::{eventually, processes};
use super::rig::{HUNG_NODE0, ONE_TRY, Rig};
use onerescue::model::{DeviceName, PowerState};
use onerescue::world::fence::Fence;
use std::fs;
use std::thread;

/// A machine with a controller and two feeds, and what fences it: first the controller, then both PDUs.
struct TwoFeeds {
    lab: Lab,
    pdus: [Pdu; 2],
}

impl TwoFeeds {
    /// Both feeds come from outlet 3, as far as the cables go.
    fn start(number: u8) -> Self {
        let lab = Lab::start(number);
        let pdus = [Pdu::start(number), Pdu::start(number + 100)];
        let machine = fs::read_to_string(lab.path("machine")).unwrap();
        let [a, b] = pdus.each_ref().map(|pdu| pdu.path("outlet-3"));
        let (a, b, told) = (a.display(), b.display(), lab.path("powered_off"));
        let told = told.display();
        let switched = format!(
            "#!/bin/bash\n[ \"$(cat {a})$(cat {b})\" = offoff ] || exit\n\
             kill -KILL -- -{machine}\n[ ! -x {told} ] || {told}\n"
        );
        for pdu in &pdus {
            let link = pdu.path("switched");
            std::os::unix::fs::symlink(lab.path("switched"), link).unwrap();
        }
        install(&lab.path("switched"), &switched);
        Self { lab, pdus }
    }

    fn settings(&self, plug: u32) -> String {
        let devices = self.lab.devices("fence_ipmilan", "3s", 1);
        let levels = devices.replace("devices = [\"ipmi\"]", "levels = [[\"ipmi\"], [\"pdu_a\", \"pdu_b\"]]");
        assert_ne!(levels, devices);
        let [a, b] = &self.pdus;
        format!(
            "{}{}{levels}[host.params.pdu_a]\nplug = \"{plug}\"\n[host.params.pdu_b]\nplug = \"{plug}\"\n",
            a.device("pdu_a", "10s", 1),
            b.device("pdu_b", "10s", 1)
        )
    }

    fn fence(&self, plug: u32) -> Fence {
        let run_dir = self.lab.path("");
        fence(&format!("run_dir = {run_dir:?}\n{}", self.settings(plug)))
    }
}

/// Level 1 is the controller, level 2 both PDUs.
fn pdus() -> [DeviceName; 2] {
    ["pdu_a", "pdu_b"].map(|name| DeviceName(name.to_owned()))
}

fn tell(fence: &Fence, device: &DeviceName) -> Result<(), String> {
    fence.off(&host(), DOCUMENT, device, None).map_err(|failed| failed.why().to_owned())
}

fn ask(fence: &Fence, device: &DeviceName) -> PowerState {
    fence.status(&host(), DOCUMENT, device, None)
}

#[test]
fn row_23_with_the_controller_dead_both_pdus_take_the_power() {
    let rig = TwoFeeds::start(23);
    rig.lab.signal_controller("KILL");
    let fence = rig.fence(3);
    let levels = fence.plan(&host()).unwrap();
    let levels: Vec<Vec<_>> =
        levels.iter().map(|l| l.0.iter().map(|d| d.name.0.as_str()).collect()).collect();
    assert_eq!(levels, [vec!["ipmi"], vec!["pdu_a", "pdu_b"]]);
    assert!(off(&fence).is_err());
    unknown(status(&fence));

    let [a, b] = pdus();
    assert_eq!([ask(&fence, &a), ask(&fence, &b)], [PowerState::On, PowerState::On]);
    assert_eq!(tell(&fence, &a), Ok(()));
    // One feed is enough to live, and the other PDU says so.
    assert_eq!([ask(&fence, &a), ask(&fence, &b)], [PowerState::Off, PowerState::On]);
    assert!(rig.lab.machine_runs());
    assert_eq!(tell(&fence, &b), Ok(()));
    assert_eq!([ask(&fence, &a), ask(&fence, &b)], [PowerState::Off, PowerState::Off]);
    assert!(eventually(|| !rig.lab.machine_runs()));
    // Off already is success, and nothing is sent.
    assert_eq!(tell(&fence, &a), Ok(()));
    assert_eq!(rig.pdus.each_ref().map(Pdu::orders), [1, 1]);
    assert!(rig.pdus.iter().all(|pdu| !pdu.is_on(3) && pdu.is_on(4)));
}

#[test]
fn row_23_the_procedure_goes_on_to_the_pdus_when_the_controller_is_dead() {
    let feeds = TwoFeeds::start(123);
    feeds.lab.signal_controller("KILL");
    let settings = feeds.settings(3);
    let rig = Rig::with_scenario(feeds.lab, HUNG_NODE0);
    rig.bench.settings(&format!("{ONE_TRY}{settings}"));
    let ended = rig.recover();
    rig.proven(&ended, "pdu_b said off 3 times in a row");
    assert_eq!(feeds.pdus.each_ref().map(Pdu::orders), [1, 1]);
}

#[test]
fn row_25_a_dead_pdu_proves_nothing_whatever_the_other_one_says() {
    let mut rig = TwoFeeds::start(25);
    rig.lab.signal_controller("STOP");
    rig.pdus[1].dies();
    let fence = rig.fence(3);
    let [a, b] = pdus();
    assert_eq!(tell(&fence, &a), Ok(()));
    thread::scope(|scope| {
        scope.spawn(|| unknown(status(&fence)));
        scope.spawn(|| {
            let why = unknown(ask(&fence, &b));
            assert!(why.contains("Timeout: No Response"), "{why}");
        });
    });
    let why = tell(&fence, &b).unwrap_err();
    assert!(why.contains("Timeout: No Response") && !why.contains(&rig.pdus[1].community), "{why}");
    assert_eq!(ask(&fence, &a), PowerState::Off);
    assert!(rig.lab.machine_runs());
}

/// The agent takes everything but "on" for off, also "No Such Instance". Nothing in its answer tells an outlet that
/// was switched off from one that does not exist, so what was never seen on by day proves nothing at night:
/// `[fence] seen_on`.
#[test]
fn row_21_an_outlet_that_does_not_exist_says_off() {
    let rig = TwoFeeds::start(21);
    let fence = rig.fence(99);
    for pdu in pdus() {
        assert_eq!(ask(&fence, &pdu), PowerState::Off);
        assert_eq!(tell(&fence, &pdu), Ok(()));
        assert_eq!(ask(&fence, &pdu), PowerState::Off);
    }
    assert!(rig.lab.machine_runs());
    assert_eq!(rig.pdus.each_ref().map(Pdu::orders), [0, 0]);
}

#[test]
fn row_09_a_pdu_that_confirms_and_does_nothing_is_still_on() {
    let pdu = Pdu::start(9);
    fs::write(pdu.path("fault"), "ignored").unwrap();
    let fence = fence(&pdu.settings("20s"));
    assert_eq!(off(&fence), Err("exit code 1: Failed: Timed out waiting to power OFF".to_owned()));
    assert_eq!(status(&fence), PowerState::On);
    assert!(pdu.orders() > 0);
}

/// Its children have a terminal and a session of their own, so they are in nobody's process group.
#[test]
fn row_43_an_agent_that_is_ended_takes_its_children_with_it() {
    let mut pdu = Pdu::start(43);
    pdu.dies();
    let fence = fence(&pdu.settings("2s"));
    let target = format!(" {}:{} ", pdu.address, pdu.port);
    let child = || processes().iter().any(|process| process.command.contains(&target));
    thread::scope(|scope| {
        let asked = scope.spawn(|| status(&fence));
        assert!(eventually(child));
        assert_eq!(unknown(asked.join().unwrap()), "no answer in time");
    });
    assert!(eventually(|| !child()));
}

/// Twelve machines, each with a controller of its own, behind one PDU that takes one call at a time. An order and two
/// looks at each: nobody is refused, and no call begins before the one before it is over.
#[test]
fn row_56_twelve_hosts_share_a_pdu_that_takes_one_call_at_a_time() {
    let pdu = Pdu::start(56);
    let agents = tempfile::tempdir().unwrap();
    let requests = pdu.path("requests");
    let agent = format!(
        "#!/bin/sh\nagent=/usr/sbin/fence_apc_snmp\n[ $# = 0 ] || exec $agent \"$@\"\n\
         echo begin $$ >>{0}\n$agent\ncode=$?\necho end $$ >>{0}\nexit $code\n",
        requests.display()
    );
    install(&agents.path().join("fence_apc_snmp"), &agent);
    let labs: Vec<_> = (1..=12).map(|outlet| (outlet, Lab::start(120 + outlet))).collect();
    let proven = |outlet: u8, lab: &Lab| {
        let devices = lab.devices("fence_ipmilan", "60s", 10);
        let both = devices.replace("devices = [\"ipmi\"]", "devices = [\"ipmi\", \"pdu\"]");
        let fence = fence(&format!(
            "run_dir = {:?}\n[fence]\nagents_dir = [{:?}, \"/usr/sbin\"]\n{}{both}[host.params.pdu]\nplug = \"{outlet}\"\n",
            pdu.path(""),
            agents.path(),
            pdu.device("pdu", "60s", 1)
        ));
        let feed = DeviceName("pdu".to_owned());
        assert_eq!([off(&fence), tell(&fence, &feed)], [Ok(()), Ok(())]);
        for _ in 0..2 {
            assert_eq!([status(&fence), ask(&fence, &feed)], [PowerState::Off, PowerState::Off]);
        }
    };
    thread::scope(|scope| {
        for (outlet, lab) in &labs {
            scope.spawn(move || proven(*outlet, lab));
        }
    });
    assert!(!labs.iter().any(|(_, lab)| lab.machine_runs()));
    assert!((1..=12).all(|outlet| !pdu.is_on(outlet)) && pdu.is_on(13));

    let requests = pdu.requests();
    let words: Vec<Vec<_>> = requests.lines().map(|line| line.split(' ').collect()).collect();
    let calls: Vec<_> = words.split_inclusive(|line| line[0] == "end").collect();
    assert_eq!(calls.len(), 12 * 3);
    for call in calls {
        let ([begin, asked @ .., end], true) = (call, call.len() > 2) else {
            panic!("{call:?}");
        };
        assert_eq!((begin[0], end[0], begin[1]), ("begin", "end", end[1]), "{call:?}");
        let one_outlet = |line: &Vec<&str>| line[0] != "begin" && line[1] == asked[0][1];
        assert!(asked.iter().all(one_outlet), "{call:?}");
    }
}

/// Controller and PDUs are without power, as in a total outage, which nobody can tell from a cut cable.
#[test]
fn row_26_with_every_device_dead_no_vm_moves() {
    let mut feeds = TwoFeeds::start(26);
    feeds.lab.signal_controller("KILL");
    for pdu in &mut feeds.pdus {
        pdu.dies();
    }
    let settings = feeds.settings(3);
    let rig = Rig::with_scenario(feeds.lab, HUNG_NODE0);
    rig.bench.settings(&format!("{ONE_TRY}{settings}"));
    let ended = rig.recover();
    rig.refused(&ended, "ipmi says unknown");
    for pdu in &feeds.pdus {
        assert!(!ended.said.contains(&pdu.community));
    }
    assert!(rig.lab.machine_runs());
}
