//! What systemd is told of a service: that it is ready, and that it lives. Source: `sd_notify(3)`.
//!
//! It is one datagram with a text; a crate for that would be longer than this file.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where systemd listens, if it has started this process so.
#[derive(Debug)]
pub struct Notify(Option<(UnixDatagram, SocketAddr)>);

impl Notify {
    /// `NOTIFY_SOCKET`: a path, or the name of an abstract socket after an `@`.
    #[must_use]
    pub fn to(socket: Option<&str>) -> Self {
        let Some(socket) = socket else { return Self(None) };
        let opened = open(socket).inspect_err(|error| log::warn!("systemd is not told anything: {error}"));
        Self(opened.ok())
    }

    /// Tell it: `READY=1`, `WATCHDOG=1`. What cannot be told is not: the watchdog then says so.
    pub fn tell(&self, text: &str) {
        if let Some((socket, address)) = &self.0 {
            let _ = socket.send_to_addr(text.as_bytes(), address);
        }
    }
}

fn open(socket: &str) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    let own = UnixDatagram::unbound()?;
    own.set_nonblocking(true)?;
    Ok((own, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_an_abstract_name_are_told_and_nobody_is_no_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let abstract_name = format!("@onerescue-test-{}", std::process::id());
        for (named, heard) in [
            (path.to_str().unwrap(), UnixDatagram::bind(&path).unwrap()),
            (
                abstract_name.as_str(),
                UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&abstract_name[1..]).unwrap())
                    .unwrap(),
            ),
        ] {
            Notify::to(Some(named)).tell("READY=1");
            let mut text = [0; 20];
            let length = heard.recv(&mut text).unwrap();
            assert_eq!(&text[..length], b"READY=1");
        }
        Notify::to(None).tell("READY=1");
        Notify::to(Some("/nowhere/there")).tell("READY=1");
    }
}
