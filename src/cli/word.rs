//! A person's word about an incident: how it is asked for on a terminal, refused, and seen to stand.

use crate::error::{Error, Result};
use crate::finish;
use crate::model::{Host, text};
use crate::policy::fencing::confirmation::Confirmed;
use crate::policy::{Failure, Trouble};
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

/// The exit code of a word that is not taken: something speaks against it, or nothing waits for it.
const NOT_TAKEN: u8 = 7;

/// Tell why a word is not taken; the exit code.
pub(super) fn not_taken(failure: &Failure) -> u8 {
    let code = finish::refused(failure);
    match failure.trouble {
        Trouble::Refused => NOT_TAKEN,
        Trouble::Unreachable | Trouble::Gone | Trouble::Settings => code,
    }
}

/// Let the person type the host's name, unless `--yes` stands for that.
pub(super) fn named_by_hand(host: &Host, yes: bool, question: &str) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(no_terminal());
    }
    if typed(question)? == host.name {
        return Ok(());
    }
    let what = format!("that is not the name of {host}; nothing was written");
    Err(Error::instead(what, format!("run the same command again and type {}", host.name)))
}

/// Let the person type yes to what was shown, unless `--yes` stands for that.
pub(super) fn agreed(yes: bool, question: &str) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        let what = "there is no terminal to type yes on; nothing was changed";
        return Err(Error::instead(what, "run the same command on a terminal, or add --yes"));
    }
    if typed(&format!("{question} Type yes to do it: "))? == "yes" {
        return Ok(());
    }
    Err(Error::instead("that is not yes; nothing was changed", "run the same command again and type yes"))
}

/// The line that a person types.
fn typed(question: &str) -> Result<String> {
    let plain = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    let text: String = question.chars().map(plain).collect();
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    let mut line = Vec::new();
    let read = std::io::stdin().lock().take(1024).read_until(b'\n', &mut line);
    read.map_err(|error| {
        Error::instead(
            format!("standard input cannot be read: {error}"),
            "run it on a terminal, or add --yes",
        )
    })?;
    Ok(String::from_utf8_lossy(&line).trim().to_owned())
}

/// Nobody can be asked.
pub(super) fn no_terminal() -> Error {
    let what = "there is no terminal to type the host's name on; nothing was written";
    Error::instead(what, "run the same command on a terminal, or add --yes")
}

/// A word that was written must be what is read back.
pub(super) fn stood(written: Result<(), Failure>, stands: bool) -> Result<(), Failure> {
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

/// What is told of a word that stands: the one that it replaces, then these lines.
pub(super) fn lines(taken: &Confirmed, told: [String; 2]) -> String {
    let replaced = taken.replaced.iter();
    let replaced = replaced.map(|old| format!("this replaces the word of {}, which was not used", old.by));
    let lines = replaced.chain(told);
    lines.map(|line| text::cut(&text::one_line(&line), 1000) + "\n").collect()
}
