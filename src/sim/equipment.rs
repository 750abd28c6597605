//! A scenario's devices and witnesses, and where its front-end stands.

use super::device::Behaviour;
use super::file;
use super::witness::Consul;
use super::words::{Names, duration};
use super::world::{SimDevice, SimWorld};
use crate::config::Config;
use crate::model::{ReadBack, Route, Scope};
use std::time::Duration;

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
    world.set_consul(file.consul.as_deref().map_or(Ok(asked), Consul::read)?);
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

fn device(words: &file::Device, names: &Names) -> Result<SimDevice, String> {
    let plain = SimDevice::new(&words.name, words.behaviour.unwrap_or_default());
    let datastores =
        words.datastores.iter().map(|name| names.datastore(name)).collect::<Result<Vec<_>, _>>()?;
    let scope = match words.scope {
        file::ScopeWord::Host if datastores.is_empty() => Scope::Host,
        file::ScopeWord::Datastores if !datastores.is_empty() => Scope::Datastores(datastores),
        file::ScopeWord::Host | file::ScopeWord::Datastores => {
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
            file::RouteWord::FrontEnd => Route::FrontEnd,
            file::RouteWord::Peer => Route::Peer,
        },
        seen_on: seen_on(words.seen_on.as_deref(), plain.seen_on)?,
        returns_after: words.returns_after.unwrap_or(plain.returns_after),
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
