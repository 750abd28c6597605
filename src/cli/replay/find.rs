//! Which journals an operator means.

use crate::error::{Error, Result};
use crate::model::DocumentId;
use crate::policy::replay::Begin;
use crate::wire::journal::Reader;
use crate::world::journal::{Found, found, read_begin};
use std::path::{Path, PathBuf};

/// The files of an incident's runs, the first run first; or the one that was named.
pub(super) fn files(named: &str, folder: Option<&Path>) -> Result<Vec<PathBuf>> {
    if named.contains('/') || Path::new(named).extension().is_some_and(|ending| ending == "jsonl") {
        return Ok(vec![PathBuf::from(named)]);
    }
    let Some(folder) = folder else {
        let what = "no run is recorded here: `journal` under [record] is \"\"";
        return Err(Error::instead(what, "give the path of a .jsonl file"));
    };
    let read = |source| Error::File { doing: "read", path: folder.to_owned(), source };
    let all = found(folder).map_err(read)?;
    let number = named.parse().ok().map(DocumentId);
    let here = |document: Option<DocumentId>| {
        all.iter().filter(move |one| document.is_some() && one.document == document)
    };
    let mut files: Vec<PathBuf> = here(number).map(|one| one.path.clone()).collect();
    if files.is_empty()
        && let Some(newest) = all.iter().rev().find(|one| is_of(one, named))
    {
        files = match newest.document {
            Some(_) => here(newest.document).map(|one| one.path.clone()).collect(),
            None => vec![newest.path.clone()],
        };
    }
    if files.is_empty() {
        let what = format!("no run of the incident {named:?} is recorded in {}", folder.display());
        let advice =
            format!("run `onerescue show {named}`: it says on which front-end its runs were; run this there");
        return Err(Error::instead(what, advice));
    }
    Ok(files)
}

/// Is it about the host of this name?
fn is_of(journal: &Found, name: &str) -> bool {
    let begin =
        read_begin(&journal.path).ok().and_then(|text| Reader::read(&text).ok()?.begin::<Begin>().ok());
    begin.is_some_and(|begin| begin.subject.name == name)
}
