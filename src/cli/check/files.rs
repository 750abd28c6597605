//! The files of this front-end: may they be believed, and can they be written?
//!
//! What is said to work is tried: the folder of the lock files is made, and a lock file in it. Not by root: what root
//! makes, oneadmin could not use.

use crate::config::trust::{self, Role};
use crate::config::{Config, Environment, Receiver};
use crate::policy::check::{Finding, Item};
use crate::policy::{Failure, Trouble};
use crate::world::fence::KDUMP;
use crate::world::receiver;
use crate::world::run_dir;
use rustix::fs::Access;
use std::io;
use std::path::Path;

/// Everything but the secrets of fence devices, which are looked at with the devices.
pub(super) fn look(config: &Config, environment: &Environment) -> Vec<Finding> {
    let mut findings = vec![settings(&config.file), log(&config.paths.log), run_dir(&config.paths.run_dir)];
    let session = config.oned.auth_file.as_deref().or(environment.one_auth.as_deref());
    findings.extend(session.filter(|path| path.is_file()).map(session_file));
    let token = config.witness.consul.as_ref().and_then(|consul| consul.token_file.as_deref());
    findings.extend(token.map(token_file));
    findings.extend(listener(config));
    findings.push(watcher(&config.paths.run_dir));
    findings.extend(config.receivers.iter().map(told));
    findings
}

/// Can a receiver be told? Nothing is sent.
fn told(receiver: &Receiver) -> Finding {
    let object = format!("[[notify]] {}", receiver.name);
    match receiver::look(receiver) {
        Ok(text) => Finding::ok(Item::Receiver, object, text),
        Err(why) => {
            let advice = format!(
                "mend that, secrets with mode 0600 and owned by oneadmin; then `{TRY_OUT}` as oneadmin"
            );
            Finding::warning(Item::Receiver, object, format!("it is told nothing: {why}"), advice)
        }
    }
}

/// What sends a message to each.
const TRY_OUT: &str = "onerescue notify --test";

/// Who makes oned look sooner. Nothing depends on it.
fn watcher(run_dir: &Path) -> Finding {
    let text = match crate::world::watcher(run_dir) {
        Some(locked) => {
            let pid = locked
                .holders
                .first()
                .map_or_else(String::new, |holder| format!(" (process {})", holder.pid));
            format!("`onerescue watch` is at work{pid}: oned looks sooner at a host that is silent")
        }
        None => {
            "`onerescue watch` does not run here: a dead host is noticed when oned looks at it, after minutes"
                .to_owned()
        }
    };
    Finding::ok(Item::Watcher, "this front-end", text)
}

/// Who listens whether a host saves its crash dump.
fn listener(config: &Config) -> Option<Finding> {
    if config.rules.wait.dump.is_zero() {
        return None;
    }
    let (object, found) = ("[wait] dump", trust::find_program(KDUMP, &config.fence.agents_dir));
    Some(match found {
        Ok(program) => Finding::ok(Item::File, object, format!("{} can listen", program.display())),
        Err(why) => {
            let text = format!("nobody can listen, so no crash dump is waited for: {why}");
            Finding::warning(
                Item::File,
                object,
                text,
                "install fence_kdump (in fence-agents, or fence-agents-kdump)",
            )
        }
    })
}

fn settings(path: &Path) -> Finding {
    let object = path.display().to_string();
    if path.exists() {
        return Finding::ok(Item::Settings, object, "they can be used, and nobody else can change them");
    }
    let advice = "put /usr/share/onerescue/onerescue.toml there, and declare devices and hosts in it";
    Finding::warning(Item::Settings, object, "there are none, so no fence device is declared", advice)
}

fn log(path: &Path) -> Finding {
    let opened = if path.exists() {
        std::fs::File::options().append(true).open(path).map(drop)
    } else {
        writable(path.parent().unwrap_or(path))
    };
    file(path, "it can be written", opened, "let oneadmin write it, or set `log`")
}

/// Lock files are made there; a folder that is lost with every boot is made again.
fn run_dir(path: &Path) -> Finding {
    let advice = "let oneadmin write it, or what it is in, or set `run_dir`; and run this check as oneadmin";
    if rustix::process::geteuid().is_root() && !path.exists() {
        let why = io::Error::other("it is not there, and root does not make it for oneadmin");
        return file(path, "", Err(why), advice);
    }
    file(
        path,
        "a lock file was made and locked there",
        run_dir::try_out(path).map_err(|error| io::Error::other(error.chain())),
        advice,
    )
}

fn writable(folder: &Path) -> io::Result<()> {
    if !folder.is_dir() {
        return Err(io::Error::other(format!("{} is not a directory", folder.display())));
    }
    Ok(rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

fn token_file(path: &Path) -> Finding {
    let read = trust::read(path, Role::Secret).map(drop);
    file(path, "only its owner can read it", read, "mode 0600, owned by oneadmin, and no link")
}

/// oned's own commands use it as it is, so it is no more than a warning.
fn session_file(path: &Path) -> Finding {
    let found = token_file(path);
    match found.advice {
        Some(advice) => Finding::warning(Item::File, found.object, found.text, advice),
        None => found,
    }
}

fn file(path: &Path, good: &str, look: io::Result<()>, advice: &str) -> Finding {
    let failure = |error| Failure {
        trouble: Trouble::Settings,
        what: format!("it cannot be used: {error}"),
        advice: advice.to_owned(),
    };
    Finding::of(Item::File, path.display().to_string(), look.map(|()| good.to_owned()).map_err(failure))
}
