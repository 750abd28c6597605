//! What was written before is named instead of written again.

use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

/// Shorter ones are cheaper written than named.
const SHORTEST: usize = 48;

/// What unfolds to more values, or deeper, was not written by us: 10,000 VMs are about a million values.
const MOST: u64 = 5_000_000;
const DEEPEST: u32 = 100;

/// What has been written, by its text: a hash with secret keys, and its length.
#[derive(Debug, Default)]
pub(super) struct Shared {
    seen: HashMap<(u64, usize), usize>,
    hasher: RandomState,
}

impl Shared {
    /// The same value in short; what is to be written before it is added to `new`.
    pub(super) fn pack(&mut self, value: Value, new: &mut Vec<Value>) -> Value {
        let value: Value = match value {
            Value::Array(list) => list.into_iter().map(|value| self.pack(value, new)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (name, self.pack(value, new))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return value,
        };
        let text = value.to_string();
        if text.len() < SHORTEST {
            return value;
        }
        let next = self.seen.len();
        let number = *self.seen.entry((self.hasher.hash_one(&text), text.len())).or_insert(next);
        if number == next {
            new.push(value);
        }
        json!({ "$": number })
    }
}

/// How many values one unfolds to, and how deep.
#[derive(Clone, Copy, Debug)]
struct Size {
    values: u64,
    depth: u32,
}

/// What has been read, as it was written, and how much each unfolds to.
#[derive(Debug, Default)]
pub(super) struct Known {
    values: Vec<(Value, Size)>,
}

impl Known {
    pub(super) fn learn(&mut self, value: Value) -> Result<(), String> {
        let size = self.size(&value)?;
        self.values.push((value, size));
        Ok(())
    }

    /// # Errors
    /// A text if it unfolds to too much, or names what is not known.
    pub(super) fn check(&self, value: &Value) -> Result<(), String> {
        self.size(value).map(drop)
    }

    fn size(&self, value: &Value) -> Result<Size, String> {
        let parts: &mut dyn Iterator<Item = &Value> = match value {
            Value::Object(fields) => match named(fields) {
                Some(number) => {
                    let known = self.value(number);
                    return known
                        .map(|(_, size)| *size)
                        .ok_or_else(|| format!("it names value {number}, which is not there"));
                }
                None => &mut fields.values(),
            },
            Value::Array(list) => &mut list.iter(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => &mut std::iter::empty(),
        };
        let mut whole = Size { values: 1, depth: 1 };
        for part in parts {
            let Size { values, depth } = self.size(part)?;
            whole.values = whole.values.saturating_add(values);
            whole.depth = whole.depth.max(depth.saturating_add(1));
        }
        if whole.values > MOST || whole.depth > DEEPEST {
            return Err(format!("it unfolds to more than {MOST} values, or {DEEPEST} levels"));
        }
        Ok(whole)
    }

    fn value(&self, number: u64) -> Option<&(Value, Size)> {
        self.values.get(usize::try_from(number).ok()?)
    }

    /// The value as it was before it was shortened. It names only what was written before it, so this ends.
    pub(super) fn unpack(&self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => match named(fields) {
                Some(number) => self.value(number).map_or(Value::Null, |(value, _)| self.unpack(value)),
                None => fields.iter().map(|(name, value)| (name.clone(), self.unpack(value))).collect(),
            },
            Value::Array(list) => list.iter().map(|value| self.unpack(value)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }
}

/// `{"$": 17}`. An attribute of that name has a text.
fn named(fields: &Map<String, Value>) -> Option<u64> {
    if fields.len() == 1 { fields.get("$")?.as_u64() } else { None }
}
