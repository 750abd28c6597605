//! A request, and the same written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onerescue::wire::xml::Limits;
use onerescue::wire::xmlrpc::Call;

fuzz_target!(|text: &str| {
    if let Ok(call) = Call::read(text, Limits::HOOK) {
        let _ = Call::read(&call.write(), Limits::HOOK);
    }
});
