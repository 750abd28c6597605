//! `onerescue report`: the page of one incident, or a site of all of them.
//!
//! It reads the record as `show` does, and the journals of this front-end as `replay` does; it changes nothing in the cloud.

mod gather;
mod site;

pub(super) use site::refresh;

use super::history::remembered;
use super::stop::{Stop, end};
use crate::error::Error;
use crate::finish;
use crate::model::{DocumentId, Memory};
use crate::page::html::{self, Place};
use crate::policy::record::history::{About, find, rows};
use crate::policy::{Failure, unreadable};
use crate::world::publish::{self, Readers};
use clap::Args;
use gather::Sources;
use std::path::PathBuf;

/// Write one incident down as a page for people: what happened, the timeline, the evidence, each VM, who did what
#[derive(Clone, Debug, Args)]
pub(super) struct ReportOptions {
    /// Its number in `onerescue history`, or a host's name for its newest. Default: the last one
    incident: Option<String>,
    /// Write the page into this file instead of to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a site into this folder instead: an index, and a page of each incident
    #[arg(long, value_name = "DIR", conflicts_with_all = ["incident", "output"])]
    site: Option<PathBuf>,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Make it. The exit code is 0 whatever it tells.
///
/// # Errors
/// [`Error::Instead`] if there is no such incident, [`Error::File`] if it cannot be written, and whatever keeps the cloud from
/// being reached.
pub(super) fn report(options: &ReportOptions) -> Result<u8, Error> {
    end(make(options))
}

fn make(options: &ReportOptions) -> Result<u8, Stop> {
    let (zone, config, _, memory) = remembered(options.config.as_deref())?;
    let sources = Sources::read(&zone, &config, memory);
    if let Some(folder) = &options.site {
        let told = site::write(&zone, &sources, folder).map_err(|source| Error::File {
            doing: "write the pages in",
            path: folder.clone(),
            source,
        })?;
        finish::say(&format!("{told}\n"));
        return Ok(0);
    }
    let document = wanted(&sources.memory, options.incident.as_deref())?;
    let page = sources.page(&zone, document).ok_or_else(|| gone(document))?;
    let text = html::report(&page, Place::Alone, "").map_err(|why| failed(document, &why))?;
    match &options.output {
        None => finish::say_page(&text),
        Some(path) => publish::write(path, &text, Readers::Owner).map_err(|source| Error::File {
            doing: "write",
            path: path.clone(),
            source,
        })?,
    }
    Ok(0)
}

/// The incident that was named, or the last one.
fn wanted(memory: &Memory, named: Option<&str>) -> Result<DocumentId, Stop> {
    let found = match named {
        Some(named) => find(memory, named).map(|(document, _)| *document),
        None => rows(memory, None).iter().find(|row| row.about == About::Failure).map(|row| row.incident),
    };
    let what = || match named {
        Some(named) => format!("there is no incident {named:?}"),
        None => "no incident is remembered".to_owned(),
    };
    match (found, unreadable(memory)) {
        (Some(document), _) => Ok(document),
        (None, Some(failure)) => {
            let what = format!("{} that can be read: {}", what(), failure.what);
            Err(Failure { what, ..failure }.into())
        }
        (None, None) => Err(Error::instead(
            what(),
            "run `onerescue history`, and give one of its hosts or documents if there is one",
        )
        .into()),
    }
}

fn gone(document: DocumentId) -> Stop {
    Error::instead(format!("{document} is not there any more"), "run `onerescue history`").into()
}

fn failed(document: DocumentId, why: &str) -> Stop {
    Error::instead(
        format!("the page of {document} cannot be written: {why}"),
        "run `onerescue show` instead, and report this",
    )
    .into()
}
