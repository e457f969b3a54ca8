//! Answers of AWS's services, as far as this server knows them: what a mocked result is held against.
//!
//! `response_models.txt` has a section a service, `= NAME`, by the name of the resource. In it stand a line an
//! action, with the shape of its answer, and a line a structure, `%NAME MEMBER:SHAPE,…`, with `!` behind members that
//! are required. A shape is `s` text, `n` number, `b` truth, `e(A|B)` one of those texts, `*` anything, `[SHAPE]`,
//! `<SHAPE>` for any names, or `%NAME`; `(MIN..MAX)` behind it bounds lengths and values. The names are those that
//! tasks see.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;

use super::mock::FieldValidation;
use crate::asl::{self, Integration, Pattern, Resource};

static MODELS: LazyLock<HashMap<&'static str, Model>> =
    LazyLock::new(|| read(include_str!("response_models.txt")));

/// A service: its lines by what they begin with.
type Model = HashMap<&'static str, &'static str>;

fn read(text: &'static str) -> HashMap<&'static str, Model> {
    let mut models: HashMap<&str, Model> = HashMap::new();
    let mut name = "";
    for line in text.lines() {
        match line.strip_prefix("= ") {
            Some(service) => name = service,
            None => {
                let (key, value) = line.split_once(' ').unwrap_or((line, ""));
                models.entry(name).or_default().insert(key, value);
            }
        }
    }
    models
}

/// What is wrong with a mocked result, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Missing(String),
    NotA(String, &'static str),
    Unexpected(String),
    Short(String),
    Long(String),
    Small(String),
    Large(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(field) => write!(f, "Required field '{field}' is missing"),
            Self::NotA(field, kind) => write!(f, "Field '{field}' must be {kind}"),
            Self::Unexpected(field) => write!(f, "Field '{field}' is not an expected value"),
            Self::Short(field) => write!(f, "Field '{field}' is smaller than the minimum length"),
            Self::Long(field) => write!(f, "Field '{field}' exceeds the maximum length"),
            Self::Small(field) => write!(f, "Field '{field}' is less than the minimum value"),
            Self::Large(field) => write!(f, "Field '{field}' exceeds the maximum value"),
        }
    }
}

/// Holds a result against the answer of the API that `resource` calls; for a job that is waited for, against that of
/// the API which is asked how it stands. What no model is known of fits, as do members that the model hasn't got.
pub(super) fn check(resource: &Resource, result: &Value, validation: FieldValidation) -> Result<(), Problem> {
    let is_strict = match validation {
        FieldValidation::None => return Ok(()),
        FieldValidation::Present => false,
        FieldValidation::Strict => true,
    };
    let Resource::Integration(integration) = resource else { return Ok(()) };
    let Some(model) = MODELS.get(&*integration.service) else { return Ok(()) };
    let Some(shape) = action(integration).and_then(|action| model.get(action)) else { return Ok(()) };
    let check = Check { model, is_strict };
    check.value(&mut Shape { rest: shape }, "", Some(result))
}

/// The API whose answer is the task's result.
fn action(integration: &Integration) -> Option<&str> {
    match (integration.service.as_str(), integration.action.as_str(), integration.pattern) {
        (_, action, Pattern::RequestResponse) => Some(action),
        ("states", "startExecution", Pattern::Sync) => Some("describeExecution"),
        ("states", "startExecution", Pattern::Sync2) => Some("describeExecution:2"),
        ("athena", "startQueryExecution", Pattern::Sync) => Some("getQueryExecution"),
        // Of other jobs no model is known; and what a callback brings is anybody's.
        (_, _, Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken) => None,
    }
}

/// Answers that tests of single states are not held against, because what AWS checks there is not known.
static BESIDE: LazyLock<HashMap<&'static str, Model>> = LazyLock::new(|| {
    read(
        "= http\ninvoke %Answer\n%Answer Headers:<*>,ResponseBody:*,StatusCode:n,StatusText:s\n\
         = apigateway\ninvoke %Answer\n%Answer Headers:<*>,ResponseBody:*,StatusCode:n,StatusText:s",
    )
});

