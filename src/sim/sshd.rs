//! The sshd of a simulated host, as whoever connects to its port sees it.

use super::cloud::Cloud;
use crate::model::{Heard, HostId, HostState};
use crate::wire::xmlrpc::Value;
use std::time::Duration;

/// How a host's sshd is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sshd {
    /// It answers at once.
    Works,
    /// It is not there: connections are refused.
    Stopped,
    /// It takes connections and says nothing.
    Hangs,
    /// It says its banner so long after the connection.
    Slow(Duration),
    /// So many of the next connections are lost on the way.
    Loses(u32),
}

impl Cloud {
    /// How the sshd of this host is from now on.
    pub fn set_sshd(&mut self, host: HostId, sshd: Sshd) {
        self.sshd.insert(host, sshd);
    }

    /// A person calls `one.host.status` with these. One that is OFFLINE already stays whose it is.
    pub(super) fn person_sets(&mut self, params: &[Value]) {
        let [_, Value::Int(host), Value::Int(status)] = params else { return };
        let host = HostId(u32::try_from(*host).unwrap_or(u32::MAX));
        if *status != 2 {
            self.persons.remove(&host);
        } else if self.host_state(host) != Some(HostState::Offline) {
            self.persons.insert(host);
        }
    }

    /// Is it OFFLINE because a person has set it so?
    #[must_use]
    pub fn is_offline_by_person(&self, host: HostId) -> bool {
        self.persons.contains(&host) && self.host_state(host) == Some(HostState::Offline)
    }

    /// Does it let anybody in who has time?
    pub(crate) fn lets_in(&self, host: HostId) -> bool {
        match self.sshd.get(&host) {
            Some(Sshd::Stopped | Sshd::Hangs) => false,
            Some(Sshd::Works | Sshd::Slow(_) | Sshd::Loses(_)) | None => true,
        }
    }

    /// What the front-end hears at the host's port that has listened for so long to one connection.
    pub(crate) fn heard(&mut self, host: HostId, listened: Duration) -> Heard {
        if !self.physics.reachable(host) {
            return Heard::Nothing;
        }
        match self.sshd.get_mut(&host) {
            Some(Sshd::Stopped) => Heard::Refused,
            Some(Sshd::Hangs) => Heard::Nothing,
            Some(Sshd::Slow(time)) if listened < *time => Heard::Nothing,
            Some(Sshd::Loses(left)) if *left > 0 => {
                *left -= 1;
                Heard::Nothing
            }
            Some(Sshd::Works | Sshd::Slow(_) | Sshd::Loses(_)) | None => Heard::Banner,
        }
    }
}
