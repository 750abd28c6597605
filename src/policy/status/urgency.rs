//! How much something that is open needs a person.

use serde::Serialize;

/// How much something needs a person, the most urgent last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// It is open, and can wait for the day.
    #[default]
    Later,
    /// A program works on it, or takes it up by itself.
    AtWork,
    /// A person is needed now.
    Now,
}
