//! JSON as AWS parses, stores and prints it.
//!
//! Errors of [`parse`] and [`validate`] have the messages of Jackson, the parser behind the AWS APIs; [`compact`]
//! prints as Jackson does. A [`Payload`] keeps a document's original text and parses it only on demand, so that a
//! document passes unchanged through everything that doesn't modify it. If a key occurs twice, the last one wins.

// Rooms are called by their names, wherever they stand.
#[cfg(test)]
use crate as json;

mod check;
mod decode;
mod diagnose;
mod duplicate;
mod excerpt;
mod java;
mod pattern;
mod payload;
mod print;
mod syntax;
mod weight;

pub use check::validate;
pub use decode::decode;
pub use duplicate::{Duplicate, duplicates};
pub use excerpt::excerpt;
pub use java::{java_double, java_string};
pub use pattern::pattern_weight;
pub use payload::Payload;
pub use print::{byte_len, compact, to_vec};
pub use serde_json::Value;
pub use syntax::{Location, SyntaxError, SyntaxErrorKind};
pub use weight::weight;

/// How many steps the search for a pattern may take, counted as its weight times the bytes of the text: about a second.
pub const PATTERN_STEPS_MAX: usize = 250_000_000;

/// How deep arrays and objects may nest; the same limit as the parser's own.
pub const DEPTH_MAX: usize = 127;

/// Parses a document.
///
/// # Errors
/// [`SyntaxError`] for text that is not JSON, nests deeper than [`DEPTH_MAX`], or contains what a [`Value`] can't hold:
/// half a surrogate pair, or a number beyond the range of a double.
pub fn parse(text: &str) -> Result<Value, SyntaxError> {
    let mut value: Value = serde_json::from_str(text).map_err(|source| diagnose::diagnose(text, &source))?;
    if text.contains("-0") {
        unsign_zeros(&mut value);
    }
    Ok(value)
}

/// Turns -0.0 into 0. Jackson reads `-0` as the integer 0, the parser here as the double -0.0. (`-0.0` becomes 0 as
/// well, because the two are the same once parsed.)
fn unsign_zeros(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() && number.as_f64() == Some(0.0) => {
            if number.as_f64().is_some_and(f64::is_sign_negative) {
                *number = 0.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unsign_zeros),
        Value::Object(members) => members.values_mut().for_each(unsign_zeros),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
