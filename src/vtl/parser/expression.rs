//! Everything that has a value: operators by precedence, lists, maps, ranges.

use super::Parser;
use crate::vtl::ast::{Comparison, Computation, Constant, Expression};
use crate::vtl::error::ParseError;
use crate::vtl::token::{Kind, Token};
use crate::vtl::value::Operator;

/// The most operators in one chain; each makes the tree one level deeper.
const CHAIN_MAX: usize = 200;

/// The binary operators, lowest precedence first.
const LEVELS: &[&[Kind]] = &[
    &[Kind::Or],
    &[Kind::And],
    &[Kind::Equal, Kind::NotEqual],
    &[Kind::Less, Kind::Greater, Kind::LessOrEqual, Kind::GreaterOrEqual],
    &[Kind::Plus, Kind::Minus],
    &[Kind::Multiply, Kind::Divide, Kind::Modulo],
];

impl Parser<'_, '_> {
    pub(super) fn expression(&mut self) -> Result<Expression, ParseError> {
        let token = self.peek()?;
        self.nested(token, |parser| parser.binary(0))
    }

    fn binary(&mut self, level: usize) -> Result<Expression, ParseError> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        for _ in 0..CHAIN_MAX {
            let token = self.peek()?;
            if !operators.contains(&token.kind) {
                return Ok(left);
            }
            self.take()?;
            let right = self.binary(level + 1)?;
            left = self.combine(token, left, right);
        }
        let token = self.peek()?;
        Err(self.error(token, &format!("more than {CHAIN_MAX} operators in one expression")))
    }

    fn combine(&self, operator: Token, left: Expression, right: Expression) -> Expression {
        let comparison = |comparison, left, right| Expression::Compare(comparison, Box::new((left, right)));
        match operator.kind {
            Kind::Or => Expression::Or(Box::new((left, right))),
            Kind::And => Expression::And(Box::new((left, right))),
            Kind::Equal => Expression::Equal(Box::new((left, right)), false),
            Kind::NotEqual => Expression::Equal(Box::new((left, right)), true),
            Kind::Less => comparison(Comparison::Less, left, right),
            Kind::LessOrEqual => comparison(Comparison::LessOrEqual, left, right),
            Kind::Greater => comparison(Comparison::Greater, left, right),
            Kind::GreaterOrEqual => comparison(Comparison::GreaterOrEqual, left, right),
            Kind::Plus => self.computation(Operator::Add, operator, left, right),
            Kind::Minus => self.computation(Operator::Subtract, operator, left, right),
            Kind::Multiply => self.computation(Operator::Multiply, operator, left, right),
            Kind::Divide => self.computation(Operator::Divide, operator, left, right),
            _ => self.computation(Operator::Modulo, operator, left, right),
        }
    }

    fn computation(
        &self,
        operator: Operator,
        token: Token,
        left: Expression,
        right: Expression,
    ) -> Expression {
        let literal = self.source.text.get(token.end..self.taken_end).unwrap_or_default().into();
        let at = self.offset(token.start);
        Expression::Compute(Box::new(Computation { operator, left, right, literal, at }))
    }

    fn unary(&mut self) -> Result<Expression, ParseError> {
        let token = self.peek()?;
        let blank = usize::from(token.kind == Kind::Whitespace);
        if self.peek_at(blank)?.kind == Kind::Not {
            self.skip_whitespace()?;
            self.take()?;
            return Ok(Expression::Not(Box::new(self.nested(token, Self::unary)?)));
        }
        self.skip_whitespace()?;
        let token = self.peek()?;
        let value = if token.kind == Kind::ParenOpen {
            let open = self.take()?;
            let mut inner = self.expression()?;
            let close = self.expect(Kind::ParenClose, "to close the parenthesis")?;
            if let Expression::Compute(computation) = &mut inner {
                // In parentheses, null prints the source of the whole expression.
                computation.literal = self.source.text.get(open.end..close.start).unwrap_or_default().into();
            }
            inner
        } else {
            self.parameter_value()?
        };
        self.skip_whitespace()?;
        Ok(value)
    }

    /// An argument of a method or an item of a list, with the blanks around it.
    pub(super) fn parameter(&mut self) -> Result<Expression, ParseError> {
        let token = self.peek()?;
        self.skip_whitespace()?;
        let value = self.nested(token, Self::parameter_value)?;
        self.skip_whitespace()?;
        Ok(value)
    }

    pub(super) fn parameter_value(&mut self) -> Result<Expression, ParseError> {
        let token = self.peek()?;
        if let Some(value) = self.simple_value()? {
            return Ok(value);
        }
        let found = self.describe(token);
        let hint = match token.kind {
            Kind::Word | Kind::BracketedWord => " (a string needs quotes, a reference a `$`)",
            _ => "",
        };
        let message = format!(
            "expected a reference, a string, a number, a list, a map or a boolean, found {found}{hint}"
        );
        Err(self.error(token, &message))
    }

    /// A value without operators; `None` if the next token doesn't begin one.
    pub(super) fn simple_value(&mut self) -> Result<Option<Expression>, ParseError> {
        let token = self.peek()?;
        let value = match token.kind {
            Kind::Quoted => {
                let quoted = self.take()?;
                self.nested(token, |parser| parser.string(quoted))?
            }
            Kind::Integer => {
                let number = self.take()?;
                Expression::Constant(self.integer(number)?)
            }
            Kind::Float => {
                let number = self.take()?;
                Expression::Constant(self.float(number)?)
            }
            Kind::True | Kind::False => {
                self.take()?;
                Expression::Constant(Constant::Bool(token.kind == Kind::True))
            }
            Kind::ListOpen => self.nested(token, Self::list)?,
            Kind::MapOpen => self.nested(token, Self::map)?,
            Kind::Identifier | Kind::BraceOpen if self.is_reference_ahead()? => {
                Expression::Reference(Box::new(self.reference_value()?))
            }
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    fn list(&mut self) -> Result<Expression, ParseError> {
        let open = self.take()?;
        if self.take_if(Kind::ListClose)?.is_some() {
            return Ok(Expression::List(Box::default()));
        }
        let mut items = vec![self.parameter()?];
        if self.take_if(Kind::DoubleDot)?.is_some() {
            return self.range(open, items.swap_remove(0));
        }
        loop {
            let token = self.peek()?;
            match token.kind {
                Kind::Comma => {
                    self.take()?;
                    items.push(self.parameter()?);
                }
                Kind::ListClose => {
                    self.take()?;
                    return Ok(Expression::List(items.into()));
                }
                _ => {
                    let found = self.describe(token);
                    return Err(self.error(token, &format!("expected `,` or `]` in a list, found {found}")));
                }
            }
        }
    }

    fn range(&mut self, open: Token, from: Expression) -> Result<Expression, ParseError> {
        let at = self.peek()?;
        let to = self.parameter()?;
        let is_bound = |bound: &Expression| {
            matches!(
                bound,
                Expression::Reference(_)
                    | Expression::Constant(Constant::Int(_) | Constant::Long(_) | Constant::Big(_))
            )
        };
        if !is_bound(&from) || !is_bound(&to) {
            return Err(self.error(at, "a range runs between whole numbers or references"));
        }
        self.expect(Kind::ListClose, "to close the range")?;
        Ok(Expression::Range(Box::new((from, to)), self.offset(open.start)))
    }

    fn map(&mut self) -> Result<Expression, ParseError> {
        self.take()?;
        let blank = usize::from(self.peek()?.kind == Kind::Whitespace);
        if matches!(self.peek_at(blank)?.kind, Kind::MapClose | Kind::BraceClose) {
            self.skip_whitespace()?;
            self.take()?;
            return Ok(Expression::Map(Box::default()));
        }
        let mut entries = Vec::new();
        loop {
            let key = self.parameter()?;
            self.expect(Kind::Colon, "after the key of a map")?;
            entries.push((key, self.parameter()?));
            let token = self.peek()?;
            match token.kind {
                Kind::Comma => {
                    self.take()?;
                }
                Kind::MapClose | Kind::BraceClose => {
                    self.take()?;
                    return Ok(Expression::Map(entries.into()));
                }
                _ => {
                    let found = self.describe(token);
                    return Err(self.error(token, &format!("expected `,` or `}}` in a map, found {found}")));
                }
            }
        }
    }
}
