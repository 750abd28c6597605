//! VMs that went down lately, in one small file of this front-end: `run_dir/onerescue-downs`.
//!
//! Events come to the leader only, so a file of its own is enough; it is short-lived, and losing it costs nothing but
//! the memory of a minute. A thousand hooks that are started at once ask it instead of oned.

use super::lockfile::lock_within;
use crate::error::Error;
use crate::model::{Epoch, HostId};
use crate::policy::{Crowd, Source, VmSubject as Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

/// A thousand hooks are through by then, ten at a time.
const WAIT: Duration = Duration::from_secs(5);
/// A file that is larger than this is not ours.
const MOST: u64 = 1 << 20;
/// Lines that are kept.
const LINES: usize = 5000;

/// One line: `1795165200 3 0 41`, when, host, system datastore, VM; -1 where oned does not say.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Line {
    at: Epoch,
    host: i64,
    datastore: i64,
    vm: u32,
}

/// Count, and note this VM first where an event says that it went down. One that is looked at again makes no crowd.
pub(super) fn count(folder: &Path, down: &Subject, now: Epoch, within: Duration) -> Result<Crowd, Error> {
    let path = folder.join("onerescue-downs");
    let failed = |source| Error::File { doing: "count in", path: path.clone(), source };
    // Held for a few milliseconds, and let go of with the file.
    let mut file = lock_within(&path, WAIT)?;
    note(&mut file, down, now, within).map_err(failed)
}

fn note(file: &mut File, down: &Subject, now: Epoch, within: Duration) -> io::Result<Crowd> {
    let mut text = String::new();
    // What cannot be read counts as nothing, and is replaced.
    let _ = (&*file).take(MOST).read_to_string(&mut text);
    // A line that lies ahead was written before the clock was set right: it counts as now, for as long as any other.
    let mend = |line: Line| Line { at: line.at.min(now), ..line };
    let fresh = |line: &Line| now.since(line.at) < within;
    let mut lines: Vec<_> = text.lines().filter_map(read).map(mend).filter(fresh).collect();
    let host = down.host.map_or(-1, |host| i64::from(host.0));
    let datastore = down.datastore.map_or(-1, |datastore| i64::from(datastore.0));
    if down.source == Source::Event {
        lines.push(Line { at: now, host, datastore, vm: down.vm.0 });
    }
    let skip = lines.len().saturating_sub(LINES);
    let kept: String = lines.iter().skip(skip).map(write).collect();
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(kept.as_bytes())?;
    let of_host: BTreeSet<_> = lines.iter().filter(|line| line.host == host).map(|line| line.vm).collect();
    // Where each was last.
    let there = lines.iter().filter(|line| line.datastore == datastore);
    let there: BTreeMap<_, _> = there.map(|line| (line.vm, line.host)).collect();
    let mut on_datastore = BTreeMap::new();
    for host in there.into_values() {
        *on_datastore.entry(u32::try_from(host).ok().map(HostId)).or_default() += 1;
    }
    Ok(Crowd { of_host: of_host.len(), on_datastore, now })
}

fn read(line: &str) -> Option<Line> {
    let mut words = line.split_whitespace();
    let at = Epoch(words.next()?.parse().ok()?);
    let (host, datastore) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Line { at, host, datastore, vm: words.next()?.parse().ok()? })
}

fn write(line: &Line) -> String {
    format!("{} {} {} {}\n", line.at.0, line.host, line.datastore, line.vm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DatastoreId, VmId};

    const MINUTE: Duration = Duration::from_secs(60);

    fn down(vm: u32, host: u32, datastore: u32) -> Subject {
        let (host, datastore) = (Some(HostId(host)), Some(DatastoreId(datastore)));
        Subject { vm: VmId(vm), name: String::new(), host, datastore, source: Source::Event }
    }

    #[test]
    fn vms_of_one_host_or_datastore_are_counted_once_and_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let count = |vm, host, datastore, at| {
            let crowd = count(folder.path(), &down(vm, host, datastore), Epoch(at), MINUTE).unwrap();
            (crowd.of_host, crowd.on_datastore.into_values().sum::<usize>())
        };
        assert_eq!(count(1, 7, 0, 1000), (1, 1));
        assert_eq!(count(2, 7, 0, 1010), (2, 2));
        assert_eq!(count(2, 7, 0, 1020), (2, 2));
        assert_eq!(count(3, 8, 0, 1030), (1, 3));
        assert_eq!(count(4, 7, 5, 1059), (3, 1));
        // The first one is forgotten.
        assert_eq!(count(5, 7, 0, 1065), (3, 3));
        assert_eq!(count(6, 7, 0, 9000), (1, 1));
    }

    #[test]
    fn who_is_looked_at_again_makes_no_crowd() {
        let folder = tempfile::tempdir().unwrap();
        let again = Subject { source: Source::Reconcile, ..down(2, 7, 0) };
        count(folder.path(), &down(1, 7, 0), Epoch(1000), MINUTE).unwrap();
        let crowd = count(folder.path(), &again, Epoch(1010), MINUTE).unwrap();
        assert_eq!((crowd.of_host, crowd.now), (1, Epoch(1010)));
        assert_eq!(count(folder.path(), &again, Epoch(1060), MINUTE).unwrap().of_host, 0);
    }

    #[test]
    fn a_damaged_file_counts_as_nothing_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("onerescue-downs");
        std::fs::write(&path, b"\xff\xfe nonsense\n1 2\n999999999999 7 0 1\n").unwrap();
        let crowd = count(folder.path(), &down(1, 7, 0), Epoch(1000), MINUTE).unwrap();
        assert_eq!((crowd.of_host, crowd.on_datastore), (1, BTreeMap::from([(Some(HostId(7)), 1)])));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1000 7 0 1\n");
    }
}
