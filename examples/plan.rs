//! The library in twenty lines: what would happen to the VMs of a host, if it died? `cargo run --example plan`
//!
//! A simulated cloud stands for a real one here; `world::Live` takes its place.

#![allow(clippy::print_stdout, reason = "an example prints")]

use onerescue::policy::{Policy, Purpose};
use onerescue::sim::Scenario;

fn main() -> Result<(), onerescue::Error> {
    let mut scenario = Scenario::parse(include_str!("five_hosts.toml"))?;
    let policy = Policy { purpose: Purpose::Rehearse, ..scenario.policy };
    let report = onerescue::run(&mut scenario.world, scenario.subject, policy);
    for vm in &report.vms {
        println!("{vm}");
    }
    Ok(())
}
