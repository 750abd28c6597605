//! One connection to a host's ssh port: it is begun, and read as far as its first four bytes.

use super::super::clock::now;
use crate::model::Heard;
use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, read};
use rustix::net::sockopt::{set_socket_linger, socket_error};
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// How an sshd begins. Source: RFC 4253, section 4.2.
const BANNER: [u8; 4] = *b"SSH-";

#[derive(Debug)]
pub(super) struct Attempt {
    socket: OwnedFd,
    pub(super) began: Instant,
    connected: bool,
    /// What came in until now.
    text: Vec<u8>,
}

impl Attempt {
    /// Begin to connect; nothing is waited for.
    ///
    /// # Errors
    /// What that says, if it is over at once.
    pub(super) fn begin(address: SocketAddr) -> Result<Self, Heard> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(family, SocketType::STREAM, flags, None).map_err(failed)?;
        // Closed at once: no port of this machine is kept busy for a minute by each connection.
        let _ = set_socket_linger(&socket, Some(Duration::ZERO));
        match connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {
                Ok(Self { socket, began: now(), connected: false, text: Vec::new() })
            }
            Err(errno) => Err(failed(errno)),
        }
    }

    /// What is waited for next.
    pub(super) fn event(&self) -> PollFd<'_> {
        PollFd::new(&self.socket, if self.connected { PollFlags::IN } else { PollFlags::OUT })
    }

    /// That has come. What it says, if it is over.
    pub(super) fn goes_on(&mut self) -> Option<Heard> {
        if !self.connected {
            match socket_error(&self.socket) {
                Ok(Ok(())) => self.connected = true,
                Ok(Err(errno)) | Err(errno) => return Some(failed(errno)),
            }
        }
        let mut bytes = [0; BANNER.len()];
        match read(&self.socket, &mut bytes) {
            Ok(count) if count > 0 => self.text.extend(bytes.iter().take(count)),
            Err(Errno::AGAIN | Errno::INTR) => return None,
            // It was closed, as by an sshd that has too many connections: somebody there is at work.
            Ok(_) | Err(_) => return Some(Heard::Refused),
        }
        if self.text.starts_with(&BANNER) {
            return Some(Heard::Banner);
        }
        // Another program than sshd has answered.
        (!BANNER.starts_with(&self.text)).then_some(Heard::Refused)
    }
}

/// A connection that cannot be had: by the host, by what is between, or by this machine.
fn failed(errno: Errno) -> Heard {
    match errno {
        Errno::CONNREFUSED | Errno::CONNRESET => Heard::Refused,
        Errno::HOSTUNREACH | Errno::HOSTDOWN | Errno::TIMEDOUT => Heard::Nothing,
        // No route from here, no socket left, a firewall of our own.
        other => Heard::NotAsked(other.to_string()),
    }
}
