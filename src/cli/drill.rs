//! `onerescue drill`: the real procedure against the simulated cloud, told as a timeline.

use super::bench::bench;
use super::reconciled;
use super::serve::serve;
use super::tended::play_tended;
use crate::error::{Error, Result};
use crate::model::text::one_line;
use crate::model::{HostId, Moment};
use crate::policy::{Entry, Fate, Fencing, Report, VmReport};
use crate::sim::{Change, Cloud, Job, Power, Scenario, SimWorld, Then, audit};
use crate::{finish, run};
use clap::Args;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// The trail, with what happened to machines and hosts in between.
pub(super) fn timeline(world: &SimWorld, trail: &[Entry], text: &mut String) {
    let began = world.began();
    let cloud = world.transport().cloud();
    let mut happened = cloud.happenings().iter().filter_map(|happening| {
        let line = match &happening.change {
            Change::Host(host, state) => format!("{host} is {state} now"),
            Change::Power(host, power) => format!("{host}: the power goes {power:?}").to_lowercase(),
            Change::Leader(server) => format!("front-end {server} leads now"),
            Change::Vm(..) => return None,
        };
        Some((happening.at, line))
    });
    let mut next = happened.next();
    for entry in trail {
        while let Some((at, line)) = next.as_ref().filter(|(at, _)| *at <= began.saturating_add(entry.at.0)) {
            let _ = writeln!(text, "{} ..       {line}", since(*at, began));
            next = happened.next();
        }
        let _ = writeln!(text, "{}", one_line(&entry.to_string()));
    }
}

/// `+00:05.0`, or `-03:20.0` for what happened before the hook was started.
fn since(at: Duration, began: Duration) -> String {
    match at.checked_sub(began) {
        Some(after) => Moment(after).to_string(),
        None => Moment(began.saturating_sub(at)).to_string().replace('+', "-"),
    }
}

pub(super) fn calls(world: &SimWorld, began: Duration) -> usize {
    world.transport().calls().iter().filter(|call| call.at >= began).count()
}

/// Where each VM really runs in the end, as the machines have it; and of each that runs nowhere any more, why no rule is
/// broken by that.
pub(super) fn whereabouts(scenario: &Scenario, vms: &[VmReport], text: &mut String) {
    let cloud = scenario.world.transport().cloud();
    let width = vms.iter().map(|vm| vm.name.chars().count()).max().unwrap_or(0);
    let mut lost = String::new();
    for vm in vms {
        let state = cloud.vm_state(vm.id).map_or_else(|| "gone".to_owned(), |state| state.to_string());
        let hosts = cloud.domain_hosts(vm.id);
        let runs = match hosts.as_slice() {
            [] => "runs nowhere".to_owned(),
            [HostId(host)] => format!("runs on host {host}"),
            _ => format!("RUNS TWICE: {hosts:?}"),
        };
        let mark = match &vm.fate {
            Fate::Recovered(was) if hosts.is_empty() && was.contains("RUNNING") => {
                let _ = writeln!(lost, "{}", since_then(&cloud, vm));
                "LOST"
            }
            Fate::Recovered(_) => "ok  ",
            Fate::Planned(_) => "plan",
            Fate::Left(_) => "left",
            Fate::Held(_) => "HELD",
            Fate::Failed(_) => "FAIL",
        };
        let _ = writeln!(text, "{mark} {:<width$}  {state}, {runs}", one_line(&vm.name));
    }
    text.push_str(&lost);
}

/// What has become of a VM that was read back RUNNING and runs nowhere.
fn since_then(cloud: &Cloud, vm: &VmReport) -> String {
    let name = format!("{} {}", vm.id, one_line(&vm.name));
    match cloud.vm_host(vm.id) {
        Some(host) if cloud.power(host) == Power::Off => format!(
            "{name} was read back RUNNING, and {host} has lost its power since: the incident of {host} recovers it"
        ),
        Some(_) | None => format!("{name} was read back RUNNING, and has ended since"),
    }
}
