//! Bytes in and out: OpenNebula's documents and XML-RPC, as pure functions.
//!
//! No sockets and no files. Whatever the bytes are, the answer is a value or an error, never a panic.

pub mod answer;
pub mod documents;
pub mod hook_call;
pub mod journal;
pub mod monitord;
pub mod prometheus;
pub mod record;
pub mod service;
pub mod xml;
pub mod xmlrpc;

pub use hook_call::HookCall;
