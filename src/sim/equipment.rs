//! A scenario's devices and witnesses, and where its front-end stands.

use super::device::{Behaviour, SimDevice};
use super::file;
use super::witness::Consul;
use super::words::{Names, duration};
use super::world::SimWorld;
use crate::config::Config;
use crate::model::{Machine, ReadBack, Route, Scope};
use jiff::fmt::serde::unsigned_duration::friendly::compact;
use serde::Deserialize;
use std::time::Duration;

/// `[[devices]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    name: String,
    behaviour: Option<Behaviour>,
    read_back: Option<ReadBackWord>,
    /// From 1, the default.
    level: Option<usize>,
    #[serde(default)]
    scope: ScopeWord,
    /// What `scope = "datastores"` cuts the host off from.
    #[serde(default)]
    datastores: Vec<String>,
    #[serde(default)]
    route: RouteWord,
    /// How long before the hook started it was seen ON: `40d`, or `never`; absent = an hour.
    seen_on: Option<String>,
    /// It is sent "off" although it says off.
    #[serde(default)]
    off_anyway: bool,
    /// Its machine showed this UUID then, whose bytes were turned.
    turned: Option<String>,
    /// It gives no answer until this long after the hook's start.
    #[serde(default, with = "compact::optional")]
    returns_after: Option<Duration>,
    /// How long it takes for an answer; absent = 200 ms.
    #[serde(default, with = "compact::optional")]
    takes: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScopeWord {
    #[default]
    Host,
    Datastores,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RouteWord {
    #[default]
    FrontEnd,
    Peer,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReadBackWord {
    Status,
    ExitCodeAccepted,
    ExitCodeOnly,
}

impl From<ReadBackWord> for ReadBack {
    fn from(word: ReadBackWord) -> Self {
        match word {
            ReadBackWord::Status => Self::Status,
            ReadBackWord::ExitCodeAccepted => Self::ExitCodeAccepted,
            ReadBackWord::ExitCodeOnly => Self::ExitCodeOnly,
        }
    }
}

/// Give them to the world.
pub(super) fn give(
    world: &mut SimWorld,
    file: &file::File,
    names: &Names,
    config: &Config,
) -> Result<(), String> {
    devices(world, file, names)?;
    for (name, honesty) in &file.witnesses {
        world.set_witness(names.host(name)?, *honesty);
    }
    let asked = if config.rules.witness.consul { Consul::Honest } else { Consul::Absent };
    world.set_consul(file.consul.as_deref().map_or(Ok(asked), consul)?);
    world.set_witness_timeout(config.witness.timeout);
    let mut cloud = world.transport().cloud();
    for gateway in config.observer.gateways.iter().chain(&file.gateways) {
        if !cloud.gateways().iter().any(|(known, _)| known == gateway) {
            cloud.gateway_answers(gateway);
        }
    }
    if let Some(time) = file.oned_runs_for {
        cloud.set_oned_runs_for(time);
    }
    if let Some(name) = &file.front_end_name {
        cloud.set_machine(Machine { names: vec![name.clone()], ..Machine::default() });
    }
    if let Some(chance) = file.chance {
        cloud.set_chance(chance);
    }
    Ok(())
}

fn devices(world: &mut SimWorld, file: &file::File, names: &Names) -> Result<(), String> {
    if let Some(devices) = &file.devices {
        let host = names.host(&file.host)?;
        let devices = devices.iter().map(|words| device(words, names)).collect::<Result<Vec<_>, _>>()?;
        // A host without any is one that the settings do not name.
        if !devices.is_empty() {
            world.set_devices(host, devices);
        }
        return Ok(());
    }
    for host in names.hosts.values() {
        let bmc = SimDevice::new("bmc", Behaviour::Works);
        world.set_devices(*host, vec![bmc]);
    }
    Ok(())
}

fn device(words: &Device, names: &Names) -> Result<SimDevice, String> {
    let plain = SimDevice::new(&words.name, words.behaviour.unwrap_or_default());
    let datastores =
        words.datastores.iter().map(|name| names.datastore(name)).collect::<Result<Vec<_>, _>>()?;
    let scope = match words.scope {
        ScopeWord::Host if datastores.is_empty() => Scope::Host,
        ScopeWord::Datastores if !datastores.is_empty() => Scope::Datastores(datastores),
        ScopeWord::Host | ScopeWord::Datastores => {
            return Err(format!(
                "{}: datastores are for scope = \"datastores\", which needs some",
                words.name
            ));
        }
    };
    let level = words.level.unwrap_or(1);
    Ok(SimDevice {
        read_back: words.read_back.map_or(ReadBack::Status, Into::into),
        level: level.checked_sub(1).ok_or_else(|| format!("{}: levels begin with 1", words.name))?,
        scope,
        route: match words.route {
            RouteWord::FrontEnd => Route::FrontEnd,
            RouteWord::Peer => Route::Peer,
        },
        seen_on: seen_on(words.seen_on.as_deref(), plain.seen_on)?,
        off_anyway: words.off_anyway,
        turned: words.turned.clone(),
        returns_after: words.returns_after,
        takes: words.takes.unwrap_or(plain.takes),
        ..plain
    })
}

fn seen_on(word: Option<&str>, usual: Option<Duration>) -> Result<Option<Duration>, String> {
    match word {
        None => Ok(usual),
        Some("never") => Ok(None),
        Some(time) => duration(time).map(Some),
    }
}

/// Read `none`, `honest`, `no_leader`, `lies_alive`, `lies_dead` or `lagging 15s`.
fn consul(text: &str) -> Result<Consul, String> {
    Ok(match text.split_once(' ').unwrap_or((text, "")) {
        ("none", "") => Consul::Absent,
        ("honest", "") => Consul::Honest,
        ("no_leader", "") => Consul::NoLeader,
        ("lies_alive", "") => Consul::LiesAlive,
        ("lies_dead", "") => Consul::LiesDead,
        ("lagging", time) => Consul::Lagging(duration(time)?),
        _ => return Err(format!("no such Consul: {text}")),
    })
}
