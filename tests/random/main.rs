//! What holds in every case: random clouds, and what goes wrong in them. Each folder is a suite, `story` is what most of them
//! share.
//!
//! `STORIES` says how many there are, 256 of itself, and each test takes its share; `PROPTEST_CASES` would give every test
//! the same number. `PROPTEST_RNG_SEED` says which; `tests/run` has one of its own, and `tests/run long` looks elsewhere too.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a helper of a test fails as the test does"
)]

mod held;
mod killed;
mod plans;
mod properties;
mod replay;
mod several;
mod story;
mod tended;
mod watched;

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;

/// So many stories make one that lasts for an hour of simulated time.
const HOUR: u32 = 32;

/// A share of the stories that are asked for. What fails is kept in this file, and told again before anything else.
#[expect(clippy::disallowed_methods, reason = "how many there are is said from outside")]
fn config(share: u32, file: &'static str, shrink: u32) -> ProptestConfig {
    let asked = std::env::var("STORIES").map_or(256, |number| number.parse().unwrap());
    ProptestConfig {
        cases: (asked / share).max(1),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file))),
        max_shrink_iters: shrink,
        ..ProptestConfig::default()
    }
}
