//! Anti-affinity layers: which VMs must not share a host, and what an operator may change about that.
//!
//! A layer is a role of a VM group with `POLICY = ANTI_AFFINED`, or the VMs with one value of the attribute `HA_LAYER` among
//! those of one owner or team.
//! Rules between the roles of a VM group are not layers: they are shown and checked beside them. Nothing is read or
//! written here.

mod between;
mod change;
mod judge;
mod members;
mod name;
mod rules;
mod survey;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_between;
#[cfg(test)]
mod tests_rules;
mod whose;

pub use between::{Bond, Rule, judge_rules, rules};
pub use change::{ROLE, Write, collisions, delete, join, joined, leave, made, of_attribute, rename};
pub use judge::{Fault, Severity, judge};
pub use members::{ATTRIBUTE, Kind, Layer, Member, Place, attribute, layers, member, place};
pub use name::{NotFound, find, find_layer, find_vm, free, valid};
pub use rules::{Means, Refused, may_all_join, may_create, may_delete, may_join, may_leave, may_rename};
pub use survey::Survey;
pub use whose::Whose;
