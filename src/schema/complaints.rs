//! Reports the violations of a schema in API Gateway's words.
//!
//! Recorded messages of AWS are those of a well-known Java validator. Keywords without a recording use that validator's
//! messages.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

/// The longest value that a message repeats, in bytes of JSON. This keeps the text short; AWS's limit isn't known.
const SHOWN_BYTES_MAX: usize = 1024;
/// The most names that a message lists.
const NAMES_MAX: usize = 100;

/// The violations of a value, up to a maximum number.
pub(super) struct Complaints {
    list: Vec<Complaint>,
    max: usize,
}

impl Complaints {
    pub(super) fn new(max: usize) -> Self {
        Self { list: Vec::new(), max }
    }

    /// Whether the maximum is reached.
    pub(super) fn is_full(&self) -> bool {
        self.max <= self.list.len()
    }

    fn push(&mut self, text: impl FnOnce() -> String) {
        if !self.is_full() {
            self.list.push(Complaint::Text(text()));
        }
    }

    /// Reports a keyword about the value itself.
    pub(super) fn broken(&mut self, error: &ValidationError<'_>) {
        self.push(|| text(error.kind(), error.instance()));
    }

    /// Reports properties that `value` lacks. Those of one object are one message.
    pub(super) fn missing<'n>(&mut self, value: &Value, names: impl Iterator<Item = &'n String>) {
        let place = std::ptr::from_ref(value);
        let names = names.take(NAMES_MAX).map(|name| json(name));
        let is_full = self.is_full();
        let same = self.list.iter_mut().find_map(|complaint| match complaint {
            Complaint::Missing(other, names) if *other == place => Some(names),
            Complaint::Missing(..) | Complaint::Text(_) => None,
        });
        match same {
            Some(known) => known.extend(names),
            None if is_full => {}
            None => self.list.push(Complaint::Missing(place, names.collect())),
        }
    }

    pub(super) fn pattern(&mut self, pattern: &str, value: &Value) {
        self.push(|| format!("ECMA 262 regex \"{pattern}\" does not match input string {}", Shown(value)));
    }

    pub(super) fn unexpected(&mut self, names: &[&str]) {
        self.push(|| {
            let names: BTreeSet<String> = names.iter().take(NAMES_MAX).map(|name| json(name)).collect();
            format!("object instance has properties which are not allowed by the schema: {}", listed(names))
        });
    }

    pub(super) fn too_many_items(&mut self, limit: usize, value: &Value) {
        self.push(|| {
            let n = length(value);
            format!("array is too long: must have at most {limit} elements but instance has {n} elements")
        });
    }

    pub(super) fn any_of(&mut self, all: usize) {
        self.push(|| format!("instance failed to match at least one required schema among {all}"));
    }

    pub(super) fn one_of(&mut self, matched: usize, all: usize) {
        self.push(|| format!("instance failed to match exactly one schema (matched {matched} out of {all})"));
    }

    pub(super) fn not(&mut self) {
        self.push(|| "instance matched a schema which it should not have".to_owned());
    }

    /// `[one, another]`.
    pub(super) fn into_text(self) -> String {
        let texts: Vec<String> = self.list.into_iter().map(Complaint::into_text).collect();
        format!("[{}]", texts.join(", "))
    }
}

enum Complaint {
    Text(String),
    /// The object, and the missing properties as JSON.
    Missing(*const Value, BTreeSet<String>),
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

fn json(text: &str) -> String {
    Shown(&Value::from(text)).to_string()
}

/// A value as JSON, truncated if it is long.
struct Shown<'v>(&'v Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cut = Cut { out: f, bytes_left: SHOWN_BYTES_MAX };
        // The writer stops the printing, so an error only means that the text is truncated.
        match write!(cut, "{}", self.0) {
            Err(_) if cut.bytes_left == 0 => f.write_str("…"),
            printed => printed,
        }
    }
}

struct Cut<'f, 'o> {
    out: &'f mut fmt::Formatter<'o>,
    bytes_left: usize,
}

impl fmt::Write for Cut<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() <= self.bytes_left {
            self.bytes_left -= text.len();
            return self.out.write_str(text);
        }
        let mut end = self.bytes_left;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.bytes_left = 0;
        self.out.write_str(text.get(..end).unwrap_or_default())?;
        Err(fmt::Error)
    }
}

/// `["a","b"]` from texts that are JSON already.
fn listed(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

fn text(kind: &ValidationErrorKind, value: &Value) -> String {
    use ValidationErrorKind as Kind;
    let instance = Shown(value);
    match kind {
        Kind::Type { kind } => format!(
            "instance type ({}) does not match any allowed primitive type (allowed: {})",
            type_name(value),
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
            let n = length(value);
            format!("string {instance} is too long (length: {n}, maximum allowed: {limit})")
        }
        Kind::MinLength { limit } => {
            let n = length(value);
            format!("string {instance} is too short (length: {n}, required minimum: {limit})")
        }
        Kind::MaxItems { limit } => {
            let n = length(value);
            format!("array is too long: must have at most {limit} elements but instance has {n} elements")
        }
        Kind::MinItems { limit } => {
            let n = length(value);
            format!("array is too short: must have at least {limit} elements but instance has {n} elements")
        }
        Kind::UniqueItems => "array must not contain duplicate elements".to_owned(),
        Kind::MaxProperties { limit } => {
            let n = length(value);
            format!("object has too many properties (found {n} but schema requires at most {limit})")
        }
        Kind::MinProperties { limit } => {
            let n = length(value);
            format!("object has too few properties (found {n} but schema requires at least {limit})")
        }
        Kind::Format { format } => {
            format!("string {instance} is invalid against requested format {format}")
        }
        // Not in draft 4, so no schema here raises them; the library's own words will do.
        other => format!("instance breaks the keyword {}", other.keyword()),
    }
}

/// The number of characters, elements or properties.
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

/// If numbers are allowed, integers are listed too.
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
