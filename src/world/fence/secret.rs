//! Secrets, and keeping them out of every text.

use super::runner::{Outcome, Ran};
use std::fmt;

/// A value that is shown to nobody. Its `Debug` prints `(redacted)`.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::world) struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl Secret {
    /// The secret in a file's text: one line break at its end is not part of it.
    pub(in crate::world) fn from_file(text: &str) -> Self {
        let text = text.strip_suffix('\n').unwrap_or(text);
        Self(text.strip_suffix('\r').unwrap_or(text).to_owned())
    }

    /// This text is a secret.
    pub(in crate::world) fn new(text: String) -> Self {
        Self(text)
    }

    /// The value, for the one place that hands it on.
    pub(in crate::world) fn reveal(&self) -> &str {
        &self.0
    }
}

/// `text` with every secret masked as `(redacted)`, the longest first, in case one is part of another.
pub(in crate::world) fn redact(text: &str, secrets: &[Secret]) -> String {
    let mut values: Vec<_> = secrets.iter().map(Secret::reveal).collect();
    values.retain(|value| !value.is_empty());
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.into_iter().fold(text.to_owned(), |text, value| {
        if text.contains(value) { text.replace(value, "(redacted)") } else { text }
    })
}

/// A program's end without secrets in what it said.
pub(super) fn redacted(ran: Ran, secrets: &[Secret]) -> Ran {
    let outcome = match ran.outcome {
        Outcome::NotStarted(why) => Outcome::NotStarted(redact(&why, secrets)),
        Outcome::Exited(_) | Outcome::Signalled(_) | Outcome::TimedOut => ran.outcome,
    };
    Ran { outcome, stdout: redact(&ran.stdout, secrets), stderr: redact(&ran.stderr, secrets), cut: ran.cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_is_masked_wherever_it_stands() {
        let secrets = ["hunter2", "hunter", ""].map(Secret::from_file);
        assert_eq!(redact("-P hunter2, hunter2hunter", &secrets), "-P (redacted), (redacted)(redacted)");
        assert_eq!(format!("{secrets:?}"), "[(redacted), (redacted), (redacted)]");
    }

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_a_secret() {
        assert_eq!(Secret::from_file("a b\n").reveal(), "a b");
        assert_eq!(Secret::from_file("a b\r\n").reveal(), "a b");
        assert_eq!(Secret::from_file("a\n\n").reveal(), "a\n");
    }
}
