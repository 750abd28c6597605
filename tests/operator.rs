//! Do the operator's commands behave: `check`, `disarm`, `arm`, `confirm-off`?
//!
//! The real program, against the simulated cloud on a loopback port, with fence programs that switch the simulated
//! machines.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests start the programs that they test")]

mod operator {
    mod arming;
    mod bench;
    mod check;
    mod confirm_off;
    mod hook;
    mod seen_on;
}
