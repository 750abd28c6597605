//! Journals of an earlier format: what their first line says, as it is said now.

use serde_json::{Map, Value, json};

/// Format 1 had settings under other names than the settings file.
pub(super) fn since_1(begin: &mut Value) {
    let Some(policy) = begin.get_mut("policy").and_then(Value::as_object_mut) else { return };
    if let Some(fence) = policy.get_mut("fence").and_then(Value::as_object_mut) {
        moved(fence, "control", "seen_on");
        moved(fence, "control_age", "seen_on_age");
        // The power was read before the first batch of a plan, whatever this was: no reading was as young as it allows now.
        fence.insert("recheck".to_owned(), json!({ "secs": 0, "nanos": 0 }));
    }
    let Some(brake) = policy.get_mut("brake").and_then(Value::as_object_mut) else { return };
    for (window, count, time) in
        [("short", "fenced_short", "short"), ("long", "fenced_long", "long"), ("flaps", "flaps", "flap_time")]
    {
        if let Some(Value::Object(mut window)) = brake.remove(window) {
            moved(&mut window, "count", count);
            moved(&mut window, "time", time);
            brake.extend(window);
        }
    }
    let leader = brake.remove("leader").map(|leader| ("leader".to_owned(), leader));
    policy.insert("observer".to_owned(), leader.into_iter().collect());
}

fn moved(fields: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = fields.remove(from) {
        fields.insert(to.to_owned(), value);
    }
}
