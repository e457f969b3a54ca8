//! `String.format`: `%[index$][flags][width][.precision]conversion`.

use super::{Call, Failure, thrown};
use crate::vtl::limits::LimitKind;
use crate::vtl::value::Value;

/// One `%…` specifier of a format.
#[derive(Default)]
struct Spec {
    index: Option<usize>,
    flags: String,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

impl Spec {
    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }
}

pub(super) fn format(template: &str, arguments: &[Value], call: &mut Call<'_>) -> Result<String, Failure> {
    let mut out = String::new();
    let mut rest = template;
    let mut next = 0;
    while let Some(percent) = rest.find('%') {
        out.push_str(&rest[..percent]);
        let (spec, after) = parse(&rest[percent + 1..])?;
        rest = after;
        if call.bytes_max < out.len().saturating_add(spec.width).saturating_add(spec.precision.unwrap_or(0)) {
            return Err(Failure::Limit(LimitKind::OutputBytes));
        }
        match spec.conversion {
            'n' => out.push('\n'),
            '%' => pad("%", &spec, &mut out),
            _ => {
                let place = spec.index.unwrap_or_else(|| {
                    next += 1;
                    next - 1
                });
                let Some(argument) = arguments.get(place) else {
                    return thrown(format!("Format specifier '%{}'", spec.conversion));
                };
                let text = convert(&spec, argument, call)?;
                pad(&text, &spec, &mut out);
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn parse(text: &str) -> Result<(Spec, &str), Failure> {
    let mut spec = Spec::default();
    let mut rest = text;
    let (digits, after) = digits(rest);
    if let (Some(index), Some(after)) = (digits, after.strip_prefix('$')) {
        spec.index = index.checked_sub(1);
        rest = after;
    }
    let n_flags = rest.find(|c| !matches!(c, '-' | '#' | '+' | ' ' | '0' | ',' | '(')).unwrap_or(rest.len());
    spec.flags = rest[..n_flags].to_owned();
    rest = &rest[n_flags..];
    let (width, after) = self::digits(rest);
    spec.width = width.unwrap_or(0);
    rest = after;
    if let Some(after) = rest.strip_prefix('.') {
        let (precision, after) = self::digits(after);
        spec.precision = precision;
        rest = after;
    }
    let Some(conversion) = rest.chars().next() else {
        return thrown(format!("Conversion = '%' in `%{text}`"));
    };
    spec.conversion = conversion;
    Ok((spec, &rest[conversion.len_utf8()..]))
}

fn digits(text: &str) -> (Option<usize>, &str) {
    let n = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..n].parse().ok(), &text[n..])
}

fn convert(spec: &Spec, argument: &Value, call: &mut Call<'_>) -> Result<String, Failure> {
    let text = match spec.conversion.to_ascii_lowercase() {
        's' => cut(call.text_of(argument)?, spec),
        'b' => {
            let is_true = match argument {
                Value::Bool(b) => *b,
                other => !other.is_null(),
            };
            cut(is_true.to_string(), spec)
        }
        _ if argument.is_null() => cut("null".to_owned(), spec),
        'c' => match argument {
            Value::Str(text) if text.chars().count() == 1 => text.to_string(),
            Value::Int(code) => {
                u32::try_from(*code).ok().and_then(char::from_u32).map(String::from).unwrap_or_default()
            }
            _ => return mismatch(spec),
        },
        'd' => whole(spec, argument)?,
        'x' | 'o' => bits(spec, argument)?,
        'f' | 'e' => decimal(spec, argument)?,
        'h' => format!("{:x}", super::hash_code(argument, 0)),
        _ => return thrown(format!("Conversion = '{}'", spec.conversion)),
    };
    Ok(if spec.conversion.is_ascii_uppercase() { text.to_uppercase() } else { text })
}

fn mismatch<T>(spec: &Spec) -> Result<T, Failure> {
    thrown(format!("the argument of `%{}` has the wrong type", spec.conversion))
}

fn cut(text: String, spec: &Spec) -> String {
    match spec.precision {
        Some(n) => text.chars().take(n).collect(),
        None => text,
    }
}

fn whole(spec: &Spec, argument: &Value) -> Result<String, Failure> {
    let n = match argument {
        Value::Int(n) => i128::from(*n),
        Value::Long(n) => i128::from(*n),
        Value::Big(n) => *n,
        _ => return mismatch(spec),
    };
    let digits = n.unsigned_abs().to_string();
    Ok(signed(n < 0, &if spec.has(',') { grouped(&digits) } else { digits }, spec))
}

fn bits(spec: &Spec, argument: &Value) -> Result<String, Failure> {
    let is_hex = spec.conversion.eq_ignore_ascii_case(&'x');
    let (digits, prefix) = match (argument, is_hex) {
        (Value::Int(n), true) => (format!("{n:x}"), "0x"),
        (Value::Long(n), true) => (format!("{n:x}"), "0x"),
        (Value::Int(n), false) => (format!("{n:o}"), "0"),
        (Value::Long(n), false) => (format!("{n:o}"), "0"),
        _ => return mismatch(spec),
    };
    let prefix = if spec.has('#') { prefix } else { "" };
    let zeros = if spec.has('0') { spec.width.saturating_sub(prefix.len() + digits.len()) } else { 0 };
    Ok(format!("{prefix}{}{digits}", "0".repeat(zeros)))
}

/// No double has more digits than this; zeros follow. Rust's own formatting stops at 65,535.
const DOUBLE_DIGITS_MAX: usize = 1100;

fn decimal(spec: &Spec, argument: &Value) -> Result<String, Failure> {
    let Value::Double(d) = argument else { return mismatch(spec) };
    if !d.is_finite() {
        let text = if d.is_nan() { "NaN" } else { "Infinity" };
        return Ok(if *d < 0.0 { format!("-{text}") } else { text.to_owned() });
    }
    let precision = spec.precision.unwrap_or(6);
    let magnitude = d.abs();
    let text = if spec.conversion.eq_ignore_ascii_case(&'e') {
        let exact = precision.min(DOUBLE_DIGITS_MAX);
        let text = format!("{magnitude:.exact$e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = format!("{digits}{}", "0".repeat(precision - exact));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        format!("{digits}e{sign}{exponent:0>2}")
    } else {
        half_up(magnitude, precision)
    };
    let text = match (spec.has(','), text.split_once('.')) {
        (true, Some((whole, fraction))) => format!("{}.{fraction}", grouped(whole)),
        (true, None) => grouped(&text),
        (false, _) => text,
    };
    Ok(signed(d.is_sign_negative(), &text, spec))
}

/// Java rounds the shortest decimal text half up; binary rounding would use the exact value.
fn half_up(magnitude: f64, precision: usize) -> String {
    let shortest = format!("{magnitude}");
    let (whole, fraction) = shortest.split_once('.').unwrap_or((&shortest, ""));
    if fraction.len() <= precision {
        let point = if precision == 0 { "" } else { "." };
        return format!("{whole}{point}{fraction}{}", "0".repeat(precision - fraction.len()));
    }
    let (kept, cut) = fraction.split_at(precision);
    let mut digits: Vec<u8> = whole.bytes().chain(kept.bytes()).collect();
    if cut.as_bytes().first().is_some_and(|digit| b'5' <= *digit) {
        let mut carries = true;
        for digit in digits.iter_mut().rev() {
            if *digit != b'9' {
                *digit += 1;
                carries = false;
                break;
            }
            *digit = b'0';
        }
        if carries {
            digits.insert(0, b'1');
        }
    }
    let text = String::from_utf8(digits).unwrap_or_default();
    let (whole, fraction) = text.split_at(text.len() - precision);
    if precision == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Adds the sign and, with the `0` flag, zeros up to the width.
fn signed(is_negative: bool, digits: &str, spec: &Spec) -> String {
    let (before, after) = match is_negative {
        true if spec.has('(') => ("(", ")"),
        true => ("-", ""),
        false if spec.has('+') => ("+", ""),
        false if spec.has(' ') => (" ", ""),
        false => ("", ""),
    };
    let len = before.len() + digits.len() + after.len();
    let zeros = if spec.has('0') { spec.width.saturating_sub(len) } else { 0 };
    format!("{before}{}{digits}{after}", "0".repeat(zeros))
}

fn pad(text: &str, spec: &Spec, out: &mut String) {
    let blanks = spec.width.saturating_sub(text.chars().count());
    if spec.has('-') {
        out.push_str(text);
    }
    out.extend(std::iter::repeat_n(' ', blanks));
    if !spec.has('-') {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, argument: Value, expect: &str) {
        let mut call =
            Call { name: "format", arguments: &[], steps_left: &mut { u64::MAX }, bytes_max: 1 << 20 };
        let formatted = format(template, &[argument], &mut call).unwrap();
        assert!(formatted == expect, "{template}: {}…", formatted.chars().take(80).collect::<String>());
    }

    #[test]
    fn precision_and_width_have_no_bound_but_the_output_s() {
        let zeros = |n: usize| "0".repeat(n);
        check("%.70000f", Value::Double(1.5), &format!("1.5{}", zeros(69_999)));
        check("%.70000e", Value::Double(1.5), &format!("1.5{}e+00", zeros(69_999)));
        check("%.70000s", Value::str("a"), "a");
        check("%70001s", Value::str("a"), &format!("{}a", " ".repeat(70_000)));
        check("%070001d", Value::Int(7), &format!("{}7", zeros(70_000)));
        check("%070001x", Value::Int(7), &format!("{}7", zeros(70_000)));
        check("%070001.2f", Value::Double(-0.125), &format!("-{}0.13", zeros(69_996)));
    }
}
