//! Pages as HTML: one file without any outside reference. What stands in them is decided in the parts of `page`.
//!
//! The template escapes whatever it shows. Beside that the browser is told to run nothing and to load nothing but the one style
//! and the one script that are in the file, each by its SHA-256.

use super::Page;
use super::site::Site;
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use std::fmt::Write as _;

const STYLE: &str = include_str!("../../templates/page.css");
const SCRIPT: &str = include_str!("../../templates/page.js");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A part of a text.
struct Spelled<'a> {
    /// Is it a command to type?
    command: bool,
    text: &'a str,
}

/// A text in parts: what stands between two backticks is a command.
fn spelled(text: &str) -> Vec<Spelled<'_>> {
    let parts = text.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.map(|(at, text)| Spelled { command: at % 2 == 1, text }).collect()
}

/// Is there an index beside it?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It stands alone.
    Alone,
    /// It is part of a site.
    InSite,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Report<'a> {
    page: &'a Page,
    index: bool,
    of: &'a str,
    policy: String,
    style: &'static str,
    script: &'static str,
    version: &'static str,
}

#[derive(Template)]
#[template(path = "site.html")]
struct Index<'a> {
    site: &'a Site,
    of: &'static str,
    policy: String,
    style: &'static str,
    script: &'static str,
    version: &'static str,
}

/// The page of an incident; `of` is [`of`] what it was made from.
///
/// # Errors
/// A text if it cannot be written.
pub fn report(page: &Page, place: Place, of: &str) -> Result<String, String> {
    let report = Report {
        page,
        index: place == Place::InSite,
        of,
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        version: VERSION,
    };
    report.render().map_err(|error| error.to_string())
}

/// The index of a site.
///
/// # Errors
/// A text if it cannot be written.
pub fn index(site: &Site) -> Result<String, String> {
    let index = Index { site, of: "index", policy: policy(), style: STYLE, script: SCRIPT, version: VERSION };
    index.render().map_err(|error| error.to_string())
}

/// `Content-Security-Policy`
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// A short name for what a page is made from, so that one that would be the same is not made again. The program and its
/// templates are part of it.
#[must_use]
pub fn of(sources: &str) -> String {
    let whole = [VERSION, STYLE, SCRIPT, sources].join("\n");
    let mut name = String::new();
    for byte in digest(&SHA256, whole.as_bytes()).as_ref().iter().take(16) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Is this the page that was made from the same?
#[must_use]
pub fn is_of(page: &str, of: &str) -> bool {
    let meta = format!("<meta name=\"onerescue-of\" content=\"{of}\">");
    page.lines().take(15).any(|line| line == meta)
}
