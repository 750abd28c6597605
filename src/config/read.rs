//! The settings file, read into the settings: each value goes to its field at once.
//!
//! What is not known, or is of another type, is an error that shows its line. A value that is out of its bounds is
//! named, when the rest is read.

use super::bounds::within;
use super::settings::SETTINGS;
use super::words::few;
use super::{Config, ConsulSettings, file};
use crate::model::VmId;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// What a value does. A text that is said is an error; the bounds are the least and the most.
pub(super) enum Sets {
    Count(fn(&mut Config) -> &mut u32, u32, u32),
    Number(fn(&mut Config) -> &mut i64, i64, i64),
    Time(fn(&mut Config) -> &mut Duration, Duration, Duration),
    Flag(fn(&mut Config) -> &mut bool),
    /// One word of a few.
    Choice(fn(&mut Config, &str) -> Result<(), String>),
    Text(fn(&mut Config, String) -> Result<(), String>),
    List(fn(&mut Config, Vec<String>) -> Result<(), String>),
    /// VMs.
    Ids(fn(&mut Config) -> &mut BTreeSet<VmId>),
    /// A section of its own.
    Consul,
}

/// The file as far as it is read.
pub(super) struct Draft {
    pub(super) config: Config,
    /// The first value that cannot be.
    wrong: Option<String>,
    pub(super) devices: BTreeMap<String, file::Device>,
    pub(super) hosts: Vec<file::Host>,
    pub(super) has_journal: bool,
}

impl Draft {
    /// What stands in `text`, over these settings. The outer error is the parser's.
    pub(super) fn read(text: &str, config: Config) -> Result<Result<Self, String>, toml::de::Error> {
        let (devices, hosts) = (BTreeMap::new(), Vec::new());
        let mut draft = Self { config, wrong: None, devices, hosts, has_journal: false };
        Table { draft: &mut draft, section: "" }.deserialize(toml::Deserializer::parse(text)?)?;
        Ok(match draft.wrong.take() {
            Some(why) => Err(why),
            None => Ok(draft),
        })
    }

    fn check<T>(&mut self, checked: Result<T, String>, field: impl FnOnce(&mut Config, T)) {
        match checked {
            Ok(value) => field(&mut self.config, value),
            Err(why) => {
                self.wrong.get_or_insert(why);
            }
        }
    }
}

/// The whole file, or one of its sections.
struct Table<'a> {
    draft: &'a mut Draft,
    section: &'static str,
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

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { draft, section } = self;
        while let Some(key) = map.next_key_seed(Keys(section))? {
            match key {
                Key::Setting(setting) => map.next_value_seed(Value { draft: &mut *draft, setting })?,
                Key::Section(section) => map.next_value_seed(Table { draft: &mut *draft, section })?,
                Key::Devices => draft.devices = map.next_value()?,
                Key::Hosts => draft.hosts = map.next_value()?,
            }
        }
        Ok(())
    }
}

enum Key {
    Setting(&'static (&'static str, &'static str, Sets)),
    Section(&'static str),
    Devices,
    Hosts,
}

/// The keys of a section.
struct Keys(&'static str);

impl<'de> DeserializeSeed<'de> for Keys {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Key, D::Error> {
        let key = String::deserialize(key)?;
        let Self(section) = self;
        let here = || SETTINGS.iter().filter(|(of, ..)| *of == section);
        if let Some(setting) = here().find(|(_, name, _)| *name == key) {
            return Ok(Key::Setting(setting));
        }
        let mut known: Vec<_> = here().map(|(_, name, _)| *name).collect();
        if section.is_empty() {
            let sections =
                || SETTINGS.iter().map(|(section, ..)| *section).filter(|section| !section.is_empty());
            match (key.as_str(), sections().find(|section| *section == key)) {
                ("device", _) => return Ok(Key::Devices),
                ("host", _) => return Ok(Key::Hosts),
                (_, Some(section)) => return Ok(Key::Section(section)),
                (_, None) => known.extend(sections().chain(["device", "host"])),
            }
            known.dedup();
        }
        let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        Err(D::Error::custom(format!("unknown field `{key}`, expected one of {}", known.join(", "))))
    }
}

/// The value of a setting.
struct Value<'a> {
    draft: &'a mut Draft,
    setting: &'static (&'static str, &'static str, Sets),
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        let Self { draft, setting: (section, name, sets) } = self;
        let key = if section.is_empty() { (*name).to_owned() } else { format!("{section}.{name}") };
        match sets {
            Sets::Count(field, least, most) => {
                let value = within(&key, u32::deserialize(value)?, *least, *most);
                draft.check(value, |config, value| *field(config) = value);
            }
            Sets::Number(field, least, most) => {
                let value = within(&key, i64::deserialize(value)?, *least, *most);
                draft.check(value, |config, value| *field(config) = value);
            }
            Sets::Time(field, least, most) => {
                let value = within(&key, duration::deserialize(value)?, *least, *most);
                draft.check(value, |config, value| *field(config) = value);
            }
            Sets::Flag(field) => *field(&mut draft.config) = bool::deserialize(value)?,
            Sets::Choice(choose) => {
                let word = String::deserialize(value)?;
                choose(&mut draft.config, &word).map_err(D::Error::custom)?;
            }
            Sets::Text(set) => {
                draft.has_journal |= *name == "journal";
                let set = set(&mut draft.config, String::deserialize(value)?);
                draft.check(set, |_, ()| ());
            }
            Sets::List(set) => {
                let set = set(&mut draft.config, Vec::deserialize(value)?);
                draft.check(set, |_, ()| ());
            }
            Sets::Ids(field) => {
                let ids = BTreeSet::<u32>::deserialize(value)?;
                let ids = few(name, ids.len()).map(|()| ids.into_iter().map(VmId).collect());
                draft.check(ids, |config, ids| *field(config) = ids);
            }
            Sets::Consul => {
                let consul = ConsulSettings::deserialize(value)?;
                draft.config.rules.witness.consul = true;
                draft.check(consul.check(), |config, consul| config.witness.consul = Some(consul));
            }
        }
        Ok(())
    }
}
