//! Content codings: chooses one for a response, compresses and decompresses bodies.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html>

use std::io::{self, Cursor, Read};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{GzEncoder, MultiGzDecoder, ZlibDecoder, ZlibEncoder};

/// A supported content coding. API Gateway has no others except `identity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    /// The zlib format, which is what HTTP means by `deflate`.
    Deflate,
}

/// The `Content-Encoding` of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestCoding {
    /// The body is not encoded.
    Identity,
    Coded(Coding),
    /// A coding that API Gateway does not support, or several.
    Unsupported,
}

/// Why a body can't be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It is not in the coding that its header names.
    Malformed,
    /// It is larger than the limit.
    TooLarge,
    /// There is no memory for the output.
    NoRoom,
}

impl Coding {
    /// The coding's name in headers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Gzip, Self::Deflate].into_iter().find(|coding| coding.name().eq_ignore_ascii_case(name))
    }

    /// Compresses `bytes`.
    pub(crate) fn compress(self, bytes: &[u8]) -> io::Result<Bytes> {
        let mut out = Vec::with_capacity(bytes.len() / 2);
        match self {
            Self::Gzip => GzEncoder::new(bytes, Compression::fast()).read_to_end(&mut out)?,
            Self::Deflate => ZlibEncoder::new(bytes, Compression::fast()).read_to_end(&mut out)?,
        };
        Ok(out.into())
    }

    /// Starts to decompress `bytes`.
    pub(crate) fn inflating(self, bytes: Bytes) -> Inflating {
        let bytes = Cursor::new(bytes);
        let source: Box<dyn Read + Send> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(bytes)),
            Self::Deflate => Box::new(ZlibDecoder::new(bytes)),
        };
        Inflating { source, out: Vec::new() }
    }
}

/// A body that is decompressed step by step: the output may be a thousand times as large as the input.
pub(crate) struct Inflating {
    source: Box<dyn Read + Send>,
    out: Vec<u8>,
}

impl Inflating {
    /// Continues until there are more than `bytes_max` bytes. Returns whether the body ends before that.
    pub(crate) fn fill(&mut self, bytes_max: usize) -> Result<bool, Broken> {
        let more = (bytes_max + 1).saturating_sub(self.out.len());
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        let read = self.source.by_ref().take(more).read_to_end(&mut self.out);
        read.map_err(|_| Broken::Malformed)?;
        Ok(self.out.len() <= bytes_max)
    }

    /// Continues to the end, up to `bytes_max` bytes. Calls `has_room` with the number of bytes before it makes more.
    pub(crate) fn finish(
        mut self,
        bytes_max: usize,
        mut has_room: impl FnMut(usize) -> bool,
    ) -> Result<Bytes, Broken> {
        loop {
            let next = self.out.len().saturating_mul(2).max(STEP_BYTES).min(bytes_max);
            if !has_room(next) {
                return Err(Broken::NoRoom);
            }
            if self.fill(next)? {
                return Ok(self.out.into());
            }
            if next == bytes_max {
                return Err(Broken::TooLarge);
            }
        }
    }

    /// The output so far.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.out.into()
    }
}

/// The smallest step.
const STEP_BYTES: usize = 4096;

/// Parses a request's `Content-Encoding`.
pub(crate) fn request_coding(content_encoding: Option<&str>) -> RequestCoding {
    match content_encoding.map(str::trim) {
        None | Some("") => RequestCoding::Identity,
        Some(name) if name.eq_ignore_ascii_case("identity") => RequestCoding::Identity,
        Some(name) => Coding::named(name).map_or(RequestCoding::Unsupported, RequestCoding::Coded),
    }
}

/// The coding for a response: the one with the highest weight; the first of those with equal weight. Only named codings
/// count; `*` selects none.
pub(crate) fn accepted(accept_encoding: Option<&str>) -> Option<Coding> {
    // In thousandths, the precision of weights.
    let mut best: (u32, Option<Coding>) = (0, None);
    for item in accept_encoding?.split(',') {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let coding = Coding::named(name);
        if coding.is_none() && !name.eq_ignore_ascii_case("identity") {
            continue;
        }
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight.map_or(1000, thousandths);
        if best.0 < weight {
            best = (weight, coding);
        }
    }
    best.1
}

