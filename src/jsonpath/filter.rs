//! `[?(…)]`: filters on the items of a path.

mod compare;
mod cost;
mod decimal;
mod literal;
mod operand;
pub(super) mod parser;
mod pattern;

use super::dialect::Dialect;
use super::eval::{Abort, Evaluator};
use super::token::Tokens;
use compare::{evaluate, evaluate_early};
use operand::{Literal, Operand};
use serde_json::Value;

pub(super) use literal::read_lenient;

/// The condition of a filter.
#[derive(Debug)]
pub(super) enum Filter {
    /// `a || b`
    Or(Vec<Self>),
    /// `a && b`
    And(Vec<Self>),
    /// `!(a)`
    Not(Box<Self>),
    /// `@.a`, or `!@.a` if `expected` is false.
    Exists {
        /// The path that has to exist.
        path: Tokens,
        /// Whether it has to exist, or must not.
        expected: bool,
    },
    /// `a < b`
    Relation(Box<Relation>),
}

/// `left operator right`
#[derive(Debug)]
pub(super) struct Relation {
    left: Side,
    operator: Operator,
    right: Side,
}

/// One side of a relation.
#[derive(Debug)]
enum Side {
    Literal(Literal),
    Path(Tokens),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    GreaterOrEqual,
    LessOrEqual,
    Equal,
    TypeSafeEqual,
    NotEqual,
    TypeSafeNotEqual,
    Less,
    Greater,
    Matches,
    NotIn,
    In,
    Contains,
    Size,
    Empty,
    SubsetOf,
    AnyOf,
    NoneOf,
    /// `all`, `exists`, `type`, `matches`: Jayway knows them, but they are useful only to Java programs and never true
    /// here.
    Inapplicable,
}

impl Filter {
    /// Whether the filter accepts `item`. Values that Jayway's predicates can't use are not accepted. The early dialect
    /// never accepts scalars: "The `@` operator … only matches objects".
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html>
    pub(super) fn accepts<'a>(&self, item: &'a Value, eval: &Evaluator<'a, '_>) -> Result<bool, Abort> {
        if eval.dialect.is_early() && !item.is_object() && !item.is_array() {
            return Ok(false);
        }
        match self.applies(item, eval) {
            Err(Abort::Invalid(_)) => Ok(false),
            answer => answer,
        }
    }

    fn applies<'a>(&self, item: &'a Value, eval: &Evaluator<'a, '_>) -> Result<bool, Abort> {
        match self {
            Self::Or(conditions) => {
                for condition in conditions {
                    if condition.applies(item, eval)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::And(conditions) => {
                for condition in conditions {
                    if !condition.applies(item, eval)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Not(condition) => Ok(!condition.applies(item, eval)?),
            Self::Exists { path, expected } => Ok(eval.exists(path, item)? == *expected),
            Self::Relation(relation) => {
                let left = relation.left.operand(item, eval)?;
                let right = relation.right.operand(item, eval)?;
                eval.budget.spend(cost::cost(&left, relation.operator, &right))?;
                match eval.dialect {
                    Dialect::Current => evaluate(&left, relation.operator, &right),
                    Dialect::Early => evaluate_early(&left, relation.operator, &right),
                }
            }
        }
    }
}

impl Side {
    fn operand<'s, 'a: 's>(
        &'s self,
        item: &'a Value,
        eval: &Evaluator<'a, '_>,
    ) -> Result<Operand<'s>, Abort> {
        match self {
            Self::Literal(literal) => literal.operand(),
            Self::Path(path) => match eval.read(path, item) {
                Ok(value) => Ok(Operand::from_value(value)),
                Err(Abort::NotFound(_) | Abort::PastEnd(_)) => Ok(Operand::Undefined),
                Err(abort) => Err(abort),
            },
        }
    }
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_uppercase().as_str() {
            ">=" => Self::GreaterOrEqual,
            "<=" => Self::LessOrEqual,
            "==" => Self::Equal,
            "===" => Self::TypeSafeEqual,
            "!=" => Self::NotEqual,
            "!==" => Self::TypeSafeNotEqual,
            "<" => Self::Less,
            ">" => Self::Greater,
            "=~" => Self::Matches,
            "NIN" => Self::NotIn,
            "IN" => Self::In,
            "CONTAINS" => Self::Contains,
            "SIZE" => Self::Size,
            "EMPTY" => Self::Empty,
            "SUBSETOF" => Self::SubsetOf,
            "ANYOF" => Self::AnyOf,
            "NONEOF" => Self::NoneOf,
            "ALL" | "EXISTS" | "TYPE" | "MATCHES" => Self::Inapplicable,
            _ => return None,
        })
    }
}
