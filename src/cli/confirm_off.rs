//! `onerescue confirm-off`: a person's word that a host is off, when its devices cannot be read any more.

use super::hook::zone;
use super::person::who;
use super::probe;
use super::word::{lines, named_by_hand, no_terminal, not_taken, stood};
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::{DeviceName, Host, Machine, Memory, PowerState, Testimony};
use crate::policy::fencing::confirmation::{Confirmed, Look, confirm};
use crate::policy::peers::peers;
use crate::policy::{Failure, arming};
use crate::world::{Live, World as _};
use crate::{finish, trail};
use clap::Args;
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// Say that you have seen that a host is off, for one that no device can prove off
#[derive(Clone, Debug, Args)]
pub(super) struct ConfirmOff {
    /// The host, by name or id
    host: String,
    /// How you know, in one line of at most 200 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Do not ask for the host's name on the terminal
    #[arg(long)]
    yes: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What devices and witnesses said when the command began.
struct Heard {
    power: Vec<(DeviceName, PowerState)>,
    testimonies: Vec<Testimony>,
    machine: Machine,
}

/// Take a person's word.
///
/// # Errors
/// [`Error::Usage`] for a reason, a name or a standard input that cannot be used, [`Error::NoHost`], and whatever keeps
/// the cloud from being reached.
pub(super) fn confirm_off(options: &ConfirmOff) -> Result<u8> {
    let reason = arming::reason(&options.reason).map_err(Error::Usage)?;
    if !options.yes && !std::io::stdin().is_terminal() {
        return Err(no_terminal());
    }
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    trail::start(Some(&config.paths.log));
    let mut live = Live::new(zone(&config, &environment)?, &config);
    let host = live.zone().find_host(&options.host)?;
    trail::about(host.id);
    let by = who(&environment);
    let heard = match listen(&mut live, &config, &host) {
        Ok(heard) => heard,
        Err(failure) => return Ok(finish::refused(&failure)),
    };
    // Before anybody is asked to type: what is refused then is refused now.
    if let Err(failure) = judge(&mut live, &host, &heard, &by, &reason) {
        return Ok(not_taken(&failure));
    }
    named_by_hand(&host, options.yes, &question(&host, &heard))?;
    // Typing takes time.
    let confirmed = match judge(&mut live, &host, &heard, &by, &reason) {
        Ok(confirmed) => confirmed,
        Err(failure) => return Ok(not_taken(&failure)),
    };
    let written = live.zone().record_confirmation(&confirmed.word);
    let stands = |memory: &Memory| memory.confirmations.contains(&confirmed.word);
    Ok(match live.memory().and_then(|memory| stood(written, stands(&memory))) {
        Ok(()) => {
            log::info!("confirm-off: {host} is off by the word of {by}: {reason}");
            finish::say(&told(&host, &confirmed));
            0
        }
        Err(failure) => finish::refused(&failure),
    })
}

/// Ask everybody who could know better. Who gives no answer does not contradict.
fn listen(live: &mut Live, config: &Config, host: &Host) -> Result<Heard, Failure> {
    let outlook = live.outlook()?;
    let facts = probe::ask(live.zone(), config, &outlook, std::slice::from_ref(host));
    let power = facts.into_iter().flat_map(|facts| facts.power).collect();
    let peers = peers(&outlook.hosts, host.id, config.rules.witness.peers, outlook.chance);
    live.host(host.id)?;
    let machine = outlook.observer.machine;
    Ok(Heard { power, testimonies: live.witnesses(host.id, &peers), machine })
}

fn judge(live: &mut Live, host: &Host, heard: &Heard, by: &str, reason: &str) -> Result<Confirmed, Failure> {
    let host = live.host(host.id)?;
    let memory = live.memory()?;
    let Heard { power, testimonies, machine } = heard;
    let look = Look { host: &host, machine, memory: &memory, power, testimonies };
    confirm(look, by, reason)
}

/// What the person is asked.
fn question(host: &Host, heard: &Heard) -> String {
    let devices = heard.power.iter().map(|(device, power)| format!("{device}: {power}\n"));
    let witnesses = heard.testimonies.iter().map(|testimony| format!("{testimony}\n"));
    let question = format!(
        "If {host} is not off, its VMs will run twice and their disks will be damaged.\n\
         Type its name if you have seen that it is off: "
    );
    devices.chain(witnesses).chain([question]).collect()
}

fn told(host: &Host, confirmed: &Confirmed) -> String {
    let word = &confirmed.word;
    let until = arming::utc(word.expires);
    let word = format!("{host} counts as off until {until}, once, by the word of {}", word.by);
    let next = format!(
        "the run that waits takes it up at its next look ({}); if it is gone: `{}`",
        confirmed.owner, confirmed.command
    );
    lines(confirmed, [word, next])
}
