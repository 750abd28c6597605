//! `--watch`: the screen again and again. It says how old the picture is, also while oned lets a look wait.

use super::gather::Desk;
use super::screen::screen;
use crate::error::{Error, Result};
use crate::finish;
use crate::model::text::span;
use crate::policy::status::{Status, judge};
use crate::terminal::{View, is_a_terminal};
use crate::world::clock::now;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, park_timeout};
use std::time::{Duration, Instant};

/// The time between the end of a look and the next one.
const PAUSE: Duration = Duration::from_secs(3);
/// The time between two drawings on a terminal: the age goes on.
const DRAW: Duration = Duration::from_secs(1);

/// Look and draw until the process is ended.
///
/// # Errors
/// [`Error::Instead`] if no thread can be had.
pub(super) fn watch(desk: Desk) -> Result<u8> {
    let (sender, pictures) = channel();
    let looks = move || look(&desk, &sender);
    Builder::new().name("look".to_owned()).spawn(looks).map_err(|error| {
        Error::instead(format!("no thread can be had: {error}"), "run the same command again")
    })?;
    draw(&pictures)
}

/// One picture after the other, for as long as somebody draws them.
fn look(desk: &Desk, pictures: &Sender<Status>) {
    while pictures.send(judge(&desk.look())).is_ok() {
        park_timeout(PAUSE);
    }
}

/// On a terminal in place; anywhere else each picture that differs is added.
fn draw(pictures: &Receiver<Status>) -> Result<u8> {
    let mut view = View::default();
    let mut shown: Option<(Status, Instant)> = None;
    loop {
        match pictures.recv_timeout(DRAW) {
            Ok(status) => {
                let new = shown.as_ref().is_none_or(|(old, _)| differs(old, &status));
                if !is_a_terminal() && new {
                    finish::say_in_colour(&format!("{}\n", screen(&status)));
                }
                shown = Some((status, now()));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::instead("the looks have ended", "run the same command again"));
            }
        }
        if is_a_terminal() {
            view.draw(&match &shown {
                Some((status, at)) => format!("{}\n{}", screen(status), age(at.elapsed())),
                None => "looking at the zone for the first time; Ctrl-C ends this\n".to_owned(),
            });
        }
    }
}

/// Times go on in every picture; what is told of them is not new.
fn differs(old: &Status, new: &Status) -> bool {
    let timeless = |status: &Status| {
        let mut same = status.clone();
        (same.at, same.reconcile.at) = Default::default();
        same
    };
    timeless(old) != timeless(new)
}

fn age(age: Duration) -> String {
    let late = if age > PAUSE * 3 { "; oned has not answered since" } else { "" };
    format!("this picture is {} old{late}; Ctrl-C ends this\n", span(age))
}
