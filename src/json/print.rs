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
    use super::{byte_len, compact};
    use crate::json::parse;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let value = parse(text).unwrap();
        assert_eq!(compact(&value), expect);
        assert_eq!(byte_len(&value), expect.len());
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
