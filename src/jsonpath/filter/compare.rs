//! The relations of a filter.

use std::cmp::Ordering;

use serde_json::Value;

use super::super::eval::Abort;
use super::Operator;
use super::operand::Operand;
use super::pattern::Pattern;

/// Evaluates `left operator right`.
///
/// # Errors
/// For operands of a kind that the operator can't use.
pub(super) fn evaluate(left: &Operand<'_>, operator: Operator, right: &Operand<'_>) -> Result<bool, Abort> {
    let ordered = |accepts: fn(Ordering) -> bool| left.order(right).is_some_and(accepts);
    Ok(match operator {
        Operator::Equal => left.equals(right),
        Operator::NotEqual => !left.equals(right),
        Operator::TypeSafeEqual => left.same_kind(right) && left.equals(right),
        Operator::TypeSafeNotEqual => !(left.same_kind(right) && left.equals(right)),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::LessOrEqual => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::GreaterOrEqual => ordered(Ordering::is_ge),
        Operator::Matches => return matches(left, right),
        Operator::In => return is_in(left, right),
        Operator::NotIn => return Ok(!is_in(left, right)?),
        Operator::Contains => return contains(left, right),
        Operator::Size => has_size(left, right),
        Operator::Empty => return is_empty(left, right),
        Operator::SubsetOf => {
            return on_lists(left, right, |left, right| {
                left.iter().all(|l| right.iter().any(|r| l.equals(r)))
            });
        }
        Operator::AnyOf => {
            return on_lists(left, right, |left, right| {
                left.iter().any(|l| right.iter().any(|r| l.equals(r)))
            });
        }
        Operator::NoneOf => {
            return on_lists(left, right, |left, right| {
                !left.iter().any(|l| right.iter().any(|r| l.equals(r)))
            });
        }
        Operator::Inapplicable => {
            return Err(Abort::Invalid("this operator takes what only a Java program can give".to_owned()));
        }
    })
}

/// The same in the early dialect: no relation, not even `!=`, holds for something that is missing or can't be compared.
///
/// # Errors
/// As [`evaluate`], and for operators that are words. (JsonPath at that time refused to parse them. Here such a path
/// compiles, because definitions that were once accepted have to stay readable, and fails when it is evaluated.)
pub(super) fn evaluate_early(
    left: &Operand<'_>,
    operator: Operator,
    right: &Operand<'_>,
) -> Result<bool, Abort> {
    if matches!(left, Operand::Undefined) || matches!(right, Operand::Undefined) {
        return Ok(false);
    }
    let order = || left.early_order(right);
    // A `null` in the data sorts neither before nor after anything.
    let sorted = |holds: fn(Ordering) -> bool| {
        matches!(left, Operand::Null) == matches!(right, Operand::Null) && order().is_some_and(holds)
    };
    Ok(match operator {
        Operator::Equal => order().is_some_and(Ordering::is_eq),
        Operator::NotEqual => order().is_some_and(Ordering::is_ne),
        Operator::Less => sorted(Ordering::is_lt),
        Operator::LessOrEqual => sorted(Ordering::is_le),
        Operator::Greater => sorted(Ordering::is_gt),
        Operator::GreaterOrEqual => sorted(Ordering::is_ge),
        Operator::TypeSafeEqual | Operator::TypeSafeNotEqual | Operator::Matches => {
            return evaluate(left, operator, right);
        }
        Operator::NotIn
        | Operator::In
        | Operator::Contains
        | Operator::Size
        | Operator::Empty
        | Operator::SubsetOf
        | Operator::AnyOf
        | Operator::NoneOf
        | Operator::Inapplicable => {
            return Err(Abort::Failed("Filter operators that are words are not supported".to_owned()));
        }
    })
}

fn on_lists(
    left: &Operand<'_>,
    right: &Operand<'_>,
    holds: fn(&[Operand<'_>], &[Operand<'_>]) -> bool,
) -> Result<bool, Abort> {
    let Some(right) = right.list()? else { return Ok(false) };
    let Some(left) = left.list()? else { return Ok(false) };
    Ok(holds(&left, &right))
}

fn is_in(left: &Operand<'_>, right: &Operand<'_>) -> Result<bool, Abort> {
    Ok(right.list()?.is_some_and(|list| list.iter().any(|item| left.equals(item))))
}

fn contains(left: &Operand<'_>, right: &Operand<'_>) -> Result<bool, Abort> {
    match (left, right) {
        (Operand::String(left), Operand::String(right)) => Ok(left.contains(&**right)),
        (Operand::Json { .. }, _) => is_in(right, left),
        _ => Ok(false),
    }
}

fn has_size(left: &Operand<'_>, right: &Operand<'_>) -> bool {
    let Operand::Number(expected) = right else { return false };
    let size = match left {
        Operand::String(s) => s.encode_utf16().count(),
        Operand::Json { value, .. } => match &**value {
            Value::Array(items) => items.len(),
            _ => return expected.to_i64() == Some(-1),
        },
        _ => return false,
    };
    expected.to_i64().is_some_and(|expected| usize::try_from(expected) == Ok(size))
}

/// Objects count by their members. (Jayway intends the same but fails with a `ClassCastException`.)
fn is_empty(left: &Operand<'_>, right: &Operand<'_>) -> Result<bool, Abort> {
    let empty = match left {
        Operand::String(s) => s.is_empty(),
        Operand::Json { value, .. } => match &**value {
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        },
        _ => return Ok(false),
    };
    match right {
        Operand::Bool(expected) => Ok(empty == *expected),
        _ => Err(Abort::Invalid("Expected boolean node".to_owned())),
    }
}

fn matches(left: &Operand<'_>, right: &Operand<'_>) -> Result<bool, Abort> {
    match (left, right) {
        (Operand::Pattern(_), Operand::Pattern(_)) => Ok(false),
        (Operand::Pattern(pattern), other) | (other, Operand::Pattern(pattern)) => {
            matches_any(pattern, other)
        }
        _ => Ok(false),
    }
}

fn matches_any(pattern: &Pattern, operand: &Operand<'_>) -> Result<bool, Abort> {
    let matches = |operand: &Operand<'_>| pattern.matches(&operand.text()).ok_or(Abort::TooManySteps);
    if matches!(operand, Operand::Json { value, .. } if value.is_array()) {
        for item in operand.list()?.unwrap_or_default() {
            if matches(&item)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    matches(operand)
}
