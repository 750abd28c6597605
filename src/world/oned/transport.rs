//! The seam between the oned client and the bytes on the wire.

use crate::error::OnedError;
use std::time::Duration;

/// How a request reaches a front-end, and how the client waits before it repeats a read.
///
/// The live one is HTTP; the simulated cloud is another one. Neither decides anything.
pub trait Transport: Sync {
    /// POST `body` to `endpoint` (`http://localhost:2633/RPC2`) and give back the reply's body.
    ///
    /// # Errors
    /// Only [`OnedError::NotSent`], if the request provably did not leave, and [`OnedError::Unknown`].
    fn post(&self, endpoint: &str, body: &str, deadline: Duration) -> Result<String, OnedError>;

    /// Let this much time pass.
    fn pause(&self, wait: Duration);
}
