//! Texts of the settings file that have to be of a kind: paths, programs, addresses, one word of a few.

use crate::policy::Wish;
use crate::policy::host_back::Failback;
use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as Unknown;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most entries of one list in `[exclude]`.
pub(super) const MOST: usize = 10_000;

/// A field gets its value, if that is one.
pub(super) fn set<T>(field: &mut T, value: Result<T, String>) -> Result<(), String> {
    value.map(|value| *field = value)
}

/// A field gets the value that has this name: `hold` is `Hold`.
pub(super) fn choose<T: for<'de> Deserialize<'de>>(field: &mut T, word: &str) -> Result<(), String> {
    let small = word.starts_with(|c: char| c.is_ascii_lowercase());
    let (first, rest) = word.split_at_checked(usize::from(small)).unwrap_or_default();
    let name = first.to_ascii_uppercase() + if small { rest } else { "" };
    let known = T::deserialize(name.as_str().into_deserializer());
    set(field, known.map_err(|error: Unknown| unknown(word, &error.to_string())))
}

fn unknown(word: &str, error: &str) -> String {
    let expected = error.split_once(", expected ").map_or("", |(_, expected)| expected);
    format!("unknown variant `{word}`, expected {}", expected.to_lowercase())
}

/// How long is in `failback_stable`.
pub(super) fn failback(word: &str) -> Result<Failback, String> {
    match word {
        "never" => Ok(Failback::Never),
        "after" => Ok(Failback::After(Duration::ZERO)),
        _ => Err(format!("unknown variant `{word}`, expected `never` or `after`")),
    }
}

pub(super) fn absolute(key: &str, text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err(format!("{key} must be an absolute path")) }
}

/// An empty text is a word for none.
pub(super) fn unless_empty(key: &str, text: &str) -> Result<Option<PathBuf>, String> {
    if text.is_empty() { Ok(None) } else { absolute(key, text).map(Some) }
}

pub(super) fn folders(key: &str, list: Vec<String>) -> Result<Vec<PathBuf>, String> {
    let folders: Vec<_> = list.into_iter().map(PathBuf::from).collect();
    if folders.iter().all(|folder| folder.is_absolute()) {
        return Ok(folders);
    }
    Err(format!("{key} must name absolute paths"))
}

pub(super) fn web(key: &str, url: String) -> Result<String, String> {
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(url);
    }
    Err(format!("{key} must begin with http:// or https://"))
}

/// Separated by blanks.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A program with its arguments, without a shell.
pub(super) fn program(key: &str, words: Vec<String>) -> Result<Vec<String>, String> {
    match words.first() {
        Some(program) if Path::new(program).is_absolute() => {}
        Some(_) | None => return Err(format!("{key} must begin with the absolute path of a program")),
    }
    if words.iter().any(|word| word.is_empty() || word.chars().any(char::is_control)) {
        return Err(format!("{key} has an empty word or a control character"));
    }
    Ok(words)
}

/// Nobody is asked where it is empty.
pub(super) fn domains(words: Vec<String>) -> Result<Vec<String>, String> {
    if words.is_empty() { Ok(words) } else { program("witness.domains", words) }
}

pub(super) fn addresses(key: &str, list: Vec<String>) -> Result<Vec<String>, String> {
    list.iter().try_for_each(|address| check_address(key, address))?;
    Ok(list)
}

/// A host name or an address that no program takes for an option and no shell for anything else.
pub(crate) fn check_address(key: &str, address: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if address.is_empty() || address.len() > 253 || address.starts_with('-') || !address.chars().all(plain) {
        return Err(format!("{key}: {address:?} is not a host name or an address"));
    }
    Ok(())
}

pub(super) fn wishes<T: FromIterator<Wish>>(key: &str, words: &[String]) -> Result<T, String> {
    let wish = |word: &String| {
        let unknown = || format!("{key}: {word:?} is none of NONE, MIGRATE, RECREATE and DELETE");
        Wish::read(word).ok_or_else(unknown)
    };
    words.iter().map(wish).collect()
}

/// A list of `[exclude]`.
pub(super) fn texts<T: FromIterator<String>>(key: &str, list: Vec<String>) -> Result<T, String> {
    few(key, list.len())?;
    if list.iter().any(|text| text.trim().is_empty()) {
        return Err("exclude has an empty name, label or group".to_owned());
    }
    Ok(list.into_iter().collect())
}

pub(super) fn few(key: &str, many: usize) -> Result<(), String> {
    if many > MOST {
        return Err(format!("exclude.{key} has {many} entries; at most {MOST} are allowed"));
    }
    Ok(())
}
