//! Converts JSON values to values of the language, and back.

use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

use crate::error::EvalError;

/// All numbers are doubles, as in JavaScript, so integers beyond 2⁵³ lose their last digits.
pub(crate) fn to_jsonata(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(is) => JValue::Bool(*is),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => JValue::array(items.iter().map(to_jsonata).collect()),
        Value::Object(members) => {
            JValue::object(members.iter().map(|(name, value)| (name.clone(), to_jsonata(value))).collect())
        }
    }
}

/// Converts the result of the whole expression.
///
/// # Errors
/// If it is undefined or a function.
pub(crate) fn to_json(value: &JValue) -> Result<Value, EvalError> {
    match value {
        JValue::Undefined => Err(EvalError::Undefined),
        value if value.is_function() || value.is_regex() => Err(EvalError::Unsupported),
        value => inner(value).ok_or(EvalError::Unsupported),
    }
}

/// Converts a nested value. Nothing is left out of objects and arrays, whereas JavaScript's `JSON.stringify` leaves
/// functions out of objects.
fn inner(value: &JValue) -> Option<Value> {
    Some(match value {
        JValue::Null => Value::Null,
        JValue::Bool(is) => Value::Bool(*is),
        JValue::Number(number) => json_number(*number),
        JValue::String(text) => Value::String(text.to_string()),
        JValue::Array(items) => Value::Array(items.iter().filter_map(inner).collect()),
        JValue::Object(members) => {
            let members = members.iter().filter_map(|(name, value)| Some((name.clone(), inner(value)?)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        _ => return None,
    })
}

/// Whole numbers are written without a fraction. Numbers that JSON can't write become their name: AWS returns
/// `["Infinity"]` for `[1/0]`.
fn json_number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        return Value::Number(Number::from(number as i64));
    }
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => Value::String("NaN".to_owned()),
        None if number < 0.0 => Value::String("-Infinity".to_owned()),
        None => Value::String("Infinity".to_owned()),
    }
}
