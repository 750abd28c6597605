//! A procedure as straight-line code that is suspended at each question. No runtime is needed for it.
//!
//! `.await` is where the world is asked, where time passes, and where the process may die; nothing else in this layer
//! awaits. To drive a procedure is to poll it, to kill it is to drop it between two questions, and several of them take
//! turns by being polled in turn.

use super::notes::{Entry, Phase, Weight};
use super::order::Reply;
use super::port::{Failure, Trouble, World};
use super::rules::WaitRules;
use crate::model::Moment;
use crate::policy::healthy::deed::Deed;
use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

type Question = Box<dyn FnOnce(&mut dyn World)>;

#[derive(Default)]
struct Inner {
    /// The one that is open.
    question: Option<Question>,
    /// When the last one was answered.
    now: Moment,
    /// Since when oned has given no answer.
    silent: Option<Moment>,
    trail: Vec<Entry>,
    /// Nothing new is said: every line is a detail.
    quiet: bool,
}

/// What a procedure holds of the world: it can ask, and nothing else.
#[derive(Clone, Default)]
pub(super) struct Desk(Rc<RefCell<Inner>>);

impl Desk {
    /// Ask the world. The procedure is suspended until somebody drives it on; dropped meanwhile, it was killed.
    pub(super) async fn ask<T: 'static>(&self, question: impl FnOnce(&mut dyn World) -> T + 'static) -> T {
        let answer = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&answer);
        let question = move |world: &mut dyn World| *slot.borrow_mut() = Some(question(world));
        self.0.borrow_mut().question = Some(Box::new(question));
        poll_fn(move |_| answer.borrow_mut().take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// Let time pass.
    pub(super) async fn wait(&self, pause: Duration) {
        self.ask(move |world| world.wait(pause)).await;
    }

    /// Ask oned until it answers, for as long as the rules bear its silence.
    ///
    /// # Errors
    /// The last failure: it has been silent for too long, or its no will stay a no.
    pub(super) async fn read<T: 'static>(
        &self,
        rules: WaitRules,
        phase: Phase,
        question: impl Fn(&mut dyn World) -> Result<T, Failure> + Clone + 'static,
    ) -> Result<T, Failure> {
        loop {
            let failure = match self.ask(question.clone()).await {
                Ok(answer) => {
                    self.answered();
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let Some(pause) = self.patience(rules, phase, &failure) else { return Err(failure) };
            self.wait(pause).await;
        }
    }

    /// oned did not answer: how long to wait before the question is asked again; `None` when it has been silent for too
    /// long, or when its no will stay a no.
    pub(super) fn patience(&self, rules: WaitRules, phase: Phase, failure: &Failure) -> Option<Duration> {
        match failure.trouble {
            Trouble::Unreachable => {}
            Trouble::Refused | Trouble::Gone | Trouble::Settings => return None,
        }
        let now = self.now();
        let since = *self.0.borrow_mut().silent.get_or_insert(now);
        if now.since(since) >= rules.oned {
            return None;
        }
        if since == now {
            self.note(phase, format!("{}; asking again", failure.what));
        }
        Some(rules.look)
    }

    /// oned answered.
    pub(super) fn answered(&self) {
        self.0.borrow_mut().silent = None;
    }

    /// Change something about VMs and hosts that are not dead, and note what oned said to each.
    pub(super) async fn tend(&self, deeds: Vec<Deed>) -> Vec<Reply> {
        let (deeds, replies) = self
            .ask(move |world| {
                let replies = world.tend(&deeds);
                (deeds, replies)
            })
            .await;
        for (deed, reply) in deeds.iter().zip(&replies) {
            self.note(Phase::Act, format!("{deed}: {}", reply.said()));
        }
        replies
    }

    /// The moment of the last answer.
    pub(super) fn now(&self) -> Moment {
        self.0.borrow().now
    }

    pub(super) fn note(&self, phase: Phase, text: impl Into<String>) {
        let weight = if self.0.borrow().quiet { Weight::Detail } else { Weight::Step };
        self.write(weight, phase, text.into());
    }

    /// A line that people read, whatever is quiet.
    pub(super) fn say_aloud(&self, phase: Phase, text: impl Into<String>) {
        self.write(Weight::Step, phase, text.into());
    }

    /// From here on notes are details, or are not any more.
    pub(super) fn set_quiet(&self, quiet: bool) {
        self.0.borrow_mut().quiet = quiet;
    }

    /// The last line, which the report begins with.
    pub(super) fn note_end(&self, text: impl Into<String>) {
        let weight = if self.0.borrow().quiet { Weight::Detail } else { Weight::End };
        self.write(weight, Phase::Report, text.into());
    }

    /// A line about one VM or one sample.
    pub(super) fn detail(&self, phase: Phase, text: impl Into<String>) {
        self.write(Weight::Detail, phase, text.into());
    }

    fn write(&self, weight: Weight, phase: Phase, text: String) {
        let at = self.now();
        self.0.borrow_mut().trail.push(Entry { weight, at, phase, text });
    }

    /// What was written down until now.
    pub(super) fn trail(&self) -> Vec<Entry> {
        self.0.borrow().trail.clone()
    }

    /// The lines from this one on.
    pub(super) fn trail_from(&self, line: usize) -> Vec<Entry> {
        self.0.borrow().trail.iter().skip(line).cloned().collect()
    }

    /// Change what was written down until now.
    pub(super) fn amend(&self, change: impl Fn(&mut Entry)) {
        self.0.borrow_mut().trail.iter_mut().for_each(change);
    }
}

/// A procedure between two questions. Several of them can take turns in one cloud.
pub struct Suspended<E> {
    procedure: Pin<Box<dyn Future<Output = E>>>,
    desk: Desk,
    /// How many lines of the trail were told.
    told: usize,
}

impl<E> Suspended<E> {
    pub(super) fn new<F: Future<Output = E> + 'static>(begin: impl FnOnce(Desk) -> F) -> Self {
        let desk = Desk::default();
        Self { procedure: Box::pin(begin(desk.clone())), desk, told: 0 }
    }

    /// Up to the next question, and its answer.
    ///
    /// # Errors
    /// The end, when it is over.
    pub fn go_on(mut self, world: &mut dyn World) -> Result<Self, E> {
        let polled = self.procedure.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        for entry in self.desk.trail_from(self.told) {
            world.tell(&entry);
            self.told += 1;
        }
        if let Poll::Ready(end) = polled {
            return Err(end);
        }
        let question = self.desk.0.borrow_mut().question.take();
        // A procedure that waits for nothing would never end: it has asked, see `Desk::ask`.
        if let Some(question) = question {
            question(world);
        }
        self.desk.0.borrow_mut().now = world.now();
        Ok(self)
    }
}

impl<E> fmt::Debug for Suspended<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suspended").field("at", &self.desk.now()).finish_non_exhaustive()
    }
}
