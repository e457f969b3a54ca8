//! Java's numbers as Velocity uses them: whole numbers grow from int to long to big integer, and anything combined with
//! a double is a double.

use std::cmp::Ordering;

use crate::vtl::value::Value;

/// An arithmetic operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

/// A whole number needs more than 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooLarge;

/// Java's whole number types, in order of size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Int,
    Long,
    Big,
}

impl Value {
    /// Computes; the result is `Null` if an operand is not a number or the divisor is zero.
    pub(crate) fn compute(&self, operator: Operator, other: &Self) -> Result<Self, TooLarge> {
        match (self.whole(), other.whole()) {
            (Some((left, left_width)), Some((right, right_width))) => {
                compute_whole(left, operator, right, left_width.max(right_width))
            }
            (None, _) | (_, None) => match (self.as_double(), other.as_double()) {
                (Some(left), Some(right)) => Ok(compute_double(left, operator, right)),
                (None, _) | (_, None) => Ok(Self::Null),
            },
        }
    }

    /// Compares two numbers; `None` if either is not a number, or is NaN.
    pub(crate) fn compare_number(&self, other: &Self) -> Option<Ordering> {
        match (self.whole(), other.whole()) {
            (Some((left, _)), Some((right, _))) => Some(left.cmp(&right)),
            (None, _) | (_, None) => self.as_double()?.partial_cmp(&other.as_double()?),
        }
    }

    /// Whether this is a `java.lang.Number`.
    pub fn is_number(&self) -> bool {
        self.as_double().is_some()
    }

    /// The number as a double, as `doubleValue()` gives it.
    #[allow(clippy::cast_precision_loss)]
    pub fn as_double(&self) -> Option<f64> {
        match self {
            Self::Double(d) => Some(*d),
            Self::Int(_) | Self::Long(_) | Self::Big(_) => self.whole().map(|(n, _)| n as f64),
            Self::Null
            | Self::Empty
            | Self::Bool(_)
            | Self::Str(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Entry(_)
            | Self::Object(_)
            | Self::Block(_)
            | Self::Loop(_) => None,
        }
    }

    /// The number as a long, as `longValue()` returns it: doubles are truncated and clamped, big integers wrap around.
    #[allow(clippy::cast_possible_truncation)]
    pub fn as_long(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(i64::from(*n)),
            Self::Long(n) => Some(*n),
            Self::Big(n) => Some(*n as i64),
            Self::Double(d) => Some(*d as i64),
            Self::Null
            | Self::Empty
            | Self::Bool(_)
            | Self::Str(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Entry(_)
            | Self::Object(_)
            | Self::Block(_)
            | Self::Loop(_) => None,
        }
    }

    /// The number as an int, as `intValue()` returns it: doubles are truncated and clamped, whole numbers wrap around.
    #[allow(clippy::cast_possible_truncation)]
    pub fn as_int(&self) -> Option<i32> {
        match self {
            Self::Double(d) => Some(*d as i32),
            other => other.as_long().map(|n| n as i32),
        }
    }

    fn whole(&self) -> Option<(i128, Width)> {
        match self {
            Self::Int(n) => Some(((*n).into(), Width::Int)),
            Self::Long(n) => Some(((*n).into(), Width::Long)),
            Self::Big(n) => Some((*n, Width::Big)),
            Self::Null
            | Self::Empty
            | Self::Bool(_)
            | Self::Double(_)
            | Self::Str(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Entry(_)
            | Self::Object(_)
            | Self::Block(_)
            | Self::Loop(_) => None,
        }
    }
}

fn compute_whole(left: i128, operator: Operator, right: i128, width: Width) -> Result<Value, TooLarge> {
    let result = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide | Operator::Modulo if right == 0 => return Ok(Value::Null),
        Operator::Divide => left.checked_div(right),
        // BigInteger.mod never returns a negative number, unlike `%` of the smaller types.
        Operator::Modulo if width == Width::Big => left.checked_rem_euclid(right),
        Operator::Modulo => left.checked_rem(right),
    };
    let result = result.ok_or(TooLarge)?;
    let int = i32::try_from(result).ok().filter(|_| width == Width::Int).map(Value::Int);
    let long = || i64::try_from(result).ok().filter(|_| width <= Width::Long).map(Value::Long);
    Ok(int.or_else(long).unwrap_or(Value::Big(result)))
}

fn compute_double(left: f64, operator: Operator, right: f64) -> Value {
    match operator {
        Operator::Add => Value::Double(left + right),
        Operator::Subtract => Value::Double(left - right),
        Operator::Multiply => Value::Double(left * right),
        Operator::Divide | Operator::Modulo if right == 0.0 => Value::Null,
        Operator::Divide => Value::Double(left / right),
        Operator::Modulo => Value::Double(left % right),
    }
}