/// `0.5` as 500; an invalid weight counts as 0.
fn thousandths(weight: &str) -> u32 {
    let weight = weight.trim();
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let is_weight = matches!(whole, "0" | "1") && fraction.len() <= 3;
    let fraction: Option<u32> = format!("{fraction:0<3}").parse().ok();
    match fraction {
        Some(fraction) if is_weight => {
            if whole == "1" {
                1000
            } else {
                fraction
            }
        }
        _ => 0,
    }
}

/// Whether bodies of this `Content-Type` are already compressed by their format, so that a coding gains nothing.
pub(crate) fn is_compressed_format(content_type: &str) -> bool {
    let kind = content_type.to_ascii_lowercase();
    let is_picture = kind.starts_with("image/") && !kind.starts_with("image/svg");
    let is_archive = ["application/zip", "application/gzip", "application/x-gzip"].contains(&kind.as_str());
    is_picture || is_archive || kind.starts_with("audio/") || kind.starts_with("video/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_coding_of_highest_weight_is_used() {
        for (header, expect) in [
            ("gzip", Some(Coding::Gzip)),
            ("GZIP", Some(Coding::Gzip)),
            ("deflate, gzip", Some(Coding::Deflate)),
            ("gzip, deflate, br", Some(Coding::Gzip)),
            ("gzip;q=0.5, deflate;q=0.8", Some(Coding::Deflate)),
            ("br, gzip;q=0.001", Some(Coding::Gzip)),
            ("gzip;q=0, *", None),
            ("identity, gzip;q=0.9", None),
            ("gzip, identity", Some(Coding::Gzip)),
            ("gzip;q=2", None),
            ("gzip;q=wrong", None),
            ("*", None),
            ("br", None),
            ("", None),
        ] {
            assert_eq!(accepted(Some(header)), expect, "{header}");
        }
        assert_eq!(accepted(None), None);
    }

    #[test]
    fn requests_have_one_known_coding_or_none() {
        for (header, expect) in [
            (None, RequestCoding::Identity),
            (Some("identity"), RequestCoding::Identity),
            (Some(" Gzip "), RequestCoding::Coded(Coding::Gzip)),
            (Some("deflate"), RequestCoding::Coded(Coding::Deflate)),
            (Some("br"), RequestCoding::Unsupported),
            (Some("gzip, gzip"), RequestCoding::Unsupported),
        ] {
            assert_eq!(request_coding(header), expect, "{header:?}");
        }
    }

    #[test]
    fn bodies_come_out_as_they_went_in_up_to_the_limit() {
        let text = "text ".repeat(3000);
        for coding in [Coding::Gzip, Coding::Deflate] {
            let inflated = |bytes: &[u8], bytes_max: usize| {
                coding.inflating(Bytes::copy_from_slice(bytes)).finish(bytes_max, |_| true)
            };
            let small = coding.compress(text.as_bytes()).unwrap();
            assert!(small.len() < 200, "{}", small.len());
            assert_eq!(inflated(&small, text.len()).unwrap(), text);
            assert_eq!(inflated(&small, text.len() - 1), Err(Broken::TooLarge));
            assert_eq!(inflated(b"plain", 100), Err(Broken::Malformed));
            assert_eq!(inflated(&small[..small.len() / 2], 100_000), Err(Broken::Malformed));
        }
    }

    #[test]
    fn nothing_is_kept_that_has_no_room() {
        let bomb = Coding::Gzip.compress(&vec![b' '; 1_000_000]).unwrap();
        assert!(bomb.len() < 10_000, "{}", bomb.len());
        let mut asked = Vec::new();
        let refused = Coding::Gzip.inflating(bomb.clone()).finish(10_000_000, |bytes| {
            asked.push(bytes);
            bytes <= 20_000
        });
        assert_eq!(refused, Err(Broken::NoRoom));
        assert!(asked.iter().all(|bytes| *bytes < 40_000), "{asked:?}");
        let mut inflating = Coding::Gzip.inflating(bomb);
        assert_eq!(inflating.fill(5_000), Ok(false));
        assert_eq!(inflating.into_bytes().len(), 5_001);
    }

    #[test]
    fn formats_that_compress_are_known() {
        for (content_type, expect) in [
            ("image/png", true),
            ("image/svg+xml", false),
            ("application/json", false),
            ("application/zip", true),
        ] {
            assert_eq!(is_compressed_format(content_type), expect, "{content_type}");
        }
    }
}
