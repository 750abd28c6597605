//! The settings file, read into its sections: each value goes to its field at once. An error shows its line.

use super::{Config, SECTIONS, file};
use crate::section::{Raw, plain, unknown};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// What is not read into a section.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) devices: BTreeMap<String, file::Device>,
    /// Each with where it begins.
    pub(super) hosts: Vec<Spanned<file::Host>>,
    pub(super) receivers: Vec<file::Notify>,
}

/// The number of the line in which this byte is.
pub(super) fn line(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

/// Read a text over these settings.
pub(super) fn read(text: &str, config: &mut Config) -> Result<Rest, toml::de::Error> {
    let mut rest = Rest::default();
    Table { section: "", config, rest: &mut rest }.deserialize(toml::Deserializer::parse(text)?)?;
    Ok(rest)
}

/// The whole file, or one of its sections.
struct Table<'a> {
    section: &'a str,
    config: &'a mut Config,
    rest: &'a mut Rest,
}

impl Table<'_> {
    /// A key that may stand here.
    fn key(&mut self, raw: Raw) -> Result<String, String> {
        let key: String = plain("", raw)?;
        let mut known = Vec::new();
        for (_, settings) in SECTIONS.iter().filter(|(name, _)| *name == self.section) {
            known.extend(settings(self.config).iter().map(|setting| setting.name));
        }
        if self.section.is_empty() {
            known.extend(SECTIONS.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()));
            known.extend(["device", "host", "notify"]);
            known.dedup();
        }
        if known.contains(&key.as_str()) { Ok(key) } else { Err(unknown(&key, known.into_iter())) }
    }

    fn set(&mut self, key: &str, raw: Raw) -> Result<(), String> {
        let path = if self.section.is_empty() { key.to_owned() } else { format!("{}.{key}", self.section) };
        for (_, settings) in SECTIONS.iter().filter(|(name, _)| *name == self.section) {
            if let Some(setting) = settings(self.config).iter_mut().find(|setting| setting.name == key) {
                return (setting.read)(&path, raw);
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Table<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, table: D) -> Result<(), D::Error> {
        table.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Table<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Then(|raw| self.key(raw)))? {
            let is_section = SECTIONS.iter().any(|(name, _)| *name == key);
            match (self.section, key.as_str()) {
                ("", "device") => self.rest.devices = map.next_value()?,
                ("", "host") => self.rest.hosts = map.next_value()?,
                ("", "notify") => self.rest.receivers = map.next_value()?,
                ("", section) if is_section => {
                    map.next_value_seed(Table { section, config: self.config, rest: self.rest })?;
                }
                (_, key) => map.next_value_seed(Then(|raw| self.set(key, raw)))?,
            }
        }
        Ok(())
    }
}

/// What is done with a key or a value. What it refuses is an error that shows its line.
struct Then<F>(F);

impl<'de, T, F: FnOnce(Raw) -> Result<T, String>> DeserializeSeed<'de> for Then<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, raw: D) -> Result<T, D::Error> {
        let Self(then) = self;
        then(Raw::deserialize(raw)?).map_err(D::Error::custom)
    }
}
