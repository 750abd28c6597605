//! A hook's input, on stdin and as arguments.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onerescue::wire::HookCall;

fuzz_target!(|bytes: &[u8]| {
    let _ = HookCall::read(bytes, &[]);
    let words: Vec<String> = String::from_utf8_lossy(bytes)
        .split(' ')
        .map(str::to_owned)
        .collect();
    let _ = HookCall::wants_stdin(&words);
    let _ = HookCall::read(b"", &words);
});
