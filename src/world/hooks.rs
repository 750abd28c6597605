//! Hooks in the cloud: all of them in one look, and single writes.

use super::Zone;
use super::oned::Transport;
use super::zone::reply;
use crate::error::Result;
use crate::model::Hook;
use crate::policy::Reply;
use crate::policy::hooks::Deed;

impl<T: Transport> Zone<T> {
    /// Every hook, as the leader has them now.
    ///
    /// # Errors
    /// [`crate::error::Error::Oned`].
    pub fn hooks(&self) -> Result<Vec<Hook>> {
        // A leader that was replaced without failing would answer from what it knew then.
        self.oned().forget_leader();
        Ok(self.oned().hooks()?.good)
    }

    /// Send one write about hooks, once.
    pub fn write_hook(&self, deed: &Deed) -> Reply {
        let oned = self.oned();
        let template = deed.template().unwrap_or_default();
        reply(match deed {
            Deed::Create(_) => oned.allocate_hook(&template),
            Deed::Replace(hook, _) => oned.update_hook(hook.id, &template),
            Deed::Delete(hook) => oned.delete_hook(hook.id),
        })
    }
}
