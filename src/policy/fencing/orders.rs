//! What is sent for the VMs of a host that is proven off: there is no order without the proof.

use crate::policy::desk::Desk;
use crate::policy::fencing::proof::Proof;
use crate::policy::order::{Order, Reply};

impl Proof {
    /// Send orders for VMs of this host, at the same time; the replies are in their order.
    pub(in crate::policy) async fn act(&self, desk: &Desk, orders: Vec<Order>) -> Vec<Reply> {
        let proof = self.shown();
        desk.ask(move |world| world.act(&proof, &orders)).await
    }

    /// Disable this host.
    pub(in crate::policy) async fn disable(&self, desk: &Desk) -> Reply {
        let proof = self.shown();
        desk.ask(move |world| world.disable(&proof)).await
    }
}
