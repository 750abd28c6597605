//! Anti-affinity layers: which VMs must not share a host, and what an operator may change about that.
//!
//! A layer is a role of a VM group with `POLICY = ANTI_AFFINED`, or the VMs with one value of the attribute `HA_LAYER`.
//! Rules between the roles of a VM group are not layers. Nothing is read or written here.

mod members;
#[cfg(test)]
mod tests;

pub use members::{ATTRIBUTE, Kind, Layer, Member, Place, attribute, layers, member, place};
