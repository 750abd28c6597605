//! What the hooks share that look after VMs on healthy hosts: `host_back` and `vm_down`.
//!
//! Nothing here is about a dead host: no fence, no proof. A VM is only started where its last host says that it does
//! not run, or moved by oned from a host that is alive.

mod account;
pub(in crate::policy) mod claim;
pub(in crate::policy) mod deed;
pub(in crate::policy) mod fallen;
pub(in crate::policy) mod guests;
mod place;

pub use account::{Account, Hook, told};
pub(in crate::policy) use claim::{Claimed, claim, must_lead};
pub use deed::Deed;
pub(in crate::policy) use fallen::{
    DOWN, Fallen, MIGRATE, MONITOR, MOVING, NONE, PERSON, RESTARTING, RESTARTS, RESUME, STATE, fallen,
    fell_since, is_known_down, is_on_its_way, may_run_elsewhere, still,
};
pub(in crate::policy) use place::place;
