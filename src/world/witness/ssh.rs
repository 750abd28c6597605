//! A peer that looks at a host: the settings' probe, run on another host over ssh.

use crate::config::WitnessSettings;
use crate::model::{Host, Opinion, Peer, VmId};
use crate::world::runner::{Outcome, Ran, reason};
use crate::world::ssh::Ssh;
use std::collections::BTreeSet;

/// Ask one peer.
///
/// # Errors
/// Why it was not asked.
pub(super) fn ask(
    ssh: &Ssh,
    settings: &WitnessSettings,
    suspect: &Host,
    peer: &Peer,
) -> Result<(Opinion, String), String> {
    let address = ssh.address(suspect)?;
    let probe: Vec<_> = settings.probe.iter().map(|word| word.replace("{address}", &address)).collect();
    Ok(opinion(&ssh.run(peer, &probe, b"", settings.timeout)?))
}

/// What the probe's end says: 0 is an answer of the host, 1 is none (`ping` ends with 2 when it could not look at
/// all). Everything else, ssh's own 255 among it, is about the peer and not about the host.
pub(super) fn opinion(ran: &Ran) -> (Opinion, String) {
    match ran.outcome {
        Outcome::Exited(0) => (Opinion::Alive, "exit code 0".to_owned()),
        Outcome::Exited(1) => (Opinion::Dead, reason(ran)),
        Outcome::Exited(_) | Outcome::Signalled(_) | Outcome::TimedOut | Outcome::NotStarted(_) => {
            (Opinion::None, reason(ran))
        }
    }
}

/// The VMs that the output names: `one-41`, as a word of its own. The last word of an output that was cut is none.
pub(super) fn named(ran: &Ran, vms: &[VmId]) -> Vec<VmId> {
    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '-';
    let whole =
        if ran.cut { ran.stdout.rsplit_once(ends).map_or("", |(whole, _)| whole) } else { &ran.stdout };
    let words = whole.split(ends);
    let ids: BTreeSet<u32> = words.filter_map(|word| word.strip_prefix("one-")?.parse().ok()).collect();
    vms.iter().filter(|vm| ids.contains(&vm.0)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_named_by_whole_words() {
        let stdout = "99 qemu-kvm -name guest=one-12,debug-threads=on -m 1\n100 x guest=one-7,y one-3a x-one-4\nguest=one-1";
        let ran =
            Ran { outcome: Outcome::Exited(0), stdout: stdout.to_owned(), stderr: String::new(), cut: false };
        let asked = [1, 2, 3, 4, 7, 12].map(VmId);
        assert_eq!(named(&ran, &asked), [1, 7, 12].map(VmId));
        assert_eq!(named(&Ran { cut: true, ..ran }, &asked), [7, 12].map(VmId));
    }

    #[test]
    fn only_0_and_1_are_opinions() {
        let of =
            |outcome| opinion(&Ran { outcome, stdout: "x\n".to_owned(), stderr: String::new(), cut: false });
        assert_eq!(of(Outcome::Exited(0)), (Opinion::Alive, "exit code 0".to_owned()));
        assert_eq!(of(Outcome::Exited(1)), (Opinion::Dead, "exit code 1: x".to_owned()));
        for code in [2, -1, 126, 127, 128, 255, 256] {
            assert_eq!(of(Outcome::Exited(code)), (Opinion::None, format!("exit code {code}: x")));
        }
        for outcome in [Outcome::Signalled(1), Outcome::TimedOut, Outcome::NotStarted("no".to_owned())] {
            assert_eq!(of(outcome).0, Opinion::None);
        }
    }
}
