//! The two sides of a relation, as values.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::super::eval::Abort;
use super::super::parser;
use super::decimal::Decimal;
use super::literal::read_lenient;
use super::pattern::Pattern;
use crate::jsonpath::cursor::unescape;
use crate::jsonpath::dialect::Dialect;

/// A literal operand.
#[derive(Debug)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(Decimal),
    String(String),
    /// `[…]` or `{…}`; `None` if the text between the brackets could not be parsed.
    Json(Option<Value>),
    Pattern(Pattern),
}

/// An operand when the relation is evaluated.
#[derive(Debug)]
pub(super) enum Operand<'s> {
    /// A path that found nothing. Equals nothing, not even itself.
    Undefined,
    Null,
    Bool(bool),
    Number(Numeric<'s>),
    String(Cow<'s, str>),
    /// An array or object. A literal on the left side equals nothing, because Jayway compares its text.
    Json {
        value: Cow<'s, Value>,
        is_literal: bool,
    },
    /// A string inside a list that itself contains JSON; equals only such a string.
    JsonText(&'s str),
    Pattern(&'s Pattern),
}

/// A number. Integers take a faster path.
#[derive(Debug)]
pub(super) enum Numeric<'s> {
    Integer(i64),
    Exact(Cow<'s, Decimal>),
}

impl Literal {
    pub(super) fn operand(&self) -> Result<Operand<'_>, Abort> {
        Ok(match self {
            Self::Null => Operand::Null,
            Self::Bool(b) => Operand::Bool(*b),
            Self::Number(decimal) => Operand::Number(Numeric::Exact(Cow::Borrowed(decimal))),
            Self::String(s) => Operand::String(Cow::Borrowed(s)),
            Self::Json(Some(value)) => Operand::Json { value: Cow::Borrowed(value), is_literal: true },
            Self::Json(None) => {
                return Err(Abort::Failed("a JSON literal in a filter is not JSON".to_owned()));
            }
            Self::Pattern(pattern) => Operand::Pattern(pattern),
        })
    }
}

impl<'s> Operand<'s> {
    pub(super) fn from_value(value: Cow<'s, Value>) -> Self {
        match value {
            Cow::Borrowed(Value::String(s)) => Self::String(Cow::Borrowed(s)),
            Cow::Owned(Value::String(s)) => Self::String(Cow::Owned(s)),
            value => match &*value {
                Value::Null => Self::Null,
                Value::Bool(b) => Self::Bool(*b),
                Value::Number(number) => Self::number(number),
                Value::String(_) | Value::Array(_) | Value::Object(_) => {
                    Self::Json { value, is_literal: false }
                }
            },
        }
    }

    fn number(number: &Number) -> Self {
        match number.as_i64() {
            Some(integer) => Self::Number(Numeric::Integer(integer)),
            // Every finite number has a decimal text; JSON has no others.
            None => Decimal::from_number(number)
                .map_or(Self::Undefined, |decimal| Self::Number(Numeric::Exact(Cow::Owned(decimal)))),
        }
    }

    /// The members of an array as operands; `None` for an object.
    ///
    /// # Errors
    /// For text that is not JSON, and for arrays that contain arrays or objects.
    pub(super) fn list(&self) -> Result<Option<Vec<Operand<'_>>>, Abort> {
        let Self::Json { value, .. } = self else {
            return Err(Abort::Invalid("Expected value list node".to_owned()));
        };
        match &**value {
            Value::Array(items) => items.iter().map(Operand::from_item).collect::<Result<_, _>>().map(Some),
            _ => Ok(None),
        }
    }

    /// A member of a list. Strings are parsed again, as if they were written in a filter.
    fn from_item(item: &'s Value) -> Result<Self, Abort> {
        Ok(match item {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Number(number) => Self::number(number),
            Value::String(s) => Self::from_listed_string(s),
            Value::Array(_) | Value::Object(_) => {
                return Err(Abort::Failed("Could not determine value type".to_owned()));
            }
        })
    }

    fn from_listed_string(s: &'s str) -> Self {
        let trimmed = s.trim();
        let is_within =
            |open, close| trimmed.len() > 1 && trimmed.starts_with(open) && trimmed.ends_with(close);
        if trimmed.starts_with(['$', '@']) && parser::compile(trimmed, Dialect::Current).is_ok() {
            // Jayway compares a path object in a list by identity.
            return Self::Undefined;
        }
        if (is_within('[', ']') || is_within('{', '}')) && read_lenient(trimmed).is_some() {
            return Self::JsonText(s);
        }
        let is_quoted = |quote| 1 < s.len() && s.starts_with(quote) && s.ends_with(quote);
        let inner = if is_quoted('\'') || is_quoted('"') { &s[1..s.len() - 1] } else { s };
        if inner.contains('\\') && 1 < s.chars().count() {
            let chars: Vec<char> = inner.chars().collect();
            return Self::String(Cow::Owned(unescape(&chars)));
        }
        Self::String(Cow::Borrowed(inner))
    }

    /// The text that a pattern is matched against.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::String(s) => Cow::Borrowed(s),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Undefined | Self::Null | Self::Json { .. } | Self::JsonText(_) | Self::Pattern(_) => {
                Cow::Borrowed("")
            }
        }
    }

    /// `left == right`. A number on the left turns a string on the right into a number; a string on the left
    /// turns a number on the right into a string.
    pub(super) fn equals(&self, right: &Operand<'_>) -> bool {
        match (self, right) {
            (Self::Null, Operand::Null) => true,
            (Self::Bool(left), Operand::Bool(right)) => left == right,
            (Self::String(left), Operand::String(right)) => left == right,
            (Self::String(left), Operand::Number(right)) => *left == right.to_string(),
            (Self::Number(left), Operand::Number(right)) => left.cmp(right) == Ordering::Equal,
            (Self::Number(left), Operand::String(right)) => {
                Decimal::parse(right).is_some_and(|right| *left.decimal() == right)
            }
            (Self::Json { value: left, is_literal }, Operand::Json { value: right, .. }) => {
                !is_literal && left == right
            }
            (Self::JsonText(left), Operand::JsonText(right)) => left == right,
            _ => false,
        }
    }

    /// The order of this operand relative to `right` in the early dialect, where every literal is a string: a string on
    /// the right is converted to a number or boolean if the left side is one. `null` and the text `null` are equal and
    /// sort before everything else. Values that can't be compared have no order.
    pub(super) fn early_order(&self, right: &Operand<'_>) -> Option<Ordering> {
        match (self.is_nullish(), right.is_nullish()) {
            (true, true) => return Some(Ordering::Equal),
            (true, false) => return Some(Ordering::Less),
            (false, true) => return Some(Ordering::Greater),
            (false, false) => {}
        }
        match (self, right) {
            (Self::Number(left), Operand::String(right)) => {
                Some(left.decimal().as_ref().cmp(&Decimal::parse(right)?))
            }
            (Self::Bool(left), Operand::String(right)) => Some(left.cmp(&right.eq_ignore_ascii_case("true"))),
            (Self::Bool(left), Operand::Bool(right)) => Some(left.cmp(right)),
            (left, right) => left.order(right),
        }
    }

    fn is_nullish(&self) -> bool {
        match self {
            Self::Null => true,
            Self::String(text) => text == "null",
            Self::Undefined
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Json { .. }
            | Self::JsonText(_)
            | Self::Pattern(_) => false,
        }
    }

    /// Whether both have the same type, for `===`.
    pub(super) fn same_kind(&self, right: &Operand<'_>) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(right)
    }

    /// The order of two numbers or two strings; other pairs have none.
    pub(super) fn order(&self, right: &Operand<'_>) -> Option<Ordering> {
        match (self, right) {
            (Self::Number(left), Operand::Number(right)) => Some(left.cmp(right)),
            (Self::String(left), Operand::String(right)) => {
                Some(left.encode_utf16().cmp(right.encode_utf16()))
            }
            _ => None,
        }
    }
}

impl Numeric<'_> {
    fn decimal(&self) -> Cow<'_, Decimal> {
        match self {
            Self::Integer(integer) => {
                Cow::Owned(Decimal::parse(&integer.to_string()).expect("an integer is a decimal"))
            }
            Self::Exact(decimal) => Cow::Borrowed(decimal),
        }
    }

    fn cmp(&self, other: &Numeric<'_>) -> Ordering {
        match (self.to_exact_i64(), other.to_exact_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => self.decimal().cmp(&other.decimal()),
        }
    }

    /// The number, if it is written as an integer.
    fn to_exact_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(*integer),
            Self::Exact(decimal) => decimal.as_integer(),
        }
    }

    /// The number truncated to an integer, for `size`.
    pub(super) fn to_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(*integer),
            Self::Exact(decimal) => decimal.to_i64(),
        }
    }
}

impl std::fmt::Display for Numeric<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Exact(decimal) => decimal.fmt(f),
        }
    }
}
