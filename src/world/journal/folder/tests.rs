#![cfg(test)]

use super::*;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

fn names(folder: &Path) -> Vec<String> {
    found(folder).unwrap().iter().map(Found::name).collect()
}

fn rules(days: u64, most: u32) -> RecordRules {
    RecordRules { age: Duration::from_secs(days * 86_400), most }
}

#[test]
fn a_journal_is_named_by_host_record_begin_and_process() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("journal");
    let mut sheet = Sheet::new(&folder, rules(1, 10), HostId(7), 1_795_165_661).unwrap();
    let process = std::process::id();
    assert_eq!(names(&folder), [format!("host-7.document-none.1795165661.{process}.jsonl")]);
    sheet.write("one\n").unwrap();
    sheet.about(DocumentId(12));
    sheet.write("two\n").unwrap();
    let [one] = found(&folder).unwrap().try_into().unwrap();
    assert_eq!((one.host, one.document, one.process), (HostId(7), Some(DocumentId(12)), process));
    assert_eq!(read(&one.path).unwrap(), "one\ntwo\n");
    assert_eq!(fs::metadata(&one.path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    let again = Sheet::new(&folder, rules(1, 10), HostId(7), 1_795_165_661);
    assert!(again.is_ok(), "the first has another name by now");
}

#[test]
fn a_folder_that_others_may_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o770)).unwrap();
    let why = Sheet::new(dir.path(), rules(1, 10), HostId(7), 1).unwrap_err();
    assert!(why.ends_with("group or others may write it: its mode is 0770"), "{why}");
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(Sheet::new(&file, rules(1, 10), HostId(7), 1).is_err());
    let link = dir.path().join("link");
    std::os::unix::fs::symlink("/", &link).unwrap();
    let why = Sheet::new(&link, rules(1, 10), HostId(7), 1).unwrap_err();
    assert!(why.ends_with("it is not a directory"), "{why}");
}

#[test]
fn old_journals_and_the_middle_of_many_are_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str| fs::write(dir.path().join(name), "x").unwrap();
    put("host-1.document-1.100.1.jsonl");
    put("notes.txt");
    for began in 1_000_000..1_000_070 {
        put(&format!("host-2.document-5.{began}.1.jsonl"));
    }
    prune(dir.path(), rules(10, 10), 1_000_100).unwrap();
    let left = names(dir.path());
    assert_eq!(left.len(), OF_ONE, "{left:?}");
    assert_eq!(left.first().unwrap(), "host-2.document-5.1000000.1.jsonl");
    assert_eq!(left.last().unwrap(), "host-2.document-5.1000069.1.jsonl");
    assert!(dir.path().join("notes.txt").exists());
    for host in 3..13 {
        put(&format!("host-{host}.document-none.1000080.{host}.jsonl"));
    }
    prune(dir.path(), rules(10, 10), 1_000_100).unwrap();
    let left = names(dir.path());
    assert!(left.len() == 10 && !left.iter().any(|name| name.starts_with("host-2.")), "{left:?}");
}
