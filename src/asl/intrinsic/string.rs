//! `States.Format`, `States.StringSplit`.

use std::borrow::Cow;

use serde_json::Value;

use super::call::Given;
use super::error::ArgumentError;
use super::format::Template;
use crate::json::java_string;

/// Fills in values as Java's `toString` shows them: strings bare, objects as `{a=1}`.
pub(super) fn format(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    match given.template() {
        Some(template) => fill(template.as_ref().map_err(|lone| *lone)?, given.values(), given),
        None => {
            let template = Template::from_value(given.text(0)?)?;
            fill(&template, given.values().get(1..).unwrap_or_default(), given)
        }
    }
}

fn fill(
    template: &Template,
    values: &[Cow<'_, Value>],
    given: &Given<'_, '_>,
) -> Result<Value, ArgumentError> {
    if template.n_placeholders() != values.len() {
        return Err(ArgumentError::Placeholders {
            placeholders: template.n_placeholders(),
            given: values.len(),
        });
    }
    let mut out = String::new();
    let mut values = values.iter();
    for text in template.texts() {
        out.push_str(text);
        match values.next().map(|value| &**value) {
            None => {}
            Some(Value::String(text)) => {
                given.spend(text.len())?;
                out.push_str(text);
            }
            Some(value) => {
                let text = java_string(value);
                given.spend(text.len())?;
                out.push_str(&text);
            }
        }
    }
    Ok(Value::String(out))
}

/// Every character of the second argument splits; empty pieces are dropped.
pub(super) fn split(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    let (text, splitters) = (given.text(0)?, given.text(1)?);
    let pieces = text.split(|c| splitters.contains(c)).filter(|piece| !piece.is_empty());
    Ok(pieces.map(Value::from).collect())
}
