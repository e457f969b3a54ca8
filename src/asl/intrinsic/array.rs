//! `States.Array…`

use std::collections::HashSet;

use serde_json::Value;

use super::call::Given;
use super::error::ArgumentError;
use crate::json::compact;

/// Elements `States.ArrayRange` may make.
const RANGE_MAX: usize = 1000;

pub(super) fn array(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    Ok(Value::Array(given.take_all()?))
}

/// Chunks of `size`, the last one perhaps shorter; `[]` has none.
pub(super) fn partition(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    let size = given.integer(1)?;
    let size = usize::try_from(size).ok().filter(|size| 0 < *size).ok_or_else(|| ArgumentError::Range {
        position: 2,
        expected: "a positive integer",
        found: size.to_string(),
    })?;
    let mut rest = given.take_array(0)?.into_iter().peekable();
    let mut chunks = Vec::new();
    while rest.peek().is_some() {
        chunks.push(Value::Array(rest.by_ref().take(size).collect()));
    }
    Ok(Value::Array(chunks))
}

/// Deep equality; 1 and 1.0 are not equal, as they are not in Java.
pub(super) fn contains(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    Ok(Value::Bool(given.array(0)?.contains(given.value(1))))
}

/// Both ends are included. A step that leads away from the end makes no elements.
pub(super) fn range(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    let (first, last, step) = (given.integer(0)?, given.integer(1)?, given.integer(2)?);
    if step == 0 {
        return Err(ArgumentError::Range { position: 3, expected: "other than 0", found: step.to_string() });
    }
    let mut items = Vec::new();
    let mut next = Some(first);
    while let Some(item) = next.filter(|item| if 0 < step { *item <= last } else { last <= *item }) {
        if items.len() == RANGE_MAX {
            return Err(ArgumentError::RangeTooLong { max: RANGE_MAX });
        }
        items.push(Value::from(item));
        next = item.checked_add(step);
    }
    Ok(Value::Array(items))
}

pub(super) fn get_item(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    let index = given.integer(1)?;
    let items = given.array(0)?;
    let item = usize::try_from(index).ok().and_then(|i| items.get(i));
    item.cloned().ok_or(ArgumentError::NoSuchItem { index, length: items.len() })
}

pub(super) fn length(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    Ok(Value::from(given.array(0)?.len()))
}

/// Keeps the first of equal elements, in their order.
pub(super) fn unique(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    let mut items = given.take_array(0)?;
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert(canonical(item)));
    Ok(Value::Array(items))
}

/// A text that equal values share: members in the order of their names.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, member)| {
                    format!("{}:{}", compact(&Value::from(name.as_str())), canonical(member))
                })
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => compact(value),
    }
}
