//! `onerescue confirm-off`: a person's word that a host is off, when its devices cannot be read any more.

use super::hook::zone;
use super::person::who;
use super::probe;
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::{DeviceName, Host, Machine, PowerState, Testimony, text};
use crate::policy::fencing::confirmation::{Confirmed, Look, confirm};
use crate::policy::{Failure, Trouble, arming};
use crate::world::{Live, World as _};
use crate::{finish, trail};
use clap::Args;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;

/// The exit code of a word that is not taken: something says that the host is alive, or nothing waits for it.
const NOT_TAKEN: u8 = 7;

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
    trail::start(Some(&config.log));
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
    Ok(match write(&mut live, &confirmed) {
        Ok(()) => {
            log::info!("confirm-off: {host} is off by the word of {by}: {reason}");
            finish::say(&told(&host, &confirmed));
            0
        }
        Err(failure) => finish::refused(&failure),
    })
}

fn not_taken(failure: &Failure) -> u8 {
    let code = finish::refused(failure);
    match failure.trouble {
        Trouble::Refused => NOT_TAKEN,
        Trouble::Unreachable | Trouble::Gone | Trouble::Settings => code,
    }
}

/// Ask everybody who could know better. Who gives no answer does not contradict.
fn listen(live: &mut Live, config: &Config, host: &Host) -> Result<Heard, Failure> {
    let outlook = live.outlook()?;
    let facts = probe::ask(live.zone(), config, &outlook.hosts, std::slice::from_ref(host));
    let power = facts.into_iter().flat_map(|facts| facts.power).collect();
    let peers = probe::peers(&outlook.hosts, host, config.rules.witness.peers, outlook.chance);
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

/// Let the person type the host's name, unless `--yes` stands for that.
pub(super) fn named_by_hand(host: &Host, yes: bool, question: &str) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(no_terminal());
    }
    let plain = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    let text: String = question.chars().map(plain).collect();
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    let mut line = Vec::new();
    let read = std::io::stdin().lock().take(1024).read_until(b'\n', &mut line);
    read.map_err(|error| Error::Usage(format!("standard input cannot be read: {error}")))?;
    if String::from_utf8_lossy(&line).trim() == host.name {
        return Ok(());
    }
    Err(Error::Usage(format!("that is not the name of {host}; nothing was written")))
}

fn no_terminal() -> Error {
    Error::Usage("without a terminal to type the host's name on, --yes is needed".to_owned())
}

/// Write the word, and see that it stands.
fn write(live: &mut Live, confirmed: &Confirmed) -> Result<(), Failure> {
    let written = live.zone().record_confirmation(&confirmed.word);
    let stands = live.memory()?.confirmations.contains(&confirmed.word);
    match written {
        _ if stands => Ok(()),
        Err(failure) => Err(failure),
        Ok(()) => Err(Failure {
            trouble: Trouble::Unreachable,
            what:
                "the word was written, and is not what is read back: another one was written at the same time"
                    .to_owned(),
            advice: "run the same command again".to_owned(),
        }),
    }
}

fn told(host: &Host, confirmed: &Confirmed) -> String {
    let replaced = confirmed.replaced.iter();
    let replaced = replaced.map(|old| format!("this replaces the word of {}, which was not used", old.by));
    let word = &confirmed.word;
    let until = arming::utc(word.expires);
    let word = format!("{host} counts as off until {until}, once, by the word of {}", word.by);
    let next = format!(
        "the run that waits takes it up at its next look ({}); if it is gone: `host_error --host {} -m`",
        confirmed.owner, host.name
    );
    let lines = replaced.chain([word, next]);
    lines.map(|line| text::cut(&text::one_line(&line), 1000) + "\n").collect()
}
