#![expect(clippy::disallowed_methods, reason = "those who hold a lock are programs of their own")]

use super::super::note::note_of;
use super::*;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};

fn ours(path: &Path) -> LockFile {
    match lock(path, &[]).unwrap() {
        Got::Ours(lock) => lock,
        Got::Held(locked) => panic!("{locked:?}"),
    }
}

fn held(path: &Path, over: &[Holder]) -> Locked {
    match lock(path, over).unwrap() {
        Got::Ours(_) => panic!("it is ours"),
        Got::Held(locked) => locked,
    }
}

fn refused(path: &Path) -> String {
    match lock(path, &[]) {
        Err(error) => error.chain(),
        Ok(_) => panic!("it is not refused"),
    }
}

/// A process that holds a lock until this is dropped.
struct Stranger(Child);

impl Stranger {
    fn of(path: &Path) -> Self {
        let words = ["/bin/sh", "-c", "echo held; exec /bin/sleep 1000"];
        let mut command = Command::new("/usr/bin/flock");
        command.arg("--no-fork").arg(path).args(words).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Self(child)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("onerescue-host-7.lock");
    (folder, path)
}

#[test]
fn a_lock_is_one_s_own_and_its_file_is_gone_afterwards() {
    let (folder, path) = place();
    let lock = ours(&path);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let locked = held(&path, &[]);
    assert!(locked.holders.iter().all(|holder| holder.pid == std::process::id()));
    drop(lock);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // What is noted stays for the next run.
    write(ours(&path).file(), "12");
    assert_eq!(ours(&path).note(), "12");
    write(&note_of(&path).unwrap(), "");
    drop(ours(&path));
    assert!(!path.exists());
}

#[test]
fn a_program_that_is_started_meanwhile_does_not_hold_it() {
    let (_folder, path) = place();
    let lock = ours(&path);
    let mut child = Command::new("/bin/sleep").arg("1000").spawn().unwrap();
    drop(lock);
    drop(ours(&path));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn it_is_taken_from_a_stranger_who_is_named_and_from_nobody_else() {
    let (folder, path) = place();
    fs::write(&path, "12").unwrap();
    let stranger = Stranger::of(&path);
    let locked = held(&path, &[]);
    // Some containers show no locks at all.
    let [holder] = locked.holders.as_slice() else { return };
    assert_eq!((holder.pid, holder.program.as_str()), (stranger.0.id(), "sleep"));
    let another = Holder { pid: holder.pid, program: "tail".to_owned() };
    assert_eq!(held(&path, &[another]).holders, locked.holders);
    let Got::Ours(lock) = lock(&path, &locked.holders).unwrap() else { panic!("it is not taken") };
    assert_eq!(lock.note(), "12");
    // From the next run it is not taken in the name of the old one.
    let next = held(&path, &locked.holders).holders;
    assert!(next.iter().all(|holder| holder.pid == std::process::id()));
    drop(lock);
    drop(stranger);
    let left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["onerescue-host-7.lock"], "the note stays, and nothing else");
}

#[test]
fn what_stands_in_its_place_is_not_followed() {
    let (folder, path) = place();
    let target = folder.path().join("passwd");
    fs::write(&target, "root").unwrap();
    symlink(&target, &path).unwrap();
    drop(ours(&path));
    assert_eq!(fs::read_to_string(&target).unwrap(), "root");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    drop(ours(&path));
    fs::create_dir(&path).unwrap();
    assert!(refused(&path).contains("lock"), "{}", refused(&path));
}

#[test]
fn a_folder_that_others_may_write_is_refused() {
    let (folder, path) = place();
    for (mode, right) in [(0o755, true), (0o775, false), (0o757, false), (0o1777, false), (0o700, true)] {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        assert_eq!(lock(&path, &[]).is_ok(), right, "{mode:o}");
    }
    let link = folder.path().join("link");
    symlink(folder.path(), &link).unwrap();
    assert!(refused(&link.join("onerescue-host-7.lock")).contains("it is a link"));
    let made = folder.path().join("one");
    drop(ours(&made.join("onerescue-host-7.lock")));
    assert_eq!(fs::metadata(&made).unwrap().permissions().mode() & 0o022, 0);
}

#[test]
fn a_wait_for_it_has_an_end() {
    let (_folder, path) = place();
    let lock = ours(&path);
    let error = lock_within(&path, Duration::from_millis(50)).unwrap_err().chain();
    assert!(error.contains("somebody held it"), "{error}");
    drop(lock);
    drop(lock_within(&path, Duration::from_millis(50)).unwrap());
}

/// Many threads take it and let it go, and each takes it alone.
#[test]
fn removing_it_lets_nobody_in_twice() {
    let (_folder, path) = place();
    let inside = std::sync::Mutex::new(());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..60 {
                    if let Got::Ours(lock) = lock(&path, &[]).unwrap() {
                        let alone = inside.try_lock().unwrap();
                        std::thread::yield_now();
                        drop(alone);
                        drop(lock);
                    }
                }
            });
        }
    });
}

#[test]
fn a_sweep_removes_what_is_old_empty_and_free() {
    let (folder, path) = place();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let make = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    };
    make("onerescue-host-1.lock", "");
    make("onerescue-vm-2.lock", "since 5");
    make("onerescue-device-pdu-1.lock", "");
    make("host_error.lock", "");
    drop(fs::write(&path, ""));
    make("onerescue-host-8.lock", "");
    let stranger = Stranger::of(&folder.path().join("onerescue-host-8.lock"));
    sweep(folder.path());
    drop(stranger);
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    left.sort();
    assert_eq!(
        left,
        ["host_error.lock", "onerescue-host-7.lock", "onerescue-host-8.lock", "onerescue-vm-2.lock"]
    );
}
