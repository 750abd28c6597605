//! Several questions at the same time.

use std::thread::{Builder, ScopedJoinHandle};

/// Ask about all items at the same time; the answers are in the items' order. Each takes a thread of its own,
/// so the caller keeps the items few and each question ends by itself. Where no thread can be had, the question
/// is asked in this one.
pub(super) fn at_once<T: Sync, A: Send>(items: &[T], ask: impl Fn(&T) -> A + Sync) -> Vec<A> {
    let ask = &ask;
    std::thread::scope(|scope| {
        let begin = |item| (item, Builder::new().spawn_scoped(scope, move || ask(item)).ok());
        let asked: Vec<_> = items.iter().map(begin).collect();
        let answer = |(item, thread): (_, Option<ScopedJoinHandle<'_, A>>)| match thread {
            Some(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            None => ask(item),
        };
        asked.into_iter().map(answer).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn all_are_asked_at_the_same_time_and_answer_in_their_order() {
        let together = Barrier::new(4);
        let answers = at_once(&[1, 2, 3, 4], |number| {
            together.wait();
            number * 10
        });
        assert_eq!(answers, [10, 20, 30, 40]);
        assert!(at_once(&[], |number: &i32| *number).is_empty());
    }
}
