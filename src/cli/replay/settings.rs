//! Which settings differ between two policies, by name.

use crate::policy::Policy;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// One setting that was another then: `fence.samples`, `3`, `5`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Setting {
    pub(super) name: String,
    pub(super) then: String,
    pub(super) now: String,
}

/// Every setting that differs, by name.
pub(super) fn differences(then: &Policy, now: &Policy) -> Vec<Setting> {
    let (then, now) = (flat(then), flat(now));
    let names = then.keys().chain(now.keys()).collect::<std::collections::BTreeSet<_>>();
    let text = |of: &BTreeMap<String, String>, name: &String| of.get(name).cloned().unwrap_or_default();
    let setting =
        |name: &String| Setting { name: name.clone(), then: text(&then, name), now: text(&now, name) };
    names.into_iter().map(setting).filter(|setting| setting.then != setting.now).collect()
}

fn flat(policy: &Policy) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    add("", &serde_json::to_value(policy).unwrap_or_default(), &mut all);
    all
}

fn add(name: &str, value: &Value, all: &mut BTreeMap<String, String>) {
    if let (Value::Object(fields), None) = (value, duration(value)) {
        for (key, value) in fields {
            let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            add(&name, value, all);
        }
    } else {
        let text = duration(value).map_or_else(|| value.to_string(), |time| format!("{time:?}"));
        all.insert(name.to_owned(), text);
    }
}

/// `{"secs":2,"nanos":0}`
fn duration(value: &Value) -> Option<Duration> {
    let nanos = value.get("nanos")?.as_u64()?;
    Some(Duration::new(value.get("secs")?.as_u64()?, u32::try_from(nanos).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Mode, Wish};

    #[test]
    fn settings_that_differ_are_named_with_both_values() {
        let then = Policy::new(Mode::Migrate);
        let mut now = then.clone();
        assert_eq!(differences(&then, &now), []);
        now.fence.samples = 5;
        now.fence.interval = Duration::from_millis(1500);
        now.brake.fenced_short = 1;
        now.plan.owner_may.insert(Wish::Delete);
        let told: Vec<_> =
            differences(&then, &now).into_iter().map(|one| (one.name, one.then, one.now)).collect();
        let expected = [
            ("brake.fenced_short", "3", "1"),
            ("fence.interval", "2s", "1.5s"),
            ("fence.samples", "3", "5"),
            ("plan.owner_may", "[\"None\",\"Migrate\"]", "[\"None\",\"Migrate\",\"Delete\"]"),
        ];
        assert_eq!(told, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    }
}
