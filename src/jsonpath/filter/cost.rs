//! What it costs to evaluate a relation. A filter evaluates it for every item, and it may look at every value of both
//! sides each time, so it is charged before.

use serde_json::Value;

use super::Operator;
use super::operand::Operand;
use crate::json;
use crate::jsonpath::eval::STEPS_MAX;

/// How much of a text counts as one step.
const BYTES_PER_STEP: usize = 64;
/// How many pairs of listed values count as one step.
const PAIRS_PER_STEP: usize = 4;
/// How many steps of a pattern's search count as one step of the read.
const PATTERN_STEPS_PER_STEP: usize = json::PATTERN_STEPS_MAX / STEPS_MAX;

/// The steps that `left operator right` takes at most.
pub(super) fn cost(left: &Operand<'_>, operator: Operator, right: &Operand<'_>) -> usize {
    let steps = match operator {
        Operator::Matches => match (left, right) {
            (Operand::Pattern(pattern), other) | (other, Operand::Pattern(pattern)) => {
                pattern.weight().saturating_mul(text_bytes(other)) / PATTERN_STEPS_PER_STEP
            }
            _ => 0,
        },
        Operator::In | Operator::NotIn | Operator::Contains | Operator::Equal | Operator::NotEqual => {
            size(left).saturating_add(size(right))
        }
        Operator::SubsetOf | Operator::AnyOf | Operator::NoneOf => {
            let pairs = items(left).saturating_mul(items(right)) / PAIRS_PER_STEP;
            pairs.saturating_add(size(left)).saturating_add(size(right))
        }
        Operator::TypeSafeEqual
        | Operator::TypeSafeNotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => size(left).saturating_add(size(right)),
        Operator::Size | Operator::Empty | Operator::Inapplicable => 0,
    };
    steps.saturating_add(1)
}

/// The bytes that a pattern is matched against: of the text, or of all texts of a list.
fn text_bytes(operand: &Operand<'_>) -> usize {
    match operand {
        Operand::Json { value, .. } => match &**value {
            Value::Array(items) => {
                items.iter().map(|item| item.as_str().map_or(8, |text| text.len() + 1)).sum()
            }
            _ => 0,
        },
        other => other.text().len(),
    }
}

fn items(operand: &Operand<'_>) -> usize {
    match operand {
        Operand::Json { value, .. } => value.as_array().map_or(0, Vec::len),
        _ => 0,
    }
}

/// How many values there are in an operand, and how much text.
fn size(operand: &Operand<'_>) -> usize {
    match operand {
        Operand::Json { value, .. } => size_of(value),
        Operand::String(text) => text.len() / BYTES_PER_STEP,
        Operand::JsonText(text) => text.len() / BYTES_PER_STEP,
        Operand::Undefined | Operand::Null | Operand::Bool(_) | Operand::Number(_) | Operand::Pattern(_) => 0,
    }
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len() / BYTES_PER_STEP,
        Value::Array(items) => 1 + items.iter().map(size_of).sum::<usize>(),
        Value::Object(members) => {
            1 + members
                .iter()
                .map(|(name, member)| name.len() / BYTES_PER_STEP + size_of(member))
                .sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::jsonpath::{Path, ReadError};

    /// Whether reading `path` stays within so many steps.
    fn is_read(path: &str, value: &Value, mut steps: u64) -> bool {
        match Path::compile(path).unwrap().read_within(value, &mut steps) {
            Ok(_) => true,
            Err(ReadError::TooManySteps { .. }) => false,
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// Both sides of these take a walk over everything for each item.
    #[test]
    fn a_relation_is_paid_for_with_every_item() {
        let numbers = |n: usize| (0..n).map(|i| json!({"id": n + i, "ids": [n + i]})).collect::<Vec<_>>();
        let document = |n: usize| json!({"all": numbers(n), "ids": (0..n).collect::<Vec<_>>()});
        for path in [
            "$.all[?(@.id in $.ids)]",
            "$.all[?(@.id nin $.ids)]",
            "$.all[?($.ids contains @.id)]",
            "$.all[?(@.ids subsetof $.ids)]",
            "$.all[?(@.ids anyof $.ids)]",
            "$.all[?($.ids == $.ids)]",
        ] {
            assert!(is_read(path, &document(250), 200_000), "{path}");
            assert!(!is_read(path, &document(600), 200_000), "{path}");
        }
    }

    #[test]
    fn patterns_are_paid_for_by_text_and_weight() {
        // A weight of 10,001 for each byte.
        let document = |n: usize| json!({"all": vec!["b".repeat(100); n]});
        for path in ["$.all[?(@ =~ /(a{100}){100}/)]", "$[?(@.all =~ /(a{100}){100}/)]"] {
            assert!(is_read(path, &document(240), 2_000_000), "{path}");
            assert!(!is_read(path, &document(260), 2_000_000), "{path}");
        }
    }
}
