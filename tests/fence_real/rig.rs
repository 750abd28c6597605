//! A cloud on a loopback port whose node0 is the machine of a lab, and the executables started against it.

use super::lab::Lab;
use super::processes::{session_runs, within};
use crate::hooks::bench::{Bench, HOST_ERROR, err, out};
use onerescue::model::{HostId, VmId, VmState};
use std::fs;
use std::process::{Child, Output};
use std::time::{Duration, Instant};

/// node0 hangs with power: its VMs still write until it is switched off.
pub(crate) const HUNG_NODE0: &str = r#"
title = "node0 hangs"
call = "-m"
host = "node0"
before = ["dies node0 hang"]
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }]
vms = [{ name = "web", host = "node0", count = 3 }]
"#;

/// One try, and no patience with a device that says nothing.
pub(crate) const ONE_TRY: &str = "attempts = 1\npatience = \"0s\"\n";

/// It describes itself, and then neither it nor its child wants to end.
pub(crate) const HANGS: &str = "#!/bin/bash\n[ \"$1\" = -o ] && exit\ntrap '' TERM\nsleep 1000 &\n\
                     echo $$ >\"$0.group\"\nwhile :; do sleep 1000; done\n";

/// A cloud whose node0 is the machine of a lab.
pub(crate) struct Rig {
    pub(crate) lab: Lab,
    pub(crate) bench: Bench,
}

/// How an executable ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// Everything it said, the log file with it.
    pub(crate) said: String,
    pub(crate) took: Duration,
}

impl Rig {
    pub(crate) fn new(lab: Lab) -> Rig {
        Rig::with_scenario(lab, HUNG_NODE0)
    }

    pub(crate) fn with_scenario(lab: Lab, scenario: &str) -> Rig {
        let bench = Bench::without_devices(scenario);
        // The simulated machine loses its power with the real one.
        let document = lab.path("document");
        fs::write(&document, bench.template()).unwrap();
        let told =
            format!("#!/bin/sh\nexec {} off <{} >>/dev/null\n", bench.power_switch(), document.display());
        lab.install("powered_off", &told);
        Rig { lab, bench }
    }

    /// `rules` are lines of `[fence]`; the agent waits `patience` seconds for the power to go.
    pub(crate) fn real_agent(self, rules: &str, timeout: &str, patience: u32) -> Rig {
        self.bench.settings(&format!("{rules}{}", self.lab.devices("fence_ipmilan", timeout, patience)));
        self
    }

    /// Stand-ins of agents, in the folder of the lab.
    pub(crate) fn stand_in(self, rules: &str, timeout: &str) -> Rig {
        let devices = self.lab.devices("fence_test", timeout, 1);
        self.bench.settings(&format!("{rules}agents_dir = [{:?}]\n{devices}", self.lab.path("")));
        self
    }

    /// In a session of its own, so that whoever it leaves behind is found.
    pub(crate) fn start(&self, command: &[&str], options: &str) -> Child {
        let stdin = format!("{}{options}\n", self.bench.template());
        self.bench.start("/usr/bin/setsid", command, &stdin)
    }

    pub(crate) fn recover(&self) -> Ended {
        self.end(Instant::now(), self.start(&[HOST_ERROR], " -m -p 0"))
    }

    pub(crate) fn end(&self, begin: Instant, child: Child) -> Ended {
        let session = child.id();
        let output: Output = child.wait_with_output().unwrap();
        let took = begin.elapsed();
        assert!(within(Duration::from_secs(1), || !session_runs(session)), "it left processes behind");
        let said = format!("{}{}{}", out(&output), err(&output), self.bench.log());
        Ended { code: output.status.code(), said, took }
    }

    /// The host is dead, and every VM runs elsewhere and only there.
    pub(crate) fn recovered(&self, ended: &Ended) {
        self.proven(ended, "ipmi said off 3 times in a row");
    }

    /// The same, and the log says by what.
    pub(crate) fn proven(&self, ended: &Ended, proof: &str) {
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        assert!(ended.said.contains(proof), "{}", ended.said);
        assert!(!self.lab.machine_runs());
        let cloud = self.bench.cloud.lock().unwrap();
        for vm in [0, 1, 2].map(VmId) {
            assert_eq!(cloud.vm_state(vm), Some(VmState::RUNNING));
            assert_ne!(cloud.vm_host(vm), Some(HostId(0)));
            assert_eq!(cloud.domain_hosts(vm).len(), 1);
        }
        // None of them was started while the host had power.
        assert_eq!(cloud.breaches(), []);
    }

    /// Nothing is proven, and no VM was touched.
    pub(crate) fn refused(&self, ended: &Ended, why: &str) {
        assert_eq!(ended.code, Some(6), "{}", ended.said);
        assert!(ended.said.contains("no VM was touched"), "{}", ended.said);
        assert!(ended.said.contains(why), "{why}: {}", ended.said);
        self.untouched();
    }

    pub(crate) fn untouched(&self) {
        let cloud = self.bench.cloud.lock().unwrap();
        for vm in [0, 1, 2].map(VmId) {
            assert_eq!(cloud.vm_state(vm), Some(VmState::UNKNOWN));
            assert_eq!(cloud.vm_host(vm), Some(HostId(0)));
        }
        assert_eq!(cloud.breaches(), []);
    }
}
