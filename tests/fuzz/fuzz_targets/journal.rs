//! A journal: a value or an error, for each of its lines, and no end of memory or stack.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onerescue::model::Memory;
use onerescue::policy::Failure;
use onerescue::policy::replay::{Begin, Line};
use onerescue::replay;
use onerescue::wire::journal::Reader;
use onerescue::world::Replayed;

fuzz_target!(|text: &str| {
    let Ok(reader) = Reader::read(text) else { return };
    let _ = reader.begin::<Begin>();
    for line in 0..reader.len().min(100) {
        let _ = reader.line::<Line>(line);
        let _ = reader.answer::<Result<Memory, Failure>>(line);
    }
    if let Ok((begin, world)) = Replayed::new(reader) {
        let policy = begin.policy.clone();
        let _ = replay(world, &begin, policy);
    }
});
