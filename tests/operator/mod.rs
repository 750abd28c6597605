//! Do the operator's commands behave: `check`, `plan`, `disarm`, `arm`, `confirm-off`?
//!
//! The real program, against the simulated cloud on a loopback port, with fence programs that switch the simulated
//! machines; and with real ones, `fence_ipmilan` and `ipmi_sim`, where what they say matters.

mod arming;
mod bench;
mod browser;
mod budget;
mod check;
mod check_many;
mod confirm_off;
mod controller;
mod forged;
mod history;
mod hook;
mod layer;
mod layer_rules;
mod losses;
mod metrics;
mod metrics_real;
mod names;
mod patterns;
mod plan;
mod proceed;
mod readme;
mod reconcile;
mod replay;
mod report;
mod seen_on;
mod setup_hooks;
mod setup_hosts;
mod setup_scan;
mod setup_scan_redfish;
mod status;
mod status_vms;
mod terminal;
mod watch;
