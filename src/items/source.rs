//! Where the bytes of an object come from.

use std::io;

use bytes::Bytes;

/// An object, in ranges.
pub trait Source: Send + Sync {
    /// How many bytes it has.
    fn len(&self) -> u64;

    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `len` bytes from `start` on; fewer only where the object ends. May block.
    ///
    /// # Errors
    /// When they can't be read.
    fn read_at(&self, start: u64, len: usize) -> io::Result<Bytes>;
}

/// An object that is in memory.
pub struct Whole(pub Bytes);

impl Source for Whole {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, start: u64, len: usize) -> io::Result<Bytes> {
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(self.0.len());
        let end = start.saturating_add(len).min(self.0.len());
        Ok(self.0.slice(start..end))
    }
}
