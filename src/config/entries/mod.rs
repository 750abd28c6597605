//! `[[host]]` entries from a list of hosts and their fence devices: what the list says, which devices are meant, and the
//! settings file with them. Only texts are read here; who writes the file is `replace`.

mod choose;
mod covered;
mod edit;
mod missing;
mod places;
mod rows;
mod scanned;
#[cfg(test)]
mod tests;

pub(crate) use missing::missing;
pub(crate) use places::{Place, places};
pub(crate) use scanned::{Asking, Askings, Line, Scanned};

use super::{Config, Environment, meet};
use crate::model::{Cluster, DeviceName, Host, HostId};
use std::collections::BTreeMap;

/// One line of a list: a host, and a device that powers it off.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    /// `line 3`
    place: String,
    /// Values by the name of their column. None is empty.
    values: BTreeMap<String, String>,
}

/// A device of a host as it is to stand in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    host: u32,
    name: String,
    device: String,
    params: BTreeMap<String, String>,
    /// What the device has for every host.
    shared: BTreeMap<String, String>,
}

/// A device that is to be declared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct New {
    /// `fence_ipmilan`; `None` for `driver = "redfish"`.
    agent: Option<String>,
    /// The path of the file with the password, with `{host}` in it.
    secret: String,
    params: BTreeMap<String, String>,
}

/// The settings file as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    /// The whole text.
    pub(crate) text: String,
    /// What of the list was left out, and why; and which patterns are left.
    pub(crate) left: Vec<String>,
    /// The hosts of the list that have its device now, by an entry or by a pattern.
    pub(crate) has: Vec<(HostId, DeviceName)>,
}

/// A list, and how it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum List<'a> {
    Csv(&'a str),
    Json(&'a str),
}

/// The settings `text`, which are `config`, with what a list says of these hosts in these clusters.
///
/// # Errors
/// Every line of the list that cannot be used, by what it names; or why the settings could not be used then.
pub(crate) fn with_list(
    text: &str,
    config: &Config,
    hosts: &[Host],
    clusters: &[Cluster],
    list: List<'_>,
) -> Result<Changed, String> {
    let rows = match list {
        List::Csv(text) => rows::csv(text),
        List::Json(text) => rows::json(text),
    }?;
    let (devices, wanted) = choose::choose(&rows, config, hosts)?;
    let met = meet(&config.hosts, &config.patterns, &config.devices, hosts, clusters);
    let sorted = covered::sort(&wanted, config, &met);
    let mut changed = edit::edit(text, &devices, &sorted.left)?;
    changed.left.extend(sorted.told);
    changed.has.extend(sorted.covered);
    let whole = Config::parse(&changed.text, &config.file, &Environment::default());
    whole.map(|_| changed).map_err(|error| error.chain())
}
