//! `onerescue notify`: tell the receivers what a person must know. A run starts it beside itself, and `reconcile` each minute.
//!
//! Whom is told what is decided in `policy::notify`. It is noted before a message is sent and after; a note that cannot be
//! written keeps the message from being sent, since nobody would know of it.

use super::hook::zone;
use super::stop::{Stop, end};
use crate::config::{Config, Environment, Receiver};
use crate::error::{Error, Result};
use crate::model::{DocumentId, Memory, Notices, Sending};
use crate::policy::lead::idle;
use crate::policy::losses::Losses;
use crate::policy::notify::{Change, Due, Message, Wanted, ended, merge, plan, test_message};
use crate::world::clock::wall_clock;
use crate::world::identity::identity;
use crate::world::oned::{Http, Patience};
use crate::world::receiver::{Unsent, keeps_alerts, send};
use crate::world::{Zone, apart, losses, turn};
use crate::{finish, trail};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// oned is asked with little patience: the next pass comes within a minute.
const PATIENCE: Patience =
    Patience { deadline: Duration::from_secs(10), reads: 2, first_pause: Duration::from_millis(500) };

/// Tell the receivers of the settings ([[notify]]) which incidents were opened, are held, need somebody, or have ended, and
/// which hosts cannot be lost
///
/// Each change is told once, by the front-end that leads; runs and `onerescue reconcile` start this by themselves.
#[derive(Clone, Debug, Args)]
pub(super) struct Notify {
    /// Send a message that says that nothing has happened to each receiver, and say what came of it
    #[arg(long)]
    test: bool,
    /// Begin a session of its own: a run has started this beside itself
    #[arg(long, hide = true, conflicts_with = "test")]
    apart: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Notify {
    /// Leave the run that has started this behind, if one has; before anything else is done.
    pub(super) fn begin(&self) {
        if self.apart {
            apart();
        }
    }
}

/// What came of it for one receiver.
struct Told {
    text: String,
    failed: bool,
}

impl Told {
    fn well(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: false }
    }

    fn failed(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: true }
    }
}

/// Tell them. The exit code is 0 if each of them was told, or had nothing to be told; 1 if some were not.
///
/// # Errors
/// [`Error::Instead`] if there is no receiver, and whatever keeps the cloud from being reached.
pub(super) fn notify(options: &Notify) -> Result<u8> {
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    trail::start(Some(&config.paths.log));
    if config.receivers.is_empty() {
        let what = format!("there is nobody to tell: {} has no [[notify]]", config.file.display());
        return Err(Error::instead(what, "add one; /usr/share/onerescue/onerescue.toml shows each kind"));
    }
    if options.test {
        return Ok(tell(&config.receivers, |receiver| {
            match send(receiver, &test_message(&receiver.name, &front_end()), &[], wall_clock()) {
                Ok(()) => Told::well("it has taken a test message"),
                Err(Unsent { why, .. }) => Told::failed(why),
            }
        }));
    }
    end(all(&config, &environment))
}

/// This front-end's name: the first word of who we are.
fn front_end() -> String {
    identity().split(' ').next().unwrap_or_default().to_owned()
}

fn all(config: &Config, environment: &Environment) -> std::result::Result<u8, Stop> {
    let Some(_turn) = turn(&config.paths.run_dir)? else {
        finish::say("another `onerescue notify` waits already, and sees the same\n");
        return Ok(0);
    };
    let zone = zone(config, environment)?.beside(PATIENCE);
    if let Some(why) = idle(&zone.lead(), config.rules.observer)? {
        finish::say(&format!("nothing to do here: {why}; the leader tells\n"));
        return Ok(0);
    }
    let me = identity();
    let memory = zone.memory(wall_clock(), &me)?;
    let notes = zone.of_type(config.record.notices, PATIENCE);
    let all = notes.notices()?;
    let of =
        |receiver: &Receiver| all.iter().rev().find(|(_, notes)| notes.receiver == receiver.name).cloned();
    let planned = losses::read(&config.paths.run_dir);
    let desk =
        Desk { notes: &notes, memory: &memory, losses: planned.current(config.losses, memory.now), me: &me };
    Ok(tell(&config.receivers, |receiver| one(&desk, of(receiver), receiver)))
}

