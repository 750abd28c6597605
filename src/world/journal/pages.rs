//! The lines of a journal, on their way to a file.

use crate::model::{DocumentId, Epoch, Moment};
use crate::policy::replay::{Begin, Line, Question};
use crate::wire::journal::Writer;
use serde::Serialize;
use serde_json::Value;

/// A journal that would grow beyond this ends there, and its run goes on.
const LONGEST: usize = 64 * 1024 * 1024;

/// What lines are written on.
pub trait Paper {
    /// Append a text, at once.
    ///
    /// # Errors
    /// Why it could not be, naming the file.
    fn write(&mut self, text: &str) -> Result<(), String>;

    /// The run works on this record from now on.
    fn about(&mut self, document: DocumentId);
}

/// In memory.
impl Paper for String {
    fn write(&mut self, text: &str) -> Result<(), String> {
        self.push_str(text);
        Ok(())
    }

    fn about(&mut self, _document: DocumentId) {}
}

/// What is written, and what is about to be.
#[derive(Debug)]
pub(super) struct Pages<P> {
    /// Nothing once it has failed.
    paper: Option<P>,
    writer: Writer,
    length: usize,
    /// An answer whose moment is not known yet.
    pending: Option<(Question, Value, Option<Epoch>)>,
}

impl<P: Paper> Pages<P> {
    pub(super) fn begin(paper: Option<P>, begin: &Begin) -> Self {
        let mut pages = Self { paper, writer: Writer::default(), length: 0, pending: None };
        pages.put(Writer::begin(begin));
        pages
    }

    pub(super) fn into_paper(self) -> Option<P> {
        self.paper
    }

    pub(super) fn about(&mut self, document: Option<DocumentId>) {
        if let (Some(paper), Some(document)) = (&mut self.paper, document) {
            paper.about(document);
        }
    }

    pub(super) fn answered(&mut self, asked: Question, answer: &impl Serialize) {
        if self.paper.is_none() {
            return;
        }
        match serde_json::to_value(answer) {
            Ok(answer) => self.pending = Some((asked, answer, None)),
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// The record says itself when it was written.
    pub(super) fn written(&mut self, updated: Epoch) {
        if let Some((_, _, written)) = &mut self.pending {
            *written = Some(updated);
        }
    }

    /// The answer is in: now it can be written.
    pub(super) fn at(&mut self, at: Moment) {
        if let Some((asked, answer, written)) = self.pending.take() {
            self.write(&Line::Answered { at, asked, written }, answer);
        }
    }

    /// A line without an answer.
    pub(super) fn line(&mut self, line: &Line) {
        self.write(line, Value::Null);
    }

    fn write(&mut self, line: &Line, answer: Value) {
        if self.paper.is_some() {
            let text = self.writer.line(line, answer);
            self.put(text);
        }
    }

    fn put(&mut self, text: Result<String, String>) {
        let Some(paper) = &mut self.paper else { return };
        let written = text.and_then(|text| {
            self.length = self.length.saturating_add(text.len());
            if self.length > LONGEST {
                return Err(format!("it would be longer than {LONGEST} bytes"));
            }
            paper.write(&text)
        });
        if let Err(why) = written {
            self.fail(&why);
        }
    }

    /// Said once: from now on there is nothing to write on.
    fn fail(&mut self, why: &str) {
        self.paper = None;
        log::warn!("from here on this run is not recorded for `onerescue replay`: {why}");
    }
}
