//! Do the executables behave as the hook manager and an operator drive them?
//!
//! The real programs, against the simulated cloud on a loopback port, with a fence program that switches the
//! simulated machines.

mod hooks {
    mod bench;
    mod fence;
    mod input;
    mod recovery;
}
