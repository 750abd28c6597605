//! What was tried on each fence device of the host.

use super::when::{Clock, Stamp};
use super::{Known, clean};
use crate::model::{FenceDevice, PowerDomain, PowerState, ReadBack, Route, Scope};
use std::collections::BTreeSet;

/// One "off".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// When the answer was in.
    pub at: Stamp,
    /// What was sent, and over whom.
    pub what: String,
    /// What came back.
    pub said: String,
    /// Was it taken?
    pub ok: bool,
}

/// One device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Its name in the settings.
    pub name: String,
    /// What it switches.
    pub target: String,
    /// In which level it stands, how it is asked, and what it cuts off.
    pub facts: Vec<String>,
    /// When it was seen ON while the host was healthy.
    pub seen_on: String,
    /// What was sent to it.
    pub tries: Vec<Try>,
    /// How often it said what.
    pub answers: String,
}

/// Every device that a journal or the record of seen devices names.
pub(super) fn all(known: &Known<'_>, clock: &Clock) -> Vec<Device> {
    let host = known.incident.host;
    let levels = known.runs.iter().rev().find(|run| !run.levels.is_empty()).map(|run| run.levels.as_slice());
    let mut devices: Vec<Device> = Vec::new();
    for (number, level) in (1..).zip(levels.unwrap_or_default()) {
        devices.extend(level.0.iter().map(|device| Device {
            name: clean(&device.name.0),
            target: clean(&device.target),
            facts: facts(number, device),
            ..Device::default()
        }));
    }
    let asked = known.runs.iter().flat_map(|run| run.samples.iter().map(|sample| &sample.device));
    let told = known.runs.iter().flat_map(|run| run.offs.iter().map(|off| &off.device));
    let seen = known.memory.seen_on.iter().filter(|seen| seen.host == host).map(|seen| &seen.device);
    let names: BTreeSet<_> = asked.chain(told).chain(seen).map(|name| clean(&name.0)).collect();
    let other = names.into_iter().filter(|name| devices.iter().all(|device| device.name != *name));
    let other: Vec<_> = other.map(|name| Device { name, ..Device::default() }).collect();
    devices.extend(other);
    for device in &mut devices {
        device.seen_on = seen_on(known, &device.name);
        device.answers = answers(known, &device.name);
        device.tries = tries(known, clock, &device.name);
    }
    devices
}

fn facts(level: usize, device: &FenceDevice) -> Vec<String> {
    let back = match device.read_back {
        ReadBack::Status => "its power is read back",
        ReadBack::ExitCodeAccepted => "it cannot be read back, and its exit code is accepted in the settings",
        ReadBack::ExitCodeOnly => "it cannot be read back",
    };
    let scope = match &device.scope {
        Scope::Host => "it cuts off the whole host".to_owned(),
        Scope::Datastores(ids) => {
            let ids: Vec<_> = ids.iter().map(|id| id.0.to_string()).collect();
            format!("it cuts the host off from datastores {}", ids.join(", "))
        }
    };
    let power = match device.power {
        PowerDomain::Host => "it is fed by the host's own power",
        PowerDomain::External => "it has power of its own",
    };
    let route = match device.route {
        Route::FrontEnd => "it is asked from the front-end",
        Route::Peer => "it is asked over another host",
    };
    vec![format!("level {level}"), back.to_owned(), scope, power.to_owned(), route.to_owned()]
}

fn seen_on(known: &Known<'_>, name: &str) -> String {
    let of = known.memory.seen_on.iter().filter(|seen| seen.host == known.incident.host);
    let newest = of.filter(|seen| clean(&seen.device.0) == name).max_by_key(|seen| seen.at);
    newest.map_or_else(String::new, |seen| super::when::in_words(seen.at))
}

/// `12 × on, 3 × off, 1 × no usable answer (last: timeout)`
fn answers(known: &Known<'_>, name: &str) -> String {
    let samples =
        known.runs.iter().flat_map(|run| &run.samples).filter(|sample| clean(&sample.device.0) == name);
    let (mut on, mut off, mut unknown, mut last) = (0_usize, 0_usize, 0_usize, "");
    for sample in samples {
        match &sample.state {
            PowerState::On => on += 1,
            PowerState::Off => off += 1,
            PowerState::Unknown(why) => (unknown, last) = (unknown + 1, why),
        }
    }
    let no = format!("no usable answer (last: {})", clean(last));
    let all = [(on, "on"), (off, "off"), (unknown, &no)];
    let told = all.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} × {what}"));
    told.collect::<Vec<_>>().join(", ")
}

fn tries(known: &Known<'_>, clock: &Clock, name: &str) -> Vec<Try> {
    let offs = known.runs.iter().flat_map(|run| &run.offs).filter(|off| clean(&off.device.0) == name);
    let tried = offs.map(|off| Try {
        at: clock.tenths(off.at),
        what: off.via.map_or_else(|| "off".to_owned(), |host| format!("off, over {}", known.host_name(host))),
        said: off.failed.as_ref().map_or_else(|| "it took the order".to_owned(), |why| clean(why)),
        ok: off.failed.is_none(),
    });
    tried.collect()
}
