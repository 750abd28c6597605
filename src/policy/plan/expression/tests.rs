//! Expressions as users write them.

use super::*;

fn value(name: &str) -> Value {
    match name {
        "ARCH" => Value::One("x86_64".to_owned()),
        "ID" => Value::One("3".to_owned()),
        "SPEED" => Value::One("2.5".to_owned()),
        "CLUSTER_ID" => Value::One("0".to_owned()),
        "CURRENT_VMS" => Value::Any(vec![7, 9]),
        "FREE_CPU" => Value::Unknown,
        _ => Value::Absent,
    }
}

fn truth(text: &str) -> Truth {
    Expression::read(text).unwrap().truth(&value)
}

#[test]
fn comparisons_are_oneds() {
    for (text, expected) in [
        ("ID = 3", Truth::Yes),
        ("ID = \"3\"", Truth::Yes),
        ("ID != 3", Truth::No),
        ("ID > 2 & ID < 4", Truth::Yes),
        ("SPEED > 2.4", Truth::Yes),
        ("ARCH = \"x86*\"", Truth::Yes),
        ("ARCH = x86_64", Truth::Yes),
        ("ARCH != \"arm*\"", Truth::Yes),
        ("ARCH = 3", Truth::No),
        // What is not there makes every comparison false, and its negation true.
        ("RACK = \"a\"", Truth::No),
        ("RACK != \"a\"", Truth::No),
        ("!(PIN_POLICY = PINNED)", Truth::Yes),
        ("CURRENT_VMS = 7", Truth::Yes),
        ("CURRENT_VMS != 7", Truth::No),
        ("CURRENT_VMS != 8", Truth::Yes),
        ("", Truth::Yes),
    ] {
        assert_eq!(truth(text), expected, "{text}");
    }
}

#[test]
fn and_and_or_group_to_the_left() {
    // As `(yes | yes) & no`, not as `yes | (yes & no)`.
    assert_eq!(truth("ID = 3 | ID = 3 & ID = 4"), Truth::No);
    assert_eq!(truth("ID = 3 | (ID = 3 & ID = 4)"), Truth::Yes);
    assert_eq!(truth("!ID = 4 & ID = 4"), Truth::No);
    assert_eq!(truth("(CLUSTER_ID = 0 | CLUSTER_ID = 100) & !(PIN_POLICY = PINNED)"), Truth::Yes);
}

#[test]
fn what_is_not_known_stays_so_unless_the_rest_decides() {
    assert_eq!(truth("FREE_CPU > 50"), Truth::Unknown);
    assert_eq!(truth("!(FREE_CPU > 50)"), Truth::Unknown);
    assert_eq!(truth("FREE_CPU > 50 & ID = 4"), Truth::No);
    assert_eq!(truth("FREE_CPU > 50 | ID = 3"), Truth::Yes);
    assert_eq!(truth("FREE_CPU > 50 & ID = 3"), Truth::Unknown);
    assert_eq!(truth("ARCH = \"x[86]*\""), Truth::Unknown);
    assert_eq!(truth("ARCH @> \"x86_64\""), Truth::Unknown);
    assert_eq!(truth("CURRENT_VMS > 3"), Truth::Unknown);
}

#[test]
fn what_is_no_expression_is_an_error_and_never_a_panic() {
    for text in
        ["ID", "ID =", "ID = 3 &", "(ID = 3", "ID = 3)", "= 3", "ID = \"3", "ID == 3", "ID ! 3", "é", "& &"]
    {
        assert!(Expression::read(text).is_err(), "{text}");
    }
    assert!(Expression::read(&"(".repeat(100_000)).is_err());
    assert!(Expression::read(&"!".repeat(100_000)).is_err());
}

#[test]
fn a_long_chain_is_read_and_evaluated() {
    let chain = vec!["ID = 4"; 10_000].join(" | ") + " | ID = 3";
    assert!(chain.len() > 60_000);
    assert_eq!(truth(&chain), Truth::Yes);
}
