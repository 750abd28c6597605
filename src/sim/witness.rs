//! Simulated witnesses: what other hosts and Consul say about a host, whether or not it is true.

use crate::model::Opinion;
use serde::Deserialize;
use std::time::Duration;

/// How a host answers when it is asked about another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Honesty {
    /// It looks, and says what it sees.
    #[default]
    Honest,
    /// It is never heard.
    Silent,
    /// It says alive, whatever it sees.
    LiesAlive,
    /// It says that it gets no answer, whatever it sees.
    LiesDead,
}

/// How Consul answers. Source of the cases: measurements of three agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consul {
    /// There is none.
    #[default]
    Absent,
    /// `serfHealth` as the other agents see it.
    Honest,
    /// Its servers have no leader.
    NoLeader,
    /// It says passing, whatever is true.
    LiesAlive,
    /// It says critical, whatever is true: only the agent of that host is dead.
    LiesDead,
    /// It notices a death this much later.
    Lagging(Duration),
}

/// What asking costs while everybody answers.
pub(super) const ASKING: Duration = Duration::from_secs(1);

/// What asking costs when somebody does not answer, as the settings' default.
pub(super) const TIMEOUT: Duration = Duration::from_secs(20);

impl Honesty {
    /// What a witness says that the front-end can reach. `answers`: does the suspect answer it?
    pub(super) fn speak(self, answers: bool) -> (Opinion, &'static str) {
        match (self, answers) {
            (Self::Silent, _) => (Opinion::None, "no answer within the deadline"),
            (Self::LiesAlive, _) | (Self::Honest, true) => (Opinion::Alive, "exit code 0"),
            (Self::LiesDead, _) | (Self::Honest, false) => (Opinion::Dead, "exit code 1"),
        }
    }
}

impl Consul {
    /// What it says of a host that has been silent for this long; `None` if the host is well.
    pub(super) fn speak(self, silent: Option<Duration>) -> Option<(Opinion, &'static str)> {
        let lag = match self {
            Self::Absent => return None,
            Self::NoLeader => return Some((Opinion::None, "no cluster leader")),
            Self::LiesAlive => Duration::MAX,
            Self::LiesDead => return Some((Opinion::Dead, "serfHealth is critical")),
            Self::Honest => Duration::ZERO,
            Self::Lagging(lag) => lag,
        };
        Some(match silent {
            Some(silent) if silent >= lag => (Opinion::Dead, "serfHealth is critical"),
            Some(_) | None => (Opinion::Alive, "serfHealth is passing"),
        })
    }
}
