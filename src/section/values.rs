//! Values of the settings file that have to be of a kind: paths, programs, addresses, one word of a few.
//!
//! Each gets the setting's name with its section, for its error, and the value as it stands in the file.

use super::Section;
use serde::Deserialize;
use serde::de::value::Error as Unknown;
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use std::path::{Path, PathBuf};

pub(crate) type Raw = toml::Value;

/// What the type alone says.
pub(crate) fn plain<T: DeserializeOwned>(_: &str, raw: Raw) -> Result<T, String> {
    T::deserialize(raw).map_err(|error| error.message().to_owned())
}

/// One that may be absent.
pub(crate) fn maybe<T>(
    read: impl Fn(&str, Raw) -> Result<T, String>,
) -> impl Fn(&str, Raw) -> Result<Option<T>, String> {
    move |key, raw| read(key, raw).map(Some)
}

/// One word of a few: `hold` is `Hold`.
pub(crate) fn choice<T: for<'de> Deserialize<'de>>(key: &str, raw: Raw) -> Result<T, String> {
    let word: String = plain(key, raw)?;
    let small = word.starts_with(|c: char| c.is_ascii_lowercase());
    let (first, rest) = word.split_at_checked(usize::from(small)).unwrap_or_default();
    let name = first.to_ascii_uppercase() + if small { rest } else { "" };
    T::deserialize(name.as_str().into_deserializer()).map_err(|error: Unknown| {
        let error = error.to_string();
        let expected = error.split_once(", expected ").map_or("", |(_, expected)| expected);
        format!("unknown variant `{word}`, expected {}", expected.to_lowercase())
    })
}

pub(crate) fn absolute(key: &str, raw: Raw) -> Result<PathBuf, String> {
    let path: PathBuf = plain(key, raw)?;
    if path.is_absolute() { Ok(path) } else { Err(format!("{key} must be an absolute path")) }
}

/// An empty text is a word for none.
pub(crate) fn path_or_none(key: &str, raw: Raw) -> Result<PathBuf, String> {
    if raw.as_str() == Some("") { Ok(PathBuf::new()) } else { absolute(key, raw) }
}

pub(crate) fn folders(key: &str, raw: Raw) -> Result<Vec<PathBuf>, String> {
    let folders: Vec<PathBuf> = plain(key, raw)?;
    if folders.iter().all(|folder| folder.is_absolute()) {
        return Ok(folders);
    }
    Err(format!("{key} must name absolute paths"))
}

pub(crate) fn web(key: &str, raw: Raw) -> Result<String, String> {
    let url: String = plain(key, raw)?;
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(url);
    }
    Err(format!("{key} must begin with http:// or https://"))
}

/// Words in one text.
pub(crate) fn words(key: &str, raw: Raw) -> Result<Vec<String>, String> {
    plain(key, raw).map(|text: String| split(&text))
}

/// Separated by blanks.
pub(crate) fn split(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A program with its arguments, without a shell.
pub(crate) fn program(key: &str, raw: Raw) -> Result<Vec<String>, String> {
    let words: Vec<String> = plain(key, raw)?;
    match words.first() {
        Some(program) if Path::new(program).is_absolute() => {}
        Some(_) | None => return Err(format!("{key} must begin with the absolute path of a program")),
    }
    if words.iter().any(|word| word.is_empty() || word.chars().any(char::is_control)) {
        return Err(format!("{key} has an empty word or a control character"));
    }
    Ok(words)
}

/// An empty list is a word for none.
pub(crate) fn program_or_none(key: &str, raw: Raw) -> Result<Vec<String>, String> {
    if raw.as_array().is_some_and(Vec::is_empty) { Ok(Vec::new()) } else { program(key, raw) }
}

pub(crate) fn addresses(key: &str, raw: Raw) -> Result<Vec<String>, String> {
    let list: Vec<String> = plain(key, raw)?;
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

/// A list that stays short enough to be gone through for each VM.
pub(crate) fn few<T: DeserializeOwned, All: FromIterator<T>>(key: &str, raw: Raw) -> Result<All, String> {
    const MOST: usize = 10_000;
    let list: Vec<T> = plain(key, raw)?;
    if list.len() > MOST {
        return Err(format!("{key} has {} entries; at most {MOST} are allowed", list.len()));
    }
    Ok(list.into_iter().collect())
}

/// The same of texts that are not empty.
pub(crate) fn texts<All: FromIterator<String>>(key: &str, raw: Raw) -> Result<All, String> {
    let list: Vec<String> = few(key, raw)?;
    if list.iter().any(|text| text.trim().is_empty()) {
        return Err(format!("{key} has an empty entry"));
    }
    Ok(list.into_iter().collect())
}

/// A section within a section, which may be absent.
pub(crate) fn table<T: Section>(key: &str, raw: Raw) -> Result<Option<T>, String> {
    let mut section = T::default();
    let mut settings = section.settings();
    for (name, value) in plain::<toml::Table>(key, raw)? {
        let Some(setting) = settings.iter_mut().find(|setting| setting.name == name) else {
            return Err(unknown(&name, settings.iter().map(|setting| setting.name)));
        };
        (setting.read)(&format!("{key}.{name}"), value)?;
    }
    drop(settings);
    Ok(Some(section))
}

/// A key that does not exist, and those that do.
pub(crate) fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    format!("unknown field `{key}`, expected one of {}", known.join(", "))
}
