//! `$util`: API Gateway's five functions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::allowance::Allowance;
use crate::json;
use crate::vtl::{HostError, Value};

/// Calls `$util.method(args…)`; an unknown function returns Java's null.
pub(super) fn call(method: &str, args: &[Value], allowance: &mut Allowance) -> Result<Value, HostError> {
    let [argument] = args else { return Ok(Value::Null) };
    let text = argument_text(argument);
    allowance.spend_text(&text)?;
    Ok(match method {
        "escapeJavaScript" => Value::str(&escape_java_script(&text)),
        "parseJson" => return parse_json(&text, allowance),
        "urlEncode" => Value::str(&url_encode(&text)),
        "urlDecode" => Value::str(&url_decode(&text)),
        "base64Encode" => Value::str(&STANDARD.encode(text)),
        "base64Decode" => base64_decode(&text)?,
        _ => Value::Null,
    })
}

/// The argument as text: strings unchanged, everything else as a template prints it, null as the empty string.
fn argument_text(argument: &Value) -> String {
    if argument.is_null() { String::new() } else { argument.to_display_string() }
}

/// Text that is not Base64.
#[derive(Debug, thiserror::Error)]
#[error("$util.base64Decode was given text that is no base64")]
struct NotBase64;

/// Text for `$util.parseJson` that is not JSON: the template's error, not the client's.
#[derive(Debug, thiserror::Error)]
#[error("$util.parseJson: {0}")]
struct NotParsed(json::SyntaxError);

fn parse_json(text: &str, allowance: &mut Allowance) -> Result<Value, HostError> {
    // Twice: once for parsing, once for the resulting values.
    allowance.spend(json::weight(text.as_bytes()) as u64 / 64)?;
    let value = json::parse(text).map_err(NotParsed)?;
    Ok(Value::from_json(&value))
}

/// Escapes like commons-lang's `escapeJavaScript`: quotes, slashes and control characters are escaped, and everything
/// outside ASCII becomes `\uXXXX` in upper-case hex, one for each UTF-16 unit.
fn escape_java_script(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    // Plain characters are copied in runs; most of a document consists of them.
    while let Some(at) = rest.bytes().position(is_escaped) {
        let (plain, after) = rest.split_at(at);
        out.push_str(plain);
        let Some(c) = after.chars().next() else { break };
        push_escaped(c, &mut out);
        rest = &after[c.len_utf8()..];
    }
    out.push_str(rest);
    out
}

/// Whether a character that begins with this byte is escaped.
fn is_escaped(byte: u8) -> bool {
    !matches!(byte, 0x20..0x7f) || matches!(byte, b'"' | b'\'' | b'\\' | b'/')
}

fn push_escaped(c: char, out: &mut String) {
    let after_backslash = match c {
        '"' | '\'' | '\\' | '/' => c,
        '\n' => 'n',
        '\t' => 't',
        '\r' => 'r',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04X}"));
            }
            return;
        }
    };
    out.push('\\');
    out.push(after_backslash);
}

/// Characters that `application/x-www-form-urlencoded` doesn't encode.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

fn url_encode(text: &str) -> String {
    utf8_percent_encode(text, FORM).to_string().replace(' ', "+")
}

fn url_decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn base64_decode(text: &str) -> Result<Value, NotBase64> {
    let bytes = STANDARD.decode(text.trim()).map_err(|_| NotBase64)?;
    Ok(Value::str(&String::from_utf8_lossy(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, args: &[Value]) -> Result<Value, HostError> {
        super::call(method, args, &mut Allowance::default())
    }

    #[test]
    fn work_on_texts_is_paid_for() {
        let text = [Value::str(&"x".repeat(6400))];
        assert!(super::call("urlEncode", &text, &mut Allowance::of(100)).is_ok());
        assert!(super::call("urlEncode", &text, &mut Allowance::of(99)).is_err());
        let list = [Value::str(&format!("[{}1]", "1,".repeat(99)))];
        assert!(super::call("parseJson", &list, &mut Allowance::of(1_000)).is_ok());
        assert!(super::call("parseJson", &list, &mut Allowance::of(50)).is_err());
    }

    fn check(method: &str, argument: &str, expect: &str) {
        let value = call(method, &[Value::str(argument)]).unwrap();
        assert_eq!(value.as_str(), Some(expect), "{method}({argument:?})");
    }

    #[test]
    fn escapes_as_commons_lang_does() {
        check("escapeJavaScript", "a\"b'c\\d/e", r#"a\"b\'c\\d\/e"#);
        check("escapeJavaScript", "\n\t\r\u{8}\u{c}\u{1}\u{7f}", r"\n\t\r\b\f\u0001\u007F");
        check("escapeJavaScript", "é😀", r"\u00E9\uD83D\uDE00");
        check("escapeJavaScript", "plain é/plain\"", r#"plain \u00E9\/plain\""#);
        check("escapeJavaScript", "", "");
    }

    #[test]
    fn url_and_base64() {
        check("urlEncode", "a b&c=é~*-._", "a+b%26c%3D%C3%A9%7E*-._");
        check("urlDecode", "a+b%26c%3D%C3%A9", "a b&c=é");
        check("urlDecode", "100%", "100%");
        check("base64Encode", "hé", "aMOp");
        check("base64Decode", "aMOp", "hé");
    }

    #[test]
    fn what_can_t_be_done_fails_or_is_null() {
        assert!(call("base64Decode", &[Value::str("%")]).is_err());
        assert!(call("parseJson", &[Value::str("{")]).is_err());
        assert!(matches!(call("uuid", &[]), Ok(Value::Null)));
        assert!(matches!(call("now", &[Value::str("x")]), Ok(Value::Null)));
        assert_eq!(call("urlEncode", &[Value::Empty]).unwrap().as_str(), Some(""));
    }
}
