//! An IPMI controller, for a scan: whether one is there, and which machine it says that it is. It gets no order.
//!
//! Presence is the first request of every session, which needs no password. The identity is asked with `ipmitool`, which
//! reads the password from its file. Source: IPMI 2.0, 13.1.3 (RMCP), 22.13 (Get Channel Authentication Capabilities),
//! 20.8 (Get Device GUID), 22.14 (Get System GUID).

use super::runner::{Call, Outcome, Ran, reason, run};
use super::secret::{Secret, redacted};
use crate::config::trust;
use crate::model::identity::{NOBODYS, of_bytes, own_serial};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An answer comes within milliseconds; a packet may be lost.
const PRESENCE: Duration = Duration::from_secs(1);
const TRIES: usize = 2;

/// Which sessions does the channel have? RMCP, an IPMI 1.5 header without a session, the request.
const CAPABILITIES: [u8; 23] = [
    0x06, 0x00, 0xff, 0x07, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x09, 0x20, 0x18, 0xc8, 0x81, 0x00, 0x38, 0x8e, 0x04,
    0xb5,
];

/// Where a controller is, and as whom it is asked.
pub(super) struct Asked<'a> {
    pub(super) at: SocketAddr,
    pub(super) username: &'a str,
    pub(super) password: &'a Secret,
    /// The file that has the password, for `ipmitool`.
    pub(super) file: &'a Path,
    pub(super) cipher: Option<&'a str>,
    pub(super) privilege: Option<&'a str>,
    pub(super) lanplus: bool,
    pub(super) timeout: Duration,
}

/// What it says of its machine.
pub(super) struct Shown {
    /// The two readings of its GUID, if that is anybody's: the bytes in their order, and from the last to the first.
    pub(super) uuids: Vec<String>,
    pub(super) serial: Option<String>,
}

/// Is an IPMI controller there?
pub(super) fn is_present(at: SocketAddr) -> bool {
    let any: SocketAddr = if at.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).and_then(|socket| {
        socket.connect(at)?;
        socket.set_read_timeout(Some(PRESENCE))?;
        Ok(socket)
    });
    let Ok(socket) = socket else { return false };
    (0..TRIES).any(|_| {
        let mut answer = [0; 128];
        let heard = socket.send(&CAPABILITIES).and_then(|_| socket.recv(&mut answer));
        heard.is_ok_and(|length| is_answer(answer.get(..length).unwrap_or_default()))
    })
}

/// RMCP of the class IPMI, and the response to that request, completed.
fn is_answer(bytes: &[u8]) -> bool {
    let at = |place: usize| bytes.get(place).copied();
    (at(0), at(3), at(4)) == (Some(0x06), Some(0x07), Some(0))
        && (at(15).map(|byte| byte >> 2), at(19), at(20)) == (Some(0x07), Some(0x38), Some(0))
}

/// Ask which machine it is.
///
/// # Errors
/// Why it does not say.
pub(super) fn ask(asked: &Asked<'_>) -> Result<Shown, String> {
    let directories = ["/usr/bin", "/usr/sbin", "/usr/local/bin"].map(PathBuf::from);
    let program = trust::find_program("ipmitool", &directories)?;
    // Get System GUID: `ipmitool mc guid` is the same, and every version of it prints another reading.
    let guid = call(asked, &program, &["raw", "0x06", "0x37"]);
    if guid.outcome != Outcome::Exited(0) || guid.cut {
        return Err(reason(&guid));
    }
    let fru = call(asked, &program, &["fru", "print", "0"]);
    let uuids = guid_in(&guid.stdout).map(readings).unwrap_or_default();
    Ok(Shown { uuids, serial: serial_in(&fru.stdout).filter(|_| !fru.cut) })
}

fn call(asked: &Asked<'_>, program: &Path, command: &[&str]) -> Ran {
    let (address, port) = (asked.at.ip().to_string(), asked.at.port().to_string());
    let file = asked.file.display().to_string();
    let interface = if asked.lanplus { "lanplus" } else { "lan" };
    let mut words = vec!["-I", interface, "-H", &address, "-p", &port, "-U", asked.username, "-f", &file];
    words.extend(asked.cipher.iter().flat_map(|cipher| ["-C", cipher]));
    words.extend(asked.privilege.iter().flat_map(|level| ["-L", level]));
    words.extend(["-N", "2", "-R", "2"]);
    words.extend(command);
    let arguments: Vec<_> = words.into_iter().map(str::to_owned).collect();
    let deadline = asked.timeout;
    let ran = run(&Call { program, arguments: &arguments, stdin: b"", deadline, ca_file: None });
    redacted(ran, std::slice::from_ref(asked.password))
}

/// ` 43 30 30 31 …`: 16 bytes.
fn guid_in(text: &str) -> Option<[u8; 16]> {
    let bytes: Result<Vec<u8>, _> =
        text.split_whitespace().map(|word| u8::from_str_radix(word, 16)).collect();
    bytes.ok()?.try_into().ok()
}

/// IPMI wants the bytes of a GUID from the last to the first; most controllers send them as SMBIOS has them.
fn readings(bytes: [u8; 16]) -> Vec<String> {
    let mut reversed = bytes;
    reversed.reverse();
    let both = [of_bytes(bytes), of_bytes(reversed)];
    if both.iter().any(|uuid| NOBODYS.contains(&uuid.as_str())) { Vec::new() } else { both.into() }
}

/// `Product Serial        : CZ1234567`
fn serial_in(text: &str) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    own_serial(lines.find(|(name, _)| name.trim() == "Product Serial")?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_has_two_readings_and_a_filler_has_none() {
        let raw = " 4c 4c 45 44 00 37 42 10 80 54 b7 c0 4f 38 34\n 32\n";
        let expected = ["4c4c4544-0037-4210-8054-b7c04f383432", "3234384f-c0b7-5480-1042-370044454c4c"];
        assert_eq!(readings(guid_in(raw).unwrap()), expected);
        assert!(readings([0; 16]).is_empty() && readings([0xff; 16]).is_empty());
        for text in ["", " 4c 4c", "Unable to send RAW command", &format!("{raw} 00")] {
            assert_eq!(guid_in(text), None, "{text}");
        }
    }

    #[test]
    fn the_serial_number_is_the_product_s() {
        let fru = " Board Serial          : CN77\n Product Name          : R650\n Product Serial        : 7XK2M03\n";
        assert_eq!(serial_in(fru).as_deref(), Some("7XK2M03"));
        assert_eq!(serial_in(" Board Serial          : CN77\n"), None);
        assert_eq!(serial_in(" Product Serial        : 0123456789\n"), None);
    }

    #[test]
    fn only_the_answer_to_the_question_is_a_controller() {
        let good = [
            6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x81, 0x1c, 0x63, 0x20, 0, 0x38, 0, 1, 0x80, 4,
            2, 0, 0, 0, 0, 0,
        ];
        assert!(is_answer(&good));
        for (place, byte) in [(0, 5), (3, 6), (15, 0x18), (19, 0x37), (20, 0xcc)] {
            let mut bad = good;
            bad[place] = byte;
            assert!(!is_answer(&bad), "{place}");
        }
        assert!(!is_answer(&CAPABILITIES) && !is_answer(b"") && !is_answer(&good[..20]));
    }
}
