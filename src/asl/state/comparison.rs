//! The comparators of a Choice rule: what may be compared with what, and when it holds.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::super::data_error::DataError;
use super::super::fields::Fields;
use super::super::intrinsic::Scope;
use super::super::path_expr::PathExpr;
use super::string_pattern::StringPattern;
use crate::clock::Timestamp;

/// What is asked of a rule's `Variable`.
#[derive(Clone, Debug)]
pub(super) enum Comparison {
    String(Order, Operand<String>),
    StringMatches(StringPattern),
    Numeric(Order, Operand<Number>),
    Boolean(Operand<bool>),
    Timestamp(Order, Operand<Timestamp>),
    /// The value is, or with `false` isn't, of this kind.
    Is(Kind, bool),
    /// The path leads somewhere, or with `false` doesn't.
    IsPresent(bool),
}

/// What to compare with: a value of the definition, or one of the data.
#[derive(Clone, Debug)]
pub(super) enum Operand<T> {
    Literal(T),
    Path(PathExpr),
}

/// `Equals`, `LessThan`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

/// `IsNull`, `IsNumeric`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Numeric,
    String,
    Boolean,
    Timestamp,
}

const ORDERS: &[(&str, Order)] = &[
    ("Equals", Order::Equals),
    ("LessThan", Order::LessThan),
    ("GreaterThan", Order::GreaterThan),
    ("LessThanEquals", Order::LessThanEquals),
    ("GreaterThanEquals", Order::GreaterThanEquals),
];

const KINDS: &[(&str, Kind)] = &[
    ("IsNull", Kind::Null),
    ("IsNumeric", Kind::Numeric),
    ("IsString", Kind::String),
    ("IsBoolean", Kind::Boolean),
    ("IsTimestamp", Kind::Timestamp),
];

impl Order {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::GreaterThan => ordering.is_gt(),
            Self::LessThanEquals => ordering.is_le(),
            Self::GreaterThanEquals => ordering.is_ge(),
        }
    }

    fn of(name: &str) -> Option<Self> {
        ORDERS.iter().find(|(text, _)| *text == name).map(|(_, order)| *order)
    }
}

/// Which comparator a field's name is.
enum Comparator {
    String(Order),
    StringMatches,
    Numeric(Order),
    Boolean,
    Timestamp(Order),
    Is(Kind),
    IsPresent,
}

impl Comparator {
    /// The comparator, and whether it compares with a path.
    fn of(name: &str) -> Option<(Self, bool)> {
        if name == "StringMatches" {
            return Some((Self::StringMatches, false));
        }
        if name == "IsPresent" {
            return Some((Self::IsPresent, false));
        }
        if let Some((_, kind)) = KINDS.iter().find(|(text, _)| *text == name) {
            return Some((Self::Is(*kind), false));
        }
        let (name, is_path) = match name.strip_suffix("Path") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let ordered = |prefix: &str| name.strip_prefix(prefix).and_then(Order::of);
        let comparator = ordered("String")
            .map(Self::String)
            .or_else(|| ordered("Numeric").map(Self::Numeric))
            .or_else(|| ordered("Timestamp").map(Self::Timestamp))
            .or_else(|| (name == "BooleanEquals").then_some(Self::Boolean))?;
        Some((comparator, is_path))
    }
}

/// Whether a field of a rule is a comparator.
pub(super) fn is_comparator(name: &str) -> bool {
    Comparator::of(name).is_some()
}

