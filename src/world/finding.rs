//! Where hosts are looked for may follow from all hosts of the zone: they are read before the first question to a witness.
//!
//! Devices are not met here: a run keeps those that it has planned with.

use super::Live;
use super::touch::Ports;
use crate::model::Host;

impl Live {
    /// Before witnesses are asked. Where the hosts cannot be read it stays unknown, and who would be asked has no opinion.
    pub(super) fn find_hosts(&mut self) {
        if self.found || !self.witness.needs_hosts() {
            return;
        }
        if let Ok(hosts) = self.zone().hosts() {
            self.found_all(&hosts);
        }
    }

    /// For who watches the ssh ports of these hosts, which are all.
    pub(super) fn find_ports(&mut self, hosts: &[Host]) {
        if self.ports.as_ref().is_some_and(Ports::need_hosts) {
            self.found_all(hosts);
        }
    }

    fn found_all(&mut self, hosts: &[Host]) {
        let (_, of_clusters) = self.fence.has_patterns();
        let clusters = if of_clusters { self.zone().clusters() } else { Ok(Vec::new()) };
        let Ok(clusters) = clusters else { return };
        let met = self.fence.come_to(hosts, &clusters);
        self.witness.meet(&met, hosts);
        if let Some(ports) = &mut self.ports {
            ports.meet(&met, hosts);
        }
        self.found = true;
    }
}
