//! Tests of the queue, with processes that hold places.

use super::*;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

fn queue() -> (tempfile::TempDir, Queue, &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let queue = Queue::new(dir.path().join("run"));
    (dir, queue, "pdu")
}

impl Turn {
    fn has_place(&self) -> bool {
        let Self { _place: place, .. } = self;
        place.is_some()
    }
}

/// Another process that holds a place until this is dropped.
struct Holder(Child);

impl Holder {
    #[expect(clippy::disallowed_methods, reason = "the holder is a program of its own")]
    fn new(queue: &Queue, place: u32) -> Self {
        std::fs::create_dir_all(&queue.run_dir).unwrap();
        let file = queue.run_dir.join(format!("onerescue-device-pdu-{place}.lock"));
        let mut child = Command::new("/usr/bin/flock")
            .arg("--no-fork")
            .arg(file)
            .args(["/bin/sh", "-c", "echo held; exec /bin/sleep 1000"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_free_place_costs_nothing_and_is_given_back() {
    let (_dir, queue, pdu) = queue();
    for _ in 0..3 {
        let turn = queue.turn(pdu, 1, LONG).unwrap();
        assert!(turn.has_place() && turn.left > LONG / 2);
    }
}

#[test]
fn places_of_other_processes_count_and_waiting_ends_in_time() {
    let (_dir, queue, pdu) = queue();
    let _holders = [1, 2].map(|place| Holder::new(&queue, place));
    let began = now();
    let why = queue.turn(pdu, 2, SHORT).unwrap_err();
    assert_eq!(why, "it is busy: all of its 2 places stayed taken for 200ms");
    assert!(began.elapsed() >= SHORT);
    // A third place is free, and another device has its own places.
    assert!(queue.turn(pdu, 3, SHORT).unwrap().has_place());
    assert!(queue.turn("bmc", 1, SHORT).unwrap().has_place());
}

#[test]
fn a_process_that_dies_gives_its_place_to_who_waits_and_waiting_counts() {
    let (_dir, queue, pdu) = queue();
    let [_first, second] = [1, 2].map(|place| Holder::new(&queue, place));
    // Whoever gives up still waits in the kernel; that must not keep the place from the next one.
    assert!(queue.turn(pdu, 2, SHORT).is_err());
    let (ready, waiter) = channel();
    thread::scope(|scope| {
        let queue = &queue;
        let waiting = scope.spawn(move || {
            ready.send(now()).unwrap();
            queue.turn(pdu, 2, LONG).unwrap()
        });
        let began = waiter.recv().unwrap();
        assert!(queue.turn(pdu, 2, SHORT).is_err());
        drop(second);
        let turn = waiting.join().unwrap();
        assert!(turn.has_place());
        assert!(turn.left + SHORT / 4 < LONG && turn.left + began.elapsed() >= LONG, "{turn:?}");
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
                    let turn = queue.turn(pdu, places, LONG).unwrap();
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
    let turn = Queue::new(file).turn("pdu", 1, SHORT).unwrap();
    assert!(!turn.has_place() && turn.left > Duration::ZERO);
}

#[test]
fn a_controller_of_any_name_has_a_file() {
    let (_dir, queue, _) = queue();
    for controller in ["redfish-https://[fe80::1%25]/x", "a-..", &"x".repeat(1000)] {
        assert!(queue.turn(controller, 1, SHORT).unwrap().has_place(), "{controller}");
    }
    assert_eq!(file_name("redfish-https://10.8.1.12"), "redfish-https___10.8.1.12");
}
