//! Texts for people: one line, of a length, and times in words.

use std::time::Duration;

/// Names and driver texts come from VM owners and hosts: no line break and no escape code gets through.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// At most so many bytes of a text, cut between characters; `…` stands for the rest.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let most = most.saturating_sub('…'.len_utf8());
    let begin = (0..=most).rev().find_map(|end| text.get(..end));
    format!("{}…", begin.unwrap_or_default())
}

/// The same with so many characters.
///
/// ```
/// # use onerescue::model::text::cut_chars;
/// assert_eq!(cut_chars("no space left", 9), "no space…");
/// assert_eq!(cut_chars("no space", 9), "no space");
/// ```
#[must_use]
pub fn cut_chars(text: &str, most: usize) -> String {
    match text.chars().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(std::iter::once('…')).collect(),
    }
}

/// So many VMs.
///
/// ```
/// # use onerescue::model::text::vms;
/// assert_eq!([0, 1, 2].map(vms), ["0 VMs", "1 VM", "2 VMs"]);
/// ```
#[must_use]
pub fn vms(count: usize) -> String {
    format!("{count} VM{}", if count == 1 { "" } else { "s" })
}

/// Behind a count.
#[must_use]
pub fn is_or_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// `once`, `2 times`
#[must_use]
pub fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// How long something took.
///
/// ```
/// # use onerescue::model::text::span;
/// # use std::time::Duration;
/// let spans = [45, 303, 7500].map(|seconds| span(Duration::from_secs(seconds)));
/// assert_eq!(spans, ["45 s", "5 min 3 s", "2 h 5 min"]);
/// ```
#[must_use]
pub fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// How long something may take, in one unit: `90 s`, `15 min`, `24 h`.
#[must_use]
pub fn limit(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

/// `NAME="value"`: an attribute of a template as oned reads it. Within quotes only `\"` is more than itself, so what ends in a
/// backslash, which oned cannot read there, gets a blank after it. Source: `src/parsers/template_parser.l`,
/// `template_syntax.y`.
///
/// ```
/// # use onerescue::model::text::attribute;
/// assert_eq!(attribute("LABELS", r#"the "night" shift"#), r#"LABELS="the \"night\" shift""#);
/// assert_eq!(attribute("PATH", r"C:\vm\"), r#"PATH="C:\vm\ ""#);
/// ```
#[must_use]
pub fn attribute(name: &str, value: &str) -> String {
    let end = if value.ends_with('\\') { " " } else { "" };
    format!("{name}=\"{}{end}\"", value.replace('"', "\\\""))
}
