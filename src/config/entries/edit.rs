//! The settings file with other `[[host]]` and `[device]` tables: everything else stays, comments among it.

use super::{Changed, New, Wanted};
use crate::model::{DeviceName, HostId};
use std::collections::BTreeMap;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

/// These devices are declared, and each host has its devices: an entry that is there gets other parameters, a host without
/// an entry gets one.
pub(super) fn edit(
    text: &str,
    devices: &BTreeMap<String, New>,
    wanted: &[&Wanted],
) -> Result<Changed, String> {
    let mut file: DocumentMut = text.parse().map_err(|_| "the settings file is no TOML".to_owned())?;
    let mut left: Vec<&Wanted> = Vec::new();
    let mut new: BTreeMap<u32, Vec<&Wanted>> = BTreeMap::new();
    let mut has = Vec::new();
    for one in wanted.iter().copied() {
        match entry(&mut file, one.host) {
            Some(table) if has_device(table, &one.device) => set_params(table, one)?,
            Some(_) => {
                left.push(one);
                continue;
            }
            None => new.entry(one.host).or_default().push(one),
        }
        has.push((HostId(one.host), DeviceName(one.device.clone())));
    }
    let used = |name: &String| new.values().flatten().any(|one| one.device == *name);
    for (name, device) in devices.iter().filter(|(name, _)| used(name)) {
        declare(&mut file, name, device)?;
    }
    if !new.is_empty() {
        let list = file.entry("host").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        let list =
            list.as_array_of_tables_mut().ok_or("`host` is written in one line; write it as [[host]]")?;
        for devices in new.values() {
            list.push(new_entry(devices));
        }
    }
    let left = left.into_iter().map(|one| {
        format!(
            "{} (host {}) has an entry without the device {}: it stays as it is",
            one.name, one.host, one.device
        )
    });
    Ok(Changed { text: file.to_string(), left: left.collect(), has })
}

/// The `[[host]]` with this id.
fn entry(file: &mut DocumentMut, host: u32) -> Option<&mut Table> {
    let hosts = file.get_mut("host")?.as_array_of_tables_mut()?;
    hosts.iter_mut().find(|entry| entry.get("id").and_then(Item::as_integer) == Some(i64::from(host)))
}

fn has_device(entry: &Table, device: &str) -> bool {
    let has = |list: &Array| list.iter().any(|name| name.as_str() == Some(device));
    let one = entry.get("devices").and_then(Item::as_array).is_some_and(has);
    let levels = entry.get("levels").and_then(Item::as_array);
    one || levels.is_some_and(|levels| levels.iter().filter_map(Value::as_array).any(has))
}

/// Only what differs is written.
fn set_params(entry: &mut Table, one: &Wanted) -> Result<(), String> {
    let has = |entry: &Table, name: &str| {
        let own = entry.get("params").and_then(|params| params.get(&one.device));
        own.is_some_and(|own| own.get(name).is_some())
    };
    let differs =
        |(name, text): &(&String, &String)| one.shared.get(*name) != Some(*text) || has(entry, name);
    let params: Vec<_> = one.params.iter().filter(differs).collect();
    if params.is_empty() {
        return Ok(());
    }
    let odd = || format!("host {}: its params are no table", one.host);
    let all = entry.entry("params").or_insert_with(|| Item::Table(implicit()));
    let device = all.as_table_like_mut().ok_or_else(odd)?.entry(&one.device);
    let table = device.or_insert_with(|| Item::Table(Table::new())).as_table_like_mut().ok_or_else(odd)?;
    for (name, text) in params {
        match table.get_mut(name).and_then(Item::as_value_mut) {
            Some(old) if old.as_str() == Some(text) => {}
            Some(old) => {
                let mut new = Value::from(text);
                *new.decor_mut() = old.decor().clone();
                *old = new;
            }
            None => drop(table.insert(name, value(text))),
        }
    }
    Ok(())
}

/// Several devices are levels in the order of the list.
fn new_entry(devices: &[&Wanted]) -> Table {
    let mut entry = Table::new();
    entry.decor_mut().set_prefix("\n");
    if let Some(first) = devices.first() {
        entry.insert("id", value(i64::from(first.host)));
        entry.insert("name", value(&first.name));
    }
    match devices {
        [one] => entry.insert("devices", value(Array::from_iter([&one.device]))),
        several => {
            let levels = several.iter().map(|one| Value::Array(Array::from_iter([&one.device])));
            entry.insert("levels", value(levels.collect::<Array>()))
        }
    };
    let mut params = implicit();
    for one in devices {
        let own = one.params.iter().filter(|(name, text)| one.shared.get(*name) != Some(*text));
        let mut table = Table::new();
        table.extend(own.map(|(name, text)| (name.as_str(), Value::from(text))));
        if !table.is_empty() {
            params.insert(&one.device, Item::Table(table));
        }
    }
    if !params.is_empty() {
        entry.insert("params", Item::Table(params));
    }
    entry
}

fn declare(file: &mut DocumentMut, name: &str, device: &New) -> Result<(), String> {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    let driver = if device.agent.is_some() { "agent" } else { "redfish" };
    table.insert("driver", value(driver));
    if let Some(agent) = &device.agent {
        table.insert("agent", value(agent));
    }
    let inline = |pairs: &BTreeMap<String, String>| {
        value(pairs.iter().map(|(name, text)| (name.as_str(), Value::from(text))).collect::<InlineTable>())
    };
    if !device.params.is_empty() {
        table.insert("params", inline(&device.params));
    }
    table.insert("secrets", inline(&BTreeMap::from([("password".to_owned(), device.secret.clone())])));
    let all = file.entry("device").or_insert_with(|| Item::Table(implicit()));
    let all = all.as_table_like_mut().ok_or("`device` is no table")?;
    all.insert(name, Item::Table(table));
    Ok(())
}

/// A table that has tables only, and no line of its own.
fn implicit() -> Table {
    let mut table = Table::new();
    table.set_implicit(true);
    table
}
