//! `onerescue layer`: VMs that must not share a host, to see, to check and to change.

mod desk;
mod no;
mod table;
#[cfg(test)]
mod tests;

use super::hook::zone;
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::policy::layer::{self, Survey};
use crate::world::oned::Http;
use crate::{finish, trail};
use clap::{Args, Subcommand};
use desk::Desk;
use no::No;
use std::path::PathBuf;

/// See and change anti-affinity layers: VMs that must not share a host
#[derive(Clone, Debug, Args)]
pub(super) struct LayerCommand {
    #[command(subcommand)]
    verb: Verb,
    /// The settings file
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// Every layer, and every rule between roles, with its members and their hosts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What is wrong with layers and rules between roles now, or would be after the loss of a host
    Check {
        /// Only this layer or VM group, by name or by the VM group's id
        name: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a layer
    Create {
        /// Its name
        name: String,
        /// VMs to add, by id or name
        vms: Vec<String>,
    },
    /// Add VMs to a layer
    Add {
        /// The layer, by name or by its VM group's id
        name: String,
        /// The VMs, by id or name
        #[arg(required = true)]
        vms: Vec<String>,
    },
    /// Take VMs out of a layer
    Remove {
        /// The layer, by name or by its VM group's id
        name: String,
        /// The VMs, by id or name
        #[arg(required = true)]
        vms: Vec<String>,
    },
    /// Give a layer another name
    Rename {
        /// The layer, by name or by its VM group's id
        name: String,
        /// The new name
        to: String,
    },
    /// Delete a layer with at most one member
    Delete {
        /// The layer, by name or by its VM group's id
        name: String,
    },
}

/// A layer's rule says no, or the rule was broken by somebody else meanwhile and what this run wrote is taken back.
const REFUSED: u8 = 7;

/// Some layer is not as it should be.
const FAULTY: u8 = 1;

/// Run one verb. The exit code is 0 if all is well or done, 1 for violations and warnings of `check` and for a violation
/// that could not be taken back, 2 for a name that names nothing or several things, 5 if oned gives no usable answer, 7
/// if a rule says no.
///
/// `list --json`: `{"format":1,"layers":[{"name":"web","kind":"vm_group","vm_group":3,"role":"layer","members":[{"id":4,
/// "name":"web-0","state":"RUNNING","host":1,"host_name":"node1","place":"on"}]}],"rules":[{"name":"shop/front and back",
/// "kind":"apart","vm_group":4,"roles":[{"name":"front","members":[]}]}],"unreadable":[]}`. The kind of a layer is `vm_group`
/// or `ha_layer`, then with the `user` or the `group` of its members unless they are administrators', of a rule `apart` or `together`; a place is `on`, `last` (the host that it starts on again), `moving`,
/// `nowhere` or `unknown`.
///
/// `check --json`: `{"format":1,"layers":1,"rules":0,"exit_code":1,"faults":[{"layer":"web (vm group 3)","severity":"violation",
/// "host":1,"cluster":0,"vms":[4,5],"text":"…","advice":"…"}],"unreadable":[]}`. A severity is `violation` or `warning`.
///
/// # Errors
/// Whatever keeps the settings from being read or the cloud from being reached.
pub(super) fn layer(options: &LayerCommand) -> Result<u8> {
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    let reads = matches!(options.verb, Verb::List { .. } | Verb::Check { .. });
    trail::start(if reads { None } else { Some(&config.paths.log) });
    let desk = Desk::new(
        zone(&config, &environment)?,
        config.rules.plan.layer_scope,
        super::person::who(&environment),
    );
    Ok(match run(&desk, &options.verb) {
        Ok(code) => code,
        Err(no) => no.tell(),
    })
}

fn run(desk: &Desk<Http>, verb: &Verb) -> Result<u8, No> {
    let survey = desk.look()?;
    let told = match verb {
        Verb::List { json } => {
            finish::say(&if *json { table::list_json(&survey) } else { table::list(&survey) });
            return Ok(0);
        }
        Verb::Check { name, json } => return check(&survey, name.as_deref(), *json),
        Verb::Create { name, vms } => desk.create(&survey, name, vms)?,
        Verb::Add { name, vms } => desk.add(&survey, name, vms)?,
        Verb::Remove { name, vms } => desk.remove(&survey, name, vms)?,
        Verb::Rename { name, to } => desk.rename(&survey, name, to)?,
        Verb::Delete { name } => desk.delete(&survey, name)?,
    };
    finish::say(&table::plain(&told));
    Ok(0)
}

fn check(survey: &Survey, name: Option<&str>, json: bool) -> Result<u8, No> {
    let (layers, rules) = match name {
        Some(name) => layer::find(survey, name)?,
        None => (survey.layers.clone(), survey.rules.clone()),
    };
    let mut faults = layer::judge(survey, &layers);
    faults.extend(layer::judge_rules(survey, &rules));
    let code = if faults.is_empty() && survey.unreadable.is_empty() { 0 } else { FAULTY };
    let counts = table::Counts { layers: layers.len(), rules: rules.len() };
    let text = if json {
        table::check_json(survey, counts, &faults, code)
    } else {
        table::check(survey, counts, &faults)
    };
    finish::say(&text);
    Ok(code)
}
