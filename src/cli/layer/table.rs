//! Layers and their faults for people, and as JSON.

use crate::model::text::{cut, one_line};
use crate::model::{HostId, VmId};
use crate::policy::layer::{Bond, Fault, Kind, Layer, Member, Place, Rule, Severity, Survey, Whose};
use serde::Serialize;
use std::fmt::Write as _;

/// What needs a person is shown up to this many times; `--json` has everything.
const MOST: usize = 200;

/// Names come from VM owners: one line each, and not without end.
pub(super) fn plain(text: &str) -> String {
    let lines = text.lines().map(|line| cut(&one_line(line), 1000) + "\n");
    lines.take(MOST).collect()
}

/// One block for each layer: its name, then its members with their states and hosts.
pub(super) fn list(survey: &Survey) -> String {
    let mut text = String::new();
    if survey.layers.is_empty() {
        text.push_str("there is no layer; `onerescue layer create NAME VM…` makes one\n");
    }
    for layer in &survey.layers {
        let count = layer.members.len();
        let plural = if count == 1 { "" } else { "s" };
        let _ = writeln!(text, "{}: {count} member{plural}", line(&layer.to_string()));
        members(survey, &layer.members, &mut text);
        if !layer.beside.is_empty() {
            text.push_str(" kept away from the administrators'\n");
            members(survey, &layer.beside, &mut text);
        }
    }
    for rule in &survey.rules {
        let _ = writeln!(text, "{}:", line(&rule.to_string()));
        for (role, of_role) in &rule.roles {
            let _ = writeln!(text, " role {}", line(role));
            members(survey, of_role, &mut text);
        }
    }
    unreadable(survey, &mut text);
    text
}

fn members(survey: &Survey, members: &[Member], text: &mut String) {
    for member in members {
        let (name, state) = (line(&member.to_string()), state(member));
        let _ = writeln!(text, "  {name:<32} {state:<12} {}", line(&place(survey, member)));
    }
}

fn line(text: &str) -> String {
    cut(&one_line(text), 200)
}

fn state(member: &Member) -> String {
    member.state.map_or_else(|| "unreadable".to_owned(), |state| state.to_string())
}

fn place(survey: &Survey, member: &Member) -> String {
    match member.place {
        Place::On(host) => survey.host(host),
        Place::Last(host) => format!("{}, starts there again", survey.host(host)),
        Place::Moving(host) => format!("{}, moving", survey.host(host)),
        Place::Nowhere => "no host".to_owned(),
        Place::Unknown => "not known".to_owned(),
    }
}

fn unreadable(survey: &Survey, text: &mut String) {
    for why in survey.unreadable.iter().take(MOST) {
        let _ = writeln!(text, "warning    {}: a member may be missing", line(why));
    }
}

/// What was looked at.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub(super) layers: usize,
    pub(super) rules: usize,
}

/// `1 layer and 2 rules between roles`
impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(f, "{} layer{}", self.layers, plural(self.layers))?;
        if self.rules > 0 {
            write!(f, " and {} rule{} between roles", self.rules, plural(self.rules))?;
        }
        Ok(())
    }
}

/// Violations first within each layer, with one thing to do; then the counts.
pub(super) fn check(survey: &Survey, counts: Counts, faults: &[Fault]) -> String {
    let mut text = String::new();
    for fault in faults.iter().take(MOST) {
        let word = match fault.severity {
            Severity::Violation => "VIOLATION",
            Severity::Warning => "warning",
        };
        let _ = writeln!(text, "{word:<10} {}: {}", line(&fault.layer), cut(&one_line(&fault.text), 1000));
        let _ = writeln!(text, "{:<10} do this: {}", "", cut(&one_line(&fault.advice), 1000));
    }
    if faults.len() > MOST {
        let _ = writeln!(text, "and {} more: --json has them all", faults.len() - MOST);
    }
    unreadable(survey, &mut text);
    let violations = faults.iter().filter(|fault| fault.severity == Severity::Violation).count();
    let _ = writeln!(
        text,
        "{counts}: {violations} violations, {} warnings",
        faults.len() - violations + survey.unreadable.len()
    );
    text
}