/// Why a result can't be what `resource` comes to: what its answers have, and what of the result they never have.
/// `None` if it fits, or nothing is known of the answers.
pub fn misfit(resource: &Resource, result: &Value) -> Option<String> {
    // What the SDK adds to every answer.
    const OF_SDK: [&str; 2] = ["SdkHttpMetadata", "SdkResponseMetadata"];
    let integration = match resource {
        Resource::Integration(integration) => integration,
        Resource::Lambda(_) => {
            let is_wrapped = ["Payload", "StatusCode"].iter().all(|member| result.get(member).is_some());
            return is_wrapped.then(|| {
                "a function's own ARN comes to what the function returns, without Payload and StatusCode around it"
                    .to_owned()
            });
        }
        Resource::Activity(_) => return None,
    };
    let service = &*integration.service;
    let model = MODELS.get(service).or_else(|| BESIDE.get(service))?;
    let shape = model.get(action(integration)?)?;
    let structure = model.get(shape)?;
    let told = || format!("{} comes to an object with {}", integration.text, members_told(structure));
    let Some(members) = result.as_object() else { return Some(told()) };
    if let Err(problem) =
        (Check { model, is_strict: true }).value(&mut Shape { rest: shape }, "", Some(result))
    {
        return Some(format!("{}: {problem}", told()));
    }
    let known: Vec<&str> = members_of(structure).map(|(name, _)| name.trim_end_matches('!')).collect();
    let unknown = members.keys().find(|name| !known.contains(&&***name) && !OF_SDK.contains(&&***name))?;
    let meant = match known.contains(&"Payload") {
        true => "; what the function returns is its Payload".to_owned(),
        false => asl::closest(unknown, known).map(|it| format!("; did you mean '{it}'?")).unwrap_or_default(),
    };
    Some(format!("{}, not '{unknown}'{meant}", told()))
}

/// The members of a structure, `!` still behind those that are required, with their shapes.
fn members_of(structure: &str) -> impl Iterator<Item = (&str, &str)> {
    // Commas stand between members only: bounds and words have others between them.
    structure.split(',').filter_map(|member| member.split_once(':'))
}

/// `StatusCode (number), Payload (anything), …`
fn members_told(structure: &str) -> String {
    const TOLD_MAX: usize = 6;
    let told = members_of(structure).map(|(name, shape)| {
        let kind = match shape.chars().next() {
            Some('s') => "text",
            Some('n') => "number",
            Some('b') => "boolean",
            Some('e') => "one of some words",
            Some('[') => "array",
            Some('<' | '%') => "object",
            Some(_) | None => "anything",
        };
        match name.strip_suffix('!') {
            Some(name) => format!("{name} ({kind}, required)"),
            None => format!("{name} ({kind})"),
        }
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return "no members".to_owned();
    }
    match told.len().checked_sub(TOLD_MAX) {
        None | Some(0) => told.join(", "),
        Some(more) => format!("{} and {more} more", told[..TOLD_MAX].join(", ")),
    }
}

struct Check<'a> {
    model: &'a Model,
    is_strict: bool,
}

/// The text of a shape, read from the front.
struct Shape<'a> {
    rest: &'a str,
}

impl<'a> Shape<'a> {
    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let first = chars.next()?;
        self.rest = chars.as_str();
        Some(first)
    }

    fn has(&mut self, c: char) -> bool {
        let found = self.rest.strip_prefix(c);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// Everything up to the first of `ends`, which stays.
    fn until(&mut self, ends: &[char]) -> &'a str {
        let at = self.rest.find(ends).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(at);
        self.rest = rest;
        taken
    }

    /// `(MIN..MAX)`, either of which may be left out, as may both.
    fn bounds(&mut self) -> (Option<f64>, Option<f64>) {
        if !self.has('(') {
            return (None, None);
        }
        let text = self.until(&[')']);
        self.has(')');
        let (min, max) = text.split_once("..").unwrap_or_default();
        (min.parse().ok(), max.parse().ok())
    }
}

