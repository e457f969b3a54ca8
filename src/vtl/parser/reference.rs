//! References: `$name`, `$!{name.property[0].method(…)}`, and the backslashes before them.

use super::Parser;
use crate::vtl::ast::{Expression, Reference, ReferenceKind, Slot, Step};
use crate::vtl::error::ParseError;
use crate::vtl::token::{Kind, Token};

/// The result of parsing something that looked like a reference.
pub(super) enum Parsed {
    Reference(Reference),
    /// It never has a value; it is only text.
    Text(String),
}

/// The parts of a reference's first token.
struct Start<'s> {
    backslashes: &'s str,
    is_escaped: bool,
    prefix: &'s str,
    is_quiet: bool,
    kind: ReferenceKind,
    /// Where the reference itself begins.
    at: usize,
    /// The name, if it is in the first token.
    name: &'s str,
}

impl<'s> Parser<'s, '_> {
    pub(super) fn is_reference_ahead(&mut self) -> Result<bool, ParseError> {
        Ok(match self.peek()?.kind {
            Kind::Identifier => true,
            Kind::BraceOpen => self.peek_at(1)?.kind == Kind::Identifier,
            _ => false,
        })
    }

    /// The variable that a directive sets if it gets this reference.
    ///
    /// `#set`, `#define` and `#macro` take the whole first token except its `$` as the name. Given `$!name` or
    /// `${name}`, they set a variable that no reference can read.
    pub(super) fn target_slot(&mut self, reference: &Reference) -> Slot {
        let literal = &*reference.literal;
        let name = match literal.strip_prefix('$') {
            Some(rest) if rest.starts_with('{') => "{",
            Some(rest) if rest.starts_with("!{") => "!{",
            Some(rest) if rest.starts_with('!') => rest,
            Some(_) | None => return reference.slot,
        };
        self.tables.names.slot(name)
    }

    /// Parses a reference in text.
    pub(super) fn reference(&mut self) -> Result<Parsed, ParseError> {
        let reference = self.reference_value()?;
        Ok(match reference.kind {
            ReferenceKind::Variable => Parsed::Reference(reference),
            // In text, such a reference prints itself, with its backslashes halved as for any other.
            ReferenceKind::Word => Parsed::Text(reference.null_text.into()),
            ReferenceKind::Slashed => {
                let parts = [
                    &*reference.backslashes,
                    &reference.backslashes,
                    &reference.prefix,
                    &reference.null_text,
                ];
                Parsed::Text(parts.concat())
            }
        })
    }

    /// Parses a reference.
    pub(super) fn reference_value(&mut self) -> Result<Reference, ParseError> {
        let first = self.take()?;
        let start = self.start(first);
        let (name, mut end) = match first.kind {
            Kind::BraceOpen => {
                let name = self.expect(Kind::Identifier, "after `${`")?;
                (self.image(name), name.end)
            }
            _ => (start.name, first.end),
        };
        let mut glued = Vec::new();
        let steps = self.nested(first, |parser| parser.steps(&mut end, &mut glued))?;
        if first.kind == Kind::BraceOpen {
            let token = self.peek()?;
            if token.kind != Kind::BraceClose {
                let found = self.describe(token);
                let message = format!("`${{{name}` is not closed: expected `}}`, found {found}");
                return Err(self.error(token, &message));
            }
            end = self.take()?.end;
        }
        let mut literal = String::new();
        let mut at = start.at;
        for (from, to) in glued {
            literal.push_str(self.source.text.get(at..from).unwrap_or_default());
            at = to;
        }
        literal.push_str(self.source.text.get(at..end).unwrap_or_default());
        let literal = &*literal;
        let null_text = match start.kind {
            ReferenceKind::Slashed => slashed_text(self.image(first)),
            // A bare word or brace prints only its first token.
            ReferenceKind::Word => start.name.to_owned(),
            ReferenceKind::Variable if start.is_quiet && !start.is_escaped => String::new(),
            ReferenceKind::Variable => literal.to_owned(),
        };
        Ok(Reference {
            slot: if start.kind == ReferenceKind::Variable { self.tables.names.slot(name) } else { 0 },
            steps: steps.into(),
            null_text: null_text.into(),
            literal: literal.into(),
            prefix: start.prefix.into(),
            backslashes: start.backslashes.into(),
            is_escaped: start.is_escaped,
            kind: start.kind,
            at: self.offset(start.at),
        })
    }

    fn start(&self, first: Token) -> Start<'s> {
        let image = self.image(first);
        if image.contains("\\!") {
            let kind = ReferenceKind::Slashed;
            return Start {
                backslashes: "",
                is_escaped: false,
                prefix: "",
                is_quiet: false,
                kind,
                at: first.start,
                name: image,
            };
        }
        let n_backslashes = image.len() - image.trim_start_matches('\\').len();
        let (backslashes, image) = image.split_at(n_backslashes);
        let (prefix, image) = image.split_at(image.rfind('$').unwrap_or(0));
        let at = first.start + n_backslashes + prefix.len();
        let Some(name) = image.strip_prefix('$') else {
            let kind = ReferenceKind::Word;
            return Start {
                backslashes: "",
                is_escaped: false,
                prefix: "",
                is_quiet: false,
                kind,
                at,
                name: image,
            };
        };
        let (is_quiet, name) = name.strip_prefix('!').map_or((false, name), |name| (true, name));
        Start {
            backslashes: backslashes.get(..n_backslashes / 2).unwrap_or_default(),
            is_escaped: n_backslashes % 2 == 1,
            prefix,
            is_quiet,
            kind: ReferenceKind::Variable,
            at,
            name,
        }
    }

    /// Parses the steps. `glued` collects the text that the lexer attached in front of their dots, which is never
    /// printed.
    fn steps(&mut self, end: &mut usize, glued: &mut Vec<(usize, usize)>) -> Result<Vec<Step>, ParseError> {
        let mut steps = Vec::new();
        self.indexes(&mut steps, end)?;
        while self.peek()?.kind == Kind::Dot && self.peek_at(1)?.kind == Kind::Identifier {
            let dot = self.take()?;
            glued.push((dot.start, dot.end - 1));
            if self.is_method_ahead()? {
                let method = self.method(end)?;
                steps.push(method);
            } else {
                let property = self.take()?;
                *end = property.end;
                steps.push(Step::Property(self.image(property).into(), self.offset(property.start)));
            }
            self.indexes(&mut steps, end)?;
        }
        Ok(steps)
    }

    fn indexes(&mut self, steps: &mut Vec<Step>, end: &mut usize) -> Result<(), ParseError> {
        while let Some(open) = self.take_if(Kind::IndexOpen)? {
            self.skip_whitespace()?;
            let token = self.peek()?;
            let is_index = matches!(token.kind, Kind::Quoted | Kind::Integer | Kind::True | Kind::False);
            if !is_index && !self.is_reference_ahead()? {
                let found = self.describe(token);
                let message = format!(
                    "an index must be a quoted string, a whole number or a reference; found {found} \
                     (to print a `[` after a reference write `${{name}}[`)"
                );
                return Err(self.error(token, &message));
            }
            let index = self.nested(open, Self::parameter_value)?;
            self.skip_whitespace()?;
            *end = self.expect(Kind::IndexClose, "to close the index")?.end;
            steps.push(Step::Index(Box::new(index), self.offset(open.start)));
        }
        Ok(())
    }

    /// The grammar looks three tokens ahead: a name, `(`, and something that could be an argument.
    fn is_method_ahead(&mut self) -> Result<bool, ParseError> {
        Ok(self.peek_at(1)?.kind == Kind::ParenOpen
            && matches!(
                self.peek_at(2)?.kind,
                Kind::Whitespace
                    | Kind::Quoted
                    | Kind::Integer
                    | Kind::Float
                    | Kind::ListOpen
                    | Kind::MapOpen
                    | Kind::True
                    | Kind::False
                    | Kind::Identifier
                    | Kind::BraceOpen
                    | Kind::CallClose
            ))
    }

    fn method(&mut self, end: &mut usize) -> Result<Step, ParseError> {
        let name = self.take()?;
        self.take()?;
        let mut arguments = Vec::new();
        if self.peek()?.kind != Kind::CallClose {
            loop {
                arguments.push(self.parameter()?);
                let token = self.peek()?;
                match token.kind {
                    Kind::Comma => {
                        self.take()?;
                    }
                    Kind::CallClose => break,
                    _ => return Err(self.unclosed_call(name, arguments.last(), token)),
                }
            }
        }
        *end = self.take()?.end;
        Ok(Step::Method(self.image(name).into(), arguments.into(), self.offset(name.start)))
    }

    /// The error for an argument that isn't closed. Missing quotes are the usual cause, so the message says so.
    fn unclosed_call(&self, method: Token, last: Option<&Expression>, token: Token) -> ParseError {
        let method = self.image(method);
        if let Some(Expression::Reference(word)) = last
            && word.kind == ReferenceKind::Word
        {
            let start = (word.at as usize).saturating_sub(self.source.base);
            let rest = self.source.text.get(start..).unwrap_or_default();
            let written: String =
                rest.chars().take_while(|c| !matches!(c, ')' | ',' | '\n' | '\r')).take(80).collect();
            let written = written.trim_end();
            let message = format!(
                "the argument of `{method}(…)` is not quoted: found `{written}`, expected `'{written}'`, \
                 a number or a reference"
            );
            return ParseError::new(self.source.position(start), message);
        }
        let found = self.describe(token);
        self.error(token, &format!("expected `,` or `)` after an argument of `{method}(…)`, found {found}"))
    }
}

/// `$\!name` is not a reference; it loses one backslash.
fn slashed_text(literal: &str) -> String {
    let dollar = literal.find('$').unwrap_or(0);
    let first = literal.get(dollar..).and_then(|rest| rest.find('\\')).map_or(dollar, |index| dollar + index);
    let (before, rest) = literal.split_at(first);
    format!("{before}{}", rest.get(1..).unwrap_or_default())
}
