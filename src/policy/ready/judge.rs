//! Is a VM that runs ready? By one document of it, and by what was asked beside that. No answer is not a yes.

use super::gate::Kind;
use crate::model::Vm;

/// What was asked about a VM beside its document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// It was seen without `READY=YES` since its last run ended, so that one was reported after its start.
    pub cleared: bool,
    /// Values of the guest agent count from here on, in oned's epoch seconds, whatever else oned says of the start.
    pub since: Option<i64>,
    /// What became of a connection; none was tried without this.
    pub connected: Option<Result<(), String>>,
    /// The command that was asked for in its guest after its start, if oned has taken it.
    pub command: Option<String>,
    /// Why oned did not take it, as it was said last.
    pub refused: Option<String>,
}

/// Is it ready?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is.
    Ready,
    /// Not yet; why.
    NotYet(String),
}

/// Judge a VM that runs where it should.
#[must_use]
pub fn judge(kind: &Kind, vm: &Vm, asked: &Asked) -> Readiness {
    let not_yet = match kind {
        Kind::Running => None,
        Kind::Agent => agent(vm, asked),
        Kind::Context => match (vm.reports_ready(), asked.cleared) {
            (true, true) => None,
            (true, false) => Some("its READY=YES may be from before its start".to_owned()),
            (false, _) => Some("its guest has not reported READY=YES".to_owned()),
        },
        Kind::Tcp(..) => match &asked.connected {
            Some(Ok(())) => None,
            Some(Err(why)) => Some(why.clone()),
            None => Some("nothing was connected to yet".to_owned()),
        },
        Kind::Exec(name) => executed(name, vm, asked),
    };
    not_yet.map_or(Readiness::Ready, Readiness::NotYet)
}

/// The monitoring says of when it is: a value from before the start says nothing about the guest that runs now.
fn agent(vm: &Vm, asked: &Asked) -> Option<String> {
    let guest = &vm.guest;
    let Some(began) = guest.began.into_iter().chain(asked.since).max() else {
        return Some("oned does not say since when it runs".to_owned());
    };
    if guest.monitored.is_none_or(|monitored| monitored <= began) {
        return Some("oned's monitoring of it is from before its start".to_owned());
    }
    match guest.agent {
        Some(true) => None,
        Some(false) => Some("its guest agent does not answer".to_owned()),
        None => Some("its host's probes do not ask the guest agent (`guestagent.conf`)".to_owned()),
    }
}

/// oned keeps the last command: one that is not ours, or that was asked for before the start, is no answer.
fn executed(name: &str, vm: &Vm, asked: &Asked) -> Option<String> {
    let Some(command) = &asked.command else {
        let why = asked
            .refused
            .as_ref()
            .map_or_else(|| "it was not asked for yet".to_owned(), |why| format!("oned refused it: {why}"));
        return Some(format!("the command {name} was not run: {why}"));
    };
    match vm.guest.executed.as_ref().filter(|last| last.command == *command) {
        Some(last) if last.status == "DONE" && last.code == Some(0) => None,
        Some(last) if last.status == "DONE" => {
            let code = last.code.map_or_else(|| "?".to_owned(), |code| code.to_string());
            Some(format!("the command {name} ended with {code} in its guest"))
        }
        Some(last) if last.status == "EXECUTING" => {
            Some(format!("the command {name} is at work in its guest"))
        }
        Some(_) => Some(format!("the command {name} could not be run in its guest")),
        None => Some(format!("nothing has become of the command {name} yet")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Executed, Guest, VmId, VmState};

    fn vm(guest: Guest) -> Vm {
        Vm { guest, ..Vm::new(VmId(1), "db", VmState::RUNNING, None) }
    }

    fn is_ready(kind: &Kind, vm: &Vm, asked: &Asked) -> bool {
        judge(kind, vm, asked) == Readiness::Ready
    }

    #[test]
    fn an_answer_of_the_agent_from_before_the_start_does_not_count() {
        let said = |began, monitored, agent, since| {
            let guest = Guest { began, monitored, agent, ..Guest::default() };
            is_ready(&Kind::Agent, &vm(guest), &Asked { since, ..Asked::default() })
        };
        assert!(said(Some(100), Some(101), Some(true), None));
        assert!(!said(Some(100), Some(100), Some(true), None), "of the second in which it began");
        assert!(!said(Some(100), Some(50), Some(true), None));
        assert!(
            !said(Some(100), Some(150), Some(true), Some(150)),
            "it was started again in the same record"
        );
        assert!(!said(Some(100), Some(101), Some(false), None) && !said(Some(100), Some(101), None, None));
        assert!(!said(None, Some(101), Some(true), None) && !said(Some(100), None, Some(true), None));
    }

    #[test]
    fn a_ready_that_was_not_seen_to_be_away_does_not_count() {
        let said = |ready: &str, cleared| {
            let mut vm = vm(Guest::default());
            vm.attributes.insert("READY".to_owned(), ready.to_owned());
            is_ready(&Kind::Context, &vm, &Asked { cleared, ..Asked::default() })
        };
        assert!(said("yes", true) && !said("YES", false) && !said("NO", true) && !said("", true));
        assert!(!is_ready(
            &Kind::Context,
            &vm(Guest::default()),
            &Asked { cleared: true, ..Asked::default() }
        ));
    }

    #[test]
    fn a_command_counts_that_was_asked_for_and_has_succeeded() {
        let said = |status: &str, code, asked: Option<&str>| {
            let executed = Executed { command: "pg_isready".to_owned(), status: status.to_owned(), code };
            let asked = Asked { command: asked.map(str::to_owned), ..Asked::default() };
            is_ready(
                &Kind::Exec("db".to_owned()),
                &vm(Guest { executed: Some(executed), ..Guest::default() }),
                &asked,
            )
        };
        assert!(said("DONE", Some(0), Some("pg_isready")));
        assert!(!said("DONE", Some(0), None), "from before the start");
        assert!(!said("DONE", Some(0), Some("true")), "another command");
        assert!(!said("DONE", Some(1), Some("pg_isready")) && !said("DONE", None, Some("pg_isready")));
        assert!(
            !said("EXECUTING", Some(0), Some("pg_isready")) && !said("ERROR", Some(0), Some("pg_isready"))
        );
    }

    #[test]
    fn a_connection_counts_that_was_made() {
        let said = |connected| {
            is_ready(&Kind::Tcp(None, 22), &vm(Guest::default()), &Asked { connected, ..Asked::default() })
        };
        assert!(said(Some(Ok(()))) && !said(None) && !said(Some(Err("refused".to_owned()))));
    }
}
