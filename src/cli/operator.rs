//! `onerescue`: the operator's command.

use super::abort::{Abort, abort};
use super::arming::{Arming, arm, disarm};
use super::check::{Check, check};
use super::confirm_off::{ConfirmOff, confirm_off};
use super::drill::{Drill, drill};
use super::evacuate::evacuate;
use super::history::{History, history};
use super::hook::on_signal_do;
use super::layer::{LayerCommand, layer};
use super::metrics::{Metrics, metrics};
use super::notify::{Notify, notify};
use super::plan::{Plan, plan};
use super::proceed::{Proceed, proceed};
use super::reconcile::{Reconcile, reconcile};
use super::replay::{ReplayOptions, replay};
use super::report::{ReportOptions, report};
use super::restore::restore;
use super::serve::{DrillPower, drill_power};
use super::setup::{Setup, setup};
use super::show::{Show, show};
use super::status::{StatusOptions, status};
use super::watch::{WatchHosts, watch};
use crate::finish;
use crate::options::{Evacuate, FenceHost, HostBack, HostError, Restore, VmDown};
use crate::world::stop;
use clap::{CommandFactory as _, Parser, Subcommand};
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
    Check(Check),
    Setup(Setup),
    Plan(Plan),
    /// Keep every host of the zone, or of a cluster, from being fenced
    Disarm(Arming),
    /// End what `disarm` began
    Arm(Arming),
    ConfirmOff(ConfirmOff),
    Proceed(Proceed),
    Layer(LayerCommand),
    Evacuate(Evacuate),
    Restore(Restore),
    Reconcile(Reconcile),
    Watch(WatchHosts),
    Status(StatusOptions),
    History(History),
    Metrics(Metrics),
    Show(Show),
    Replay(ReplayOptions),
    Report(ReportOptions),
    Abort(Abort),
    Notify(Notify),
    Drill(Drill),
    #[command(hide = true)]
    DrillPower(DrillPower),
}

/// The command lines of all programs, for manual pages and completions.
#[must_use]
pub fn command_lines() -> Vec<clap::Command> {
    vec![
        Operator::command(),
        HostError::command(),
        FenceHost::command(),
        HostBack::command(),
        VmDown::command(),
    ]
}

/// Run the operator's command.
#[must_use]
pub fn operator() -> ExitCode {
    let command = Operator::parse().command;
    if let Command::Notify(options) = &command {
        options.begin();
    }
    // Reconcile has incidents to let go, and a watcher says what comes after it.
    if !matches!(
        command,
        Command::Reconcile(_) | Command::Watch(_) | Command::Evacuate(_) | Command::Restore(_)
    ) && let Err(error) = on_signal_do("run the same command again; what it has written stays")
    {
        return finish::failed(&error);
    }
    let result = match command {
        Command::Check(options) => check(&options),
        Command::Setup(options) => setup(&options),
        Command::Plan(options) => plan(&options),
        Command::Disarm(options) => disarm(&options),
        Command::Arm(options) => arm(&options),
        Command::ConfirmOff(options) => confirm_off(&options),
        Command::Proceed(options) => proceed(&options),
        Command::Layer(options) => layer(&options),
        Command::Evacuate(options) => evacuate(&options),
        Command::Restore(options) => restore(&options),
        Command::Reconcile(options) => reconcile(&options),
        Command::Watch(options) => watch(&options),
        Command::Status(options) => status(&options),
        Command::History(options) => history(&options),
        Command::Metrics(options) => metrics(&options),
        Command::Show(options) => show(&options),
        Command::Replay(options) => replay(&options),
        Command::Report(options) => report(&options),
        Command::Abort(options) => abort(&options),
        Command::Notify(options) => notify(&options),
        Command::Drill(options) => drill(&options),
        Command::DrillPower(options) => drill_power(&options),
    };
    // What was ended with it has given no answer.
    stop::between_steps();
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => finish::failed(&error),
    }
}
