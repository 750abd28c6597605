//! A list of hosts as CSV with a header, or as a JSON array of objects.

use super::Row;
use crate::config::parameter::{Origin, check_key, may_hold_a_secret};
use std::collections::BTreeMap;

/// Every column. Those behind the first five are parameters of the device.
const COLUMNS: [&str; 21] = [
    "host",
    "driver",
    "address",
    "user",
    "secret_file",
    "system",
    "systems_uri",
    "uuid",
    "serial",
    "fingerprint",
    "ca_file",
    "session",
    "plug",
    "port",
    "ipport",
    "lanplus",
    "cipher",
    "privlvl",
    "ssl",
    "ssl_insecure",
    "target",
];

pub(super) fn csv(text: &str) -> Result<Vec<Row>, String> {
    let broken = |error: csv::Error| format!("it is no CSV: {}", where_it_breaks(&error));
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(broken)?;
    let columns: Vec<_> = header.iter().map(column).collect::<Result<_, _>>()?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        let pairs = columns.iter().cloned().zip(record.iter().map(str::to_owned));
        rows.push(row(format!("line {line}"), pairs));
    }
    needed(rows)
}

/// Without the values: one of them may be a secret.
fn where_it_breaks(error: &csv::Error) -> String {
    let line = error.position().map(|position| format!("line {}", position.line()));
    line.unwrap_or_else(|| "it cannot be read".to_owned())
        + " has another number of fields than the header, or no text"
}

pub(super) fn json(text: &str) -> Result<Vec<Row>, String> {
    let broken = |error: serde_json::Error| {
        format!("it is no JSON array of objects: line {} column {}", error.line(), error.column())
    };
    let list: Vec<BTreeMap<String, serde_json::Value>> = serde_json::from_str(text).map_err(broken)?;
    let mut rows = Vec::new();
    for (number, object) in list.into_iter().enumerate() {
        let place = format!("entry {}", number + 1);
        let mut pairs = Vec::new();
        for (name, value) in object {
            let name = column(&name)?;
            let value = match value {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.trim().to_owned(),
                serde_json::Value::Number(number) => number.to_string(),
                serde_json::Value::Bool(_) | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                    return Err(format!("{place}: `{name}` is neither a text nor a number"));
                }
            };
            pairs.push((name, value));
        }
        rows.push(row(place, pairs));
    }
    needed(rows)
}

fn row(place: String, pairs: impl IntoIterator<Item = (String, String)>) -> Row {
    Row { place, values: pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect() }
}

/// `Secret file` is `secret_file`. A column with secrets is refused by its name, whatever is in it.
fn column(name: &str) -> Result<String, String> {
    let plain = name.trim_start_matches('\u{feff}').trim().to_ascii_lowercase().replace([' ', '-'], "_");
    if COLUMNS.contains(&plain.as_str()) {
        return Ok(plain);
    }
    if check_key(&plain, Origin::Settings).is_err_and(|why| why.contains("secret"))
        || may_hold_a_secret(&plain)
    {
        return Err(format!(
            "column `{plain}` holds secrets in the clear: put each into a file of its own, mode 0600, and name that in \
             the column `secret_file`"
        ));
    }
    Err(format!("column {plain:?} is not known; leave it out. Columns are: {}", COLUMNS.join(", ")))
}

fn needed(rows: Vec<Row>) -> Result<Vec<Row>, String> {
    let lacks = |row: &&Row| !row.values.contains_key("host") || !row.values.contains_key("driver");
    match rows.iter().find(lacks) {
        Some(row) => Err(format!("{}: `host` and `driver` must both be given", row.place)),
        None if rows.is_empty() => Err("it names no host".to_owned()),
        None => Ok(rows),
    }
}
