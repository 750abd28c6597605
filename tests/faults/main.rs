//! Unknown outcomes, as a complete table: every call of a recovery meets every trouble that can happen to a call, and in
//! the end the cloud is as if it had gone well.
//!
//! A fixed cloud is played once undisturbed, and then once for each of its calls and each class of trouble. The tables
//! are the `.snap` files beside this one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of a test fails as the test does"
)]

mod judge;
mod locks;
mod played;
mod race;
mod table;
#[expect(dead_code, reason = "the random stories of two front-ends use the rest")]
#[path = "../random/story/turns.rs"]
mod turns;

/// Play all of it, and compare the table.
macro_rules! tables {
    ($($name:ident)+) => {
        $(#[test]
        fn $name() {
            let (table, broken) = table::of(include_str!(concat!(stringify!($name), ".toml")));
            insta::with_settings!({
                snapshot_path => ".",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, { insta::assert_snapshot!(stringify!($name), table) });
            assert!(broken.is_empty(), "{} cells:\n{}\n{table}", broken.len(), broken.join("\n"));
        })+
    };
}

tables! {
    back
    down
    migrate
    recreate
    scheduler
}
