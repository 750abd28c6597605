//! `HOST`: a value or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onerescue::model::Host;
use onerescue::wire::documents::read;
use onerescue::wire::xml::Limits;

fuzz_target!(|text: &str| {
    let _ = read::<Host>(text, Limits::HOOK);
});
