//! Java's methods on the values of a template.
//!
//! As in Velocity's introspection, a method is found by its name and the types of its arguments. There is no
//! `substring` with a string argument, so `$text.substring('a')` is null. A void method returns the empty string.

mod collection;
mod entry;
mod format;
mod known;
mod list;
mod map;
mod number;
mod pattern;
mod string;

pub use known::is_method;

use crate::vtl::eval::BYTES_PER_STEP;
use crate::vtl::limits::LimitKind;
use crate::vtl::value::{Value, print_double};

/// Why a method call failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Java throws an exception with this message.
    Thrown(String),
    /// The evaluation reached a limit.
    Limit(LimitKind),
}

/// A call of a method.
pub(super) struct Call<'c> {
    pub(super) name: &'c str,
    pub(super) arguments: &'c [Value],
    pub(super) steps_left: &'c mut u64,
    pub(super) bytes_max: usize,
}

/// A method's result; `None` if there is no method of that name for these arguments.
type Answer = Result<Option<Value>, Failure>;

impl Call<'_> {
    fn charge(&mut self, steps: usize) -> Result<(), Failure> {
        match self.steps_left.checked_sub(steps as u64) {
            Some(left) => {
                *self.steps_left = left;
                Ok(())
            }
            None => Err(Failure::Limit(LimitKind::Steps)),
        }
    }

    /// Charges the evaluation for a text of so many bytes.
    fn charge_bytes(&mut self, bytes: usize) -> Result<(), Failure> {
        if self.bytes_max < bytes {
            return Err(Failure::Limit(LimitKind::OutputBytes));
        }
        self.charge(bytes / BYTES_PER_STEP)
    }

    fn text(&mut self, text: &str) -> Answer {
        self.charge_bytes(text.len())?;
        Ok(Some(Value::str(text)))
    }

    /// `String.valueOf`.
    fn text_of(&mut self, value: &Value) -> Result<String, Failure> {
        if value.is_null() {
            return Ok("null".to_owned());
        }
        let mut out = String::new();
        value.print(&mut out, self.bytes_max).map_err(|_| Failure::Limit(LimitKind::OutputBytes))?;
        self.charge_bytes(out.len())?;
        Ok(out)
    }
}

fn thrown<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Thrown(message.into()))
}

fn int(n: usize) -> Value {
    Value::Int(i32::try_from(n).unwrap_or(i32::MAX))
}

/// Calls a method. The result is null if there is no such method.
pub(super) fn call(value: &Value, call: &mut Call<'_>) -> Result<Value, Failure> {
    let answer = match value {
        Value::Null => None,
        Value::Empty => return empty(call),
        Value::Bool(b) => boolean(*b, call)?,
        Value::Int(_) | Value::Long(_) | Value::Big(_) | Value::Double(_) => number::call(value, call)?,
        Value::Str(text) => string::call(text, call)?,
        Value::List(list) => list::call(list, call)?,
        Value::Map(map) => map::call(map, call)?,
        Value::Entry(entry) => entry::call(entry, call)?,
        // The evaluation handles both before it gets here.
        Value::Object(_) | Value::Block(_) => None,
        Value::Loop(state) => entry::call_loop(state, call)?,
    };
    match answer {
        Some(answer) => Ok(answer),
        None => match object(value, call)? {
            Some(answer) => Ok(answer),
            None if !call.arguments.is_empty() && takes_no_arguments(value, call.name) => {
                thrown("wrong number of arguments: the method takes none")
            }
            None => Ok(Value::Null),
        },
    }
}

/// Velocity finds a method without parameters whatever the arguments are, and then fails to call it.
fn takes_no_arguments(value: &Value, name: &str) -> bool {
    let own: &[&str] = match value {
        Value::Str(_) => &[
            "toUpperCase",
            "toLowerCase",
            "length",
            "isEmpty",
            "trim",
            "intern",
            "isBlank",
            "strip",
            "stripLeading",
            "stripTrailing",
        ],
        Value::List(_) => &["size", "isEmpty", "clear", "iterator", "clone", "trimToSize"],
        Value::Map(_) => &["size", "isEmpty", "clear", "keySet", "values", "entrySet", "clone"],
        Value::Int(_) | Value::Long(_) | Value::Double(_) | Value::Big(_) => {
            &["intValue", "longValue", "doubleValue", "floatValue", "shortValue", "byteValue"]
        }
        Value::Bool(_) => &["booleanValue"],
        Value::Entry(_) => &["getKey", "getValue"],
        Value::Null | Value::Empty | Value::Object(_) | Value::Block(_) | Value::Loop(_) => return false,
    };
    matches!(name, "toString" | "hashCode") || own.contains(&name)
}

