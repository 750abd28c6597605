//! Hooks that the zone is to have: those of the templates, with a program and options.

use crate::model::text;
use std::collections::BTreeMap;

/// The templates that a person would register.
const TEMPLATES: [&str; 4] = [
    include_str!("../../../templates/host_error.tmpl"),
    include_str!("../../../templates/host_back.tmpl"),
    include_str!("../../../templates/vm_down_poweroff.tmpl"),
    include_str!("../../../templates/vm_down_unknown.tmpl"),
];

/// What they are called.
pub const NAMES: [&str; 4] = ["host_error", "host_back", "vm_down_poweroff", "vm_down_unknown"];

/// What a person chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The folder of the programs, `/usr/lib/onerescue`.
    pub folder: String,
    /// The options of `host_error`, `-m -p 5 --hand-over`.
    pub host_error: String,
    /// `onerescue reconcile` goes on where `host_back` would wait.
    pub hand_over: bool,
    /// `--config FILE` for each of them.
    pub config: Option<String>,
}

/// A hook that is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it is called if it is made.
    pub name: String,
    /// The path of its program.
    pub program: String,
    /// The other attributes of its template, `NAME` and `TYPE` among them.
    template: BTreeMap<String, String>,
}

/// Every hook of the templates.
#[must_use]
pub fn wanted(options: &Options) -> Vec<Wanted> {
    TEMPLATES.iter().map(|template| of_template(template, options)).collect()
}

fn of_template(text: &str, options: &Options) -> Wanted {
    let mut template: BTreeMap<String, String> = text.lines().filter_map(line).collect();
    let name = template.get("NAME").cloned().unwrap_or_default();
    let command = template.get("COMMAND").cloned().unwrap_or_default();
    let file = command.rsplit('/').next().unwrap_or_default();
    let program = format!("{}/{file}", options.folder);
    let own = match file {
        "host_error" => options.host_error.as_str(),
        "host_back" if options.hand_over => "--hand-over",
        _ => "",
    };
    let config = options.config.as_ref().map(|file| format!("--config {file}")).unwrap_or_default();
    let words = ["$TEMPLATE", own, config.as_str()];
    let words: Vec<_> = words.iter().flat_map(|words| words.split_whitespace()).collect();
    template.insert("ARGUMENTS".to_owned(), words.join(" "));
    template.insert("COMMAND".to_owned(), program.clone());
    Wanted { name, program, template }
}

/// `NAME            = "host_error"`
fn line(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
    Some((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
}

impl Wanted {
    /// What oned has of it when it is registered. It turns `ON` into states. Source: `src/hm/HookStateVM.cc`.
    #[must_use]
    pub fn registered(&self) -> BTreeMap<String, String> {
        let mut attributes = self.template.clone();
        for name in ["NAME", "TYPE"] {
            attributes.remove(name);
        }
        if attributes.remove("ON").as_deref() == Some("UNKNOWN") {
            attributes.insert("STATE".to_owned(), "ACTIVE".to_owned());
            attributes.insert("LCM_STATE".to_owned(), "UNKNOWN".to_owned());
        }
        attributes
    }

    /// The template that makes it.
    #[must_use]
    pub fn template(&self) -> String {
        written(&self.template)
    }

    pub(super) fn file(&self) -> &str {
        self.program.rsplit('/').next().unwrap_or_default()
    }
}

/// Attributes as oned reads them.
pub(super) fn written(attributes: &BTreeMap<String, String>) -> String {
    let lines: Vec<_> = attributes.iter().map(|(name, value)| text::attribute(name, value)).collect();
    lines.join("\n")
}
