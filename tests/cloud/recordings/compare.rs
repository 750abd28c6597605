//! Our reply against the recorded one.

use onerescue::wire::xml::{Element, Limits};
use onerescue::wire::xmlrpc::{Reply, Value};

/// Values that differ from one run of a real cloud to the next, or describe the lab.
const VALUES_THAT_VARY: [&str; 27] = [
    "SCHED_MESSAGE",
    "ALLOW_ORPHANS",
    "COMMIT",
    "EETIME",
    "ERROR",
    "ESTIME",
    "ETIME",
    "FREE_CPU",
    "FREE_MB",
    "FREE_MEMORY",
    "LOG_INDEX",
    "PETIME",
    "PSTIME",
    "REQUEST_ID",
    "REQ_ID",
    "RETIME",
    "RSTIME",
    "STIME",
    "TIME",
    "TIMESTAMP",
    "TOTAL_MB",
    "USED_CPU",
    "USED_MB",
    "USED_MEMORY",
    "UUID",
    "VERSION",
    "DS_MAD",
];

/// What differs between our reply and the recorded one; empty if nothing does.
pub(crate) fn differences(ours: &Reply, recorded: &Reply) -> Vec<String> {
    let mut found = Vec::new();
    match (ours, recorded) {
        (Reply::Value(Value::Array(ours)), Reply::Value(Value::Array(recorded))) => {
            if ours.len() != recorded.len() {
                found.push(format!("{} values, recorded {}", ours.len(), recorded.len()));
            }
            for (ours, recorded) in ours.iter().zip(recorded) {
                compare_values(ours, recorded, &mut found);
            }
        }
        _ if ours == recorded => {}
        _ => found.push(format!("{ours:?}, recorded {recorded:?}")),
    }
    found
}

fn compare_values(ours: &Value, recorded: &Value, found: &mut Vec<String>) {
    let same_type = std::mem::discriminant(ours) == std::mem::discriminant(recorded);
    match (ours.as_text(), recorded.as_text()) {
        (Some(ours), Some(recorded)) if recorded.starts_with('<') => {
            match (Element::parse(ours, Limits::REPLY), Element::parse(recorded, Limits::REPLY)) {
                (Ok(ours), Ok(recorded)) => compare_elements("", &ours, &recorded, found),
                (ours, _) => found.push(format!("{ours:?}")),
            }
        }
        (Some(ours), Some(recorded)) if without_times(ours) == without_times(recorded) => {}
        _ if same_type && ours == recorded => {}
        _ => found.push(format!("{ours:?}, recorded {recorded:?}")),
    }
}

fn compare_elements(path: &str, ours: &Element, recorded: &Element, found: &mut Vec<String>) {
    let path = format!("{path}/{}", recorded.name);
    let names =
        |element: &Element| element.children.iter().map(|child| child.name.clone()).collect::<Vec<_>>();
    if ours.name != recorded.name || names(ours) != names(recorded) {
        found.push(format!("{path}: {:?}, recorded {:?}", names(ours), names(recorded)));
        return;
    }
    // HOST/TEMPLATE/HOSTNAME is what the lab's machine is called.
    let varies =
        VALUES_THAT_VARY.contains(&recorded.name.as_str()) || path.ends_with("HOST/TEMPLATE/HOSTNAME");
    if !varies && without_times(ours.text.trim()) != without_times(recorded.text.trim()) {
        found.push(format!("{path}: {:?}, recorded {:?}", ours.text, recorded.text));
    }
    for (ours, recorded) in ours.children.iter().zip(&recorded.children) {
        compare_elements(&path, ours, recorded, found);
    }
}

/// The text with every epoch time masked.
fn without_times(text: &str) -> String {
    let mut masked = String::new();
    let mut digits = String::new();
    for character in text.chars().chain(['\0']) {
        if character.is_ascii_digit() {
            digits.push(character);
        } else {
            masked.push_str(if digits.len() == 10 { "TIME" } else { &digits });
            digits.clear();
            masked.push(character);
        }
    }
    masked
}
