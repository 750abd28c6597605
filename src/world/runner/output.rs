//! What a program says, bounded.

use std::io::{self, Read};

/// More than any agent has to say; the rest is read and thrown away, so that the agent does not block.
pub(super) const MOST_OUTPUT: usize = 64 * 1024;

/// A pipe that the program writes to, and what is kept of it.
pub(super) struct Kept<P> {
    pub(super) pipe: Option<P>,
    bytes: Vec<u8>,
    pub(super) cut: bool,
}

impl<P: Read> Kept<P> {
    pub(super) fn new(pipe: Option<P>) -> Self {
        Self { pipe, bytes: Vec::new(), cut: false }
    }

    /// Read what is there, in at most so many pieces.
    pub(super) fn serve(&mut self, reads: usize) {
        let mut buffer = [0; 4096];
        for _ in 0..reads {
            let Some(pipe) = &mut self.pipe else {
                return;
            };
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(length) => self.keep(buffer.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.pipe = None,
            }
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = MOST_OUTPUT.saturating_sub(self.bytes.len());
        self.cut |= piece.len() > room;
        self.bytes.extend(piece.iter().take(room));
    }

    /// Whole lines only where something was cut off: half a secret could not be recognised any more.
    pub(super) fn text(&self) -> String {
        let last_line = self.bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = if self.cut { last_line.unwrap_or(0) } else { self.bytes.len() };
        String::from_utf8_lossy(self.bytes.get(..whole).unwrap_or_default()).into_owned()
    }
}
