//! Bodies of objects into files: as they are, or in chunks with signatures and trailers.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use std::io;
use std::mem;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use md5::Md5;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::checksum::{Algorithm, Checksum};
use super::codes;
use super::files::{UnlessKept, Written};
use crate::assets::error::Error;
use crate::identity::Chunks;
use crate::wire::{Incoming, Said};

/// Bytes that are gathered before they are hashed and written.
const BLOCK_BYTES: usize = 256 * 1024;
/// The longest line between chunks, and the longest trailer.
const LINE_BYTES_MAX: usize = 1_024;
/// The most trailers.
const TRAILERS_MAX: usize = 8;

/// What a client says of a body besides.
#[derive(Default)]
pub(super) struct Promised {
    /// `Content-MD5`, in Base64.
    pub(super) md5: Option<String>,
    /// A checksum of a header.
    pub(super) checksum: Option<(Algorithm, String)>,
    /// The checksum that will be in a trailer, or that is wanted.
    pub(super) algorithm: Option<Algorithm>,
    /// `X-Amz-Decoded-Content-Length`.
    pub(super) decoded_length: Option<u64>,
}

/// A body that is on disk.
pub(super) struct Received {
    pub(super) file: UnlessKept,
    pub(super) size: u64,
    /// In hexadecimal.
    pub(super) md5: String,
    pub(super) algorithm: Algorithm,
    /// In Base64.
    pub(super) checksum: String,
}

/// Everything that is computed of a body on its way into its file.
struct Sink {
    written: Written,
    md5: Md5,
    sha256: Option<Sha256>,
    checksum: Checksum,
    size: u64,
}

impl Sink {
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.md5.update(bytes);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        self.checksum.update(bytes);
        self.written.write(bytes)
    }
}

/// Reads a body of at most `bytes_max` bytes into its file.
pub(super) async fn receive(
    incoming: Incoming,
    written: Written,
    promised: Promised,
    bytes_max: u64,
) -> Result<Received, Error> {
    let Incoming { mut body, said, chunks } = incoming;
    let told = promised.checksum.as_ref().map(|(algorithm, _)| *algorithm);
    let algorithm = told.or(promised.algorithm).unwrap_or(Algorithm::Crc64Nvme);
    let sha256 = matches!(said, Said::Hash(_)).then(Sha256::default);
    let checksum = Checksum::new(algorithm);
    let mut sink = Sink { written, md5: Md5::default(), sha256, checksum, size: 0 };
    let mut decoder = match said {
        Said::Chunked { is_signed, has_trailer } => {
            if promised.decoded_length.is_none() {
                return Err(codes::missing_length());
            }
            Some(Decoder::new(chunks.filter(|_| is_signed), has_trailer))
        }
        Said::Hash(_) | Said::Unsigned => None,
    };
    let announced = promised.decoded_length.unwrap_or_else(|| http_body::Body::size_hint(&body).lower());
    if bytes_max < announced {
        return Err(codes::too_large(announced, bytes_max));
    }
    let mut block = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| codes::incomplete_body())?;
        let Ok(data) = frame.into_data() else { continue };
        let before = block.len();
        match &mut decoder {
            Some(decoder) => decoder.decode(data, &mut block)?,
            None => block.extend_from_slice(&data),
        }
        sink.size = sink.size.saturating_add((block.len() - before) as u64);
        if bytes_max < sink.size {
            return Err(codes::too_large(sink.size, bytes_max));
        }
        if BLOCK_BYTES <= block.len() {
            sink = flush(sink, mem::take(&mut block).freeze()).await?;
        }
    }
    sink = flush(sink, block.freeze()).await?;
    let trailers = match decoder {
        Some(decoder) => decoder.finish()?,
        None => Vec::new(),
    };
    if promised.decoded_length.is_some_and(|length| length != sink.size) {
        return Err(codes::incomplete_body());
    }
    let Sink { written, md5, sha256, checksum, size } = sink;
    let (md5, checksum) = (md5.finalize(), checksum.finish());
    if let (Said::Hash(hash), Some(sha256)) = (&said, sha256)
        && *hash != hex::encode(sha256.finalize())
    {
        return Err(codes::hash_mismatch());
    }
    if promised.md5.is_some_and(|promised| promised != STANDARD.encode(md5)) {
        return Err(codes::bad_digest("Content-MD5"));
    }
    let in_trailer = trailers.iter().find(|(name, _)| name == algorithm.header());
    let told = promised.checksum.as_ref().map(|(_, text)| text).or_else(|| in_trailer.map(|(_, text)| text));
    if told.is_some_and(|told| *told != checksum) {
        return Err(codes::bad_digest(algorithm.name()));
    }
    let file = spawn_blocking(move || written.finish()).await.map_err(io::Error::other)??;
    Ok(Received { file, size, md5: hex::encode(md5), algorithm, checksum })
}

