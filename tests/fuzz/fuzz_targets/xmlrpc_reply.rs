//! A reply, and what oned says in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onerescue::wire::answer;
use onerescue::wire::xml::Limits;
use onerescue::wire::xmlrpc::Reply;

fuzz_target!(|text: &str| {
    if let Ok(reply) = Reply::read(text, Limits::HOOK) {
        let _ = Reply::read(&reply.write(), Limits::HOOK);
    }
    let _ = answer::read(text, Limits::HOOK);
});
