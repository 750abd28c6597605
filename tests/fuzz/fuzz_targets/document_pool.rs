//! `DOCUMENT_POOL`: a value or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onerescue::model::Document;
use onerescue::wire::documents::read_pool;
use onerescue::wire::xml::Limits;

fuzz_target!(|text: &str| {
    let _ = read_pool::<Document>(text, Limits::HOOK);
});
