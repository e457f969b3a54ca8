//! Text → [`Filter`].
//!
//! ```text
//! or       := and { '||' and }
//! and      := operand { '&&' operand }
//! operand  := '(' or ')' | '!' operand | side [ operator side ]
//! side     := path | literal | /regex/flags
//! ```
//! In the early dialect a literal without quotes is a text.

use super::super::cursor::{Cursor, Read, Stop, unescape};
use super::super::parser::{Limits, compile_nested};
use super::decimal::Decimal;
use super::literal::read_lenient;
use super::operand::Literal;
use super::pattern::{FLAGS, Pattern};
use super::{Filter, Operator, Relation, Side};

/// How deep parentheses and `!` may nest.
const NESTING_MAX: usize = 64;

/// Compiles `[?(…)]`, brackets included.
pub(crate) fn compile(text: &[char], limits: &mut Limits) -> Read<Filter> {
    let mut cursor = Cursor::new(text);
    let shown = || text.iter().collect::<String>();
    cursor.trim();
    if !cursor.current_is('[') || !cursor.last_is(']') {
        return Err(cursor.invalid(format!("Filter must start with '[' and end with ']'. {}", shown())));
    }
    cursor.advance(1);
    cursor.shrink_end();
    cursor.trim();
    if !cursor.current_is('?') {
        return Err(cursor.invalid(format!("Filter must start with '[?' and end with ']'. {}", shown())));
    }
    cursor.advance(1);
    cursor.trim();
    if !cursor.current_is('(') || !cursor.last_is(')') {
        return Err(cursor.invalid(format!("Filter must start with '[?(' and end with ')]'. {}", shown())));
    }
    let mut parser = Parser { cursor, limits, nesting: 0 };
    parser.whole().map_err(|stop| match stop {
        Stop::Invalid(error) => Stop::Invalid(error),
        Stop::Broken => {
            let cursor = &parser.cursor;
            let at = cursor.position();
            match cursor.at(at) {
                Ok(c) => cursor.invalid(format!(
                    "Failed to parse filter: {}, error on position: {at}, char: {c}",
                    cursor.text()
                )),
                Err(stop) => stop,
            }
        }
    })
}

struct Parser<'t, 'l> {
    cursor: Cursor<'t>,
    limits: &'l mut Limits,
    nesting: usize,
}

impl Parser<'_, '_> {
    fn whole(&mut self) -> Read<Filter> {
        let filter = self.or()?;
        self.cursor.skip_blanks();
        if self.cursor.in_bounds() {
            let rest = self.cursor.slice_text(self.cursor.position(), self.cursor.end())?;
            return Err(self.cursor.invalid(format!("Expected end of filter expression instead of: {rest}")));
        }
        Ok(filter)
    }

    fn or(&mut self) -> Read<Filter> {
        let mut conditions = vec![self.and()?];
        while self.operator_follows('|') {
            conditions.push(self.and()?);
        }
        Ok(single(conditions).unwrap_or_else(Filter::Or))
    }

    fn and(&mut self) -> Read<Filter> {
        let mut conditions = vec![self.operand()?];
        while self.operator_follows('&') {
            conditions.push(self.operand()?);
        }
        Ok(single(conditions).unwrap_or_else(Filter::And))
    }

    /// Reads `||` or `&&`, if it comes next.
    fn operator_follows(&mut self, c: char) -> bool {
        let before = self.cursor.position();
        let at = self.cursor.skip_blanks().position();
        let follows = self.cursor.get(at) == Some(c) && self.cursor.get(at + 1) == Some(c);
        self.cursor.set_position(if follows { at + 2 } else { before });
        follows
    }

    fn operand(&mut self) -> Read<Filter> {
        self.nesting += 1;
        if NESTING_MAX < self.nesting {
            return Err(self.cursor.invalid(format!("Filter nests deeper than {NESTING_MAX}")));
        }
        let filter = self.nested_operand();
        self.nesting -= 1;
        filter
    }

