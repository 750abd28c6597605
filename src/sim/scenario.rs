//! A scenario file: a cloud, what goes wrong in it, and the hook's call. TOML in, a [`SimWorld`] out.
//!
//! `examples/five_hosts.toml` shows the shape; every key stands with its meaning in `file` and `file_objects`. Unknown
//! keys are errors with their line.

use super::cloud::Cloud;
use super::equipment;
use super::file;
use super::scenario_objects::populate;
use super::transport::{SimTransport, ZONE, zone_at};
use super::version::Version;
use super::words::{Names, read_event, read_fault};
use super::world::SimWorld;
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::{HostId, VmId};
use crate::options::{Evacuate, HostBack, HostError, Restore, VmDown};
use crate::policy::stopping::By;
use crate::policy::{Mode, Policy, Source, Subject, evacuate, host_back, vm_down, watch};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Who empties a host in a scenario.
const PERSON: &str = "alice (as oneadmin)";

/// A scenario that is ready to run.
#[derive(Debug)]
pub struct Scenario {
    /// One line.
    pub title: String,
    /// The world, at the moment when the hook starts.
    pub world: SimWorld,
    /// The host of the event.
    pub subject: Subject,
    /// The hook's options over the scenario's settings.
    pub policy: Policy,
    /// A person has started it, and no hook is registered.
    pub by_hand: bool,
    /// Which hook is played.
    pub job: Job,
    /// VMs that are charged to the host when the hook starts.
    pub charged: Vec<VmId>,
    /// How often the hook is started, one run after the other.
    pub runs: u32,
    /// The time between two of them.
    pub rest: Duration,
    /// A run before them that is killed this long after its start, or inside a call before that.
    pub killed: Option<Duration>,
    /// Who stops it by a signal; it lets go then.
    pub stopped: Option<By>,
    /// What the runs after the first are.
    pub then: Then,
    /// Whether one was played.
    pub played: bool,
    /// The file's hosts by name.
    pub hosts: BTreeMap<String, HostId>,
    /// The file's VMs by name.
    pub vms: BTreeMap<String, VmId>,
}

/// What follows a hook's first run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The hook once more.
    Again,
    /// `onerescue reconcile`, from its timer.
    Reconcile,
    /// The same on another front-end: the first one is lost with the hook.
    Elsewhere,
    /// The same on another front-end, which leads by then; the first one lives, and its timer ticks too.
    Leader,
    /// The same on this front-end, which has booted meanwhile.
    Rebooted,
    /// The same on a front-end that has the name and the machine id of this one.
    Cloned,
}

/// The hook that a scenario plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// `host_error`, by [`Scenario::policy`].
    HostError,
    /// `host_back`
    HostBack(Box<host_back::Policy>),
    /// `vm_down`, for this VM.
    VmDown(VmId, Box<vm_down::Policy>),
    /// `onerescue evacuate`
    Evacuate(Box<evacuate::Policy>),
    /// `onerescue restore`
    Restore(Box<host_back::Policy>),
    /// `onerescue watch`, for so long.
    Watch(watch::Policy, Duration),
}

impl Scenario {
    /// Read a scenario.
    ///
    /// # Errors
    /// [`Error::Scenario`] with the line, or the name that is not known.
    pub fn parse(text: &str) -> Result<Scenario> {
        let file: file::File = toml::from_str(text).map_err(|error| Error::Scenario(error.to_string()))?;
        build(file).map_err(Error::Scenario)
    }
}

fn is_written(event: &str) -> bool {
    let written =
        ["recorded", "confirmed_off", "disarmed", "armed", "document_", "documents_widened", "forged"];
    written.iter().any(|verb| event.starts_with(verb))
}