impl Comparison {
    /// Reads the comparator `name` of a rule.
    pub(super) fn read(rule: &Fields<'_>, name: &str) -> Option<Self> {
        let (comparator, is_path) = Comparator::of(name)?;
        let path = || rule.path_of_rule(name);
        Some(match comparator {
            Comparator::String(order) if is_path => Self::String(order, Operand::Path(path()?)),
            Comparator::String(order) => {
                Self::String(order, Operand::Literal(rule.literal_string(name)?.to_owned()))
            }
            Comparator::StringMatches => {
                Self::StringMatches(StringPattern::compile(rule.literal_string(name)?))
            }
            Comparator::Numeric(order) if is_path => Self::Numeric(order, Operand::Path(path()?)),
            Comparator::Numeric(order) => Self::Numeric(order, Operand::Literal(rule.number(name)?.clone())),
            Comparator::Boolean if is_path => Self::Boolean(Operand::Path(path()?)),
            Comparator::Boolean => Self::Boolean(Operand::Literal(rule.boolean(name)?)),
            Comparator::Timestamp(order) if is_path => Self::Timestamp(order, Operand::Path(path()?)),
            Comparator::Timestamp(order) => {
                let timestamp = Timestamp::parse_rfc3339(rule.string(name)?);
                if timestamp.is_none() {
                    rule.field_problem(name, "String does not match RFC3339 timestamp");
                }
                Self::Timestamp(order, Operand::Literal(timestamp?))
            }
            Comparator::Is(kind) => Self::Is(kind, rule.boolean(name)?),
            Comparator::IsPresent => Self::IsPresent(rule.boolean(name)?),
        })
    }

    /// Whether it holds of what `variable` leads to. A value of another type than the comparator's is no match,
    /// not an error.
    pub(super) fn holds(&self, variable: &PathExpr, scope: &dyn Scope) -> Result<bool, DataError> {
        if let Self::IsPresent(expect) = self {
            return Ok(variable.find(scope).is_ok() == *expect);
        }
        let value = read(variable, scope)?;
        Ok(match self {
            Self::String(order, operand) => {
                let compare = |a: &str, b: &str| order.holds(a.encode_utf16().cmp(b.encode_utf16()));
                match operand {
                    Operand::Literal(b) => value.as_str().is_some_and(|a| compare(a, b)),
                    Operand::Path(path) => {
                        let b = read(path, scope)?;
                        value.as_str().zip(b.as_str()).is_some_and(|(a, b)| compare(a, b))
                    }
                }
            }
            Self::StringMatches(pattern) => value.as_str().is_some_and(|text| pattern.matches(text)),
            Self::Numeric(order, operand) => {
                let compare = |a: &Number, b: &Number| numeric(a, b).is_some_and(|found| order.holds(found));
                match operand {
                    Operand::Literal(b) => value.as_number().is_some_and(|a| compare(a, b)),
                    Operand::Path(path) => {
                        let b = read(path, scope)?;
                        value.as_number().zip(b.as_number()).is_some_and(|(a, b)| compare(a, b))
                    }
                }
            }
            Self::Boolean(operand) => {
                let b = match operand {
                    Operand::Literal(b) => Some(*b),
                    Operand::Path(path) => read(path, scope)?.as_bool(),
                };
                value.as_bool().is_some_and(|a| Some(a) == b)
            }
            Self::Timestamp(order, operand) => {
                let b = match operand {
                    Operand::Literal(b) => Some(*b),
                    Operand::Path(path) => timestamp(&*read(path, scope)?),
                };
                timestamp(&value).zip(b).is_some_and(|(a, b)| order.holds(a.cmp(&b)))
            }
            Self::Is(kind, expect) => kind.is(&value) == *expect,
            // Answered above, where a path to nothing is no error.
            Self::IsPresent(expect) => *expect,
        })
    }
}

impl Kind {
    fn is(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Numeric => value.is_number(),
            Self::String => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Timestamp => timestamp(value).is_some(),
        }
    }
}

fn timestamp(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(Timestamp::parse_rfc3339)
}

/// Integers exactly, anything else as doubles.
fn numeric(a: &Number, b: &Number) -> Option<Ordering> {
    if let (Some(a), Some(b)) = (a.as_i128(), b.as_i128()) {
        return Some(a.cmp(&b));
    }
    a.as_f64()?.partial_cmp(&b.as_f64()?)
}

fn read<'a>(path: &PathExpr, scope: &'a dyn Scope) -> Result<std::borrow::Cow<'a, Value>, DataError> {
    path.find(scope).map_err(|_| {
        let path = path.text();
        DataError::runtime(format!(
            "Invalid path '{path}': The choice state's condition path references an invalid value."
        ))
    })
}
