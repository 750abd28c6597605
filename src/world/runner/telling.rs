//! Somebody is told which program a thread has started, while it runs.

use std::cell::RefCell;
use std::time::Duration;

/// The number of a program, and how long it may take at most; none when it has ended.
type Tell = Box<dyn Fn(Option<(u32, Duration)>)>;

thread_local! {
    static TELL: RefCell<Option<Tell>> = const { RefCell::new(None) };
}

/// Do this work, and tell of each program that it starts in this thread, and when that has ended.
pub(in crate::world) fn telling<T>(
    tell: impl Fn(Option<(u32, Duration)>) + 'static,
    work: impl FnOnce() -> T,
) -> T {
    TELL.set(Some(Box::new(tell)));
    let done = work();
    TELL.set(None);
    done
}

pub(super) fn tell(program: Option<(u32, Duration)>) {
    TELL.with_borrow(|tell| {
        if let Some(tell) = tell {
            tell(program);
        }
    });
}
