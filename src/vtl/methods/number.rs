//! Methods of `java.lang.Integer`, `Long`, `Double` and `java.math.BigInteger`, including static ones: Velocity lets a
//! template call `parseInt` on any number.

use std::cmp::Ordering;

use super::{Answer, Call, double_text, thrown};
use crate::vtl::limits::LimitKind;
use crate::vtl::value::{Operator, Value};

pub(super) fn call(value: &Value, call: &mut Call<'_>) -> Answer {
    if let Some(answer) = convert(value, call)? {
        return Ok(Some(answer));
    }
    match value {
        Value::Int(_) => whole_static(Width::Int, call),
        Value::Long(_) => whole_static(Width::Long, call),
        Value::Double(d) => double(*d, call),
        Value::Big(n) => big(*n, call),
        Value::Null
        | Value::Empty
        | Value::Bool(_)
        | Value::Str(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Entry(_)
        | Value::Object(_)
        | Value::Block(_)
        | Value::Loop(_) => Ok(None),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Int,
    Long,
}

/// The conversions of every `java.lang.Number`, and comparison with the same type.
#[allow(clippy::cast_possible_truncation)]
fn convert(value: &Value, call: &mut Call<'_>) -> Answer {
    let same_type = |other: &Value| std::mem::discriminant(value) == std::mem::discriminant(other);
    Ok(match (call.name, call.arguments) {
        ("intValue", []) => value.as_int().map(Value::Int),
        ("longValue", []) => value.as_long().map(Value::Long),
        ("doubleValue", []) => value.as_double().map(Value::Double),
        // There is no float among the values; its shortest text is what prints either way.
        ("floatValue", []) => {
            value.as_double().map(|d| Value::Double((d as f32).to_string().parse().unwrap_or(d)))
        }
        ("shortValue", []) => value.as_int().map(|n| Value::Int((n as i16).into())),
        ("byteValue", []) => value.as_int().map(|n| Value::Int((n as i8).into())),
        ("compareTo", [other]) if same_type(other) => {
            let order = value.compare_number(other).unwrap_or(Ordering::Equal);
            Some(Value::Int(order as i32))
        }
        ("compareTo", [_]) => return thrown("only numbers of the same type can be compared"),
        _ => None,
    })
}

fn whole_static(width: Width, call: &mut Call<'_>) -> Answer {
    let make = |n: i64| match width {
        Width::Int => i32::try_from(n).map_or(Value::Long(n), Value::Int),
        Width::Long => Value::Long(n),
    };
    Ok(Some(match (call.name, call.arguments) {
        ("parseInt", [Value::Str(text)]) if width == Width::Int => parse(text, 10, Width::Int)?,
        ("parseInt", [Value::Str(text), Value::Int(radix)]) if width == Width::Int => {
            parse(text, *radix, Width::Int)?
        }
        ("parseLong", [Value::Str(text)]) if width == Width::Long => parse(text, 10, Width::Long)?,
        ("parseLong", [Value::Str(text), Value::Int(radix)]) if width == Width::Long => {
            parse(text, *radix, Width::Long)?
        }
        ("valueOf", [Value::Str(text)]) => parse(text, 10, width)?,
        ("valueOf", [Value::Str(text), Value::Int(radix)]) => parse(text, *radix, width)?,
        ("valueOf", [Value::Int(n)]) => make(i64::from(*n)),
        ("valueOf", [Value::Long(n)]) if width == Width::Long => Value::Long(*n),
        ("decode", [Value::Str(text)]) => decode(text, width)?,
        (name, [argument]) => match argument_of(width, argument) {
            Some(n) => return one_argument(width, name, n, call),
            None => return Ok(None),
        },
        (name, [left, right]) => match (argument_of(width, left), argument_of(width, right)) {
            (Some(left), Some(right)) => return two_arguments(name, left, right, make, call),
            (None, _) | (_, None) => return Ok(None),
        },
        _ => return Ok(None),
    }))
}

fn argument_of(width: Width, value: &Value) -> Option<i64> {
    match (value, width) {
        (Value::Int(n), _) => Some(i64::from(*n)),
        (Value::Long(n), Width::Long) => Some(*n),
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn one_argument(width: Width, name: &str, n: i64, call: &mut Call<'_>) -> Answer {
    let bits = match width {
        Width::Int => u64::from(n as i32 as u32),
        Width::Long => n as u64,
    };
    let unused = 64
        - match width {
            Width::Int => 32,
            Width::Long => 64,
        };
    let count = |n: u32| Value::Int(i32::try_from(n).unwrap_or(i32::MAX));
    Ok(Some(match name {
        "toString" => return call.text(&n.to_string()),
        "toHexString" => return call.text(&format!("{bits:x}")),
        "toOctalString" => return call.text(&format!("{bits:o}")),
        "toBinaryString" => return call.text(&format!("{bits:b}")),
        "reverse" if width == Width::Int => Value::Int((n as i32).reverse_bits()),
        "reverse" => Value::Long(n.reverse_bits()),
        "signum" => Value::Int(n.signum() as i32),
        "bitCount" => count(bits.count_ones()),
        "numberOfLeadingZeros" => count(bits.leading_zeros() - unused),
        "numberOfTrailingZeros" => count(if bits == 0 { 64 - unused } else { bits.trailing_zeros() }),
        "hashCode" => Value::Int((n ^ (n >> 32).wrapping_mul(i64::from(width == Width::Long))) as i32),
        _ => return Ok(None),
    }))
}

fn two_arguments(
    name: &str,
    left: i64,
    right: i64,
    make: impl Fn(i64) -> Value,
    call: &mut Call<'_>,
) -> Answer {
    Ok(Some(match name {
        "max" => make(left.max(right)),
        "min" => make(left.min(right)),
        "sum" => wrap(left.wrapping_add(right), &make(0)),
        "compare" => Value::Int(left.cmp(&right) as i32),
        "divideUnsigned" | "remainderUnsigned" => return Ok(None),
        "toString" => return call.text(&radix_text(i128::from(left), right)),
        _ => return Ok(None),
    }))
}

/// Java's `sum` wraps around within its type.
#[allow(clippy::cast_possible_truncation)]
fn wrap(n: i64, like: &Value) -> Value {
    if matches!(like, Value::Int(_)) { Value::Int(n as i32) } else { Value::Long(n) }
}

fn radix_text(n: i128, radix: i64) -> String {
    let radix = u128::try_from(radix).ok().filter(|radix| (2..=36).contains(radix)).unwrap_or(10);
    let mut digits = Vec::new();
    let mut rest = n.unsigned_abs();
    while rest != 0 || digits.is_empty() {
        let digit = u32::try_from(rest % radix).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        rest /= radix;
    }
    if n < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

fn parse(text: &str, radix: i32, width: Width) -> Result<Value, super::Failure> {
    let radix = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix));
    let parsed = radix.filter(|_| !text.is_empty()).and_then(|radix| match width {
        Width::Int => i32::from_str_radix(text, radix).ok().map(Value::Int),
        Width::Long => i64::from_str_radix(text, radix).ok().map(Value::Long),
    });
    match parsed {
        Some(value) => Ok(value),
        None => thrown(format!("For input string: \"{text}\"")),
    }
}

fn decode(text: &str, width: Width) -> Result<Value, super::Failure> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let hex =
        digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).or_else(|| digits.strip_prefix('#'));
    let (radix, digits) = match hex {
        Some(hex) => (16, hex),
        None if 1 < digits.len() && digits.starts_with('0') => (8, &digits[1..]),
        None => (10, digits),
    };
    parse(&format!("{sign}{digits}"), radix, width)
}

fn double(own: f64, call: &mut Call<'_>) -> Answer {
    let number = |value: &Value| value.as_double().filter(|_| !matches!(value, Value::Big(_)));
    Ok(Some(match (call.name, call.arguments) {
        ("isNaN", []) => Value::Bool(own.is_nan()),
        ("isInfinite", []) => Value::Bool(own.is_infinite()),
        ("parseDouble" | "valueOf", [Value::Str(text)]) => parse_double(text)?,
        (name, [argument]) => match (name, number(argument)) {
            ("valueOf", Some(d)) => Value::Double(d),
            ("isNaN", Some(d)) => Value::Bool(d.is_nan()),
            ("isInfinite", Some(d)) => Value::Bool(d.is_infinite()),
            ("isFinite", Some(d)) => Value::Bool(d.is_finite()),
            ("toString", Some(d)) => return call.text(&double_text(d)),
            _ => return Ok(None),
        },
        (name, [left, right]) => match (name, number(left), number(right)) {
            ("max", Some(left), Some(right)) => Value::Double(left.max(right)),
            ("min", Some(left), Some(right)) => Value::Double(left.min(right)),
            ("sum", Some(left), Some(right)) => Value::Double(left + right),
            ("compare", Some(left), Some(right)) => Value::Int(left.total_cmp(&right) as i32),
            _ => return Ok(None),
        },
        _ => return Ok(None),
    }))
}

/// `Double.parseDouble`: accepts blanks around the number and a type letter after it, but no words.
fn parse_double(text: &str) -> Result<Value, super::Failure> {
    let trimmed = text.trim();
    let digits = trimmed.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(trimmed);
    let has_digits = digits.bytes().any(|byte| byte.is_ascii_digit());
    let is_plain =
        digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-' | b'e' | b'E'));
    let parsed = match trimmed {
        "NaN" | "+NaN" | "-NaN" => Some(f64::NAN),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ if has_digits && is_plain => digits.parse().ok(),
        _ => None,
    };
    match parsed {
        Some(d) => Ok(Value::Double(d)),
        None if trimmed.is_empty() => thrown("empty String"),
        None => thrown(format!("For input string: \"{text}\"")),
    }
}

fn big(own: i128, call: &mut Call<'_>) -> Answer {
    let value = Value::Big(own);
    let operator = match call.name {
        "add" => Some(Operator::Add),
        "subtract" => Some(Operator::Subtract),
        "multiply" => Some(Operator::Multiply),
        "divide" => Some(Operator::Divide),
        "mod" => Some(Operator::Modulo),
        _ => None,
    };
    Ok(Some(match (operator, call.name, call.arguments) {
        (Some(operator), name, [other @ Value::Big(divisor)]) => {
            if *divisor == 0 && matches!(name, "divide" | "mod") {
                return thrown("BigInteger divide by zero");
            }
            value.compute(operator, other).map_err(|_| super::Failure::Limit(LimitKind::IntegerBits))?
        }
        (None, "negate", []) => Value::Big(own.wrapping_neg()),
        (None, "abs", []) => Value::Big(own.wrapping_abs()),
        (None, "signum", []) => Value::Int(i32::try_from(own.signum()).unwrap_or(0)),
        (None, "max", [Value::Big(other)]) => Value::Big(own.max(*other)),
        (None, "min", [Value::Big(other)]) => Value::Big(own.min(*other)),
        (None, "toString", [Value::Int(radix)]) => return call.text(&radix_text(own, i64::from(*radix))),
        _ => return Ok(None),
    }))
}
