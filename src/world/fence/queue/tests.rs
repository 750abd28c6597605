//! Tests of the queue, with processes that hold places.

use super::*;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

fn queue() -> (tempfile::TempDir, Queue, DeviceName) {
    let dir = tempfile::tempdir().unwrap();
    let queue = Queue::new(dir.path().join("run"));
    (dir, queue, DeviceName("pdu".to_owned()))
}

impl Turn {
    fn has_place(&self) -> bool {
        let Self { _place: place, .. } = self;
        place.is_some()
    }
}

/// Another process that holds a place until it is killed.
#[expect(clippy::disallowed_methods, reason = "the holder is a program of its own")]
fn holder(queue: &Queue, place: u32) -> Child {
    std::fs::create_dir_all(&queue.run_dir).unwrap();
    let file = queue.run_dir.join(format!("onerescue-device-pdu-{place}.lock"));
    let mut child = Command::new("/usr/bin/flock")
        .arg("--no-fork")
        .arg(file)
        .args(["/bin/sh", "-c", "echo held; exec /bin/sleep 1000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    child
}

fn end(mut holder: Child) {
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn a_free_place_costs_nothing_and_is_given_back() {
    let (_dir, queue, pdu) = queue();
    for _ in 0..3 {
        let turn = queue.turn(&pdu, 1, LONG).unwrap();
        assert!(turn.has_place() && turn.left > LONG / 2);
    }
}

#[test]
fn places_of_other_processes_count_and_waiting_ends_in_time() {
    let (_dir, queue, pdu) = queue();
    let holders = [holder(&queue, 1), holder(&queue, 2)];
    let began = now();
    let why = queue.turn(&pdu, 2, SHORT).unwrap_err();
    assert_eq!(why, "it is busy: all of its 2 places stayed taken for 200ms");
    assert!(began.elapsed() >= SHORT);
    // A third place is free, and another device has its own places.
    assert!(queue.turn(&pdu, 3, SHORT).unwrap().has_place());
    assert!(queue.turn(&DeviceName("bmc".to_owned()), 1, SHORT).unwrap().has_place());
    holders.into_iter().for_each(end);
}

#[test]
fn a_process_that_dies_gives_its_place_to_who_waits_and_waiting_counts() {
    let (_dir, queue, pdu) = queue();
    let holders = [holder(&queue, 1), holder(&queue, 2)];
    // Whoever gives up still waits in the kernel; that must not keep the place from the next one.
    assert!(queue.turn(&pdu, 2, SHORT).is_err());
    let began = now();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.turn(&pdu, 2, LONG).unwrap());
        let [first, second] = holders;
        assert!(queue.turn(&pdu, 2, SHORT).is_err());
        end(second);
        let turn = waiting.join().unwrap();
        assert!(turn.has_place() && turn.left <= LONG.saturating_sub(SHORT));
        assert!(began.elapsed() < LONG / 2);
        end(first);
    });
}

#[test]
fn never_more_at_a_time_than_places() {
    let (_dir, queue, pdu) = queue();
    for places in [1, 3] {
        let (inside, most, done) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    let turn = queue.turn(&pdu, places, LONG).unwrap();
                    assert!(turn.has_place());
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    (0..1000).for_each(|_| thread::yield_now());
                    inside.fetch_sub(1, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(done.into_inner(), 12);
        assert!((1..=places).contains(&most.into_inner()));
    }
}

#[test]
fn row_60_a_queue_that_cannot_be_made_does_not_keep_a_host_from_being_fenced() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let turn = Queue::new(file).turn(&DeviceName("pdu".to_owned()), 1, SHORT).unwrap();
    assert!(!turn.has_place() && turn.left > Duration::ZERO);
}