async fn flush(mut sink: Sink, bytes: Bytes) -> Result<Sink, Error> {
    if bytes.is_empty() {
        return Ok(sink);
    }
    let taken = spawn_blocking(move || sink.take(&bytes).map(|()| sink)).await;
    Ok(taken.map_err(io::Error::other)??)
}

/// Reads `aws-chunked`.
struct Decoder {
    chunks: Option<Chunks>,
    has_trailer: bool,
    state: State,
    line: Vec<u8>,
    hash: Sha256,
    signature: String,
    trailers: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `SIZE;chunk-signature=SIGNATURE`.
    Header,
    /// So many bytes of a chunk are still to come.
    Data(u64),
    /// The end of the line after a chunk.
    End,
    /// Headers after the last chunk.
    Trailer,
    /// Nothing more.
    Done,
}

impl Decoder {
    fn new(chunks: Option<Chunks>, has_trailer: bool) -> Self {
        Self {
            chunks,
            has_trailer,
            state: State::Header,
            line: Vec::new(),
            hash: Sha256::default(),
            signature: String::new(),
            trailers: Vec::new(),
        }
    }

    fn decode(&mut self, mut data: Bytes, out: &mut BytesMut) -> Result<(), Error> {
        while data.has_remaining() {
            match self.state {
                State::Data(left) => {
                    let n = usize::try_from(left).unwrap_or(usize::MAX).min(data.len());
                    let piece = data.split_to(n);
                    if self.chunks.is_some() {
                        self.hash.update(&piece);
                    }
                    out.extend_from_slice(&piece);
                    self.state = match left - n as u64 {
                        0 => State::End,
                        left => State::Data(left),
                    };
                }
                State::Done => {
                    // What ends the trailers ends the body.
                    if !data.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                        return Err(codes::incomplete_body());
                    }
                    return Ok(());
                }
                State::Header | State::End | State::Trailer => {
                    let Some(line) = self.line(&mut data)? else { return Ok(()) };
                    self.take_line(&line)?;
                }
            }
        }
        Ok(())
    }

    /// The next line without its end, if it is there.
    fn line(&mut self, data: &mut Bytes) -> Result<Option<String>, Error> {
        let end = data.iter().position(|byte| *byte == b'\n');
        let n = end.map_or(data.len(), |end| end + 1);
        self.line.extend_from_slice(&data.split_to(n));
        if LINE_BYTES_MAX < self.line.len() {
            return Err(codes::incomplete_body());
        }
        if end.is_none() {
            return Ok(None);
        }
        let line = mem::take(&mut self.line);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        String::from_utf8(line.to_vec()).map(Some).map_err(|_| codes::incomplete_body())
    }

    fn take_line(&mut self, line: &str) -> Result<(), Error> {
        match self.state {
            State::Header => {
                let (size, extension) = line.split_once(';').unwrap_or((line, ""));
                let size = u64::from_str_radix(size.trim(), 16).map_err(|_| codes::incomplete_body())?;
                let signature = extension.trim().strip_prefix("chunk-signature=");
                self.signature = signature.unwrap_or_default().to_owned();
                if 0 < size {
                    self.state = State::Data(size);
                } else {
                    self.check_chunk()?;
                    self.state = State::Trailer;
                }
            }
            State::End if line.is_empty() => {
                self.check_chunk()?;
                self.state = State::Header;
            }
            State::Trailer if line.is_empty() => self.state = State::Done,
            State::Trailer => {
                let (name, value) = line.split_once(':').ok_or_else(codes::incomplete_body)?;
                let name = name.trim().to_ascii_lowercase();
                if !self.has_trailer || TRAILERS_MAX <= self.trailers.len() {
                    return Err(codes::malformed_trailer());
                }
                if name == "x-amz-trailer-signature" {
                    self.check_trailers(value.trim())?;
                    self.state = State::Done;
                } else {
                    self.trailers.push((name, value.trim().to_owned()));
                }
            }
            State::End | State::Data(_) | State::Done => return Err(codes::incomplete_body()),
        }
        Ok(())
    }

    fn check_chunk(&mut self) -> Result<(), Error> {
        let hash = hex::encode(mem::take(&mut self.hash).finalize());
        let is_right = self.chunks.as_mut().is_none_or(|chunks| chunks.is_next(&hash, &self.signature));
        if is_right { Ok(()) } else { Err(codes::signature_mismatch()) }
    }

    fn check_trailers(&mut self, signature: &str) -> Result<(), Error> {
        let mut hash = Sha256::default();
        for (name, value) in &self.trailers {
            hash.update(format!("{name}:{value}\n"));
        }
        let hash = hex::encode(hash.finalize());
        let is_right = self.chunks.as_mut().is_none_or(|chunks| chunks.is_trailer(&hash, signature));
        // From here on, nothing more is signed.
        self.chunks = None;
        if is_right { Ok(()) } else { Err(codes::signature_mismatch()) }
    }

    /// The trailers of a body that has ended.
    fn finish(self) -> Result<Vec<(String, String)>, Error> {
        let is_whole = matches!(self.state, State::Done | State::Trailer) && self.line.is_empty();
        // Trailers that should be signed, and aren't, prove nothing.
        let is_proven = self.chunks.is_none() || self.trailers.is_empty();
        match (is_whole, is_proven) {
            (true, true) => Ok(self.trailers),
            (true, false) => Err(codes::malformed_trailer()),
            (false, _) => Err(codes::incomplete_body()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str, piece: usize) -> Result<(String, Vec<(String, String)>), String> {
        let mut decoder = Decoder::new(None, true);
        let mut out = BytesMut::new();
        for piece in text.as_bytes().chunks(piece) {
            decoder.decode(Bytes::copy_from_slice(piece), &mut out).map_err(|error| error.to_string())?;
        }
        let trailers = decoder.finish().map_err(|error| error.to_string())?;
        Ok((String::from_utf8(out.to_vec()).unwrap(), trailers))
    }

    #[test]
    fn chunks_are_read_however_they_arrive() {
        let text =
            "5\r\nhello\r\n6;chunk-signature=x\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        for piece in 1..text.len() {
            let (body, trailers) = decoded(text, piece).unwrap();
            assert_eq!(body, "hello world");
            assert_eq!(trailers, [("x-amz-checksum-crc32".to_owned(), "DUoRhQ==".to_owned())]);
        }
        assert_eq!(decoded("0\r\n\r\n", 3).unwrap().0, "");
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for text in [
            "",
            "5\r\nhell",
            "5\r\nhello",
            "5\r\nhelloworld\r\n",
            "x\r\n",
            "-1\r\n",
            "0\r\nnothing\r\n\r\n",
            "0\r\n\r\nmore",
            "0\r\na:b\r",
            "ffffffffffffffffff\r\n",
        ] {
            assert!(decoded(text, 7).is_err(), "{text:?}");
        }
        let line = |n: usize| format!("0\r\na:{}\r\n\r\n", "x".repeat(n));
        assert!(decoded(&line(LINE_BYTES_MAX - 4), 100).is_ok());
        assert!(decoded(&line(LINE_BYTES_MAX - 3), 100).is_err());
        let trailers = |n: usize| format!("0\r\n{}\r\n", "a:b\r\n".repeat(n));
        assert!(decoded(&trailers(TRAILERS_MAX), 100).is_ok());
        assert!(decoded(&trailers(TRAILERS_MAX + 1), 100).is_err());
    }
}
