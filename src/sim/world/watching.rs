//! The simulated world for a watcher.

use super::SimWorld;
use crate::model::{DocumentId, Forced, Heard, Host, HostId, Peer};
use crate::policy::Failure;
use crate::sim::seen::Looked;
use crate::wire::record::Record;
use std::time::Duration;

impl SimWorld {
    pub(super) fn read_pool(&mut self) -> Result<Vec<Host>, Failure> {
        self.due();
        self.zone.hosts()
    }

    /// A connection that has said nothing yet is listened to in the next round too.
    pub(super) fn listen_to(&mut self, hosts: &[Peer], listen: Duration) -> Vec<(HostId, Heard)> {
        self.advance(listen);
        let now = self.cloud_now();
        let mut all = Vec::new();
        for host in hosts {
            let since = *self.connected.entry(host.id).or_insert_with(|| now.saturating_sub(listen));
            let heard = self.transport.cloud().heard(host.id, now.saturating_sub(since));
            if heard != Heard::Nothing {
                self.connected.remove(&host.id);
                if heard == Heard::Banner {
                    self.banners.insert(host.id, now);
                }
                all.push((host.id, heard));
            }
        }
        all
    }

    pub(super) fn write_forced(
        &mut self,
        document: Option<DocumentId>,
        forced: &Forced,
    ) -> Result<DocumentId, Failure> {
        self.due();
        self.zone.record_forced(document, forced)
    }

    /// A host is about to be set OFFLINE.
    pub(super) fn note_look(&mut self, host: HostId) {
        let at = self.cloud_now();
        let cloud = self.transport.cloud();
        let records = cloud.our_records().into_iter().filter_map(|(_, record)| match record {
            Record::Forced(forced) if forced.host == host => Some(forced),
            Record::Forced(_)
            | Record::Incident(_)
            | Record::Control { .. }
            | Record::Confirmation(_)
            | Record::Proceed(_)
            | Record::Abort(_)
            | Record::SeenOn { .. }
            | Record::Evacuation(_)
            | Record::Notices(_) => None,
        });
        let notes = records.collect();
        let state = cloud.host_state(host);
        drop(cloud);
        let banner = self.banners.get(&host).copied();
        self.looked.push(Looked { at, host, state, banner, notes, silent: self.connected.len() });
    }

    /// Hosts that a person had set OFFLINE and a run has enabled.
    #[must_use]
    pub fn taken_from_persons(&self) -> &[HostId] {
        &self.taken
    }

    /// Looks that watchers have made oned take, in all runs.
    #[must_use]
    pub fn looked(&self) -> &[Looked] {
        &self.looked
    }
}
