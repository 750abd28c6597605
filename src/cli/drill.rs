//! `onerescue drill`: the real procedure against the simulated cloud, told as a timeline.

use super::bench::bench;
use super::reconciled;
use super::serve::serve;
use super::tended::play_tended;
use super::timeline::{calls, timeline, whereabouts};
use crate::error::{Error, Result};
use crate::model::text::one_line;
use crate::policy::{Fencing, Report};
use crate::sim::{Job, Scenario, Then, audit};
use crate::{finish, run};
use clap::Args;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The drill that runs when none is named.
const FIVE_HOSTS: &str = include_str!("../../examples/five_hosts.toml");

/// Lose a host of a simulated cloud and watch the recovery
#[derive(Clone, Debug, Args)]
pub struct Drill {
    /// A scenario file; without one, a five-host cloud loses node0
    pub scenario: Option<PathBuf>,
    /// Let the simulated time pass as fast as real time
    #[arg(long)]
    pub live_clock: bool,
    /// Do not recover: serve the simulated cloud on this loopback port (0 for any) for real executables
    #[arg(long, value_name = "PORT")]
    pub serve: Option<u16>,
    /// Do not tell a recovery: measure many, from the loss of power to the last VM, as a table
    #[arg(long, conflicts_with_all = ["scenario", "live_clock", "serve"])]
    pub bench: bool,
}

/// Run a drill; the exit code is 0 if every safety rule held, whatever became of the VMs, and 1 if not.
///
/// # Errors
/// [`Error::Scenario`] and [`Error::File`] for a scenario that cannot be used.
pub(super) fn drill(options: &Drill) -> Result<u8> {
    if options.bench {
        return bench();
    }
    let text = match &options.scenario {
        Some(path) => read(path)?,
        None => FIVE_HOSTS.to_owned(),
    };
    let mut scenario = Scenario::parse(&text)?;
    if let Some(port) = options.serve {
        return serve(&scenario, port);
    }
    if options.live_clock {
        scenario.world.live(|entry| finish::say(&format!("{}\n", one_line(&entry.to_string()))));
    }
    let mut code = 0;
    for _ in 0..scenario.runs {
        if scenario.job != Job::HostError {
            let (_, told, broken) = play_tended(&mut scenario);
            finish::say(&told);
            code = code.max(u8::from(!broken.is_empty()));
            continue;
        }
        let (report, told) = play(&mut scenario);
        finish::say(&told);
        let broken = audit(&scenario.world, &scenario.policy, &report, &scenario.charged);
        code = code.max(u8::from(!broken.is_empty()));
    }
    Ok(code)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|source| Error::File {
        doing: "read",
        path: path.to_owned(),
        source,
    })
}

/// Run a scenario once and tell it. The text is the same every time.
pub fn play(scenario: &mut Scenario) -> (Report, String) {
    // The timer has a pace of its own.
    if scenario.then == Then::Again && !scenario.world.told().is_empty() {
        scenario.world.advance(scenario.rest);
    }
    let mut text = format!("{}\n\n", scenario.title);
    let nothing = reconciled::before(scenario, &mut text);
    scenario.world.begin_again();
    let began = scenario.world.began();
    let report = nothing
        .unwrap_or_else(|| run(&mut scenario.world, scenario.subject.clone(), scenario.policy.clone()));
    timeline(&scenario.world, &report.trail, &mut text);
    let _ = write!(text, "\n{}", crate::short_report::short(&report));
    if let Some(advice) = report.advice() {
        let _ = writeln!(text, "do this: {}", one_line(&advice));
    }
    let _ = writeln!(
        text,
        "the hook would end with exit code {}, after {} calls of oned\n",
        report.outcome.exit_code(),
        calls(&scenario.world, began)
    );
    whereabouts(scenario, &report.vms, &mut text);
    let broken = audit(&scenario.world, &scenario.policy, &report, &scenario.charged);
    for rule in &broken {
        let _ = writeln!(text, "BROKEN {rule}");
    }
    if broken.is_empty() {
        let sure = scenario.policy.fencing == Fencing::Required
            && scenario.world.fence_is_honest(&scenario.policy, report.host);
        text.push_str(if sure || report.proof.is_none() {
            "every safety rule held\n"
        } else {
            "every safety rule held, but with -u or a device that lies nothing keeps a VM from running twice\n"
        });
    }
    (report, text)
}
