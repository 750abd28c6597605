//! With which options a machine begins or goes on: never with more than the registered hook would do, or moving does.
//!
//! A record is written by whoever ran last, and a person may have given that run what nobody registered: `-u`, on his
//! word that the host is off at that moment, or `-r` or `-d`, which destroy. That is for the run that he began, and ends
//! with it.

use super::super::port::{Failure, Trouble};
use super::super::rules::Rules;
use super::super::settings::{Fencing, HandOver, Mode, Policy, Purpose};
use crate::model::Asked;

/// What a run of reconcile does with the VMs. `registered` is what the settings or the registered hook choose, or why
/// nothing is chosen; it is asked for only where it matters. `asked` are the options of the incident's last run.
///
/// # Errors
/// A [`Failure`]: [`Trouble::Settings`] if nobody has chosen anything, [`Trouble::Refused`] if a person has, for his own run.
pub fn options(
    host: &str,
    asked: Option<Asked>,
    rules: &Rules,
    registered: impl FnOnce() -> Result<Policy, String>,
) -> Result<Policy, Failure> {
    let policy = match asked {
        Some(asked) if asked.only_moves() => of(asked, rules),
        None => registered().map_err(unclear)?,
        Some(asked) => match registered() {
            Ok(policy) if harm(policy.mode) <= harm(asked.mode) => policy,
            // Moving its VMs after a proof is the least that the person wanted.
            Ok(_) | Err(_) if asked.mode == Mode::Migrate => {
                of(Asked { fencing: Fencing::Required, ..asked }, rules)
            }
            Ok(_) => return Err(by_hand(host, asked, "what is registered destroys more")),
            Err(why) => return Err(by_hand(host, asked, &why)),
        },
    };
    match policy.purpose {
        Purpose::Recover => Ok(Policy { hand_over: HandOver::Yes, ..policy }),
        Purpose::Rehearse | Purpose::Fence => {
            Err(unclear("the options for reconcile have --dry-run: nothing is recovered".to_owned()))
        }
    }
}

/// The less of it, the less is lost.
fn harm(mode: Mode) -> u8 {
    match mode {
        Mode::Migrate => 0,
        Mode::Recreate => 1,
        Mode::Delete => 2,
    }
}

fn of(asked: Asked, rules: &Rules) -> Policy {
    let Asked { mode, force, fencing } = asked;
    Policy { force, fencing, ..Policy::under(mode, rules.clone()) }
}

fn unclear(what: String) -> Failure {
    let advice = "register the hook, `onerescue setup hooks`, or set [reconcile] options".to_owned();
    Failure { trouble: Trouble::Settings, what, advice }
}

fn by_hand(host: &str, asked: Asked, why: &str) -> Failure {
    let words = asked.words().join(" ");
    let what =
        format!("its last run was begun by hand with {words}, which nothing continues by itself, and {why}");
    let advice = format!("to go on, run `host_error --host {host} {words}`");
    Failure { trouble: Trouble::Refused, what, advice }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Force;

    fn asked(words: &str) -> Option<Asked> {
        let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
        Asked::try_from(words).ok()
    }

    fn chosen(
        asked: Option<Asked>,
        registered: Result<Mode, &str>,
    ) -> Result<(Mode, Force, Fencing), String> {
        let registered =
            || registered.map(|mode| Policy::under(mode, Rules::default())).map_err(str::to_owned);
        let policy = options("node0", asked, &Rules::default(), registered)
            .map_err(|failure| format!("{:?}: {}; {}", failure.trouble, failure.what, failure.advice))?;
        assert_eq!(policy.hand_over, HandOver::Yes);
        Ok((policy.mode, policy.force, policy.fencing))
    }

    #[test]
    fn a_machine_goes_on_with_what_only_moves() {
        let moves = (Mode::Migrate, Force::AlsoStopped, Fencing::Required);
        assert_eq!(chosen(asked("-m -f"), Ok(Mode::Delete)), Ok(moves));
        assert_eq!(chosen(asked("-m -f"), Err("no hook")), Ok(moves));
    }

    #[test]
    fn and_with_nothing_else_but_what_is_registered() {
        let plain = |mode| Ok((mode, Force::RunningOnly, Fencing::Required));
        for words in ["-d", "-d -u -f", "-r", "-m -u"] {
            assert_eq!(chosen(asked(words), Ok(Mode::Migrate)), plain(Mode::Migrate), "{words}");
        }
        assert_eq!(chosen(asked("-d"), Ok(Mode::Delete)), plain(Mode::Delete));
        assert_eq!(chosen(None, Ok(Mode::Recreate)), plain(Mode::Recreate));
    }

    #[test]
    fn what_is_registered_never_destroys_more_than_a_person_wanted() {
        let moves = (Mode::Migrate, Force::RunningOnly, Fencing::Required);
        for registered in [Mode::Delete, Mode::Recreate] {
            assert_eq!(chosen(asked("-m -u"), Ok(registered)), Ok(moves));
        }
        let why = chosen(asked("-r"), Ok(Mode::Delete)).unwrap_err();
        assert!(why.starts_with("Refused: ") && why.contains("`host_error --host node0 -r`"), "{why}");
        let recreates = (Mode::Recreate, Force::RunningOnly, Fencing::Required);
        assert_eq!(chosen(asked("-d"), Ok(Mode::Recreate)), Ok(recreates));
    }

    #[test]
    fn without_a_registered_hook_only_a_move_is_left_and_it_takes_a_proof() {
        let moves = (Mode::Migrate, Force::AlsoStopped, Fencing::Required);
        assert_eq!(chosen(asked("-m -u -f"), Err("no hook")), Ok(moves));
        for words in ["-d", "-r -f", "-d -u"] {
            let why = chosen(asked(words), Err("no hook starts host_error")).unwrap_err();
            let command = format!("`host_error --host node0 {words}`");
            assert!(
                why.starts_with("Refused: ") && why.contains("no hook") && why.contains(&command),
                "{why}"
            );
        }
        assert!(chosen(None, Err("no hook")).unwrap_err().starts_with("Settings: no hook; "));
    }

    #[test]
    fn nothing_is_recovered_by_a_rehearsal() {
        let rehearsal =
            || Ok(Policy { purpose: Purpose::Rehearse, ..Policy::under(Mode::Migrate, Rules::default()) });
        assert!(options("node0", None, &Rules::default(), rehearsal).is_err());
    }
}
