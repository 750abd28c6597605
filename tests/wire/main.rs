//! Do we read OpenNebula, and can bytes hurt us?
//!
//! Every recorded exchange is read, typed where a type exists, and the odd ones are checked by value. Then
//! the same bytes come back broken in tens of thousands of ways: the answer is a value or an error.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper fails its test by panicking"
)]

mod broken;
mod http;
mod recorded;

use onerescue::model::{Cluster, Datastore, Document, Hook, Host, Raft, Vm, VmGroup, Zone};
use onerescue::wire::documents::{Decode, read, read_pool};
use onerescue::wire::xml::Limits;
use std::fs;
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Every file below the corpus, by its path there, in a fixed order.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![corpus()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(corpus()).unwrap().display().to_string();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Read a document with the decoder that its root asks for; `None` where no type exists.
fn typed(text: &str) -> Option<Result<usize, String>> {
    fn single<T: Decode>(text: &str) -> Result<usize, String> {
        read::<T>(text, Limits::HOOK).map(|_| 1).map_err(|error| error.to_string())
    }
    fn pool<T: Decode>(text: &str) -> Result<usize, String> {
        let pool = read_pool::<T>(text, Limits::HOOK).map_err(|error| error.to_string())?;
        match pool.bad.first() {
            None => Ok(pool.good.len()),
            Some((id, error)) => Err(format!("{id}: {error}")),
        }
    }
    let name = text.trim_start().strip_prefix('<')?;
    let root = name.split(['>', '/', ' ']).next()?;
    Some(match root {
        "HOST" => single::<Host>(text),
        "VM" => single::<Vm>(text),
        "ZONE" => single::<Zone>(text),
        "RAFT" => single::<Raft>(text),
        "DOCUMENT" => single::<Document>(text),
        "HOOK" => single::<Hook>(text),
        "HOST_POOL" => pool::<Host>(text),
        "VM_POOL" => pool::<Vm>(text),
        "DATASTORE_POOL" => pool::<Datastore>(text),
        "CLUSTER_POOL" => pool::<Cluster>(text),
        "VM_GROUP_POOL" => pool::<VmGroup>(text),
        "DOCUMENT_POOL" => pool::<Document>(text),
        "HOOK_POOL" => pool::<Hook>(text),
        _ => return None,
    })
}
