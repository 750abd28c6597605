//! The simulated world for hooks on healthy hosts.

use super::SimWorld;
use crate::model::{Vm, VmId};
use crate::policy::Reply;
use crate::policy::tend::Deed;
use crate::sim::seen::Tended;
use crate::wire::documents;
use crate::wire::xml::Limits;
use crate::world::{Tend, one_by_one};

impl Tend for SimWorld {
    fn tend(&mut self, deeds: &[Deed]) -> Vec<Reply> {
        if deeds.iter().all(|deed| deed.vm().is_some()) {
            return deeds.iter().map(|deed| self.carry_out(deed)).collect();
        }
        one_by_one(deeds, |deed| self.carry_out(deed))
    }
}

impl SimWorld {
    fn carry_out(&mut self, deed: &Deed) -> Reply {
        self.due();
        let (domains, vm) = deed.vm().map_or((Vec::new(), None), |vm| self.truth(vm));
        let at = self.cloud_now();
        let reply = self.zone.tend(deed);
        self.tended.push(Tended { at, deed: deed.clone(), reply: reply.clone(), domains, vm });
        reply
    }

    fn truth(&self, id: VmId) -> (Vec<crate::model::HostId>, Option<Vm>) {
        let cloud = self.transport.cloud();
        let vm = cloud.vm_xml(id).and_then(|xml| documents::read::<Vm>(&xml, Limits::HOOK).ok());
        (cloud.domain_hosts(id), vm)
    }

    /// What hooks on healthy hosts have changed in the present run.
    #[must_use]
    pub fn tended(&self) -> &[Tended] {
        &self.tended
    }
}
