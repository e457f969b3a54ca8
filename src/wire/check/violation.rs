//! Violated constraints: where, which, and the message that lists them.

use std::fmt::{self, Write as _};

use serde_json::Value;

use super::print::Print;
use super::rules;
use crate::wire::{ApiError, Code, Operation, Protocol, Shape};

/// The most violations in one response. This limits its size; AWS's limit isn't known.
const VIOLATIONS_MAX: usize = 100;

/// The path to a value, linked from leaf to root, so that nothing is allocated unless there is a violation.
pub(super) enum Path<'a> {
    /// The whole input.
    Root,
    /// The whole input as rest-json bodies name it: `createRestApiInput`.
    Input,
    /// A member of a structure.
    Member(&'a Self, &'static str),
    /// An item of a list, counted from 0 here and from 1 in messages.
    Item(&'a Self, usize),
    /// A value of a map.
    Entry(&'a Self, &'a str),
}

/// A constraint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    NotNull,
    LengthMax(i64),
    LengthMin(i64),
    ValueMax(i64),
    ValueMin(i64),
    Pattern(&'static str),
    Enum(&'static [&'static str]),
    /// For every item of a list.
    Items(&'static Shape),
    /// For every key of a map.
    Keys(&'static Shape),
    /// For every value of a map.
    Values(&'static Shape),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNull => f.write_str("Member must not be null"),
            Self::LengthMax(max) => write!(f, "Member must have length less than or equal to {max}"),
            Self::LengthMin(min) => write!(f, "Member must have length greater than or equal to {min}"),
            Self::ValueMax(max) => write!(f, "Member must have value less than or equal to {max}"),
            Self::ValueMin(min) => write!(f, "Member must have value greater than or equal to {min}"),
            Self::Pattern(text) => write!(f, "Member must satisfy regular expression pattern: {text}"),
            Self::Enum(words) => write!(f, "Member must satisfy enum value set: [{}]", words.join(", ")),
            Self::Items(shape) => write!(f, "Member must satisfy constraint: [{}]", all_rules(shape)),
            Self::Keys(shape) => write!(f, "Map keys must satisfy constraint: [{}]", all_rules(shape)),
            Self::Values(shape) => write!(f, "Map value must satisfy constraint: [{}]", all_rules(shape)),
        }
    }
}

fn all_rules(shape: &'static Shape) -> String {
    let texts: Vec<String> = rules(shape, None).iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// The violations found so far.
pub(super) struct Violations {
    operation: &'static str,
    protocol: Protocol,
    n_found: usize,
    text: String,
}

impl Violations {
    pub(super) fn new(operation: &Operation) -> Self {
        Self {
            operation: operation.name,
            protocol: operation.service.protocol,
            n_found: 0,
            text: String::new(),
        }
    }

    /// A required member is missing.
    pub(super) fn null(&mut self, path: &Path<'_>) {
        self.push("Value null", path, Rule::NotNull);
    }

    /// A value violates a rule.
    pub(super) fn add(&mut self, shape: &Shape, value: &Value, path: &Path<'_>, sensitive: bool, rule: Rule) {
        if sensitive {
            self.push("Value", path, rule);
        } else if self.n_found < VIOLATIONS_MAX {
            self.push(&format!("Value '{}'", Print(shape, value)), path, rule);
        }
    }

    fn push(&mut self, value: &str, path: &Path<'_>, rule: Rule) {
        if self.n_found == VIOLATIONS_MAX {
            return;
        }
        if 0 < self.n_found {
            self.text.push_str("; ");
        }
        self.n_found += 1;
        self.text.push_str(value);
        self.text.push_str(" at '");
        self.write_path(path);
        // Writing to a string can't fail.
        let _ = write!(self.text, "' failed to satisfy constraint: {rule}");
    }

    fn write_path(&mut self, path: &Path<'_>) {
        let separate = |violations: &mut Self, parent: &Path<'_>| {
            if !matches!(parent, Path::Root) {
                violations.write_path(parent);
                violations.text.push('.');
            }
        };
        match path {
            Path::Root => {}
            Path::Input => {
                push_lower_first(&mut self.text, self.operation);
                self.text.push_str("Input");
            }
            Path::Member(parent, name) => {
                separate(self, parent);
                // Members that are capitalized in requests aren't in messages; Lambda's are.
                match self.protocol {
                    Protocol::Query { .. } | Protocol::Json11(_) => push_lower_first(&mut self.text, name),
                    Protocol::Json10(_) | Protocol::RestJson | Protocol::RestXml { .. } => {
                        self.text.push_str(name)
                    }
                }
            }
            Path::Item(parent, index) => {
                separate(self, parent);
                // Writing to a string can't fail.
                let _ = write!(self.text, "{}.member", index + 1);
            }
            Path::Entry(parent, key) => {
                separate(self, parent);
                self.text.push_str(key);
                self.text.push_str(".member");
            }
        }
    }

    pub(super) fn into_result(self) -> Result<(), ApiError> {
        match self.n_found {
            0 => Ok(()),
            n_found => {
                let errors = if n_found == 1 { "error" } else { "errors" };
                let text = format!("{n_found} validation {errors} detected: {}", self.text);
                Err(ApiError::new(Code::ConstraintViolation, text))
            }
        }
    }
}

fn push_lower_first(text: &mut String, name: &str) {
    let mut rest = name.chars();
    text.extend(rest.next().map(|first| first.to_ascii_lowercase()));
    text.push_str(rest.as_str());
}
