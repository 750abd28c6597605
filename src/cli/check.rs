//! `onerescue check`: after the set-up, after every change, and from a timer. Would the next night be survived?

mod budget;
mod files;
mod gather;
mod table;

use super::person::who;
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::text;
use crate::policy::check::{Budget, Checked, ClusterReport, Finding, Item, State, judge, singly, together};
use crate::{finish, trail};
use clap::Args;
use gather::Gathered;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Check the installation: settings, oned, the hook, every fence device, witnesses
#[derive(Clone, Debug, Args)]
pub(super) struct Check {
    /// Only the hosts of this cluster, by name or id
    #[arg(long, value_name = "ID|NAME", conflicts_with = "host")]
    cluster: Option<String>,
    /// Only this host, by name or id
    #[arg(long, value_name = "ID|NAME")]
    host: Option<String>,
    /// Only whether the text of the settings file can be used, whoever owns it; neither oned nor a device is asked
    #[arg(long, conflicts_with_all = ["cluster", "host", "verbose", "json"])]
    settings: bool,
    /// Every finding in lines of its own
    #[arg(long)]
    verbose: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What `--json` prints; its shape is with [`check`].
#[derive(Serialize)]
struct Json<'a> {
    format: u32,
    checked_at: Option<i64>,
    checked_by: &'a str,
    state: State,
    exit_code: u8,
    findings: &'a [Finding],
    clusters: &'a [ClusterReport],
    recovery_time: &'a [Budget],
}

/// Check, tell, and write down which devices were seen ON. The exit code is 0 if all is well, 1 for warnings, 8 if
/// something is broken.
///
/// `--json`: the names of fields, items, states and statuses stay; more may come.
///
/// Shape: `{"format":1,"checked_at":1795165200,"checked_by":"alice (as oneadmin)","state":"warning","exit_code":1,
/// "findings":[{"item":"device","object":"node0 (host 0): bmc","state":"ok","text":"it says on","advice":null}],
/// "clusters":[{"id":0,"name":"default","status":"Active","reason":"4 of 4 hosts are MONITORED, 4 can be fenced"}],
/// "recovery_time":[{"clusters":[0],"all":true,"power_lost":{"least_s":458,"most_s":632},"hang":{"least_s":586,"most_s":null},
/// "stages":[{"stage":"probe","power_lost":{…},"hang":{…},"from":"no ConnectTimeout, …"}],"most_off":{"change":
/// "ConnectTimeout 5 in ~oneadmin/.ssh/config","power_lost_s":126,"hang_s":null}}]}`. The stages are `silence`, `probe`, `wait`,
/// `proof` and `first VM`; a `null` among their seconds is without end.
/// A state is `ok`, `warning` or `broken`, a status `Disabled`, `Waiting` or `Active`. `checked_at` is in epoch
/// seconds, and `null` if oned could not be asked.
///
/// # Errors
/// [`crate::Error::Usage`] and [`crate::Error::NoHost`] for a cluster or a host that does not exist, and with `--settings`
/// what is wrong in the file. Everything else is a finding.
pub(super) fn check(options: &Check) -> Result<u8> {
    trail::start(None);
    let environment = Environment::capture();
    if options.settings {
        return settings(&environment, options.config.as_deref());
    }
    let Gathered { facts, live } = gather::gather(options, &environment)?;
    let mut checked = judge(&facts);
    if let (Some(devices), Some(live)) = (checked.seen_on.take(), &live) {
        let written = live.zone().record_seen_on(&devices);
        let written = written.map(|()| format!("{} devices are written down as seen ON", devices.len()));
        checked.add(Finding::of(Item::SeenOn, "documents", written));
    }
    for finding in &mut checked.findings {
        plain(finding);
    }
    let by = who(&environment);
    if options.json {
        finish::say(&json(&checked, &by));
    } else {
        let findings = &checked.findings;
        let lines = if options.verbose { singly(findings) } else { together(findings) };
        finish::say_in_colour(&table::table(&checked, &lines, &by, &budget::text(&checked)));
    }
    Ok(checked.exit_code())
}

/// Read the text of the settings, whoever owns the file: for tools that write it, before they put it in its place.
fn settings(environment: &Environment, named: Option<&Path>) -> Result<u8> {
    let named = named.or(environment.onerescue_config.as_deref());
    let path = named.map_or_else(|| environment.default_settings_file(), Path::to_owned);
    let text = std::fs::read_to_string(&path);
    let text = text.map_err(|source| Error::File { doing: "read", path: path.clone(), source })?;
    let config = Config::parse(&text, &path, environment)?;
    let (devices, hosts) = (config.devices.len(), config.hosts.len() + config.patterns.len());
    finish::say(&format!("{} can be used; [device]: {devices}, [[host]]: {hosts}\n", path.display()));
    Ok(0)
}

/// Names and answers come from hosts and devices: one line each, and not without end.
fn plain(finding: &mut Finding) {
    let line = |text: &str| text::cut(&text::one_line(text), 1000);
    finding.object = line(&finding.object);
    // What is wrong in the settings file is shown below its line.
    finding.text = if finding.item == Item::Settings {
        finding.text.lines().map(line).collect::<Vec<_>>().join("\n")
    } else {
        line(&finding.text)
    };
    finding.advice = finding.advice.as_deref().map(line);
}

fn json(checked: &Checked, by: &str) -> String {
    let json = Json {
        format: 1,
        checked_at: (checked.at.0 != 0).then_some(checked.at.0),
        checked_by: by,
        state: checked.worst(),
        exit_code: checked.exit_code(),
        findings: &checked.findings,
        clusters: &checked.clusters,
        recovery_time: &checked.budgets,
    };
    serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
}
