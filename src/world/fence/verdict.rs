//! What a program's end and its words say about a host's power. Pure.
//!
//! Exit codes alone prove nothing: python exits with 2, an agent's "off", when it cannot read the script.

pub(super) use super::runner::one_line;
use super::runner::{Outcome, Ran, reason};
use crate::model::{NotOff, PowerState};

/// What `action=status` of a fence agent says: off is exit code 2 and the line `Status: OFF`, on is exit code
/// 0 and `Status: ON`. Source: fence-agents 4.12, `fence_action`.
pub(super) fn agent_status(ran: &Ran) -> PowerState {
    let mut says: Vec<&str> = ran.stdout.lines().map(str::trim_end).collect();
    says.retain(|line| line.starts_with("Status:"));
    match (&ran.outcome, says.as_slice(), ran.cut) {
        (Outcome::Exited(2), ["Status: OFF"], false) => PowerState::Off,
        (Outcome::Exited(0), ["Status: ON"], false) => PowerState::On,
        _ => PowerState::Unknown(reason(ran)),
    }
}

/// What an operator's status program says: exit code 0, and its last line is `on` or `off`.
pub(super) fn command_status(ran: &Ran) -> PowerState {
    let last = ran.stdout.lines().last().unwrap_or_default();
    match (&ran.outcome, ran.cut) {
        (Outcome::Exited(0), false) if last.eq_ignore_ascii_case("off") => PowerState::Off,
        (Outcome::Exited(0), false) if last.eq_ignore_ascii_case("on") => PowerState::On,
        _ => PowerState::Unknown(reason(ran)),
    }
}

/// Whether an order was carried out as far as the program knows. This is information, not a proof.
///
/// # Errors
/// The reason, on one line. Only a program that was never started has certainly told nobody.
pub(super) fn order(ran: &Ran) -> Result<(), NotOff> {
    match ran.outcome {
        Outcome::Exited(0) => Ok(()),
        Outcome::Exited(_) | Outcome::Signalled(_) | Outcome::TimedOut => Err(NotOff::Sent(reason(ran))),
        Outcome::NotStarted(_) => Err(NotOff::not_sent(reason(ran))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::runner::LONGEST_REASON;

    fn ran(outcome: Outcome, stdout: &str, stderr: &str) -> Ran {
        Ran { outcome, stdout: stdout.to_owned(), stderr: stderr.to_owned(), cut: false }
    }

    #[test]
    fn an_agent_is_believed_only_if_its_code_and_its_line_agree() {
        let state = |code, out: &str| agent_status(&ran(Outcome::Exited(code), out, ""));
        assert_eq!(state(2, "Status: OFF\n"), PowerState::Off);
        assert_eq!(state(0, "Status: ON\n"), PowerState::On);
        let unknown = [
            (2, ""),
            (0, ""),
            (0, "Status: OFF\n"),
            (2, "Status: ON\n"),
            (1, "Status: OFF\n"),
            (3, "Status: OFF\n"),
            (2, "Status: off\n"),
            (2, "Status: OFF?\n"),
            (2, "the Status: OFF\n"),
            (2, "Status: ON\nStatus: OFF\n"),
            (0, "Success: Already OFF\n"),
        ];
        for (code, out) in unknown {
            assert!(matches!(state(code, out), PowerState::Unknown(_)), "{code} {out:?}");
        }
    }

    #[test]
    fn row_42_no_other_end_is_off() {
        let not_started = Outcome::NotStarted("no such file".to_owned());
        for outcome in [Outcome::Signalled(9), Outcome::TimedOut, not_started] {
            let ran = ran(outcome, "Status: OFF\n", "");
            assert!(matches!(agent_status(&ran), PowerState::Unknown(_)), "{ran:?}");
            assert!(matches!(command_status(&ran), PowerState::Unknown(_)), "{ran:?}");
            assert!(order(&ran).is_err(), "{ran:?}");
        }
    }

    #[test]
    fn row_44_an_answer_that_was_cut_is_not_believed() {
        let flood = Ran { cut: true, ..ran(Outcome::Exited(2), "Status: OFF\n", "") };
        assert!(matches!(agent_status(&flood), PowerState::Unknown(_)));
        let flood = Ran { outcome: Outcome::Exited(0), stdout: "off".to_owned(), ..flood };
        assert!(matches!(command_status(&flood), PowerState::Unknown(_)));
    }

    #[test]
    fn a_command_says_exactly_one_word_on_its_last_line() {
        let state = |code, out: &str| command_status(&ran(Outcome::Exited(code), out, ""));
        for out in ["off", "OFF\n", "asking…\noff\n", "on\nOff\r\n"] {
            assert_eq!(state(0, out), PowerState::Off, "{out:?}");
        }
        assert_eq!(state(0, "On\n"), PowerState::On);
        for out in ["", "off\n\n", "power off\n", "off.\n", "off on\n", " off\n"] {
            assert!(matches!(state(0, out), PowerState::Unknown(_)), "{out:?}");
        }
        assert!(matches!(state(2, "off\n"), PowerState::Unknown(_)));
    }

    #[test]
    fn the_reason_is_one_short_line() {
        let log = "x.py:5: DeprecationWarning: 'pipes'\n  from pipes import quote\n\
                   2026-11-20 10:00:00,000 ERROR: Connection timed out\n\n\n";
        let state = agent_status(&ran(Outcome::Exited(1), "", log));
        assert_eq!(state, PowerState::Unknown("exit code 1: Connection timed out".to_owned()));
        let usage = "2026-11-20 10:00:00,000 ERROR: Returned 1: Timeout: No Response from 10.9.0.11\n\n\n\
                     2026-11-20 10:00:00,000 ERROR: Please use '-h' for usage\n\n";
        let state = agent_status(&ran(Outcome::Exited(1), "", usage));
        let reason = "exit code 1: Returned 1: Timeout: No Response from 10.9.0.11";
        assert_eq!(state, PowerState::Unknown(reason.to_owned()));
        let silent = agent_status(&ran(Outcome::Exited(2), "", ""));
        assert_eq!(silent, PowerState::Unknown("exit code 2, and it said nothing".to_owned()));

        let warned = "x.py:5: DeprecationWarning: 'pipes'\n  from pipes import quote\n";
        assert_eq!(
            agent_status(&ran(Outcome::TimedOut, "", warned)),
            PowerState::Unknown("no answer in time".to_owned())
        );

        let endless = format!("\u{1b}[31m{}", "ä".repeat(1000));
        let PowerState::Unknown(reason) = command_status(&ran(Outcome::Exited(1), &endless, "")) else {
            panic!("a failed status is known");
        };
        assert_eq!(reason.chars().count(), LONGEST_REASON);
        assert!(!reason.contains(char::is_control), "{reason}");
    }
}
