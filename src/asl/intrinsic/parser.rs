//! Text → [`Call`].
//!
//! ```text
//! call     := 'States.' name '(' [ argument { ',' argument } ] ')'
//! argument := call | path | string | number | 'null' | 'true' | 'false'
//! string   := "'" { character | '\' ( "'" | '{' | '}' | '\' ) } "'"
//! ```
//! Blanks may stand around arguments and behind the call as a whole.

use serde_json::{Number, Value};

use super::call::{Argument, Call};
use super::error::IntrinsicSyntaxError;
use super::format::Template;
use super::function::{Function, PREFIX};
use super::reference::Reference;

/// How deep calls may nest, the outermost included.
const NESTING_MAX: usize = 10;

pub(super) fn parse(text: &str) -> Result<Call, IntrinsicSyntaxError> {
    let mut parser = Parser { text, at: 0 };
    let call = parser.call(1)?;
    parser.skip_blanks();
    if parser.at != text.len() {
        return Err(parser.expected("the end of the expression"));
    }
    Ok(call)
}

struct Parser<'t> {
    text: &'t str,
    /// Byte offset.
    at: usize,
}

type Parse<T> = Result<T, IntrinsicSyntaxError>;

impl<'t> Parser<'t> {
    fn call(&mut self, level: usize) -> Parse<Call> {
        if NESTING_MAX < level {
            return Err(IntrinsicSyntaxError::TooDeep { max: NESTING_MAX, position: self.position() });
        }
        let start = self.at;
        if !self.rest().starts_with(PREFIX) {
            return Err(self.expected("a call of a States function"));
        }
        self.at += PREFIX.len();
        let name = self.take_while(|c| c.is_ascii_alphanumeric());
        let function = Function::from_name(name).ok_or_else(|| IntrinsicSyntaxError::UnknownFunction {
            name: format!("{PREFIX}{name}"),
            position: self.position_of(start),
        })?;
        self.expect('(', "'('")?;
        let mut arguments = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(')') {
            self.next();
        } else {
            loop {
                arguments.push(self.argument(function, arguments.is_empty(), level)?);
                self.skip_blanks();
                match self.next() {
                    Some(',') => self.skip_blanks(),
                    Some(')') => break,
                    _ => return Err(self.expected("',' or ')'")),
                }
            }
        }
        if !function.arity().accepts(arguments.len()) {
            let (given, position) = (arguments.len(), self.position_of(start));
            return Err(IntrinsicSyntaxError::Arity { function, given, position });
        }
        Ok(Call { function, arguments })
    }

    fn argument(&mut self, function: Function, is_first: bool, level: usize) -> Parse<Argument> {
        match self.peek() {
            Some('$') => self.path(),
            Some('\'') => {
                let pieces = self.string()?;
                Ok(match function {
                    Function::Format if is_first => Argument::Template(Template::from_literal(&pieces)),
                    _ => Argument::Literal(Value::String(pieces.into_iter().map(|(c, _)| c).collect())),
                })
            }
            Some('-' | '0'..='9') => {
                let start = self.at;
                let text = self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
                let number: Number = text.parse().map_err(|_| IntrinsicSyntaxError::IllegalNumber {
                    text: text.to_owned(),
                    position: self.position_of(start),
                })?;
                Ok(Argument::Literal(Value::Number(number)))
            }
            Some('S') => Ok(Argument::Call(self.call(level + 1)?)),
            _ => {
                let literal = match self.take_while(|c| c.is_ascii_alphanumeric()) {
                    "null" => Value::Null,
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    _ => return Err(self.expected("an argument")),
                };
                Ok(Argument::Literal(literal))
            }
        }
    }

    /// A path goes on to the comma or parenthesis outside its own brackets and quotes.
    fn path(&mut self) -> Parse<Argument> {
        let start = self.at;
        let (mut brackets, mut parentheses) = (0_usize, 0_usize);
        while let Some(c) = self.peek() {
            match c {
                ',' | ')' if brackets == 0 && parentheses == 0 => break,
                '[' => brackets += 1,
                ']' => brackets = brackets.saturating_sub(1),
                '(' => parentheses += 1,
                ')' => parentheses = parentheses.saturating_sub(1),
                quote @ ('\'' | '"') if brackets != 0 => {
                    self.next();
                    while let Some(c) = self.peek().filter(|c| *c != quote) {
                        self.next();
                        if c == '\\' {
                            self.next();
                        }
                    }
                }
                _ => {}
            }
            self.next();
        }
        let text = self.text[start..self.at].trim_end();
        let reference = Reference::parse(text).map_err(|source| IntrinsicSyntaxError::IllegalPath {
            path: text.to_owned(),
            source,
            position: self.position_of(start),
        })?;
        Ok(Argument::Path(reference))
    }

    /// The characters of a string, each with whether it was escaped.
    fn string(&mut self) -> Parse<Vec<(char, bool)>> {
        self.next();
        let mut characters = Vec::new();
        loop {
            match self.next() {
                None => return Err(self.expected("a closing quote")),
                Some('\'') => return Ok(characters),
                Some('\\') => match self.next() {
                    Some(c @ ('\'' | '{' | '}' | '\\')) => characters.push((c, true)),
                    Some(found) => {
                        return Err(IntrinsicSyntaxError::IllegalEscape {
                            found,
                            position: self.position().saturating_sub(2),
                        });
                    }
                    None => return Err(self.expected("a closing quote")),
                },
                Some(c) => characters.push((c, false)),
            }
        }
    }

    fn expect(&mut self, c: char, expected: &'static str) -> Parse<()> {
        if self.peek() != Some(c) {
            return Err(self.expected(expected));
        }
        self.next();
        Ok(())
    }

    fn expected(&self, expected: &'static str) -> IntrinsicSyntaxError {
        IntrinsicSyntaxError::Expected { expected, position: self.position() }
    }

    fn position(&self) -> usize {
        self.position_of(self.at)
    }

    /// A byte offset in characters, as errors tell it.
    fn position_of(&self, at: usize) -> usize {
        self.text[..at].chars().count()
    }

    fn take_while(&mut self, accepts: fn(char) -> bool) -> &'t str {
        let start = self.at;
        while self.peek().is_some_and(accepts) {
            self.next();
        }
        &self.text[start..self.at]
    }

    fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }
}
