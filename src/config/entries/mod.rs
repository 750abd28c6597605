//! `[[host]]` entries from a list of hosts and their fence devices: what the list says, which devices are meant, and the
//! settings file with them. Only texts are read here; who writes the file is `replace`.

mod choose;
mod edit;
mod missing;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use missing::missing;

use super::{Config, Environment};
use crate::model::Host;
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
    /// What of the list was left out, and why.
    pub(crate) left: Vec<String>,
}

/// The settings `text`, which are `config`, with what a list says of these hosts. `json` is how the list is written.
///
/// # Errors
/// Every line of the list that cannot be used, by what it names; or why the settings could not be used then.
pub(crate) fn with_list(
    text: &str,
    config: &Config,
    hosts: &[Host],
    list: &str,
    json: bool,
) -> Result<Changed, String> {
    let rows = if json { rows::json(list) } else { rows::csv(list) }?;
    let (devices, wanted) = choose::choose(&rows, config, hosts)?;
    let changed = edit::edit(text, &devices, &wanted)?;
    let whole = Config::parse(&changed.text, &config.file, &Environment::default());
    whole.map(|_| changed).map_err(|error| error.chain())
}
