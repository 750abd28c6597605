use super::*;

const NOW: Epoch = Epoch(1_795_165_200);

fn run(boot: &str, pid: u32, began: u64) -> RunId {
    RunId { machine: "m1".to_owned(), boot: boot.to_owned(), space: "pid:[1]".to_owned(), pid, began }
}

/// A record that the owner has written this many seconds ago.
fn incident(owner: &str, run: Option<RunId>, ago: i64) -> Incident {
    let updated = Epoch(NOW.0 - ago);
    Incident { owner: owner.to_owned(), run, updated, progress: Progress::Fencing, ..Incident::default() }
}

/// The run `fe1 9 …` reads, and this machine says this of the owner.
fn memory(of: &Incident, life: Option<Life>) -> Memory {
    let seen = |life| SeenOwner { owner: of.owner.clone(), run: of.run.clone(), life };
    let owners = life.map(seen).into_iter().collect();
    Memory { now: NOW, me: "fe1 9 1".to_owned(), run: Some(run("b1", 9, 900)), owners, ..Memory::default() }
}

/// Is it a dead process of this machine, and may it be at work?
fn judged(of: &Incident, life: Option<Life>) -> (bool, bool) {
    let memory = memory(of, life);
    (is_here(&memory, of), may_live(&memory, DocumentId(1), of))
}

#[test]
fn a_process_of_this_machine_that_lives_is_not_taken_over_whatever_its_name_and_its_age() {
    for ago in [1, 399, 701, 100_000] {
        for name in ["fe1 4 1", "fe2 4 1", ""] {
            let of = incident(name, Some(run("b1", 4, 7)), ago);
            assert_eq!(judged(&of, Some(Life::Lives)), (false, true), "{name} {ago}");
            assert_eq!(judged(&of, Some(Life::Gone)), (true, false), "{name} {ago}");
        }
    }
}

#[test]
fn one_name_is_not_one_machine() {
    // Two front-ends of one name, a clone, and this one before its boot: the lease decides.
    for seen in [None, Some(Life::Unseen)] {
        for (ago, at_work) in [(1, true), (699, true), (701, false)] {
            let of = incident("fe1 4 1", Some(run("b2", 4, 7)), ago);
            assert_eq!(judged(&of, seen), (false, at_work), "{ago}");
        }
    }
}

#[test]
fn a_record_of_an_older_version_goes_by_its_name_unless_its_process_is_seen_to_live() {
    let (here, there) = (incident("fe1 4 1", None, 1), incident("fe2 4 1", None, 1));
    assert_eq!(judged(&here, None), (true, false));
    assert_eq!(judged(&here, Some(Life::Gone)), (true, false));
    assert_eq!(judged(&here, Some(Life::Lives)), (false, true));
    assert_eq!(judged(&here, Some(Life::Unseen)), (false, true));
    assert_eq!(judged(&there, None), (false, true));
}

#[test]
fn who_has_let_go_is_not_at_work_though_the_process_lives() {
    let of = incident("fe1 4 1", Some(run("b1", 4, 7)), 1);
    let ended = Incident { outcome: Some("held".to_owned()), ..of.clone() };
    assert_eq!(judged(&ended, Some(Life::Lives)), (false, false));
    let stopped = Incident { interrupted: Some(NOW), ..of.clone() };
    assert_eq!(judged(&stopped, Some(Life::Lives)), (false, false));
    let closed = Incident { progress: Progress::Closed, ..of };
    assert_eq!(judged(&closed, Some(Life::Lives)), (false, false));
}

#[test]
fn an_earlier_run_of_this_process_has_ended() {
    let of = incident("fe1 9 0", Some(run("b1", 9, 900)), 1);
    assert_eq!(judged(&of, Some(Life::Lives)), (true, false));
}