    fn nested_operand(&mut self) -> Read<Filter> {
        let before = self.cursor.skip_blanks().position();
        if self.cursor.current()? == '!' {
            self.cursor.advance(1);
            if !matches!(self.cursor.skip_blanks().current()?, '$' | '@') {
                return Ok(Filter::Not(Box::new(self.operand()?)));
            }
            self.cursor.set_position(before);
        }
        if self.cursor.skip_blanks().current()? == '(' {
            self.cursor.advance(1);
            let filter = self.or()?;
            if self.cursor.skip_blanks().current()? != ')' {
                return Err(self.cursor.invalid("Expected character: )"));
            }
            self.cursor.advance(1);
            return Ok(filter);
        }
        self.relation()
    }

    fn relation(&mut self) -> Read<Filter> {
        let (left, expected) = self.side()?;
        let after_left = self.cursor.position();
        match self.operator_and_right() {
            Ok((operator, right)) => {
                return Ok(Filter::Relation(Box::new(Relation { left, operator, right })));
            }
            Err(Stop::Invalid(_)) => self.cursor.set_position(after_left),
            Err(Stop::Broken) => return Err(Stop::Broken),
        }
        match left {
            Side::Path(path) => Ok(Filter::Exists { path, expected }),
            Side::Literal(_) => Err(self.cursor.invalid("Expected path node")),
        }
    }

    fn operator_and_right(&mut self) -> Read<(Operator, Side)> {
        let start = self.cursor.skip_blanks().position();
        let is_symbol = is_operator_char(self.cursor.current()?);
        while let Some(c) = self.cursor.get(self.cursor.position()) {
            if is_symbol && !is_operator_char(c) || !is_symbol && c == ' ' {
                break;
            }
            self.cursor.advance(1);
        }
        let text = self.cursor.slice_text(start, self.cursor.position())?;
        let operator = Operator::parse(&text)
            .ok_or_else(|| self.cursor.invalid(format!("Filter operator {text} is not supported!")))?;
        let (right, _) = self.side()?;
        Ok((operator, right))
    }

    /// An operand and, for a path, whether it is expected to exist (no `!` before it).
    fn side(&mut self) -> Read<(Side, bool)> {
        match self.cursor.skip_blanks().current()? {
            '$' | '@' => self.path(),
            '!' => {
                self.cursor.advance(1);
                match self.cursor.skip_blanks().current()? {
                    '$' | '@' => self.path(),
                    _ => Err(self.cursor.invalid("Unexpected character: !")),
                }
            }
            _ if self.limits.dialect.is_early() => Ok((Side::Literal(self.early_literal()?), true)),
            _ => Ok((Side::Literal(self.literal()?), true)),
        }
    }

    fn path(&mut self) -> Read<(Side, bool)> {
        let start = self.cursor.position();
        let is_negated = matches!(self.cursor.significant_before(start), Some((_, '!')));
        self.cursor.advance(1);
        while self.cursor.in_bounds() {
            let at = self.cursor.position();
            if self.cursor.current_is('[') {
                match self.cursor.index_of_closing(at, '[', ']', false)? {
                    Some(close) => self.cursor.set_position(close + 1),
                    None => {
                        let text = self.cursor.text();
                        return Err(self
                            .cursor
                            .invalid(format!("Square brackets does not match in filter {text}")));
                    }
                }
            }
            let c = self.cursor.current()?;
            let ends = c == ' '
                || is_operator_char(c)
                || c == ')' && !self.closes_call(start)
                || self.limits.dialect.is_early() && self.joins_at(self.cursor.position());
            if !self.cursor.in_bounds() || ends {
                break;
            }
            self.cursor.advance(1);
        }
        let text = self.cursor.slice_text(start, self.cursor.position())?;
        Ok((Side::Path(compile_nested(&text, self.limits)?), !is_negated))
    }

    /// Whether there is `&&` or `||` at `index`.
    fn joins_at(&self, index: usize) -> bool {
        matches!(self.cursor.get(index), Some(c @ ('&' | '|')) if self.cursor.get(index + 1) == Some(c))
    }

    /// Whether the `)` here belongs to a call without arguments, `@.a.length()`.
    fn closes_call(&self, path_start: usize) -> bool {
        match self.cursor.significant_before(self.cursor.position()) {
            Some((open, '(')) => (path_start + 1..open).any(|i| self.cursor.get(i) == Some('.')),
            _ => false,
        }
    }

