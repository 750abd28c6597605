//! The input of a VM's hook, on stdin and as arguments.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onerescue::wire::hook_call::VmCall;

fuzz_target!(|bytes: &[u8]| {
    let _ = VmCall::read(bytes, &[]);
    let words: Vec<String> = String::from_utf8_lossy(bytes)
        .split(' ')
        .map(str::to_owned)
        .collect();
    let _ = VmCall::read(b"", &words);
});
