//! `States.StringToJson`, `States.JsonToString`, `States.JsonMerge`.

use serde_json::Value;

use super::call::Given;
use super::error::ArgumentError;
use crate::json::byte_len;
use crate::json::compact;
use crate::json::parse;

/// A blank text is `null`.
pub(super) fn string_to_json(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    let text = given.text(0)?;
    if text.chars().all(|c| matches!(c, ' ' | '\t' | '\n' | '\r')) {
        return Ok(Value::Null);
    }
    parse(text).map_err(ArgumentError::NotJson)
}

pub(super) fn json_to_string(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    given.spend(byte_len(given.value(0)))?;
    Ok(Value::String(compact(given.value(0))))
}

/// Members of the right object replace those of the left in place; nothing inside them is merged.
pub(super) fn merge(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    match given.value(2) {
        Value::Bool(false) => {}
        Value::Bool(true) => return Err(ArgumentError::DeepMerge),
        _ => return Err(given.not(2, "a boolean")),
    }
    for index in [0, 1] {
        if !given.value(index).is_object() {
            return Err(given.not(index, "an object"));
        }
    }
    let mut objects = given.take_all()?.into_iter();
    match (objects.next(), objects.next()) {
        (Some(Value::Object(mut left)), Some(Value::Object(right))) => {
            left.extend(right);
            Ok(Value::Object(left))
        }
        _ => Err(given.not(0, "an object")),
    }
}