    fn literal(&mut self) -> Read<Literal> {
        match self.cursor.skip_blanks().current()? {
            quote @ ('\'' | '"') => self.string(quote),
            't' | 'f' => self.boolean(),
            'n' => {
                let start = self.cursor.position();
                if self.cursor.slice(start, start + 4).is_ok_and(|text| text == ['n', 'u', 'l', 'l']) {
                    self.cursor.advance(4);
                    return Ok(Literal::Null);
                }
                Err(self.cursor.invalid("Expected <null> value"))
            }
            '{' => self.json('{', '}'),
            '[' => self.json('[', ']'),
            '/' => self.pattern(),
            _ => self.number(),
        }
    }

    /// A literal of the early dialect: text in quotes, a pattern, or else plain text up to the end of the relation.
    fn early_literal(&mut self) -> Read<Literal> {
        match self.cursor.skip_blanks().current()? {
            quote @ ('\'' | '"') => return self.string(quote),
            '/' => return self.pattern(),
            _ => {}
        }
        let start = self.cursor.position();
        let mut depth = 0_usize;
        while let Some(c) = self.cursor.get(self.cursor.position()) {
            match c {
                '(' => depth += 1,
                ')' if depth == 0 => break,
                ')' => depth -= 1,
                c if is_operator_char(c) || self.joins_at(self.cursor.position()) => break,
                _ => {}
            }
            self.cursor.advance(1);
        }
        let text = self.cursor.slice_text(start, self.cursor.position())?;
        match text.trim_end() {
            "" => Err(self.cursor.invalid("Expected a value")),
            text => Ok(Literal::String(text.to_owned())),
        }
    }

    fn string(&mut self, quote: char) -> Read<Literal> {
        let start = self.cursor.position();
        let Some(close) = self.cursor.index_of_unescaped(start + 1, quote) else {
            let text = self.cursor.text();
            return Err(self.cursor.invalid(format!(
                "String literal does not have matching quotes. Expected {quote} in {text}"
            )));
        };
        self.cursor.set_position(close + 1);
        Ok(Literal::String(unescape(self.cursor.slice(start + 1, close)?)))
    }

    fn boolean(&mut self) -> Read<Literal> {
        let start = self.cursor.position();
        for (word, value) in [("true", true), ("false", false)] {
            if self.cursor.slice_text(start, start + word.len()).is_ok_and(|text| text == word) {
                self.cursor.advance(word.len());
                return Ok(Literal::Bool(value));
            }
        }
        Err(self.cursor.invalid("Expected boolean literal"))
    }

    fn json(&mut self, open: char, close: char) -> Read<Literal> {
        let start = self.cursor.position();
        let Some(end) = self.cursor.index_of_closing(start, open, close, false)? else {
            let text = self.cursor.text();
            return Err(self.cursor.invalid(format!("String not closed. Expected ' in {text}")));
        };
        self.cursor.set_position(end + 1);
        let text = self.cursor.slice_text(start, end + 1)?;
        Ok(Literal::Json(read_lenient(&text)))
    }

    fn number(&mut self) -> Read<Literal> {
        let start = self.cursor.position();
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | 'E' | 'e');
        while self.cursor.get(self.cursor.position()).is_some_and(is_part) {
            self.cursor.advance(1);
        }
        let text = self.cursor.slice_text(start, self.cursor.position())?;
        Ok(Literal::Number(Decimal::parse(&text).ok_or(Stop::Broken)?))
    }

    fn pattern(&mut self) -> Read<Literal> {
        let start = self.cursor.position();
        let Some(close) = self.cursor.index_of_unescaped(start + 1, '/') else {
            let text = self.cursor.text();
            return Err(self.cursor.invalid(format!("Pattern not closed. Expected / in {text}")));
        };
        let mut end = close + 1;
        while self.cursor.get(end).is_some_and(|c| FLAGS.contains(c)) {
            end += 1;
        }
        self.cursor.set_position(end);
        let source = self.cursor.slice_text(start + 1, close)?;
        let flags = self.cursor.slice_text(close + 1, end)?;
        Ok(Literal::Pattern(Pattern::compile(&source, &flags).ok_or(Stop::Broken)?))
    }
}

/// The only condition, or all of them if there are several.
fn single(mut conditions: Vec<Filter>) -> Result<Filter, Vec<Filter>> {
    if conditions.len() == 1 { conditions.pop().ok_or(conditions) } else { Err(conditions) }
}

fn is_operator_char(c: char) -> bool {
    matches!(c, '<' | '>' | '=' | '~' | '!')
}
