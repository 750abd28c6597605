//! `onerescue disarm` and `onerescue arm`: where nothing may be fenced, kept in the cloud for every front-end.

use super::hook::zone;
use super::person::who;
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::{Cluster, ClusterId, Disarmed, Memory, text};
use crate::policy::Failure;
use crate::policy::arming;
use crate::world::{Live, World as _};
use crate::{finish, trail};
use clap::Args;
use std::path::PathBuf;

/// Where, and why
#[derive(Clone, Debug, Args)]
pub(super) struct Arming {
    /// The cluster, by name or id; without it the whole zone
    #[arg(long, value_name = "ID|NAME")]
    cluster: Option<String>,
    /// Why, in one line of at most 200 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The cloud, and what is to be changed in it.
struct Desk {
    live: Live,
    scope: Option<ClusterId>,
    /// `the zone`, `default (cluster 0)`
    place: String,
    clusters: Vec<Cluster>,
    reason: String,
    by: String,
}

/// A cluster of this name or id, for an operator who gives either.
///
/// # Errors
/// [`Error::Instead`] if there is none.
pub(super) fn find_cluster<'a>(clusters: &'a [Cluster], named: &str) -> Result<&'a Cluster> {
    let by_name = clusters.iter().find(|cluster| cluster.name == named);
    let by_id = || clusters.iter().find(|cluster| named.parse() == Ok(cluster.id.0));
    let none = || {
        let what = format!("there is no cluster {named:?}");
        Error::instead(what, "run `onecluster list` and give one of its ids or names")
    };
    by_name.or_else(by_id).ok_or_else(none)
}

impl Desk {
    fn open(options: &Arming) -> Result<Result<Self, Failure>> {
        let reason = arming::reason(&options.reason).map_err(Error::Usage)?;
        let environment = Environment::capture();
        let config = Config::load(&environment, options.config.as_deref())?;
        trail::start(Some(&config.paths.log));
        let live = Live::new(zone(&config, &environment)?, &config);
        let clusters = match live.zone().clusters() {
            Ok(clusters) => clusters,
            Err(failure) => return Ok(Err(failure)),
        };
        let scope = match &options.cluster {
            Some(named) => Some(find_cluster(&clusters, named)?.id),
            None => None,
        };
        let place = place(&clusters, scope);
        Ok(Ok(Self { live, scope, place, clusters, reason, by: who(&environment) }))
    }

    /// Write the record and read it back. An answer that was lost does not matter if what was to be written is there.
    fn write(&mut self, disarmed: &[Disarmed]) -> Result<Memory, Failure> {
        let written = self.live.zone().record_disarmed(disarmed);
        let memory = self.live.memory()?;
        let same = disarmed.iter().all(|one| memory.disarmed.contains(one))
            && memory.disarmed.iter().all(|one| disarmed.contains(one));
        match written {
            _ if same => Ok(memory),
            Err(failure) => Err(failure),
            Ok(()) => Err(Failure {
                trouble: crate::policy::Trouble::Unreachable,
                what:
                    "what was written is not what is read back: somebody else has written it at the same time"
                        .to_owned(),
                advice: "run the same command again".to_owned(),
            }),
        }
    }

    fn others(&self, disarmed: &[Disarmed]) -> String {
        let others = disarmed.iter().filter(|one| one.cluster != self.scope);
        let told = others.map(|one| {
            format!("still disarmed: {} {}\n", place(&self.clusters, one.cluster), arming::told(one))
        });
        told.collect()
    }

    fn disarm(&mut self) -> Result<String, Failure> {
        let memory = self.live.memory()?;
        if let Some(already) = arming::disarmed_already(&memory, self.scope) {
            return Ok(format!("{} is disarmed already, {}\n", self.place, arming::told(already)));
        }
        self.write(&arming::disarm(&memory, self.scope, &self.reason, &self.by))?;
        log::info!("disarm: {} by {}: {}", self.place, self.by, self.reason);
        Ok(format!(
            "{} is disarmed: nothing in it is fenced, and no VM is moved, until `onerescue arm`\n",
            self.place
        ))
    }

    fn arm(&mut self) -> Result<String, Failure> {
        let memory = self.live.memory()?;
        let left = arming::arm(&memory, self.scope);
        let text = match arming::disarmed_already(&memory, self.scope) {
            None => format!("{} is not disarmed\n", self.place),
            Some(was) => {
                let was = arming::told(was);
                self.write(&left)?;
                log::info!("arm: {} by {}: {}; it was disarmed {was}", self.place, self.by, self.reason);
                format!("{} is armed; it was disarmed {was}\n", self.place)
            }
        };
        let held = arming::held(&memory, self.scope).into_iter().map(|(_, incident)| {
            let why = incident.held.as_ref().map_or("no reason is given", |held| held.why.as_str());
            format!(
                "{} ({}) is held and looks again by itself: {why}\n  if its run is gone: `{}`\n",
                incident.name,
                incident.host,
                incident.command()
            )
        });
        Ok(text + &self.others(&left) + &held.collect::<String>())
    }
}

fn place(clusters: &[Cluster], scope: Option<ClusterId>) -> String {
    match scope {
        None => "the zone".to_owned(),
        Some(id) => clusters
            .iter()
            .find(|cluster| cluster.id == id)
            .map_or_else(|| id.to_string(), |cluster| format!("{} ({id})", cluster.name)),
    }
}

/// Keep every host of the scope from being fenced. The exit code is 0 also if it was disarmed already.
///
/// # Errors
/// [`Error::Usage`] for a reason or a cluster that cannot be used, and whatever keeps the cloud from being reached.
pub(super) fn disarm(options: &Arming) -> Result<u8> {
    Ok(end(Desk::open(options)?.and_then(|mut desk| desk.disarm())))
}

/// End what [`disarm`] began, and say what is held in the scope.
///
/// # Errors
/// As for [`disarm`].
pub(super) fn arm(options: &Arming) -> Result<u8> {
    Ok(end(Desk::open(options)?.and_then(|mut desk| desk.arm())))
}

fn end(told: Result<String, Failure>) -> u8 {
    match told {
        Ok(text) => {
            let lines = text.lines().map(|line| text::cut(&text::one_line(line), 1000) + "\n");
            finish::say(&lines.take(200).collect::<String>());
            0
        }
        Err(failure) => finish::refused(&failure),
    }
}
