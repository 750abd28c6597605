//! Which machine a host says that it is: UUID and serial number of its SMBIOS, over the same ssh as witnesses.
//!
//! `dmidecode` needs root. Where oneadmin may not call it, the kernel's own copy is read, which most systems show to root
//! only. What a host says is its own word: whether it fits to anything else is for the policy.

use super::parallel::few_at_once;
use super::runner::{Outcome, one_line, reason};
use super::ssh::Ssh;
use crate::config::Config;
use crate::model::identity::{own_serial, own_uuid};
use crate::model::{Host, Peer};
use crate::policy::scan::Said;

/// Hosts that are asked at the same time.
const AT_ONCE: usize = 16;

/// It never asks for a password, and says what it has.
const SCRIPT: &str = "for of in uuid:product_uuid serial-number:product_serial; do \
    v=$(sudo -n dmidecode -s system-${of%%:*} 2>/dev/null) || v=$(cat /sys/class/dmi/id/${of#*:} 2>/dev/null) || v=; \
    printf '%s=\\n%s\\n' \"${of%%:*}\" \"$v\"; done";

/// Ask each of these hosts. The answers are in their order.
pub(crate) fn ask(config: &Config, hosts: &[Host]) -> Vec<Result<Said, String>> {
    let ssh = Ssh::new(config);
    let command = ["/bin/sh", "-c", SCRIPT].map(str::to_owned);
    few_at_once(hosts, AT_ONCE, |host| {
        let peer = Peer { id: host.id, name: host.name.clone() };
        let ran = ssh.run(&peer, &command, b"", config.witness.timeout).map_err(|why| one_line(&why))?;
        match ran.outcome {
            Outcome::Exited(0) if !ran.cut => said(&ran.stdout),
            Outcome::Exited(_) | Outcome::Signalled(_) | Outcome::TimedOut | Outcome::NotStarted(_) => {
                Err(reason(&ran))
            }
        }
    })
}

/// Behind the name of each stands what was said of it; lines with `#` are remarks of `dmidecode`.
fn said(text: &str) -> Result<Said, String> {
    let part = |name: &str| {
        let lines = text.lines().skip_while(|line| *line != name).skip(1);
        let mut lines =
            lines.take_while(|line| *line != "serial-number=").filter(|line| !line.starts_with('#'));
        lines.find(|line| !line.trim().is_empty()).unwrap_or_default()
    };
    let (uuid, serial) = (part("uuid="), part("serial-number="));
    if uuid.is_empty() && serial.is_empty() {
        return Err(
            "oneadmin may neither call `sudo -n dmidecode` there nor read /sys/class/dmi/id/product_uuid"
                .to_owned(),
        );
    }
    Ok(Said { uuid: own_uuid(uuid), serial: own_serial(serial) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_and_fillers_are_no_identity() {
        let uuid = "4c4c4544-0037-4210-8054-b7c04f383432";
        let of = |uuid: Option<&str>, serial: Option<&str>| {
            Ok(Said { uuid: uuid.map(str::to_owned), serial: serial.map(str::to_owned) })
        };
        let text = format!(
            "uuid=\n# SMBIOS implementations newer than 3.3\n{}\nserial-number=\nCZ1001\n",
            uuid.to_uppercase()
        );
        assert_eq!(said(&text), of(Some(uuid), Some("CZ1001")));
        assert_eq!(said("uuid=\n\nserial-number=\nCZ1001\n"), of(None, Some("CZ1001")));
        assert_eq!(said("uuid=\nNot Settable\nserial-number=\nNot Specified\n"), of(None, None));
        for nothing in ["", "uuid=\n\nserial-number=\n\n", "Welcome!\n"] {
            assert!(said(nothing).unwrap_err().contains("sudo -n dmidecode"), "{nothing}");
        }
    }
}
