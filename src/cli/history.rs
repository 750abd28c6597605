//! `onerescue history`: every incident of the zone, from whichever front-end.

use super::columns::{GREEN, RED, YELLOW, padded, width};
use super::hook::zone;
use super::moving::{elsewhere, vms};
use super::stop::{Stop, end};
use crate::config::{Config, Environment};
use crate::error::Error;
use crate::model::text::{cut, one_line, span};
use crate::model::{DocumentId, Foreign, HostId, Memory, Progress};
use crate::policy::arming::utc;
use crate::policy::record::history::{About, Row, rows};
use crate::world::Zone;
use crate::world::clock::wall_clock;
use crate::world::identity::identity;
use crate::world::oned::Http;
use crate::{finish, trail};
use anstyle::Style;
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// More rows than this are only counted, outside JSON.
const MOST: usize = 200;

/// List every incident of the zone, newest first
#[derive(Clone, Debug, Args)]
pub(super) struct History {
    /// Only this host's, by name or id
    #[arg(long, value_name = "ID|NAME")]
    host: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What `--json` prints; the names of fields stay, more may come.
#[derive(Serialize)]
struct Json {
    format: u32,
    incidents: Vec<Row>,
    unreadable: Vec<Unreadable>,
    /// Documents of our type that others made: they count for nothing.
    foreign: Vec<Foreign>,
}

#[derive(Serialize)]
struct Unreadable {
    document: DocumentId,
    why: String,
}

/// The zone of the settings and everything that is remembered in it.
pub(super) fn remembered(settings: Option<&Path>) -> Result<(Zone<Http>, Config, Environment, Memory), Stop> {
    let environment = Environment::capture();
    let config = Config::load(&environment, settings)?;
    trail::start(Some(&config.paths.log));
    let zone = zone(&config, &environment)?;
    let memory = zone.memory(wall_clock(), &identity())?;
    Ok((zone, config, environment, memory))
}

/// The host that an operator names, also one that is gone and was called so in an incident.
///
/// # Errors
/// [`Error::NoHost`], or that oned gave no usable answer.
pub(super) fn find_host(zone: &Zone<Http>, memory: &Memory, named: &str) -> Result<(HostId, String), Error> {
    let by_record = || {
        let mut newest = memory.incidents.iter().rev().map(|(_, incident)| incident);
        newest.find(|incident| incident.name == named || named.parse() == Ok(incident.host.0))
    };
    match zone.find_host(named) {
        Ok(host) => Ok((host.id, host.name)),
        Err(Error::NoHost(name)) => {
            by_record().map(|one| (one.host, one.name.clone())).ok_or(Error::NoHost(name))
        }
        Err(error) => Err(error),
    }
}

/// List them. The exit code is 0 whatever they are.
///
/// # Errors
/// Whatever keeps the cloud from being reached, and [`Error::NoHost`].
pub(super) fn history(options: &History) -> Result<u8, Error> {
    end(list(options))
}

fn list(options: &History) -> Result<u8, Stop> {
    let (zone, _, _, memory) = remembered(options.config.as_deref())?;
    let host = options.host.as_ref().map(|named| find_host(&zone, &memory, named)).transpose()?;
    let rows = rows(&memory, host.map(|(id, _)| id));
    let unreadable = memory.unreadable.into_iter();
    let unreadable =
        unreadable.map(|(document, why)| Unreadable { document, why: one_line(&why) }).collect::<Vec<_>>();
    // They count for nothing, so nothing fails for them.
    let foreign = zone.foreign().unwrap_or_default();
    if options.json {
        let json = Json { format: 1, incidents: rows, unreadable, foreign };
        finish::say(&(serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"));
        return Ok(0);
    }
    let running = memory.incidents.iter();
    let running: BTreeMap<_, _> = running
        .map(|(document, incident)| (*document, elsewhere(incident, |vms| zone.vms(vms)).len()))
        .collect();
    finish::say_in_colour(&table(&rows, &running, &unreadable, &foreign));
    Ok(0)
}

fn table(
    rows: &[Row],
    running: &BTreeMap<DocumentId, usize>,
    unreadable: &[Unreadable],
    foreign: &[Foreign],
) -> String {
    let mut text = if rows.is_empty() { "no incident is remembered\n".to_owned() } else { String::new() };
    let hosts = rows.iter().take(MOST).map(|row| width(&host(row))).max().unwrap_or(0);
    let told = |row: &Row| told(row, running.get(&row.incident).copied().unwrap_or_default(), hosts);
    text.extend(rows.iter().take(MOST).map(told));
    if rows.len() > MOST {
        let _ = writeln!(text, "and {} more: --json has them all", rows.len() - MOST);
    }
    text.extend(
        unreadable
            .iter()
            .take(MOST)
            .map(|one| format!("{} cannot be read: {}\n", one.document, cut(&one.why, 300))),
    );
    text.extend(foreign.iter().take(MOST).map(|one| format!("{one}\n")));
    text
}

/// `node7 (host 7): `
fn host(row: &Row) -> String {
    format!("{} ({}): ", cut(&one_line(&row.name), 60), row.host)
}

/// Red needs a person, yellow is not over or has not gone well.
fn style(row: &Row) -> Style {
    let left = row.vms.held + row.vms.failed > 0;
    match row.progress {
        Progress::Held => RED,
        Progress::Open | Progress::Fencing | Progress::Off => YELLOW,
        Progress::Closed if left || row.aborted.is_some() => YELLOW,
        Progress::Closed => GREEN,
    }
}

/// One incident in one line, and a second one for what needs a person. `hosts` is how wide the longest name is.
fn told(row: &Row, running: usize, hosts: usize) -> String {
    let state = match (row.progress, &row.outcome) {
        (Progress::Open, _) if row.about == About::Evacuation => "being emptied".to_owned(),
        (Progress::Closed, Some(outcome)) => cut(&one_line(outcome), 200),
        (Progress::Closed, None) => "closed".to_owned(),
        (Progress::Open, _) => "open".to_owned(),
        (Progress::Held, _) => "HELD".to_owned(),
        (Progress::Fencing, _) => "fencing".to_owned(),
        (Progress::Off, _) => "proven off, recovering".to_owned(),
    };
    let time = span(Duration::from_secs(row.took_s));
    let last = row.plug_to_last_vm_s.map(|seconds| span(Duration::from_secs(seconds)));
    let last = last.map_or_else(String::new, |time| format!(", last VM {time} after it was heard"));
    let vms = vms(row.vms, running).map_or_else(String::new, |vms| format!("; {vms}"));
    let (host, style) = (padded(&host(row), hosts), style(row));
    let (opened, incident) = (utc(row.opened), row.incident.0);
    let mut text = format!("{opened}  {incident:>4}  {host}{style}{state}{style:#}, {time}{last}{vms}\n");
    for (word, why) in [("evacuation by", &row.asked), ("held", &row.held), ("ended by", &row.aborted)] {
        if let Some(why) = why {
            let _ = writeln!(text, "      {word}: {}", cut(&one_line(why), 400));
        }
    }
    text
}
