//! An object as a stream of text: out of its gzip if it is in one, without a mark in front.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use flate2::read::MultiGzDecoder;

use super::{Error, Source};

/// Bytes asked for at one time.
const CHUNK_BYTES: usize = 1024 * 1024;
/// What a gzip member begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// Editors of tables put it in front.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// Most bytes that come out of one object: what an object in no gzip may have.
const UNPACKED_BYTES_MAX: u64 = super::OBJECT_BYTES_MAX;

/// The object's own bytes, from its front.
struct Stored {
    source: Arc<dyn Source>,
    chunk: Bytes,
    next: u64,
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() && self.next < self.source.len() {
            self.chunk = self.source.read_at(self.next, CHUNK_BYTES)?;
            if self.chunk.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.next += self.chunk.len() as u64;
        }
        let n = buffer.len().min(self.chunk.len());
        self.chunk.copy_to_slice(&mut buffer[..n]);
        Ok(n)
    }
}

/// What comes out of a gzip, of which there may be only so much: more of it is an error, not its end.
struct Unpacked<R> {
    text: R,
    left: u64,
    max: u64,
}

impl<R: Read> Unpacked<R> {
    fn new(text: R, max: u64) -> Self {
        Self { text, left: max, max }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.text.read(buffer)?;
        let Some(left) = self.left.checked_sub(n as u64) else {
            let problem = format!("The object has more than {} bytes when it is unpacked.", self.max);
            return Err(io::Error::other(problem));
        };
        self.left = left;
        Ok(n)
    }
}

/// Opens an object as text. Data files of manifests are in gzip as a rule; AWS doesn't say which others may be, so it
/// is told from the first bytes.
pub(super) fn open(source: Arc<dyn Source>) -> Box<dyn BufRead> {
    let mut stored = BufReader::with_capacity(64 * 1024, Stored { source, chunk: Bytes::new(), next: 0 });
    // What can't be read says so to who reads on.
    let is_packed = stored.fill_buf().is_ok_and(|front| front.starts_with(GZIP));
    let mut text: Box<dyn BufRead> = match is_packed {
        true => Box::new(BufReader::with_capacity(
            64 * 1024,
            Unpacked::new(MultiGzDecoder::new(stored), UNPACKED_BYTES_MAX),
        )),
        false => Box::new(stored),
    };
    if text.fill_buf().is_ok_and(|front| front.starts_with(MARK)) {
        text.consume(MARK.len());
    }
    text
}

/// A whole text of at most `max` bytes.
pub(super) fn whole(text: Box<dyn BufRead>, max: usize) -> Result<String, Error> {
    let mut body = Vec::new();
    text.take(max as u64 + 1).read_to_end(&mut body)?;
    if max < body.len() {
        return Err(Error::new(format!("The object has more than {max} bytes.")));
    }
    String::from_utf8(body).map_err(|_| Error::new(NO_TEXT))
}

/// What is said of bytes that are no UTF-8.
pub(super) const NO_TEXT: &str = "The object can't be read as text.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_may_come_out_of_a_gzip_is_an_error_and_not_its_end() {
        let unpack = |n: u64, max: u64| {
            let mut text = String::new();
            Unpacked::new(io::repeat(b'x').take(n), max).read_to_string(&mut text).map(|n| n as u64)
        };
        assert_eq!(unpack(100_000, 100_000).unwrap(), 100_000);
        assert_eq!(
            unpack(100_001, 100_000).unwrap_err().to_string(),
            "The object has more than 100000 bytes when it is unpacked."
        );
    }
}
