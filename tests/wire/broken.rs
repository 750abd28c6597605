//! The recorded bytes, broken in tens of thousands of ways: a value or an error, never a panic.

use super::{corpus, files, typed};
use onerescue::wire::xml::Limits;
use onerescue::wire::xmlrpc::{Call, Value};
use onerescue::wire::{HookCall, answer};
use proptest::prelude::*;
use std::fs;

/// Everything that reads bytes from outside, on these bytes. Nothing may panic.
fn read_everything(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let limits = Limits { bytes: 1 << 20, depth: 64, elements: 50_000 };
    let _ = Call::read(&text, limits);
    if let Ok(Value::Text(document)) = answer::read(&text, limits) {
        let _ = typed(&document);
    }
    let _ = typed(&text);
    let _ = HookCall::read(bytes, &[]);
    let argv: Vec<String> = text.lines().map(str::to_owned).collect();
    let _ = HookCall::wants_stdin(&argv);
    let _ = HookCall::read(b"", &argv);
}

#[test]
fn nothing_in_the_corpus_breaks_any_reader() {
    for (_, bytes) in files() {
        read_everything(&bytes);
    }
}

#[test]
fn hostile_documents_are_errors() {
    let mut seen = 0;
    for (name, bytes) in files() {
        if name.starts_with("hostile/") {
            let text = String::from_utf8_lossy(&bytes);
            assert!(typed(&text).is_none_or(|answer| answer.is_err()), "{name}");
            assert!(Call::read(&text, Limits::HOOK).is_err(), "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen}");
}

/// A small generator with a fixed seed, so that a failure comes back.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    /// One to three things that go wrong with a document.
    fn mutate(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        const PIECES: [&[u8]; 12] = [
            b"<",
            b">",
            b"</",
            b"/>",
            b"&",
            b"]]>",
            b"<![CDATA[",
            b"<!DOCTYPE a>",
            b"-1",
            b"99999999999999999999",
            b"\xff",
            b"=",
        ];
        for _ in 0..=self.below(3) {
            let (from, to) = (self.below(bytes.len()), self.below(bytes.len()));
            let (from, to) = (from.min(to), from.max(to));
            match self.below(6) {
                0 => bytes.truncate(from),
                1 => drop(bytes.drain(from..to.min(from + 40))),
                2 if !bytes.is_empty() => bytes[from] ^= 1 << self.below(8),
                3 => drop(bytes.splice(from..from, PIECES[self.below(12)].iter().copied())),
                4 => {
                    let copy = bytes[from..to.min(from + 200)].to_vec();
                    drop(bytes.splice(to..to, copy));
                }
                _ => {
                    let end = self.below(other.len());
                    let part = &other[end.saturating_sub(100)..end];
                    drop(bytes.splice(from..from, part.iter().copied()));
                }
            }
        }
    }
}

#[test]
fn broken_documents_are_a_value_or_an_error() {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for (name, bytes) in files() {
        if bytes.len() > 6000 {
            continue;
        }
        if let Ok(Value::Text(document)) = answer::read(&String::from_utf8_lossy(&bytes), Limits::HOOK) {
            seeds.push(document.into_bytes());
        }
        if !name.ends_with(".request.xml") || seeds.len().is_multiple_of(8) {
            seeds.push(bytes);
        }
    }
    let mut dice = Dice(0x0e5c_ae5e_ed5e_ed01);
    for _ in 0..20_000 {
        let mut bytes = seeds[dice.below(seeds.len())].clone();
        let other = dice.below(seeds.len());
        dice.mutate(&mut bytes, &seeds[other]);
        read_everything(&bytes);
    }
}

#[test]
fn hook_calls_with_a_broken_document_are_a_value_or_an_error() {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let stdin = fs::read_to_string(corpus().join("hook/host-error.stdin")).unwrap();
    let template = stdin.split(' ').next().unwrap();
    let xml = BASE64_STANDARD.decode(template).unwrap();
    let mut dice = Dice(0x5eed);
    for _ in 0..5_000 {
        let mut broken = xml.clone();
        dice.mutate(&mut broken, &xml);
        let call = format!("{} -m -p 5", BASE64_STANDARD.encode(&broken));
        if let Err(error) = HookCall::read(call.as_bytes(), &[]) {
            let text = error.chain();
            assert!(text.len() < 500 && !text.contains('\n'), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_value_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_everything(&bytes);
    }

    #[test]
    fn anything_like_xml_is_a_value_or_an_error(
        text in "(<(HOST|VM|VM_POOL|ID|STATE|HISTORY|SEQ|CPU|/HOST|/VM|/ID)/?>|&[a-z#0-9]{0,4};|[0-9.-]{0,20}){0,40}"
    ) {
        read_everything(text.as_bytes());
    }

    #[test]
    fn what_a_call_carries_is_read_back(texts in prop::collection::vec("[^\\p{C}\u{fffe}\u{ffff}]{0,40}", 0..5)) {
        let params = texts.into_iter().map(Value::Text).collect();
        let call = Call { method: "one.vm.action".to_owned(), params };
        prop_assert_eq!(Call::read(&call.write(), Limits::HOOK), Ok(call));
    }
}
