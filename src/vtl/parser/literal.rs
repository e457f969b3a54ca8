//! Numbers and strings.

use super::{Parser, parse_piece};
use crate::vtl::ast::{Block, Constant, Expression, Node};
use crate::vtl::error::ParseError;
use crate::vtl::lexer::Source;
use crate::vtl::token::Token;

impl Parser<'_, '_> {
    pub(super) fn integer(&self, token: Token) -> Result<Constant, ParseError> {
        let image = self.image(token);
        let digits = image
            .get(image.find(|c: char| c == '-' || c.is_ascii_digit()).unwrap_or(0)..)
            .unwrap_or_default();
        if let Ok(int) = digits.parse() {
            return Ok(Constant::Int(int));
        }
        if let Ok(long) = digits.parse() {
            return Ok(Constant::Long(long));
        }
        digits
            .parse()
            .map(Constant::Big)
            .map_err(|_| self.error(token, "a whole number of more than 128 bits"))
    }

    pub(super) fn float(&self, token: Token) -> Result<Constant, ParseError> {
        let image = self.image(token);
        let parsed = image.parse().map(Constant::Double);
        parsed.map_err(|_| self.error(token, &format!("`{image}` is not a number")))
    }

    /// A string. In single quotes it is taken literally, in double quotes it is a template.
    pub(super) fn string(&mut self, token: Token) -> Result<Expression, ParseError> {
        let image = self.image(token);
        let inner = image.get(1..image.len().saturating_sub(1)).unwrap_or_default();
        if image.starts_with('\'') {
            return Ok(constant(&inner.replace("''", "'")));
        }
        let text = self.unescape(token, inner)?.replace("\"\"", "\"");
        if !inner.contains(['$', '#']) {
            return Ok(constant(&text));
        }
        // Velocity adds a blank, because its lexer needs to see what ends a reference, and removes the last character
        // of the result. A line comment would swallow the blank, so there it does neither.
        let is_padded = !text.contains("##");
        let padded = if is_padded { format!("{text} ") } else { text };
        let source =
            Source { text: &padded, whole: self.source.whole, base: self.source.base + token.start + 1 };
        let mut nodes = parse_piece(source, self.tables, self.depth)?.0.into_vec();
        let mut is_unpadded = is_padded;
        if is_padded && let Some(Node::Text(last)) = nodes.last_mut() {
            let trimmed = last.strip_suffix(' ').map(Box::from);
            is_unpadded = trimmed.is_none();
            if let Some(trimmed) = trimmed {
                *last = trimmed;
            }
        }
        if let ([Node::Text(text)], false) = (&*nodes, is_unpadded) {
            return Ok(constant(text));
        }
        Ok(Expression::Interpolated(Box::new(Block(nodes.into())), is_unpadded))
    }

    /// Replaces `\u0041` by the character, the only escape in strings.
    fn unescape(&self, token: Token, inner: &str) -> Result<String, ParseError> {
        let mut units = Vec::new();
        let mut out = String::new();
        let mut rest = inner;
        while let Some(at) = rest.find("\\u") {
            if at != 0 {
                out.push_str(&String::from_utf16_lossy(&std::mem::take(&mut units)));
            }
            out.push_str(&rest[..at]);
            let hex = rest.get(at + 2..at + 6).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let Some(unit) = hex.and_then(|hex| u16::from_str_radix(hex, 16).ok()) else {
                return Err(
                    self.error(token, "`\\u` in a string must be followed by four hexadecimal digits")
                );
            };
            units.push(unit);
            rest = &rest[at + 6..];
        }
        out.push_str(&String::from_utf16_lossy(&units));
        out.push_str(rest);
        Ok(out)
    }
}

fn constant(text: &str) -> Expression {
    Expression::Constant(Constant::Str(text.into()))
}
