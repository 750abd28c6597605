//! What was heard of a host at its ssh port.

/// What became of connecting to a host's ssh port and reading what it says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A text that begins with `SSH-`: a program there is at work.
    Banner,
    /// The connection was refused: the machine is at work, and no sshd listens there.
    Refused,
    /// No answer at all, or one without that text.
    Nothing,
    /// The host could not be asked from here, and why. That says nothing about the host.
    NotAsked(String),
}
