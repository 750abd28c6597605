//! The command lines. They read arguments, call the library and print; the work is elsewhere.

mod abort;
mod arming;
mod back;
mod bench;
mod check;
mod confirm_off;
mod down;
mod drill;
mod history;
mod hook;
mod hook_facts;
mod layer;
mod moving;
mod operator;
mod person;
mod plan;
mod probe;
mod proceed;
mod reconcile;
mod reconciled;
mod replay;
mod serve;
mod show;
mod stop;
mod tended;
mod timeline;
mod watch;
mod watched;
mod word;

pub use back::host_back;
pub use down::vm_down;
pub use drill::{Drill, play};
pub use hook::{fence_host, host_error};
pub use operator::{command_lines, operator};
pub use replay::replay_text;
pub use tended::play_tended;
