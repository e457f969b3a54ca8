//! Follows a chunked body, byte by byte between its chunks: RFC 9112 section 7.1.

use super::Fault;
use super::head::{is_in_value, is_token};

/// The most bytes of all extensions in a body, which nobody reads; hyper's own limit.
const EXTENSION_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of all trailer fields, which nobody reads either; hyper's own limit.
const TRAILER_BYTES_MAX: usize = 16 * 1024;
/// The most digits of a chunk size; this many can't overflow.
const SIZE_DIGITS_MAX: u8 = 15;

/// The position in a chunked body.
#[derive(Clone, Debug)]
pub(super) struct Chunked {
    at: At,
    size: u64,
    digits: u8,
    extension_bytes: usize,
    trailer_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Size,
    /// White space after a size; only an extension may follow.
    BeforeExtension,
    Extension,
    SizeLineFeed,
    Data,
    DataReturn,
    DataLineFeed,
    /// The beginning of a line after the last chunk.
    Trailer,
    TrailerName,
    TrailerValue,
    TrailerLineFeed,
    EndLineFeed,
    End,
}

impl Chunked {
    pub(super) const fn new() -> Self {
        Self { at: At::Size, size: 0, digits: 0, extension_bytes: 0, trailer_bytes: 0 }
    }

    /// Whether the body is complete.
    pub(super) fn is_over(&self) -> bool {
        self.at == At::End
    }

