//! The lines of a journal, on their way to a file.

use crate::model::{DocumentId, Moment};
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
    pending: Option<(Question, Value)>,
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
            Ok(answer) => self.pending = Some((asked, answer)),
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// The answer is in: now it can be written.
    pub(super) fn at(&mut self, at: Moment) {
        if let Some((asked, answer)) = self.pending.take() {
            self.write(&Line::Answered { at, asked }, answer);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Epoch, HostId};
    use crate::policy::{Entry, Mode, Phase, Policy, Source, Subject, Weight};

    /// A disk with room for so many texts.
    struct Disk(Vec<String>, usize);

    impl Paper for Disk {
        fn write(&mut self, text: &str) -> Result<(), String> {
            if self.0.len() == self.1 {
                return Err("no space left on device".to_owned());
            }
            self.0.push(text.to_owned());
            Ok(())
        }

        fn about(&mut self, _document: DocumentId) {}
    }

    fn begin() -> Begin {
        let subject =
            Subject { host: HostId(7), name: "node7".to_owned(), vms: Vec::new(), source: Source::Event };
        let (program, run) = ("0.1.0".to_owned(), "fe1 1 1".to_owned());
        Begin { program, run, at: Epoch(1), subject, policy: Policy::new(Mode::Migrate) }
    }

    fn told(text: String) -> Line {
        Line::Told(Entry { weight: Weight::Step, at: Moment::default(), phase: Phase::Observe, text })
    }

    #[test]
    fn an_answer_is_written_when_its_moment_is_known_and_only_once() {
        let mut pages = Pages::begin(Some(Disk(Vec::new(), 10)), &begin());
        pages.answered(Question::Host, &Err::<(), _>("gone"));
        assert_eq!(pages.paper.as_ref().unwrap().0.len(), 1);
        pages.at(Moment::default());
        pages.at(Moment::default());
        let Disk(texts, _) = pages.into_paper().unwrap();
        assert!(texts.len() == 2 && texts.iter().all(|text| text.ends_with('\n')), "{texts:?}");
        assert!(texts[1].contains("{\"Err\":\"gone\"}"), "{texts:?}");
    }

    #[test]
    fn a_full_disk_and_a_journal_that_is_too_long_end_it() {
        let mut pages = Pages::begin(Some(Disk(Vec::new(), 2)), &begin());
        for _ in 0..3 {
            pages.line(&told("one".to_owned()));
        }
        assert!(pages.paper.is_none());

        let mut pages = Pages::begin(Some(String::new()), &begin());
        pages.line(&told("x".repeat(LONGEST / 2)));
        assert!(pages.paper.is_some());
        pages.line(&told("y".repeat(LONGEST / 2)));
        assert!(pages.paper.is_none());
    }
}
