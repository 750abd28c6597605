//! Tests of the runner, with real programs.

use super::output::MOST_OUTPUT;
use super::*;

fn shell(script: &str, stdin: &[u8], deadline: Duration) -> Ran {
    let arguments = ["-c".to_owned(), script.to_owned()];
    run(&Call { program: Path::new("/bin/bash"), arguments: &arguments, stdin, deadline, ca_file: None })
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

/// Whether a process is there and not a corpse.
fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// SIGKILL works at once, but its victim is a corpse only after it ran once more.
fn assert_dead(pid: &str) {
    let before = now();
    while alive(pid) {
        assert!(before.elapsed() < Duration::from_secs(10), "{pid} is alive");
        thread::yield_now();
    }
}

#[test]
fn a_program_gets_its_input_and_nothing_of_ours() {
    let ran = shell("cat; pwd; /usr/bin/env | /usr/bin/sort >&2; exit 7", b"key=value\n", LONG);
    assert_eq!(ran.outcome, Outcome::Exited(7));
    assert_eq!(ran.stdout, "key=value\n/\n");
    let names: Vec<_> = ran.stderr.lines().filter_map(|l| l.split('=').next()).collect();
    assert_eq!(names, ["LC_ALL", "PATH", "PWD", "SHLVL", "_"]);
}

#[test]
fn row_42_a_signal_is_not_an_exit_code() {
    assert_eq!(shell("kill -SEGV $$", b"", LONG).outcome, Outcome::Signalled(11));
    assert_eq!(shell("exit 139", b"", LONG).outcome, Outcome::Exited(139));
}

#[test]
fn a_missing_program_is_not_started() {
    let call = Call {
        program: Path::new("/nonexistent/fence"),
        arguments: &[],
        stdin: b"",
        deadline: LONG,
        ca_file: None,
    };
    assert!(matches!(run(&call).outcome, Outcome::NotStarted(_)));
}

#[test]
fn row_43_a_program_that_ignores_sigterm_dies_with_its_children() {
    let before = now();
    let script = "trap '' TERM; /bin/sleep 1000 & echo $!; echo $$; while :; do /bin/sleep 1000; done";
    let ran = shell(script, b"", SHORT);
    assert_eq!(ran.outcome, Outcome::TimedOut);
    assert!(before.elapsed() < SHORT + GRACE + GRACE);
    let pids: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(pids.len(), 2);
    pids.into_iter().for_each(assert_dead);
}

#[test]
fn a_grandchild_that_holds_the_pipe_neither_blocks_nor_survives() {
    let before = now();
    let ran = shell("/bin/sleep 1000 & echo $!", b"", LONG);
    assert_eq!(ran.outcome, Outcome::Exited(0));
    assert!(before.elapsed() < LONG / 2);
    assert_dead(&ran.stdout);
}

#[test]
fn somebody_who_left_the_group_and_holds_the_pipe_does_not_block() {
    let ran = shell("/usr/bin/setsid /bin/sleep 3 & echo gone", b"", LONG);
    assert_eq!(ran.outcome, Outcome::Exited(0));
    assert_eq!(ran.stdout, "gone\n");
}

#[test]
fn row_44_a_flood_is_bounded_and_does_not_block() {
    let ran = shell("/usr/bin/yes | /usr/bin/head -c 100000000; echo >&2 done", b"", LONG);
    assert_eq!(ran.outcome, Outcome::Exited(0));
    assert!(ran.cut && ran.stdout.len() <= MOST_OUTPUT && ran.stdout.ends_with('y'));
    assert_eq!(ran.stderr, "done\n");
}

#[test]
fn row_44_bytes_that_are_no_text_are_replaced() {
    let ran = shell(r"printf '\377\376off\n'", b"", LONG);
    assert_eq!(ran.stdout, "\u{fffd}\u{fffd}off\n");
}

#[test]
fn input_that_nobody_reads_does_not_block() {
    let much = vec![b'x'; 1 << 20];
    assert_eq!(shell("exec 0<&-; exit 3", &much, LONG).outcome, Outcome::Exited(3));
    assert_eq!(shell("/bin/sleep 1000", &much, SHORT).outcome, Outcome::TimedOut);
}
