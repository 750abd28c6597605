//! Does the template of the settings say of each one what the field that it sets says?
//!
//! The comment above a setting is the first paragraph of the field's doc comment, but for line breaks and backticks.
//! Defaults are compared where the settings are read, in `config`.

use std::collections::BTreeMap;

/// The structs with the fields of a section, and the file of each.
const SECTIONS: [(&str, &[(&str, &str)]); 17] = [
    ("", &[("Config", "src/config/mod.rs")]),
    ("oned", &[("OnedSettings", "src/config/mod.rs")]),
    ("wait", &[("WaitRules", "src/policy/rules.rs")]),
    ("brake", &[("BrakeRules", "src/policy/rules.rs")]),
    ("observer", &[("BrakeRules", "src/policy/rules.rs"), ("ObserverSettings", "src/config/mod.rs")]),
    ("witness", &[("WitnessRules", "src/policy/rules.rs"), ("WitnessSettings", "src/config/mod.rs")]),
    ("witness.consul", &[("ConsulSettings", "src/config/mod.rs")]),
    ("fence", &[("FenceRules", "src/policy/rules.rs"), ("Config", "src/config/mod.rs")]),
    ("hold", &[("HoldRules", "src/policy/rules.rs")]),
    ("plan", &[("PlanRules", "src/policy/rules/plan.rs")]),
    ("exclude", &[("Exclusions", "src/policy/rules/plan.rs")]),
    ("settle", &[("SettleRules", "src/policy/rules.rs")]),
    (
        "reconcile",
        &[("ReconcileRules", "src/policy/reconcile/mod.rs"), ("ReconcileSettings", "src/config/mod.rs")],
    ),
    ("record", &[("RecordRules", "src/policy/rules.rs"), ("Config", "src/config/mod.rs")]),
    ("host_back", &[("Rules", "src/policy/host_back/rules.rs")]),
    ("vm_down", &[("Rules", "src/policy/vm_down/rules.rs")]),
    ("watch", &[("Rules", "src/policy/watch/rules.rs")]),
];

/// Fields that have another name than their setting.
const RENAMED: [(&str, &str); 5] = [
    ("fenced_short", "short"),
    ("fenced_long", "long"),
    ("seen_on", "control"),
    ("seen_on_age", "control_age"),
    ("type", "record_type"),
];

/// Settings below a comment, by section and key: the comment, in one line.
fn comments(template: &str) -> Vec<(String, String, String)> {
    let (mut section, mut comment, mut found) = (String::new(), String::new(), Vec::new());
    for line in template.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            comment += text;
            comment.push(' ');
            continue;
        }
        let line = line.strip_prefix('#').unwrap_or(line);
        if line.starts_with('[') {
            line.trim_matches(['[', ']']).clone_into(&mut section);
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !comment.is_empty()) {
            found.push((section.clone(), key.to_owned(), comment.trim().to_owned()));
        }
        comment.clear();
    }
    found
}

/// The first paragraph of each field's doc comment.
fn docs(source: &str, of: &str) -> BTreeMap<String, String> {
    let body = source.split_once(&format!("pub struct {of} {{\n")).map_or("", |(_, rest)| rest);
    let (mut doc, mut done, mut found) = (String::new(), false, BTreeMap::new());
    for line in body.split("\n}").next().unwrap_or_default().lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            done |= text.trim().is_empty();
            if !done {
                doc += text.trim();
                doc.push(' ');
            }
        } else if let Some((field, _)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(':')) {
            found.insert(field.to_owned(), std::mem::take(&mut doc).trim().replace('`', ""));
            done = false;
        }
    }
    found
}

/// Every setting whose comment is not what its field says, as it is to be shown.
pub(super) fn other_than_their_fields(template: &str, read: impl Fn(&str) -> String) -> Vec<String> {
    let mut told = Vec::new();
    for (section, key, comment) in comments(template) {
        // A device's and a host's settings are read for what their driver needs.
        let Some((_, structs)) = SECTIONS.iter().find(|(name, _)| *name == section) else { continue };
        let field =
            RENAMED.iter().find(|(setting, _)| *setting == key).map_or(key.as_str(), |(_, field)| field);
        let doc = structs.iter().find_map(|(name, file)| docs(&read(file), name).remove(field));
        if doc.as_deref() != Some(comment.replace('`', "").as_str()) {
            let doc = doc.unwrap_or_else(|| "there is no such field".to_owned());
            told.push(format!("[{section}] {key}\n  template: {comment}\n  field:    {doc}"));
        }
    }
    told
}
