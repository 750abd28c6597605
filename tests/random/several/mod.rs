//! Several runs at the same time, on one front-end and on two, take turns in one cloud: they keep to the limits, and each host
//! has one owner.

mod failures;
mod owners;
mod reconciled;

use crate::held::go;
use crate::story::told::{ordered, told};
use crate::story::{self, stage, strategy, turns};
use proptest::prelude::ProptestConfig;

fn config(share: u32) -> ProptestConfig {
    crate::config(crate::HOUR * share, "tests/random/several/regressions.txt", 4000)
}