fn build(file: file::File) -> Result<Scenario, String> {
    let version = file.version.as_deref().unwrap_or("7.5");
    let version = Version::from_text(version).ok_or_else(|| format!("no such version: {version}"))?;
    let mut cloud = Cloud::new(version);
    file.timings.apply(&mut cloud.timings);
    let names = populate(&mut cloud, &file)?;
    if let Some(count) = file.front_ends {
        cloud.set_front_ends(count);
    }
    let subject = *names.hosts.get(&file.host).ok_or_else(|| format!("no such host: {}", file.host))?;
    // What stands in documents is as old, when the hook starts, as the file says.
    let (late, early): (Vec<_>, Vec<_>) = file.before.iter().partition(|event| is_written(event));
    for event in early {
        read_event(event, &names)?.happen(&mut cloud);
    }
    for event in &file.earlier {
        cloud.advance_to(event.at);
        read_event(&event.what, &names)?.happen(&mut cloud);
    }
    cloud.advance_to(file.start.unwrap_or(Duration::from_secs(215)));
    for event in late {
        read_event(event, &names)?.happen(&mut cloud);
    }
    let transport = SimTransport::new(Arc::new(Mutex::new(cloud)));
    for fault in &file.fault {
        transport.add_fault(read_fault(fault)?);
    }
    let endpoint = match file.front_end {
        None => ZONE.to_owned(),
        Some(at) => {
            let known = transport.cloud().endpoints().get(at).cloned();
            known.ok_or_else(|| format!("no such front-end: {at}"))?
        }
    };
    let zone = zone_at(&transport, endpoint);
    let (charged, name) = on_host(&transport, subject);
    let mut world = SimWorld::new(transport, zone);
    let start = world.began();
    let (policy, job, config) = settings(&file, &names)?;
    equipment::give(&mut world, &file, &names, &config)?;
    for event in &file.event {
        world.schedule(start.saturating_add(event.at), read_event(&event.what, &names)?);
    }
    if file.claimed_by_another {
        world.claimed_by_another(subject);
    }
    if let Some(program) = &file.lock_held_by {
        let free = file.lock_free_after.map(|after| start.saturating_add(after));
        world.lock_is_held(program, file.lock_held_for.unwrap_or_default(), free);
    }
    // Killed at a moment, or inside a call.
    let inside = file.fault.iter().any(|fault| fault.kind.starts_with("killed"));
    let killed = file.killed.or(file.stopped).or(file.stopped_by_person).or(inside.then_some(Duration::MAX));
    let source = if file.by_hand { Source::Person } else { Source::Event };
    Ok(Scenario {
        title: file.title,
        world,
        subject: Subject { host: subject, name, vms: charged.clone(), source },
        policy,
        by_hand: file.by_hand,
        job,
        charged,
        runs: file.runs.unwrap_or(1),
        rest: file.rest.unwrap_or_default(),
        killed,
        stopped: match (file.stopped, file.stopped_by_person) {
            (_, Some(_)) => Some(By::Person),
            (Some(_), None) => Some(By::Machine),
            (None, None) => None,
        },
        then: match file.then.as_deref() {
            None | Some("again") => Then::Again,
            Some("reconcile") => Then::Reconcile,
            Some("elsewhere") => Then::Elsewhere,
            Some("leader") => Then::Leader,
            Some("rebooted") => Then::Rebooted,
            Some("cloned") => Then::Cloned,
            Some(other) => return Err(format!("no such run: {other}")),
        },
        played: false,
        hosts: names.hosts,
        vms: names.vms,
    })
}

/// What the call chooses, over the scenario's settings.
fn settings(file: &file::File, names: &Names) -> Result<(Policy, Job, Config), String> {
    let words: Vec<String> = file.call.split_whitespace().map(str::to_owned).collect();
    let text = file.settings.as_deref().unwrap_or_default();
    let config = Config::parse(text, Path::new("settings"), &Environment::default());
    let mut config = config.map_err(|error| error.chain())?;
    if !names_peers(text) {
        config.rules.witness.peers = 0;
    }
    let said = |error: Error| error.chain();
    let (policy, job) = match file.hook {
        file::HookWord::HostError => {
            let policy = HostError::read(&words).and_then(|options| options.policy(config.rules.clone()));
            (policy.map_err(said)?, Job::HostError)
        }
        file::HookWord::HostBack => {
            let options = HostBack::read(&words).map_err(said)?;
            (
                Policy::under(Mode::Migrate, config.rules.clone()),
                Job::HostBack(Box::new(options.policy(&config))),
            )
        }
        file::HookWord::Evacuate => {
            let policy =
                Evacuate::read(&words).and_then(|options| options.policy(&config, PERSON.to_owned()));
            let policy = Box::new(policy.map_err(said)?);
            (Policy::under(Mode::Migrate, config.rules.clone()), Job::Evacuate(policy))
        }
        file::HookWord::Restore => {
            let policy = Restore::read(&words).map_err(said)?.policy(&config);
            (Policy::under(Mode::Migrate, config.rules.clone()), Job::Restore(Box::new(policy)))
        }
        file::HookWord::Watch => {
            let time = file.watched.unwrap_or(Duration::from_secs(120));
            let watch = watch::Policy::of(config.watch, &config.rules);
            (Policy::under(Mode::Migrate, config.rules.clone()), Job::Watch(watch, time))
        }
        file::HookWord::VmDown => {
            let options = VmDown::read(&words).map_err(said)?;
            let name = file.vm.as_deref().unwrap_or_default();
            let vm = *names.vms.get(name).ok_or_else(|| format!("no such VM: {name}"))?;
            let policy = Box::new(options.policy(&config));
            (Policy::under(Mode::Migrate, config.rules.clone()), Job::VmDown(vm, policy))
        }
    };
    Ok((policy, job, config))
}

/// Do the settings say how many peers are asked? A story that is not about witnesses is told without them.
fn names_peers(text: &str) -> bool {
    let settings: toml::Table = toml::from_str(text).unwrap_or_default();
    settings.get("witness").is_some_and(|witness| witness.get("peers").is_some())
}

fn on_host(transport: &SimTransport, host: HostId) -> (Vec<VmId>, String) {
    let cloud = transport.cloud();
    let read = cloud.host_xml(host).and_then(|xml| {
        crate::wire::documents::read::<crate::model::Host>(&xml, crate::wire::xml::Limits::HOOK).ok()
    });
    read.map_or_else(|| (Vec::new(), host.to_string()), |host| (host.vms, host.name))
}
