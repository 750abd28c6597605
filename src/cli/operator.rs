//! `onerescue`: the operator's command.

use super::drill::{Drill, drill};
use super::serve::{DrillPower, drill_power};
use crate::finish;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// When a hypervisor dies, every VM that can run elsewhere runs elsewhere.
#[derive(Debug, Parser)]
#[command(name = "onerescue", version)]
struct Operator {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Drill(Drill),
    #[command(hide = true)]
    DrillPower(DrillPower),
}

/// Run the operator's command.
#[must_use]
pub fn operator() -> ExitCode {
    let result = match Operator::parse().command {
        Command::Drill(options) => drill(&options),
        Command::DrillPower(options) => drill_power(&options),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => finish::failed(&error),
    }
}
