//! The tree itself: a value or an error, within its limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onerescue::wire::xml::{Element, Limits};

fuzz_target!(|text: &str| {
    let _ = Element::parse(text, Limits::HOOK);
});
