//! The recorded answers, and which of them answers what is asked today.
//!
//! While the same is asked, each answer has its question. Of a question that was not the next one then, an answer is
//! looked for further on, but never past something that changed the cloud, since what was read after that shows a cloud
//! that today's run would not have made, and never past a long wait. Time can always pass, but then what was read long
//! before does not fit. Where no answer fits it ends.

use super::line::Ending;
use super::question::Question;
use super::verdict::{Difference, Stopped};
use super::words;
use super::written::Written;
use crate::model::{DocumentId, Epoch, Incident, Memory, Moment};
use crate::policy::{Entry, Order};
use std::collections::VecDeque;
use std::time::Duration;

/// Answers from waits that nobody asks for now, and answers that are older by now, may be this much away.
const NEAR: Duration = Duration::from_secs(10);

/// One recorded answer; `A` is where it is found.
#[derive(Clone, Debug)]
pub struct Recorded<A> {
    /// What was told since the answer before it.
    pub told: Vec<Entry>,
    /// When it was in.
    pub at: Moment,
    /// What was asked.
    pub asked: Question,
    /// When the record was written, as it says itself, if that was asked and oned took it.
    pub written: Option<Epoch>,
    /// The answer.
    pub answer: A,
}

/// A run as it was recorded.
#[derive(Clone, Debug)]
pub struct Course<A> {
    /// Its answers.
    pub answers: VecDeque<Recorded<A>>,
    /// What was told after the last one.
    pub told: Vec<Entry>,
    /// How it ended; nothing if it was killed.
    pub ended: Option<Ending>,
}

/// A recorded run on its way through today's policy.
#[derive(Debug)]
pub struct Replay<A> {
    left: Course<A>,
    now: Moment,
    /// What today's policy has told since its last question.
    told: Vec<Entry>,
    pub(super) answered: usize,
    pub(super) recorded: usize,
    pub(super) differences: Vec<Difference>,
    pub(super) stopped: Option<Stopped>,
    written: Written,
    /// Orders then and now.
    pub(super) then: Vec<Order>,
    pub(super) today: Vec<Order>,
}

impl<A> Replay<A> {
    /// From the beginning.
    #[must_use]
    pub fn new(course: Course<A>) -> Self {
        let recorded = course.answers.len();
        let then = course.answers.iter().flat_map(|one| one.asked.orders()).copied().collect();
        Self {
            left: course,
            now: Moment::default(),
            told: Vec::new(),
            answered: 0,
            recorded,
            differences: Vec::new(),
            stopped: None,
            written: Written::default(),
            then,
            today: Vec::new(),
        }
    }

    /// The record that the run worked on; none if it was not told which.
    #[must_use]
    pub fn document(&self) -> Option<DocumentId> {
        self.left.answers.iter().find_map(|one| one.asked.document())
    }

    /// The first and the last answer to this.
    pub fn ends_of(&self, asked: &Question) -> impl Iterator<Item = A>
    where
        A: Copy,
    {
        let mut all = self.left.answers.iter().filter(|one| one.asked == *asked).map(|one| one.answer);
        let first = all.next();
        first.into_iter().chain(all.next_back())
    }

    /// Today's policy writes something down.
    pub fn tell(&mut self, entry: &Entry) {
        self.told.push(entry.clone());
    }

    /// When the last answer was in.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Can nothing more be answered?
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stopped.is_some()
    }

    /// How the recorded run ended.
    #[must_use]
    pub fn ended(&self) -> Option<&Ending> {
        self.left.ended.as_ref()
    }

    /// The recorded answer to this, with the question that it was given to. None if none fits, and if only time passes.
    pub fn ask(&mut self, asked: &Question) -> Option<Recorded<A>> {
        if self.is_over() {
            return None;
        }
        if self.left.answers.is_empty() {
            self.stopped = Some(Stopped::RecordEnds(asked.clone()));
            return None;
        }
        self.today.extend(asked.orders());
        let Some(place) = self.place(asked) else {
            self.differ(Some(asked), 0);
            if let Question::Wait { pause } = asked {
                self.now = self.now.plus(*pause);
            } else {
                self.stopped = Some(Stopped::NoAnswer(asked.clone()));
            }
            return None;
        };
        self.differ(Some(asked), place);
        let passed: Vec<_> = self.left.answers.drain(..=place).collect();
        for one in &passed {
            self.written.then(&one.asked, one.written);
        }
        let found = passed.into_iter().next_back()?;
        self.now = self.now.max(found.at);
        self.answered += 1;
        Some(found)
    }

    /// Today's policy has written the record.
    pub fn is_written(&mut self, document: DocumentId, incident: &Incident) {
        self.written.today(document, incident);
    }

    /// What was read then, with the record as today's policy has written it.
    pub fn as_written_today(&self, memory: &mut Memory) {
        self.written.put_into(memory);
    }

    /// Where the answer is.
    fn place(&self, asked: &Question) -> Option<usize> {
        let mut waited = Duration::ZERO;
        for (place, recorded) in self.left.answers.iter().enumerate() {
            let old = self.now.since(recorded.at) > NEAR;
            if asked.is_answered_by(&recorded.asked) && !old {
                return Some(place);
            }
            if let Question::Wait { pause } = recorded.asked {
                waited = waited.saturating_add(pause);
            }
            let time_passes = matches!(asked, Question::Wait { .. });
            if recorded.asked.changes() || time_passes || waited > NEAR {
                return None;
            }
        }
        None
    }

    /// Today's policy has stopped. A run that was killed then may have stopped as well.
    pub(super) fn end(&mut self) {
        let killed = self.left.ended.is_none() && self.left.answers.is_empty();
        if !self.is_over() && !killed {
            self.differ(None, self.left.answers.len());
        }
    }

    /// Note the difference, if there is one, between what was said and asked then, up to the answer at this place, and
    /// now.
    fn differ(&mut self, asked: Option<&Question>, place: usize) {
        let passed = self.left.answers.iter_mut().take(place.saturating_add(1));
        let mut said: Vec<Entry> = passed.flat_map(|one| std::mem::take(&mut one.told)).collect();
        if asked.is_none() {
            said.append(&mut self.left.told);
        }
        let mut says = std::mem::take(&mut self.told);
        let same = |then: &Entry, now: &Entry| then.phase == now.phase && words::same(&then.text, &now.text);
        says.retain(|now| match said.iter().position(|then| same(then, now)) {
            Some(place) => {
                said.remove(place);
                false
            }
            None => true,
        });
        let then = self.left.answers.front();
        let at = then.map_or(self.now, |then| then.at);
        let then = then.map(|then| then.asked.clone());
        if then.as_ref() == asked && said.is_empty() && says.is_empty() {
            return;
        }
        self.differences.push(Difference { at, then, now: asked.cloned(), skipped: place, said, says });
    }
}
