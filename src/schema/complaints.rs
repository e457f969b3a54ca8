//! What is wrong with a value, in API Gateway's words.
//!
//! The words on record are those of a well-known Java validator; keywords without a recording use the same
//! validator's.

use std::collections::BTreeSet;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

/// The most complaints that are listed; a bound on the text's size, not AWS's.
const COMPLAINTS_MAX: usize = 100;

/// `[one, another]`. Missing properties of one object are one complaint.
pub(super) fn list<'e>(errors: impl Iterator<Item = ValidationError<'e>>) -> String {
    let mut texts: Vec<Complaint> = Vec::new();
    for error in errors.take(COMPLAINTS_MAX) {
        if let ValidationErrorKind::Required { property } = error.kind() {
            let (at, property) = (error.instance_path().as_str().to_owned(), property.to_string());
            let same = texts.iter_mut().find_map(|text| match text {
                Complaint::Missing(place, properties) if *place == at => Some(properties),
                Complaint::Missing(..) | Complaint::Text(_) => None,
            });
            match same {
                Some(properties) => {
                    properties.insert(property);
                }
                None => texts.push(Complaint::Missing(at, BTreeSet::from([property]))),
            }
            continue;
        }
        texts.push(Complaint::Text(text(error.kind(), error.instance())));
    }
    let texts: Vec<String> = texts.into_iter().map(Complaint::into_text).collect();
    format!("[{}]", texts.join(", "))
}

enum Complaint {
    Text(String),
    /// Where, and which properties as JSON.
    Missing(String, BTreeSet<String>),
}

impl Complaint {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Missing(_, properties) => {
                format!("object has missing required properties ({})", listed(properties))
            }
        }
    }
}

/// `["a","b"]` of texts that are JSON already.
fn listed(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

fn text(kind: &ValidationErrorKind, instance: &Value) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { kind } => format!(
            "instance type ({}) does not match any allowed primitive type (allowed: {})",
            type_name(instance),
            allowed(kind)
        ),
        Kind::Enum { options } => {
            format!("instance value ({instance}) not found in enum (possible values: {options})")
        }
        Kind::Maximum { limit } => format!(
            "numeric instance is greater than the required maximum (maximum: {limit}, found: {instance})"
        ),
        Kind::Minimum { limit } => {
            format!(
                "numeric instance is lower than the required minimum (minimum: {limit}, found: {instance})"
            )
        }
        Kind::ExclusiveMaximum { limit } => {
            format!("numeric instance is not strictly lower than the required maximum {limit}")
        }
        Kind::ExclusiveMinimum { limit } => {
            format!("numeric instance is not strictly greater than the required minimum {limit}")
        }
        Kind::MultipleOf { multiple_of } => {
            format!("remainder of division is not zero ({instance} / {multiple_of})")
        }
        Kind::MaxLength { limit } => {
            let n = length(instance);
            format!("string {instance} is too long (length: {n}, maximum allowed: {limit})")
        }
        Kind::MinLength { limit } => {
            let n = length(instance);
            format!("string {instance} is too short (length: {n}, required minimum: {limit})")
        }
        Kind::Pattern { pattern } => {
            format!("ECMA 262 regex \"{pattern}\" does not match input string {instance}")
        }
        Kind::MaxItems { limit } => {
            let n = length(instance);
            format!("array is too long: must have at most {limit} elements but instance has {n} elements")
        }
        Kind::MinItems { limit } => {
            let n = length(instance);
            format!("array is too short: must have at least {limit} elements but instance has {n} elements")
        }
        Kind::AdditionalItems { limit } => {
            let n = length(instance);
            format!("array is too long: must have at most {limit} elements but instance has {n} elements")
        }
        Kind::UniqueItems => "array must not contain duplicate elements".to_owned(),
        Kind::MaxProperties { limit } => {
            let n = length(instance);
            format!("object has too many properties (found {n} but schema requires at most {limit})")
        }
        Kind::MinProperties { limit } => {
            let n = length(instance);
            format!("object has too few properties (found {n} but schema requires at least {limit})")
        }
        Kind::AdditionalProperties { unexpected } => {
            let names: BTreeSet<String> =
                unexpected.iter().map(|name| Value::from(name.as_str()).to_string()).collect();
            format!("object instance has properties which are not allowed by the schema: {}", listed(names))
        }
        Kind::AnyOf { context } => {
            format!("instance failed to match at least one required schema among {}", context.len())
        }
        Kind::OneOfNotValid { context } => {
            format!("instance failed to match exactly one schema (matched 0 out of {})", context.len())
        }
        Kind::OneOfMultipleValid { context } => {
            let matched = context.iter().filter(|errors| errors.is_empty()).count();
            let all = context.len();
            format!("instance failed to match exactly one schema (matched {matched} out of {all})")
        }
        Kind::Not { .. } => "instance matched a schema which it should not have".to_owned(),
        Kind::Format { format } => {
            format!("string {instance} is invalid against requested format {format}")
        }
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {
            format!("ECMA 262 regex does not match input string {instance}")
        }
        // Of the keyword `pattern`, which words its own.
        Kind::Custom { message, .. } => message.clone(),
        // Not of draft 4, so no schema here raises them; the library's own words would do.
        other => format!("instance breaks the keyword {}", other.keyword()),
    }
}

/// Characters, elements or properties.
fn length(instance: &Value) -> usize {
    match instance {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn type_name(instance: &Value) -> &'static str {
    match instance {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Where numbers are allowed, integers are listed too.
fn allowed(kind: &TypeKind) -> String {
    let types: Vec<JsonType> = match kind {
        TypeKind::Single(one) => vec![*one],
        TypeKind::Multiple(several) => several.iter().collect(),
    };
    let mut names: BTreeSet<String> = types.iter().map(|kind| format!("\"{kind}\"")).collect();
    if names.contains("\"number\"") {
        names.insert("\"integer\"".to_owned());
    }
    listed(names)
}