#[derive(Serialize)]
struct ListJson<'a> {
    format: u32,
    layers: Vec<LayerJson<'a>>,
    rules: Vec<RuleJson<'a>>,
    unreadable: &'a [String],
}

#[derive(Serialize)]
struct RuleJson<'a> {
    name: &'a str,
    kind: Bond,
    vm_group: u32,
    roles: Vec<RoleJson<'a>>,
}

#[derive(Serialize)]
struct RoleJson<'a> {
    name: &'a str,
    members: Vec<MemberJson<'a>>,
}

#[derive(Serialize)]
struct LayerJson<'a> {
    name: &'a str,
    kind: &'static str,
    vm_group: Option<u32>,
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<u32>,
    members: Vec<MemberJson<'a>>,
}

#[derive(Serialize)]
struct MemberJson<'a> {
    id: VmId,
    name: &'a str,
    state: Option<String>,
    host: Option<HostId>,
    host_name: Option<&'a str>,
    place: &'static str,
}

pub(super) fn list_json(survey: &Survey) -> String {
    let layers = survey.layers.iter().map(|layer| layer_json(survey, layer)).collect();
    let rules = survey.rules.iter().map(|rule| rule_json(survey, rule)).collect();
    pretty(&ListJson { format: 1, layers, rules, unreadable: &survey.unreadable })
}

fn rule_json<'a>(survey: &'a Survey, rule: &'a Rule) -> RuleJson<'a> {
    let of_role = |(name, members): &'a (String, Vec<Member>)| RoleJson {
        name,
        members: members.iter().map(|member| member_json(survey, member)).collect(),
    };
    RuleJson {
        name: &rule.name,
        kind: rule.bond,
        vm_group: rule.group.0,
        roles: rule.roles.iter().map(of_role).collect(),
    }
}

fn layer_json<'a>(survey: &'a Survey, layer: &'a Layer) -> LayerJson<'a> {
    let (kind, vm_group, role) = match &layer.kind {
        Kind::Role { group, role, .. } => ("vm_group", Some(group.0), Some(role.as_str())),
        Kind::Attribute(_) => ("ha_layer", None, None),
    };
    let (user, group) = match &layer.kind {
        Kind::Attribute(Whose::User(user)) => (Some(*user), None),
        Kind::Attribute(Whose::Team(group, _)) => (None, Some(*group)),
        Kind::Attribute(Whose::All) | Kind::Role { .. } => (None, None),
    };
    let members = layer.members.iter().map(|member| member_json(survey, member)).collect();
    LayerJson { name: &layer.name, kind, vm_group, role, user, group, members }
}

fn member_json<'a>(survey: &'a Survey, member: &'a Member) -> MemberJson<'a> {
    let place = match member.place {
        Place::On(_) => "on",
        Place::Last(_) => "last",
        Place::Moving(_) => "moving",
        Place::Nowhere => "nowhere",
        Place::Unknown => "unknown",
    };
    let host = member.place.host();
    let of_id = survey.hosts.iter().find(|other| Some(other.id) == host);
    MemberJson {
        id: member.vm,
        name: &member.name,
        state: member.state.map(|state| state.to_string()),
        host,
        host_name: of_id.map(|host| host.name.as_str()),
        place,
    }
}

#[derive(Serialize)]
struct CheckJson<'a> {
    format: u32,
    layers: usize,
    rules: usize,
    exit_code: u8,
    faults: &'a [Fault],
    unreadable: &'a [String],
}

pub(super) fn check_json(survey: &Survey, counts: Counts, faults: &[Fault], exit_code: u8) -> String {
    let Counts { layers, rules } = counts;
    pretty(&CheckJson { format: 1, layers, rules, exit_code, faults, unreadable: &survey.unreadable })
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
