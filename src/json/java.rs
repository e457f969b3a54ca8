//! Values in the format of Java's `toString`.

use std::fmt::Write as _;

use serde_json::Value;

/// A double as Java's `Double.toString` writes it: `1.0`, `1.5E10`, `1.0E-4`, `NaN`.
#[must_use]
pub fn java_double(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{number:?}");
    }
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN".to_owned()
        } else if 0.0 < number {
            "Infinity".to_owned()
        } else {
            "-Infinity".to_owned()
        };
    }
    let text = format!("{number:E}");
    // Java always writes a fraction: 1E10 is 1.0E10.
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

/// A value in the format of a tree of Java collections: `{Arg1=1, Arg2=[a, b]}`, strings without quotes, `null` as
/// `null`.
#[must_use]
pub fn java_string(value: &Value) -> String {
    let mut out = String::new();
    write_java(value, &mut out);
    out
}

fn write_java(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => match n.as_f64() {
            Some(double) if n.is_f64() => out.push_str(&java_double(double)),
            _ => {
                // Writing to a string can't fail.
                let _ = write!(out, "{n}");
            }
        },
        Value::String(s) => out.push_str(s),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i != 0 {
                    out.push_str(", ");
                }
                write_java(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (i, (name, member)) in members.iter().enumerate() {
                if i != 0 {
                    out.push_str(", ");
                }
                out.push_str(name);
                out.push('=');
                write_java(member, out);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{java_double, java_string};
    use crate::json::parse;

    #[test]
    fn doubles_are_written_as_java_does() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (1.1, "1.1"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (9_999_999.5, "9999999.5"),
            (1e7, "1.0E7"),
            (1.5e10, "1.5E10"),
            (-2.5e-10, "-2.5E-10"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157E308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(java_double(number), text);
        }
    }

    #[test]
    fn trees_are_written_as_java_collections() {
        for (json, text) in [
            ("{\"Arg1\":1,\"Arg2\":[]}", "{Arg1=1, Arg2=[]}"),
            ("[\"a\",null,true,1.50]", "[a, null, true, 1.5]"),
            ("\"x\"", "x"),
            ("{\"a\":{\"b\":\"c\"}}", "{a={b=c}}"),
            ("{}", "{}"),
        ] {
            assert_eq!(java_string(&parse(json).unwrap()), text);
        }
    }
}