impl<'a> Check<'a> {
    /// Reads a shape to its end, and holds `value` against it, if there is one.
    fn value(&self, shape: &mut Shape<'a>, field: &str, value: Option<&Value>) -> Result<(), Problem> {
        // A member that is null isn't there.
        let value = value.filter(|value| !value.is_null());
        let name = || field.to_owned();
        let not_a = |kind| Err(Problem::NotA(field.to_owned(), kind));
        let whole = shape.rest;
        match shape.take() {
            Some('s') => {
                let bounds = shape.bounds();
                match value {
                    None => Ok(()),
                    Some(Value::String(text)) => within(
                        length(text.chars().count()),
                        bounds,
                        || Problem::Short(name()),
                        || Problem::Long(name()),
                    ),
                    Some(_) => not_a("a string"),
                }
            }
            Some('n') => {
                let bounds = shape.bounds();
                let Some(value) = value else { return Ok(()) };
                let Some(number) = value.as_f64() else { return not_a("a number") };
                within(number, bounds, || Problem::Small(name()), || Problem::Large(name()))
            }
            Some('b') => match value {
                None | Some(Value::Bool(_)) => Ok(()),
                Some(_) => not_a("a boolean"),
            },
            Some('e') => {
                shape.has('(');
                let words = shape.until(&[')']);
                shape.has(')');
                match value {
                    None => Ok(()),
                    Some(Value::String(text)) if words.split('|').any(|word| word == text) => Ok(()),
                    Some(Value::String(_)) => Err(Problem::Unexpected(name())),
                    Some(_) => not_a("a string"),
                }
            }
            Some('[') => {
                let inner = shape.rest;
                self.value(shape, field, None)?; // Where it ends.
                shape.has(']');
                let bounds = shape.bounds();
                match value {
                    None => Ok(()),
                    Some(Value::Array(items)) => {
                        within(
                            length(items.len()),
                            bounds,
                            || Problem::Short(name()),
                            || Problem::Long(name()),
                        )?;
                        items
                            .iter()
                            .try_for_each(|item| self.value(&mut Shape { rest: inner }, field, Some(item)))
                    }
                    Some(_) => not_a("an array"),
                }
            }
            Some('<') => {
                let inner = shape.rest;
                self.value(shape, field, None)?;
                shape.has('>');
                match value {
                    None => Ok(()),
                    Some(Value::Object(members)) => members.iter().try_for_each(|(name, value)| {
                        self.value(&mut Shape { rest: inner }, name, Some(value))
                    }),
                    Some(_) => not_a("an object"),
                }
            }
            Some('%') => {
                shape.until(&[',', ']', '>']);
                let structure = whole.strip_suffix(shape.rest).unwrap_or(whole);
                match value {
                    None => Ok(()),
                    Some(Value::Object(members)) => self.structure(structure, members),
                    // Of a whole result that is none, AWS's wording is not recorded.
                    Some(_) if field.is_empty() => Err(Problem::NotA("result".to_owned(), "an object")),
                    Some(_) => not_a("an object"),
                }
            }
            // `*`, and what no table of ours has.
            Some(_) | None => Ok(()),
        }
    }

    fn structure(&self, name: &str, members: &serde_json::Map<String, Value>) -> Result<(), Problem> {
        let mut shape = Shape { rest: self.model.get(name).copied().unwrap_or_default() };
        while !shape.rest.is_empty() {
            let member = shape.until(&['!', ':']);
            let is_required = shape.has('!');
            shape.has(':');
            let value = members.get(member);
            if is_required && self.is_strict && value.is_none_or(Value::is_null) {
                return Err(Problem::Missing(member.to_owned()));
            }
            self.value(&mut shape, member, value)?;
            shape.has(',');
        }
        Ok(())
    }
}

fn length(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

/// Holds a length or value against its bounds.
fn within(
    number: f64,
    (min, max): (Option<f64>, Option<f64>),
    low: impl FnOnce() -> Problem,
    high: impl FnOnce() -> Problem,
) -> Result<(), Problem> {
    if min.is_some_and(|min| number < min) {
        return Err(low());
    }
    match max.is_some_and(|max| max < number) {
        true => Err(high()),
        false => Ok(()),
    }
}
