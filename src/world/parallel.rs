//! Several questions at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};
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

/// Ask about many items, at most so many at the same time; the answers are in the items' order.
pub(super) fn few_at_once<T: Sync, A: Send>(
    items: &[T],
    most: usize,
    ask: impl Fn(&T) -> A + Sync,
) -> Vec<A> {
    let next = AtomicUsize::new(0);
    let workers: Vec<_> = (0..most.clamp(1, items.len().max(1))).collect();
    let work = |_: &usize| {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            match items.get(at) {
                Some(item) => done.push((at, ask(item))),
                None => return done,
            }
        }
    };
    let mut answers: Vec<_> = at_once(&workers, work).into_iter().flatten().collect();
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn many_are_asked_a_few_at_a_time_and_answer_in_their_order() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<usize> = (0..100).collect();
        let answers = few_at_once(&items, 3, |number| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
            number * 10
        });
        assert_eq!(answers, (0..100).map(|number| number * 10).collect::<Vec<_>>());
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
        assert!(few_at_once(&[], 3, |number: &i32| *number).is_empty());
    }

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