/// Reads a property: `getName()` or `isName()`, with the first letter in either case.
pub(super) fn property(value: &Value, name: &str) -> Result<Value, Failure> {
    if let Value::Loop(state) = value {
        return Ok(entry::loop_property(state, name));
    }
    if matches!(value, Value::Empty) {
        return Ok(Value::Empty);
    }
    let mut letters = name.chars();
    let capitalized: String =
        letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect();
    for getter in [format!("get{capitalized}"), format!("is{capitalized}")] {
        let mut call =
            Call { name: &getter, arguments: &[], steps_left: &mut { u64::MAX }, bytes_max: usize::MAX };
        let answer = self::call(value, &mut call)?;
        if !matches!(answer, Value::Null) {
            return Ok(answer);
        }
    }
    Ok(Value::Null)
}

/// Methods of API Gateway's missing value: those of an empty string, and `size()`, which is 0.
fn empty(call: &mut Call<'_>) -> Result<Value, Failure> {
    if call.name == "size" {
        return Ok(Value::Int(0));
    }
    Ok(string::call(&"".into(), call)?.unwrap_or(Value::Empty))
}

/// The methods that every object has.
fn object(value: &Value, call: &mut Call<'_>) -> Answer {
    match (call.name, call.arguments) {
        ("toString", []) => {
            let text = call.text_of(value)?;
            Ok(Some(Value::Str(text.into())))
        }
        // `Integer.hashCode(3)` and similar static methods.
        ("hashCode", [other]) if std::mem::discriminant(value) == std::mem::discriminant(other) => {
            let is_static = value.is_number() || matches!(value, Value::Bool(_));
            Ok(is_static.then(|| Value::Int(hash_code(other, 0))))
        }
        ("equals", [other]) => Ok(Some(Value::Bool(!other.is_null() && value.is_same_key(other)))),
        ("hashCode", []) => Ok(Some(Value::Int(hash_code(value, 0)))),
        _ => Ok(None),
    }
}

fn boolean(b: bool, call: &mut Call<'_>) -> Answer {
    Ok(Some(match (call.name, call.arguments) {
        ("booleanValue", []) => Value::Bool(b),
        ("compareTo" | "compare", [Value::Bool(other)]) => Value::Int(i32::from(b) - i32::from(*other)),
        ("compareTo", [_]) => return thrown("only booleans can be compared with a boolean"),
        ("compare", [Value::Bool(x), Value::Bool(y)]) => Value::Int(i32::from(*x) - i32::from(*y)),
        ("parseBoolean" | "valueOf", [Value::Str(text)]) => Value::Bool(text.eq_ignore_ascii_case("true")),
        ("valueOf", [Value::Bool(x)]) => Value::Bool(*x),
        ("toString", [Value::Bool(x)]) => Value::str(if *x { "true" } else { "false" }),
        ("logicalAnd", [Value::Bool(x), Value::Bool(y)]) => Value::Bool(*x && *y),
        ("logicalOr", [Value::Bool(x), Value::Bool(y)]) => Value::Bool(*x || *y),
        ("logicalXor", [Value::Bool(x), Value::Bool(y)]) => Value::Bool(x != y),
        _ => return Ok(None),
    }))
}

/// Java's `hashCode`, for values where it does not depend on an address.
#[allow(clippy::cast_possible_truncation)]
fn hash_code(value: &Value, depth: u32) -> i32 {
    if 64 < depth {
        return 0;
    }
    let of_long = |n: i64| (n ^ ((n as u64) >> 32) as i64) as i32;
    match value {
        Value::Null | Value::Empty => 0,
        Value::Bool(b) => {
            if *b {
                1231
            } else {
                1237
            }
        }
        Value::Int(n) => *n,
        Value::Long(n) => of_long(*n),
        Value::Big(n) => {
            let magnitude = n.unsigned_abs();
            let words = [96, 64, 32, 0].map(|shift| (magnitude >> shift) as u32 as i32);
            let hash = words.iter().fold(0_i32, |hash, word| hash.wrapping_mul(31).wrapping_add(*word));
            if *n < 0 { hash.wrapping_neg() } else { hash }
        }
        Value::Double(d) => of_long(d.to_bits() as i64),
        Value::Str(text) => {
            text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
        }
        Value::List(list) => list
            .items()
            .iter()
            .take(10_000)
            .fold(1_i32, |hash, item| hash.wrapping_mul(31).wrapping_add(hash_code(item, depth + 16))),
        Value::Map(map) => {
            let mut hash = 0_i32;
            map.visit(|key, value| {
                hash = hash.wrapping_add(hash_code(key, depth + 16) ^ hash_code(value, depth + 16));
                None::<()>
            });
            hash
        }
        Value::Entry(entry) => hash_code(entry.key(), depth + 16) ^ hash_code(&entry.value(), depth + 16),
        Value::Object(_) | Value::Block(_) | Value::Loop(_) => 0,
    }
}

fn double_text(d: f64) -> String {
    let mut out = String::new();
    print_double(d, &mut out);
    out
}
