//! One look of `onerescue reconcile` at the zone: the calls, and nothing of what follows from them.

use super::Zone;
use super::error_date::error_dates;
use super::oned::Transport;
use crate::model::{Epoch, Host, HostId, HostState, Memory};
use crate::policy::Failure;
use crate::policy::reconcile::{Failing, Look, is_known};
use crate::policy::watched::Watched;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::time::Duration;

/// The hosts of which oned is asked when it has heard them last. More that fail at the same time are a storm.
const MOST: usize = 50;

impl<T: Transport> Zone<T> {
    /// Look: one call, and one for each host in ERROR of which no record knows. `steady` is the time of a clock that nobody
    /// sets; `zone` is the one in which oned writes dates, none if it cannot be read; `watched` is what earlier looks have
    /// seen, and has what this one sees afterwards.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn look(
        &self,
        mut memory: Memory,
        steady: Duration,
        zone: Option<&TimeZone>,
        watched: &mut Watched,
    ) -> Result<Look, Failure> {
        let hosts = self.hosts()?;
        watched.look(steady, &memory, &hosts);
        watched.tell(steady, &mut memory);
        let mut failing = failing(&hosts, &watched.failing(steady), zone);
        let unknown = |host: &&Host| host.state == HostState::Error && !is_known(&memory, host);
        for host in hosts.iter().filter(unknown).take(MOST) {
            if let Some(failing) = failing.get_mut(&host.id) {
                failing.heard = self.heard(host.id);
            }
        }
        Ok(Look { memory, hosts, unread_hosts: self.unread_hosts(), failing })
    }

    /// When oned has heard this host last, by oned's clock; a pool of hosts does not say that.
    fn heard(&self, host: HostId) -> Option<Epoch> {
        let (host, _) = self.oned().host(host).ok()?;
        host.monitored_at.map(Epoch)
    }
}

/// Since when hosts are in ERROR, as far as their own documents and earlier looks say it.
pub(crate) fn failing(
    hosts: &[Host],
    seen: &BTreeMap<HostId, Duration>,
    zone: Option<&TimeZone>,
) -> BTreeMap<HostId, Failing> {
    let failing = hosts.iter().filter(|host| host.state == HostState::Error);
    let one = |host: &Host| {
        let text = host.error.as_deref().unwrap_or_default();
        let dates = zone.map_or_else(Vec::new, |zone| error_dates(text, zone));
        let seen = seen.get(&host.id).copied().unwrap_or_default();
        (host.id, Failing { dates, heard: None, seen })
    };
    failing.map(one).collect()
}
