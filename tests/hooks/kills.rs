//! Programs that are killed at random parts of a whole run's length, however quick the machine is.

use super::bench::Bench;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::ops::Range;
use std::process::Output;
use std::thread;
use std::time::Duration;

/// Stories at the same time; nearly all of a run is waiting.
const AT_ONCE: u64 = 8;

/// Random numbers from a seed (splitmix64), the same on every machine.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// From 0 up to this time.
    pub(super) fn within(&mut self, most: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let most = u64::try_from(most.as_micros()).unwrap();
        Duration::from_micros((mixed ^ (mixed >> 31)) % most.max(1))
    }
}

/// Start the program and kill it after this time; its end, if that came first.
pub(crate) fn killed_after(bench: &Bench, program: &str, call: &[&str], delay: Duration) -> Option<Output> {
    let mut child = bench.start(program, call, "");
    let delay =
        Timespec { tv_sec: delay.as_secs().try_into().unwrap(), tv_nsec: delay.subsec_nanos().into() };
    // Its pipe is closed when it has ended; whatever it says before that fits into the pipe.
    let pipe = child.stdout.as_ref().unwrap();
    let ended = poll(&mut [PollFd::new(pipe, PollFlags::empty())], Some(&delay)).unwrap() == 1;
    if !ended {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    // It may have ended at the very moment of the kill.
    output.status.code().is_some().then_some(output)
}

/// Tell stories, a few at a time, until they have had so many kills. A story says how many it had.
pub(super) fn until(most: usize, story: impl Fn(u64) -> usize + Sync) {
    let (mut kills, mut seeds): (_, Range<u64>) = (0, 1..1 + AT_ONCE);
    while kills < most {
        kills += thread::scope(|scope| {
            let story = &story;
            let runs: Vec<_> = seeds.clone().map(|seed| scope.spawn(move || story(seed))).collect();
            runs.into_iter().map(|run| run.join().unwrap()).sum::<usize>()
        });
        seeds = seeds.end..seeds.end + AT_ONCE;
    }
}
