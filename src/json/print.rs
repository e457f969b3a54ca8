//! Compact text as Jackson prints it, and its length.

use std::io;

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{CharEscape, Formatter, Serializer};

use super::java::java_double;

/// The compact text of a value: no white space, members in their order, integers as integers, doubles as Java
/// writes them.
#[must_use]
pub fn compact(value: &Value) -> String {
    let mut out = Vec::with_capacity(128);
    write(value, &mut out);
    String::from_utf8(out).expect("JSON text is UTF-8")
}

/// The length of the [`compact`] text in bytes, without producing it.
#[must_use]
pub fn byte_len(value: &Value) -> usize {
    let mut counter = Counter(0);
    write(value, &mut counter);
    counter.0
}

/// The JSON of a value, as serde writes it.
///
/// The value's type is erased, so that writing is compiled here, once and for speed: the rooms whose values these are have many
/// types, and are compiled for size.
///
/// # Errors
/// What the value's own `Serialize` says.
pub fn to_vec(value: &dyn erased_serde::Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(512);
    let mut serializer = Serializer::new(&mut out);
    match value.erased_serialize(&mut <dyn erased_serde::Serializer>::erase(&mut serializer)) {
        Ok(()) => Ok(out),
        Err(error) => Err(serde::ser::Error::custom(error)),
    }
}

/// Text as a JSON string, as serde writes it. Most texts are JSON themselves, with a quote every few characters: byte by byte is
/// quicker than in pieces.
pub(super) fn quoted(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut out = Vec::with_capacity(text.len() + text.len() / 2 + 2);
    out.push(b'"');
    for byte in text.bytes() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\x08' => b'b',
            b'\x0c' => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            ..b' ' => {
                let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                continue;
            }
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
    out.push(b'"');
    String::from_utf8(out).expect("quoting changes ASCII only")
}

fn write(value: &Value, out: &mut impl io::Write) {
    let mut serializer = Serializer::with_formatter(out, Jackson);
    value.serialize(&mut serializer).expect("a JSON value can be written to memory");
}

struct Jackson;

impl Formatter for Jackson {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(java_double(value).as_bytes())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        char_escape: CharEscape,
    ) -> io::Result<()> {
        let short: &[u8] = match char_escape {
            CharEscape::Quote => b"\\\"",
            CharEscape::ReverseSolidus => b"\\\\",
            CharEscape::Solidus => b"/",
            CharEscape::Backspace => b"\\b",
            CharEscape::FormFeed => b"\\f",
            CharEscape::LineFeed => b"\\n",
            CharEscape::CarriageReturn => b"\\r",
            CharEscape::Tab => b"\\t",
            CharEscape::AsciiControl(byte) => return write!(writer, "\\u{byte:04X}"),
        };
        writer.write_all(short)
    }
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0 += buf.len();
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{byte_len, compact, quoted};
    use crate::json::parse;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let value = parse(text).unwrap();
        assert_eq!(compact(&value), expect);
        assert_eq!(byte_len(&value), expect.len());
    }

    #[test]
    fn text_is_quoted_as_serde_does() {
        let every: String = (0..0x1_0000).filter_map(char::from_u32).collect();
        for text in ["", "a", "{\"a\":\"\\n\"}", &every] {
            assert_eq!(quoted(text), serde_json::to_string(text).unwrap());
        }
    }

    #[test]
    fn compact_text_is_jacksons() {
        check("{ \"b\" : [ 1 , 2.50 ] , \"a\" : null }", "{\"b\":[1,2.5],\"a\":null}");
        check("1e10", "1.0E10");
        check("[-0, -0.5]", "[0,-0.5]");
        check("18446744073709551615", "18446744073709551615");
        check(
            "\"\\u001f\\u0000\\b\\f\\n\\r\\t\\\"\\\\\\/é\u{2028}\"",
            "\"\\u001F\\u0000\\b\\f\\n\\r\\t\\\"\\\\/é\u{2028}\"",
        );
    }

    proptest::proptest! {
        #[test]
        fn printed_doubles_read_back(number in proptest::num::f64::NORMAL) {
            let text = compact(&serde_json::json!(number));
            proptest::prop_assert_eq!(parse(&text).unwrap().as_f64(), Some(number));
        }
    }
}
