//! `DATASTORE_POOL`: a value or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onerescue::model::Datastore;
use onerescue::wire::documents::read_pool;
use onerescue::wire::xml::Limits;

fuzz_target!(|text: &str| {
    let _ = read_pool::<Datastore>(text, Limits::HOOK);
});
