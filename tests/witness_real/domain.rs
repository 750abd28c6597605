//! A host is asked over ssh whether it runs a VM, with the command of the settings' default: the real `pgrep`.

use super::peers::{Peers, peer};
use crate::fence_real::lab;
use onerescue::model::{Host, Opinion, VmId};
use std::process::{Child, Command};

/// A process that calls itself as QEMU does for a VM of OpenNebula.
struct Guest(Child);

impl Guest {
    fn start(vm: VmId) -> Guest {
        let script =
            format!("exec -a 'qemu-system-x86_64 -name guest=one-{},debug-threads=on' sleep 600", vm.0);
        Guest(Command::new("/bin/bash").args(["-c", &script]).spawn().unwrap())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// No VM of another test has this number.
const VM: VmId = VmId(4_200_017);

#[test]
fn a_host_says_over_ssh_whether_a_vm_runs_on_it() {
    let mut peers = Peers::start(1);
    let witness = peers.witness("", "");
    let host = Host { id: peer(1).id, name: peer(1).name, ..lab::host() };
    let opinion = |vm| witness.domain(&host, vm).opinion;
    assert_eq!(opinion(VM), Opinion::Dead, "the command does not find itself");
    let guest = Guest::start(VM);
    assert!(crate::fence_real::processes::eventually(|| opinion(VM) == Opinion::Alive));
    assert_eq!(
        opinion(VmId(VM.0 / 10)),
        Opinion::Dead,
        "the number of another VM begins with that of this one"
    );
    drop(guest);
    assert_eq!(opinion(VM), Opinion::Dead);
    peers.stop(1);
    let silent = witness.domain(&host, VM);
    assert_eq!(silent.opinion, Opinion::None, "{silent:?}");
}

#[test]
fn peers_say_over_ssh_which_of_many_vms_they_run() {
    let (one, two, other) = (VmId(4_200_023), VmId(4_200_024), VmId(4_200_025));
    let mut peers = Peers::start(2);
    let witness = peers.witness("", "");
    let asked = [peer(1), peer(2)];
    let many: Vec<_> = (4_300_000..4_302_000).map(VmId).chain([one, two]).collect();
    let running = || witness.domains(&asked, &many).into_iter().map(|said| said.running).collect::<Vec<_>>();
    assert_eq!(running(), [vec![], vec![]], "the command does not find itself");
    let guests = [Guest::start(two), Guest::start(other)];
    // Both are this machine.
    let both = [vec![two], vec![two]];
    assert!(
        crate::fence_real::processes::eventually(|| running() == both),
        "and no VM that was not asked for"
    );
    drop(guests);
    assert_eq!(running(), [vec![], vec![]]);
    peers.stop(1);
    let said = witness.domains(&asked, &many);
    assert!(said[0].silent.is_some() && said[1].silent.is_none(), "{said:?}");
}
