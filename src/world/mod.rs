//! Effects: the cloud, the fence devices, the clock. Nothing in here decides.

pub mod fence;
pub mod oned;
