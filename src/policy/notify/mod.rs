//! What a person must be told of the incidents and of hosts that cannot be lost, and what each receiver was told already.
//!
//! Pure: from what is remembered, what was noted, and the time. A change is told to each receiver once. It is noted before it
//! is sent and after, so a sender that is killed in between costs one message more, which says that it may have been sent
//! before. Several changes are one message, in the order of their incidents. Where nothing has changed nothing is sent, and
//! nothing is written.

mod losses;
mod message;
mod notes;
mod plan;
mod stance;
#[cfg(test)]
mod tests;

pub use message::{About, Change, Message, test_message};
pub use notes::{ended, merge};
pub use plan::{Due, Plan, Wanted, plan};
pub use stance::{is_news, mark};