/// All at the same time: one that hangs keeps no other waiting.
fn tell(receivers: &[Receiver], one: impl Fn(&Receiver) -> Told + Sync) -> u8 {
    let all: Vec<_> = std::thread::scope(|scope| {
        let begun: Vec<_> = receivers.iter().map(|receiver| scope.spawn(|| one(receiver))).collect();
        let lost = |_| Told::failed("an error of this program ended it");
        begun.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
    });
    let mut text = String::new();
    for (receiver, told) in receivers.iter().zip(&all) {
        let _ = writeln!(text, "{}: {}", receiver.name, told.text);
        if told.failed {
            log::warn!("notify: {}: {}", receiver.name, told.text);
        }
    }
    finish::say(&text);
    u8::from(all.iter().any(|told| told.failed))
}

/// What every receiver is told from.
struct Desk<'a> {
    notes: &'a Zone<Http>,
    memory: &'a Memory,
    losses: Option<&'a Losses>,
    me: &'a str,
}

/// Tell one receiver what it is to be told now.
fn one(desk: &Desk<'_>, known: Option<(DocumentId, Notices)>, receiver: &Receiver) -> Told {
    let (zone, memory) = (desk.notes, desk.memory);
    let wanted = Wanted { name: receiver.name.clone(), events: receiver.events.clone() };
    let (document, before) = known.unzip();
    let plan = plan(memory, desk.losses, before.as_ref(), &wanted, desk.me);
    let standing = if keeps_alerts(receiver) { plan.standing.as_slice() } else { &[] };
    let note = |notes: &Notices| zone.record_notices(document, notes);
    match plan.due {
        Due::Nothing if !standing.is_empty() => refresh(receiver, standing),
        Due::Nothing => Told::well("nothing new"),
        Due::Later(until) => {
            let left = until.since(memory.now).as_secs();
            Told::well(format!("what could not be sent before is sent again in {left} s"))
        }
        due @ (Due::Begin | Due::Note) => match note(&plan.notes) {
            Ok(_) if due == Due::Note => Told::well("nothing new"),
            Ok(_) => Told::well("it is told from now on"),
            Err(failure) => Told::failed(format!("what it is told cannot be noted: {}", failure.what)),
        },
        Due::Send(changes) => match note(&plan.notes) {
            Ok(document) => deliver(zone, document, (plan.notes, changes), receiver, standing),
            Err(failure) => {
                Told::failed(format!("nothing was sent, because it cannot be noted: {}", failure.what))
            }
        },
    }
}

/// Alerts that stand are told again, so that they do not end by themselves.
fn refresh(receiver: &Receiver, standing: &[Change]) -> Told {
    match send(receiver, &Message::of(Vec::new()), standing, wall_clock()) {
        Ok(()) => Told::well(format!("nothing new; {} alerts stand", standing.len())),
        Err(Unsent { why, .. }) => Told::failed(format!("its alerts were not told again: {why}")),
    }
}

/// Send what is noted, and note what came of it.
fn deliver(
    zone: &Zone<Http>,
    document: DocumentId,
    (notes, changes): (Notices, Vec<Change>),
    receiver: &Receiver,
    standing: &[Change],
) -> Told {
    let told: Vec<_> = changes.iter().map(Change::about).collect();
    let message = Message::of(changes);
    log::info!("notify: {}: {}", receiver.name, message.subject);
    let sent = send(receiver, &message, standing, wall_clock());
    let sending: Option<Sending> = sent.as_ref().err().map(|unsent| unsent.sending);
    let after = ended(notes, &told, sending, wall_clock());
    // Another front-end may have written meanwhile.
    let there = zone.notices().ok().and_then(|all| all.into_iter().find(|(other, _)| *other == document));
    let after = merge(there.map(|(_, notes)| notes), after, &told);
    let written = zone.record_notices(Some(document), &after);
    let unnoted = written.err().map_or_else(String::new, |failure| {
        format!("; that cannot be noted, so it is sent once more: {}", failure.what)
    });
    match sent {
        Ok(()) if unnoted.is_empty() => Told::well(format!("told: {}", message.subject)),
        Ok(()) => Told::failed(format!("told: {}{unnoted}", message.subject)),
        Err(Unsent { why, .. }) => Told::failed(format!("not told: {}: {why}{unnoted}", message.subject)),
    }
}
