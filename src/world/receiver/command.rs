//! `command`: a program of the administrator's. The message is JSON on its standard input; its environment has the main fields
//! of the first change, and of what others have written only names made of plain letters.

use super::super::runner::{Call, Outcome, one_line, reason, run_with};
use super::{Unsent, http, program};
use crate::model::Event;
use crate::policy::notify::Message;
use std::path::Path;
use std::time::Duration;

pub(super) fn send(words: &[String], message: &Message, deadline: Duration) -> Result<(), Unsent> {
    run_to_the_end(words, http::json(message).as_bytes(), &environment(message), deadline)
}

/// Run a program that takes a message. Exit code 0 is that it has taken it.
pub(super) fn run_to_the_end(
    words: &[String],
    stdin: &[u8],
    environment: &[(&str, String)],
    deadline: Duration,
) -> Result<(), Unsent> {
    program(words).map_err(Unsent::failed)?;
    let Some((path, arguments)) = words.split_first() else { return Err(Unsent::failed("it is empty")) };
    let call = Call { program: Path::new(path), arguments, stdin, deadline, ca_file: None };
    let ran = run_with(&call, environment);
    match ran.outcome {
        Outcome::Exited(0) => Ok(()),
        Outcome::Exited(_) => Err(Unsent::failed(reason(&ran))),
        Outcome::NotStarted(why) => Err(Unsent::failed(format!("it was not started: {}", one_line(&why)))),
        Outcome::Signalled(_) => Err(Unsent::unknown(reason(&ran))),
        Outcome::TimedOut => Err(Unsent::unknown(format!("it was ended after {} s", deadline.as_secs()))),
    }
}

fn environment(message: &Message) -> Vec<(&'static str, String)> {
    let yes_or_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let repeated = message.changes.iter().any(|change| change.maybe_repeated);
    let mut all = vec![
        ("ONERESCUE_TEST", yes_or_no(message.test)),
        ("ONERESCUE_CHANGES", message.changes.len().to_string()),
        ("ONERESCUE_MAYBE_REPEATED", yes_or_no(repeated)),
    ];
    if let Some(change) = message.changes.first() {
        let event = match change.event {
            Event::Opened => "opened",
            Event::Held => "held",
            Event::NeedsYou => "needs_you",
            Event::Ended => "ended",
            Event::CannotBeLost => "cannot_be_lost",
            Event::CanBeLost => "can_be_lost",
        };
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
        all.extend([
            ("ONERESCUE_EVENT", event.to_owned()),
            ("ONERESCUE_INCIDENT", change.incident.map_or_else(String::new, |id| id.to_string())),
            ("ONERESCUE_HOST_ID", change.host_id.to_string()),
            ("ONERESCUE_HOST", change.host.chars().map(plain).collect()),
        ]);
    }
    all
}
