//! A folder with an index and a page of each incident. A page that would be the same is not made again.

use super::super::hook::NAMING;
use super::gather::Sources;
use crate::config::Config;
use crate::model::{DocumentId, Progress};
use crate::page::html::{self, Place, is_of, of};
use crate::page::site::{Seen, Site};
use crate::world::Zone;
use crate::world::clock::wall_clock;
use crate::world::identity::identity;
use crate::world::oned::Http;
use crate::world::publish::{self, Readers};
use std::io;
use std::path::Path;

/// Refresh the site of `[report] folder`, if there is one. What goes wrong is said, and changes nothing else.
pub(in crate::cli) fn refresh(zone: &Zone<Http>, config: &Config) {
    let Some(folder) = &config.report.folder else { return };
    // Nothing waits for pages: oned is asked once, and not for long.
    let zone = zone.beside(NAMING);
    let written = zone.memory(wall_clock(), &identity()).map_err(|failure| failure.what).and_then(|memory| {
        let sources = Sources::read(&zone, config, memory);
        write(&zone, &sources, folder).map_err(|error| error.to_string())
    });
    match written {
        Ok(told) => log::debug!("report: {told}"),
        Err(why) => log::warn!("report: the pages in {} are not refreshed: {why}", folder.display()),
    }
}

/// Write what has changed; in words what that was.
///
/// # Errors
/// As the system says; the other pages are written nevertheless.
pub(super) fn write(zone: &Zone<Http>, sources: &Sources, folder: &Path) -> io::Result<String> {
    let readers = publish::folder(folder)?;
    let (mut written, mut failed) = (0_usize, None);
    for (document, _) in &sources.memory.incidents {
        match page(zone, sources, *document, folder, readers) {
            Ok(changed) => written += usize::from(changed),
            Err(error) => failed = Some(error),
        }
    }
    let pages = publish::names(folder)?;
    let number = |name: &String| name.strip_prefix("incident-")?.strip_suffix(".html")?.parse().ok();
    let mut pages: Vec<u32> = pages.iter().filter_map(number).collect();
    pages.sort_unstable();
    let site = Site::new(&Seen {
        memory: &sources.memory,
        hosts: &sources.hosts,
        clusters: &sources.protected,
        pages: &pages,
        losses: &sources.losses,
        unread: &sources.unread,
    });
    publish::write(&folder.join("index.html"), &html::index(&site).map_err(io::Error::other)?, readers)?;
    failed.map_or_else(
        || {
            Ok(format!(
                "{}: {written} of {} pages were written, and the index",
                folder.display(),
                sources.memory.incidents.len()
            ))
        },
        Err,
    )
}

/// Has it changed?
fn page(
    zone: &Zone<Http>,
    sources: &Sources,
    document: DocumentId,
    folder: &Path,
    readers: Readers,
) -> io::Result<bool> {
    let path = folder.join(format!("incident-{}.html", document.0));
    let of = of(&sources_of(sources, document).map_err(io::Error::other)?);
    if is_of(&publish::head(&path), &of) {
        return Ok(false);
    }
    let Some(page) = sources.page(zone, document) else { return Ok(false) };
    let text = html::report(&page, Place::InSite, &of).map_err(io::Error::other)?;
    publish::write(&path, &text, readers)?;
    Ok(true)
}

/// Everything that a page is made from, in short: its journals by name and size.
fn sources_of(sources: &Sources, document: DocumentId) -> serde_json::Result<String> {
    let memory = &sources.memory;
    let incident = sources.incident(document);
    let of = incident.map(|incident| incident.host);
    let confirmations = memory.confirmations.iter().filter(|word| word.incident == document);
    let proceeds = memory.proceeds.iter().filter(|word| word.incident == document);
    let words: Vec<_> = confirmations.chain(proceeds).collect();
    let aborts: Vec<_> = memory.aborts.iter().filter(|word| word.incident == document).collect();
    let seen: Vec<_> = memory.seen_on.iter().filter(|seen| Some(seen.host) == of).collect();
    let journals: Vec<_> =
        sources.journals(document).map(|one| (&one.path, publish::size(&one.path))).collect();
    // The page of an open one says how long it is open.
    let now = incident.filter(|incident| incident.progress != Progress::Closed).map(|_| memory.now);
    let names: Vec<_> = sources.hosts.values().chain(sources.clusters.values()).collect();
    serde_json::to_string(&(
        incident,
        words,
        aborts,
        &memory.disarmed,
        seen,
        journals,
        now,
        names,
        &sources.unread,
    ))
}
