//! The executables, and the real programs that they start: what a hook manager, an operator and a fence device see of them.

#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests start the programs that they test, and real ones take real time"
)]

// So that clippy takes what helps the tests in there for a part of them.
#[cfg(test)]
mod fence_real;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod witness_real;