    /// Follows `bytes` until they or the body end. Returns how many belong to the body, and what is wrong with the byte
    /// after them.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> (usize, Result<(), Fault>) {
        let mut n = 0;
        while n < bytes.len() && !self.is_over() {
            if self.at == At::Data {
                let left = usize::try_from(self.size).unwrap_or(usize::MAX);
                let there = left.min(bytes.len() - n);
                n += there;
                self.size -= there as u64;
                if self.size == 0 {
                    self.at = At::DataReturn;
                }
                continue;
            }
            match self.next(bytes[n]) {
                Ok(at) => self.at = at,
                Err(fault) => return (n, Err(fault)),
            }
            n += 1;
        }
        (n, Ok(()))
    }

    fn next(&mut self, byte: u8) -> Result<At, Fault> {
        match (self.at, byte) {
            (At::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if self.digits < SIZE_DIGITS_MAX => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                self.size = self.size * 16 + u64::from(digit);
                self.digits += 1;
                Ok(At::Size)
            }
            (At::Size, b'\r') if self.digits != 0 => Ok(At::SizeLineFeed),
            (At::Size | At::BeforeExtension, b';') if self.digits != 0 => Ok(At::Extension),
            (At::Size | At::BeforeExtension, b' ' | b'\t') if self.digits != 0 => {
                self.count_extension()?;
                Ok(At::BeforeExtension)
            }
            (At::Size | At::BeforeExtension, _) => Err(Fault::ChunkSize),
            (At::Extension, b'\r') => Ok(At::SizeLineFeed),
            (At::Extension, byte) if is_in_value(byte) => {
                self.count_extension()?;
                Ok(At::Extension)
            }
            (At::Extension, _) => Err(Fault::ChunkExtension),
            (At::SizeLineFeed, b'\n') => {
                self.digits = 0;
                Ok(if self.size == 0 { At::Trailer } else { At::Data })
            }
            (At::SizeLineFeed, _) => Err(Fault::ChunkSize),
            (At::DataReturn, b'\r') => Ok(At::DataLineFeed),
            (At::DataLineFeed, b'\n') => Ok(At::Size),
            (At::DataReturn | At::DataLineFeed, _) => Err(Fault::ChunkEnd),
            (At::Trailer, b'\r') => Ok(At::EndLineFeed),
            (At::Trailer | At::TrailerName, byte) if is_token(byte) => self.count_trailer(At::TrailerName),
            (At::TrailerName, b':') => self.count_trailer(At::TrailerValue),
            (At::TrailerValue, b'\r') => self.count_trailer(At::TrailerLineFeed),
            (At::TrailerValue, byte) if is_in_value(byte) => self.count_trailer(At::TrailerValue),
            (At::TrailerLineFeed, b'\n') => self.count_trailer(At::Trailer),
            (At::EndLineFeed, b'\n') => Ok(At::End),
            (At::Trailer | At::TrailerName | At::TrailerValue | At::TrailerLineFeed | At::EndLineFeed, _) => {
                Err(Fault::Trailer)
            }
            // `follow` counts data and stops at the end, so neither gets here.
            (At::Data | At::End, _) => Ok(self.at),
        }
    }

    fn count_extension(&mut self) -> Result<(), Fault> {
        self.extension_bytes += 1;
        if EXTENSION_BYTES_MAX <= self.extension_bytes { Err(Fault::ChunkExtension) } else { Ok(()) }
    }

    fn count_trailer(&mut self, at: At) -> Result<At, Fault> {
        self.trailer_bytes += 1;
        // Two bytes are for the empty line, which hyper also counts.
        if TRAILER_BYTES_MAX - 2 <= self.trailer_bytes { Err(Fault::TrailerSize) } else { Ok(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that the result is the same however the body is split into pieces.
    fn follow(body: &[u8]) -> (usize, Result<bool, Fault>) {
        let whole = {
            let mut chunked = Chunked::new();
            let (n, result) = chunked.follow(body);
            (n, result.map(|()| chunked.is_over()))
        };
        let mut chunked = Chunked::new();
        let mut n = 0;
        let mut result = Ok(());
        for byte in body {
            let (one, followed) = chunked.follow(std::slice::from_ref(byte));
            n += one;
            result = followed;
            if one == 0 {
                break;
            }
        }
        assert_eq!((n, result.map(|()| chunked.is_over())), whole, "{:?}", body.escape_ascii().to_string());
        whole
    }

    #[test]
    fn bodies_end_where_the_grammar_says() {
        for body in [
            "0\r\n\r\n",
            "2\r\nab\r\n0\r\n\r\n",
            "002\r\nab\r\n000\r\n\r\n",
            "A\r\n0123456789\r\n0\r\n\r\n",
            "a;b=c\r\n0123456789\r\n0;d\r\n\r\n",
            "2 ;b\r\nab\r\n0\r\n\r\n",
            "2\r\nab\r\n0\r\nx: y\r\nZ:\r\n\r\n",
        ] {
            let more = [body.as_bytes(), b"GET"].concat();
            assert_eq!(follow(&more), (body.len(), Ok(true)), "{body:?}");
            assert_eq!(follow(&body.as_bytes()[..body.len() - 1]), (body.len() - 1, Ok(false)), "{body:?}");
        }
    }

    #[test]
    fn what_the_grammar_does_not_have_is_refused() {
        for (body, n, fault) in [
            ("\r\n", 0, Fault::ChunkSize),
            ("-1\r\n", 0, Fault::ChunkSize),
            ("+1\r\n", 0, Fault::ChunkSize),
            ("0x1\r\n", 1, Fault::ChunkSize),
            ("1_0\r\n", 1, Fault::ChunkSize),
            (" 1\r\n", 0, Fault::ChunkSize),
            ("1 \r\n", 2, Fault::ChunkSize),
            ("1 1\r\n", 2, Fault::ChunkSize),
            ("g\r\n", 0, Fault::ChunkSize),
            ("1\n", 1, Fault::ChunkSize),
            ("1\rx", 2, Fault::ChunkSize),
            ("ffffffffffffffff\r\n", 15, Fault::ChunkSize),
            ("1;a\n", 3, Fault::ChunkExtension),
            ("1;\0\r\n", 2, Fault::ChunkExtension),
            ("1\r\nab\r\n", 4, Fault::ChunkEnd),
            ("1\r\na\n", 4, Fault::ChunkEnd),
            ("1\r\na\rb", 5, Fault::ChunkEnd),
            ("0\r\n\n", 3, Fault::Trailer),
            ("0\r\n\r\r", 4, Fault::Trailer),
            ("0\r\nGET / HTTP/1.1\r\n", 6, Fault::Trailer),
            ("0\r\n: y\r\n", 3, Fault::Trailer),
            ("0\r\nx y: z\r\n", 4, Fault::Trailer),
            ("0\r\nx : z\r\n", 4, Fault::Trailer),
            ("0\r\nx: \0\r\n", 6, Fault::Trailer),
            ("0\r\nx: y\n", 7, Fault::Trailer),
            ("0\r\n x: y\r\n", 3, Fault::Trailer),
        ] {
            assert_eq!(follow(body.as_bytes()), (n, Err(fault)), "{body:?}");
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let at = |n: usize| format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(n));
        assert_eq!(follow(at(EXTENSION_BYTES_MAX - 1).as_bytes()).1, Ok(true));
        assert_eq!(follow(at(EXTENSION_BYTES_MAX).as_bytes()).1, Err(Fault::ChunkExtension));
        let at = |n: usize| format!("0\r\nx:{}\r\n\r\n", "y".repeat(n - 4));
        assert_eq!(follow(at(TRAILER_BYTES_MAX - 3).as_bytes()).1, Ok(true));
        assert_eq!(follow(at(TRAILER_BYTES_MAX - 2).as_bytes()).1, Err(Fault::TrailerSize));
    }
}
