//! The expressions of `SCHED_REQUIREMENTS` and `AUTOMATIC_REQUIREMENTS`: `(CLUSTER_ID = 0 | ARCH = "x86*") & !(ID = 3)`.
//!
//! `&`, `|` and `!` have one precedence and group to the left, as in oned. A comparison with an attribute that is not
//! there is false, `!=` too. What only the scheduler knows is [`Truth::Unknown`], and stays so unless the rest decides.
//! Source: `src/parsers/expr_bool.y`, `src/parsers/expr_bool_lex.l`.

mod read;

use super::wish::glob;
use std::fmt;

/// Three-valued truth: "and" is the least of its parts, "or" the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    No,
    Unknown,
    Yes,
}

/// What an attribute of a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// One text.
    One(String),
    /// Numbers, of which one has to match, as of `CURRENT_VMS`.
    Any(Vec<i64>),
    /// It has none.
    Absent,
    /// Only the scheduler knows.
    Unknown,
}

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Compare {
        name: String,
        how: Comparison,
        with: Literal,
    },
    /// The first, and what is joined to it from left to right.
    Chain(Box<Expression>, Vec<(Join, Expression)>),
    Not(Box<Expression>),
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    Other,
    More,
    Less,
    Contains,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Number(f64),
    Text(String),
}

/// Where a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it cannot be read at {:?}", self.0)
    }
}

impl Expression {
    /// Is it true, where `value` gives the attributes?
    pub(super) fn truth(&self, value: &impl Fn(&str) -> Value) -> Truth {
        match self {
            Self::Always => Truth::Yes,
            Self::Not(inner) => match inner.truth(value) {
                Truth::Yes => Truth::No,
                Truth::No => Truth::Yes,
                Truth::Unknown => Truth::Unknown,
            },
            Self::Chain(first, rest) => {
                rest.iter().fold(first.truth(value), |left, (join, right)| match join {
                    Join::And => left.min(right.truth(value)),
                    Join::Or => left.max(right.truth(value)),
                })
            }
            Self::Compare { name, how, with } => match compare(&value(name), *how, with) {
                Some(true) => Truth::Yes,
                Some(false) => Truth::No,
                None => Truth::Unknown,
            },
        }
    }
}

fn compare(value: &Value, how: Comparison, with: &Literal) -> Option<bool> {
    let text = match value {
        Value::Unknown => return None,
        Value::Absent => return Some(false),
        Value::One(text) => text,
        Value::Any(numbers) => {
            let wanted = match with {
                Literal::Number(number) => *number,
                Literal::Text(text) => text.trim().parse().ok()?,
            };
            let found = numbers.iter().any(|number| near(as_float(*number), wanted));
            return match how {
                Comparison::Same | Comparison::Contains => Some(found),
                Comparison::Other => Some(!found),
                Comparison::More | Comparison::Less => None,
            };
        }
    };
    match with {
        Literal::Text(pattern) => match how {
            Comparison::Same => Some(glob_or_unknown(pattern, text)?),
            Comparison::Other => Some(!glob_or_unknown(pattern, text)?),
            // Of an attribute with several values only the first is known here, and oned compares texts by `=` only.
            Comparison::Contains | Comparison::More | Comparison::Less => None,
        },
        Literal::Number(number) => {
            let Ok(is) = text.trim().parse::<f64>() else { return Some(false) };
            match how {
                Comparison::Same => Some(near(is, *number)),
                Comparison::Other => Some(!near(is, *number)),
                Comparison::More => Some(is > *number),
                Comparison::Less => Some(is < *number),
                Comparison::Contains => None,
            }
        }
    }
}

/// oned matches with `fnmatch`; character classes and escapes are left to it.
fn glob_or_unknown(pattern: &str, text: &str) -> Option<bool> {
    (!pattern.contains(['[', '\\'])).then(|| glob(pattern, text))
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-6
}

#[expect(clippy::cast_precision_loss, reason = "ids are far below 2^52")]
fn as_float(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests;
