//! Expressions: literals, operators, conditions.

use std::cmp::Ordering;

use super::{Evaluation, Unwind};
use crate::vtl::ast::{Block, Comparison, Computation, Expression, Offset};
use crate::vtl::limits::LimitKind;
use crate::vtl::value::{Map, Operator, Value};

impl Evaluation<'_> {
    pub(super) fn expression(&mut self, expression: &Expression) -> Result<Value, Unwind> {
        match expression {
            Expression::Constant(constant) => Ok(constant.value()),
            Expression::Reference(reference) => self.deeper(reference.at, |eval| eval.reference(reference)),
            Expression::Interpolated(block, is_padded) => self.interpolated(block, *is_padded),
            Expression::List(items) => {
                self.charge(1 + items.len() as u64, 0)?;
                let items =
                    self.deeper(0, |eval| items.iter().map(|item| eval.expression(item)).collect())?;
                Ok(Value::list(items))
            }
            Expression::Map(entries) => {
                self.charge(1 + entries.len() as u64, 0)?;
                self.deeper(0, |eval| {
                    let map = Map::new();
                    for (key, value) in entries {
                        let key = eval.expression(key)?;
                        map.put(key, eval.expression(value)?);
                    }
                    Ok(Value::Map(map))
                })
            }
            Expression::Range(bounds, at) => self.range(bounds, *at),
            Expression::Not(_)
            | Expression::And(_)
            | Expression::Or(_)
            | Expression::Equal(..)
            | Expression::Compare(..) => self.condition(expression).map(Value::Bool),
            Expression::Compute(computation) => self.deeper(computation.at, |eval| eval.compute(computation)),
        }
    }

    /// Whether an expression is true. A literal other than `true` never is: Velocity evaluates the truth only of
    /// references and operators.
    pub(super) fn condition(&mut self, expression: &Expression) -> Result<bool, Unwind> {
        self.step(0)?;
        match expression {
            Expression::Constant(constant) => Ok(matches!(constant.value(), Value::Bool(true))),
            Expression::Reference(reference) => {
                let value = self.deeper(reference.at, |eval| eval.reference(reference))?;
                match &value {
                    // As in Velocity, a block is true if it has a text.
                    Value::Block(_) => Ok(self.text(&value, reference.at)?.is_some()),
                    value => Ok(value.is_true()),
                }
            }
            Expression::Not(inner) => self.deeper(0, |eval| eval.condition(inner)).map(|is_true| !is_true),
            Expression::And(sides) => {
                self.deeper(0, |eval| Ok(eval.condition(&sides.0)? && eval.condition(&sides.1)?))
            }
            Expression::Or(sides) => {
                self.deeper(0, |eval| Ok(eval.condition(&sides.0)? || eval.condition(&sides.1)?))
            }
            Expression::Equal(sides, is_negated) => self.deeper(0, |eval| {
                let left = eval.expression(&sides.0)?;
                let right = eval.expression(&sides.1)?;
                Ok(eval.is_equal(&left, &right)? != *is_negated)
            }),
            Expression::Compare(comparison, sides) => self.deeper(0, |eval| {
                let left = eval.expression(&sides.0)?;
                let right = eval.expression(&sides.1)?;
                Ok(left.compare_number(&right).is_some_and(|order| holds(*comparison, order)))
            }),
            Expression::Interpolated(..)
            | Expression::List(_)
            | Expression::Map(_)
            | Expression::Range(..) => Ok(false),
            Expression::Compute(..) => {
                // Evaluated only for its side effects.
                let value = self.expression(expression)?;
                Ok(matches!(value, Value::Bool(true)))
            }
        }
    }

    /// Velocity's `==`: numbers are compared by value, values of the same type with `equals`, and all others by their
    /// text.
    fn is_equal(&mut self, left: &Value, right: &Value) -> Result<bool, Unwind> {
        match (left, right) {
            (Value::Null | Value::Empty, Value::Null | Value::Empty) => return Ok(true),
            (Value::Str(left), Value::Str(right)) => return Ok(left == right),
            (Value::Bool(left), Value::Bool(right)) => return Ok(left == right),
            (Value::List(_), Value::List(_))
            | (Value::Map(_), Value::Map(_))
            | (Value::Entry(_), Value::Entry(_)) => {
                self.charge(left.parts().len() as u64, 0)?;
                return Ok(left.is_same_key(right));
            }
            _ => {}
        }
        if left.is_number() && right.is_number() {
            return Ok(left.compare_number(right) == Some(Ordering::Equal));
        }
        if matches!(left, Value::Null) || matches!(right, Value::Null) {
            return Ok(false);
        }
        let left = self.text(left, 0)?;
        let right = self.text(right, 0)?;
        Ok(left == right)
    }

    fn interpolated(&mut self, block: &Block, is_padded: bool) -> Result<Value, Unwind> {
        let mut text = String::new();
        self.deeper(0, |eval| eval.block(block, &mut text))?;
        if is_padded {
            text.pop();
        }
        Ok(Value::Str(text.into()))
    }

    fn range(&mut self, bounds: &(Expression, Expression), at: Offset) -> Result<Value, Unwind> {
        let from = self.expression(&bounds.0)?;
        let to = self.expression(&bounds.1)?;
        let (Some(from), Some(to)) = (from.as_int(), to.as_int()) else { return Ok(Value::Null) };
        self.charge(u64::from(from.abs_diff(to)) + 1, at)?;
        let items = if from <= to {
            (from..=to).map(Value::Int).collect()
        } else {
            (to..=from).rev().map(Value::Int).collect()
        };
        Ok(Value::list(items))
    }

    fn compute(&mut self, computation: &Computation) -> Result<Value, Unwind> {
        let Computation { operator, left, right, at, .. } = computation;
        self.step(*at)?;
        let left_value = self.expression(left)?;
        let right_value = self.expression(right)?;
        let is_text = |value: &Value| matches!(value, Value::Str(_) | Value::Empty);
        if *operator == Operator::Add && (is_text(&left_value) || is_text(&right_value)) {
            let mut out = String::new();
            for (value, expression) in [(left_value, left), (right_value, right)] {
                if self.print(&value, &mut out, *at)? {
                    continue;
                }
                // When null is concatenated, the source text is printed.
                match expression {
                    Expression::Reference(reference) => self.append(&reference.literal, &mut out, *at)?,
                    Expression::Compute(inner) => self.append(&inner.literal, &mut out, *at)?,
                    _ => {}
                }
            }
            return Ok(Value::Str(out.into()));
        }
        left_value.compute(*operator, &right_value).map_err(|_| self.limit(LimitKind::IntegerBits, *at))
    }
}

fn holds(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}
