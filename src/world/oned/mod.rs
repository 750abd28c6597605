//! The client of oned's XML-RPC API.

mod transport;

pub use transport::Transport;
