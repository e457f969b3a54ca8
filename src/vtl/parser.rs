//! Tokens → tree, by the grammar of Velocity 1.7.
//!
//! This file has statements and text. [`directive`] has directives with arguments, [`reference`] references,
//! [`expression`] everything that has a value, and [`literal`] numbers and strings.

mod directive;
mod expression;
mod literal;
mod reference;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::vtl::ast::{Assignment, Block, Branch, Macro, Node, Offset};
use crate::vtl::error::ParseError;
use crate::vtl::lexer::{Lexer, Source};
use crate::vtl::names::Names;
use crate::vtl::token::{Kind, Token};

/// How deep blocks, brackets and strings may nest; deeper templates are refused.
const DEPTH_MAX: u32 = 64;

/// API Gateway's quota is 300 KB; the parser itself only requires that offsets fit 32 bits.
const SOURCE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What parsing produces besides the tree. Strings inside the template add to the same tables.
#[derive(Clone, Default, Debug)]
pub(super) struct Tables {
    pub(super) names: Names,
    /// All macros of the template. They can be called before they are defined.
    pub(super) macros: HashMap<Box<str>, Arc<Macro>>,
}

/// Parses a whole source.
pub(super) fn parse(source: &str, tables: &mut Tables) -> Result<Block, ParseError> {
    parse_piece(Source { text: source, whole: source, base: 0 }, tables, 0)
}

fn parse_piece(source: Source<'_>, tables: &mut Tables, depth: u32) -> Result<Block, ParseError> {
    if SOURCE_BYTES_MAX < source.whole.len() {
        let message = format!("the template is larger than {SOURCE_BYTES_MAX} bytes");
        return Err(ParseError::new(source.position(0), message));
    }
    let mut parser = Parser {
        source,
        lexer: Lexer::new(source),
        ahead: VecDeque::new(),
        tables,
        depth,
        taken_end: 0,
        last_end: 0,
        comments: Vec::new(),
    };
    let (block, _) = parser.block(&[Kind::EndOfTemplate], None)?;
    Ok(block)
}

struct Parser<'s, 't> {
    source: Source<'s>,
    lexer: Lexer<'s>,
    /// Tokens read ahead but not taken yet. Never more than the grammar needs, because the lexer's state may still
    /// change.
    ahead: VecDeque<Token>,
    tables: &'t mut Tables,
    depth: u32,
    /// The ends of the last token taken and of the one before it.
    taken_end: usize,
    last_end: usize,
    /// The comments; `#literal` leaves them out.
    comments: Vec<(usize, usize)>,
}

/// The end of a block that is being parsed. Consecutive text is joined into one piece.
#[derive(Default)]
struct Nodes(Vec<Node>, String);

impl Nodes {
    fn text(&mut self, text: &str) {
        self.1.push_str(text);
    }

    fn push(&mut self, node: Node) {
        self.flush();
        self.0.push(node);
    }

    fn flush(&mut self) {
        if !self.1.is_empty() {
            self.0.push(Node::Text(std::mem::take(&mut self.1).into()));
        }
    }

    fn finish(mut self) -> Block {
        self.flush();
        Block(self.0.into())
    }
}

impl<'s> Parser<'s, '_> {
    // === tokens ===

    fn peek(&mut self) -> Result<Token, ParseError> {
        self.peek_at(0)
    }

    fn peek_at(&mut self, n: usize) -> Result<Token, ParseError> {
        loop {
            if let Some(token) = self.ahead.get(n) {
                return Ok(*token);
            }
            let token = self.lexer.next()?;
            self.ahead.push_back(token);
        }
    }

    fn take(&mut self) -> Result<Token, ParseError> {
        let token = match self.ahead.pop_front() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        self.last_end = std::mem::replace(&mut self.taken_end, token.end);
        Ok(token)
    }

    fn take_if(&mut self, kind: Kind) -> Result<Option<Token>, ParseError> {
        if self.peek()?.kind == kind { self.take().map(Some) } else { Ok(None) }
    }

    fn skip_whitespace(&mut self) -> Result<(), ParseError> {
        self.take_if(Kind::Whitespace).map(drop)
    }

    fn expect(&mut self, kind: Kind, after: &str) -> Result<Token, ParseError> {
        let token = self.peek()?;
        if token.kind == kind {
            return self.take();
        }
        Err(self.error(token, &format!("expected {} {after}, found {}", kind.name(), self.describe(token))))
    }

    fn image(&self, token: Token) -> &'s str {
        self.source.text.get(token.start..token.end).unwrap_or_default()
    }

    fn offset(&self, at: usize) -> Offset {
        Offset::try_from(self.source.base + at).unwrap_or(Offset::MAX)
    }

    // === errors ===

    fn error(&self, token: Token, message: &str) -> ParseError {
        ParseError::new(self.source.position(token.start), message)
    }

    /// Describes a token, with its text if that helps.
    fn describe(&self, token: Token) -> String {
        let image = self.image(token).trim();
        let is_named = matches!(
            token.kind,
            Kind::Text
                | Kind::Word
                | Kind::BracketedWord
                | Kind::Identifier
                | Kind::Integer
                | Kind::Float
                | Kind::Quoted
        );
        if is_named && !image.is_empty() {
            let shown: String = image.chars().take(24).collect();
            let dots = if shown.len() < image.len() { "…" } else { "" };
            return format!("`{shown}{dots}`");
        }
        token.kind.name().to_owned()
    }

    /// Parses a nested part of the grammar, one level deeper.
    fn nested<T>(
        &mut self,
        at: Token,
        parse: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        if self.depth == DEPTH_MAX {
            return Err(self.error(at, &format!("nested more than {DEPTH_MAX} levels deep")));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    // === statements ===

    /// Parses statements up to one of the closing tokens, and takes that token.
    fn block(
        &mut self,
        closers: &[Kind],
        opener: Option<(Token, &str)>,
    ) -> Result<(Block, Token), ParseError> {
        let mut nodes = Nodes::default();
        loop {
            let token = self.peek()?;
            if closers.contains(&token.kind) {
                return Ok((nodes.finish(), self.take()?));
            }
            self.statement(token, opener, &mut nodes)?;
        }
    }

    fn statement(
        &mut self,
        token: Token,
        opener: Option<(Token, &str)>,
        nodes: &mut Nodes,
    ) -> Result<(), ParseError> {
        match token.kind {
            Kind::If => {
                let node = self.nested(token, Self::if_statement)?;
                nodes.push(node);
            }
            Kind::Identifier => self.reference_statement(nodes)?,
            Kind::BraceOpen if self.peek_at(1)?.kind == Kind::Identifier => {
                self.reference_statement(nodes)?
            }
            Kind::LineCommentOpen => {
                // Text that the lexer attached in front, as in `$##`, is printed.
                let open = self.take()?;
                let image = self.image(open);
                nodes.text(image.split("##").next().unwrap_or_default());
                let close = self.take_if(Kind::LineCommentClose)?;
                let end = close.map_or(self.source.text.len(), |close| close.start);
                self.comments.push((open.end, end));
            }
            Kind::BlockComment => {
                let comment = self.take()?;
                self.comments.push((self.last_end, comment.end));
            }
            Kind::Textblock => {
                let image = {
                    let block = self.take()?;
                    self.image(block)
                };
                let inner = image.strip_suffix("]]#").unwrap_or(image);
                nodes.text(inner.strip_prefix("#[[").unwrap_or(inner));
            }
            Kind::SetDirective => {
                let node = self.set_directive()?;
                nodes.push(node);
            }
            Kind::EscapedDirective => self.escaped_directive(nodes)?,
            Kind::DoubleBackslash => self.escape(nodes)?,
            Kind::Word | Kind::BracketedWord => self.directive(nodes)?,
            Kind::Text
            | Kind::Dot
            | Kind::ParenClose
            | Kind::ParenOpen
            | Kind::Integer
            | Kind::Float
            | Kind::Quoted
            | Kind::Backslash
            | Kind::BraceOpen
            | Kind::BraceClose
            | Kind::EmptyIndex => {
                let text = self.take()?;
                if text.specials.from != text.specials.to {
                    nodes.text(&self.lexer.special_text(text.specials));
                }
                nodes.text(match self.image(text) {
                    // The lexer drops the text that it attached in front of a dot.
                    _ if text.kind == Kind::Dot => ".",
                    image => image,
                });
            }
            Kind::End | Kind::Else | Kind::ElseIf => {
                let name = token.kind.name();
                let message = match opener {
                    None => format!("{name} without a directive to belong to"),
                    Some((_, opener)) => format!("{name} cannot stand within {opener}, expected `#end`"),
                };
                return Err(self.error(token, &message));
            }
            Kind::EndOfTemplate => {
                return Err(match opener {
                    Some((opened, name)) => {
                        let line = self.source.position(opened.start).line;
                        self.error(
                            token,
                            &format!(
                                "expected `#end` for the {name} of line {line}, found the end of the template"
                            ),
                        )
                    }
                    None => self.error(token, "the template ends too early"),
                });
            }
            Kind::IndexOpen
            | Kind::IndexClose
            | Kind::ListOpen
            | Kind::ListClose
            | Kind::Comma
            | Kind::DoubleDot
            | Kind::Colon
            | Kind::MapOpen
            | Kind::MapClose
            | Kind::CallClose
            | Kind::LineCommentClose
            | Kind::Whitespace
            | Kind::True
            | Kind::False
            | Kind::Minus
            | Kind::Plus
            | Kind::Multiply
            | Kind::Divide
            | Kind::Modulo
            | Kind::And
            | Kind::Or
            | Kind::Less
            | Kind::LessOrEqual
            | Kind::Greater
            | Kind::GreaterOrEqual
            | Kind::Equal
            | Kind::NotEqual
            | Kind::Not
            | Kind::Assign => {
                let found = self.describe(token);
                return Err(
                    self.error(token, &format!("expected text, a reference or a directive, found {found}"))
                );
            }
        }
        Ok(())
    }

    fn reference_statement(&mut self, nodes: &mut Nodes) -> Result<(), ParseError> {
        match self.reference()? {
            reference::Parsed::Reference(reference) => nodes.push(Node::Reference(reference)),
            reference::Parsed::Text(text) => nodes.text(&text),
        }
        Ok(())
    }

    fn if_statement(&mut self) -> Result<Node, ParseError> {
        let opened = self.take()?;
        let opener = Some((opened, "`#if`"));
        let mut branches = Vec::new();
        let (mut name, mut token) = ("`#if`", opened);
        loop {
            self.skip_whitespace()?;
            self.expect(Kind::ParenOpen, &format!("after {name}"))?;
            let condition = self.expression()?;
            let close = self.expect(Kind::ParenClose, &format!("to close the condition of {name}"))?;
            let (block, closer) = self.block(&[Kind::ElseIf, Kind::Else, Kind::End], opener)?;
            let (at, end) = (self.offset(token.start), self.offset(close.end));
            branches.push(Branch { condition, block, at, end });
            match closer.kind {
                Kind::ElseIf => (name, token) = ("`#elseif`", closer),
                Kind::Else => {
                    let (otherwise, _) = self.block(&[Kind::End], Some((opened, "`#else`")))?;
                    return Ok(Node::If(branches.into(), Some(otherwise)));
                }
                _ => return Ok(Node::If(branches.into(), None)),
            }
        }
    }

    fn set_directive(&mut self) -> Result<Node, ParseError> {
        let opened = self.take()?;
        self.skip_whitespace()?;
        let token = self.peek()?;
        if !self.is_reference_ahead()? {
            let found = self.describe(token);
            return Err(
                self.error(token, &format!("#set assigns to a reference such as `$name`, found {found}"))
            );
        }
        let mut target = self.reference_value()?;
        if target.steps.is_empty() {
            target.slot = self.target_slot(&target);
        }
        self.skip_whitespace()?;
        self.expect(Kind::Assign, "after the reference that #set assigns to")?;
        let value = self.expression()?;
        let close = self.expect(Kind::ParenClose, "to close #set")?;
        self.lexer.is_in_set = false;
        let (at, end) = (self.offset(opened.start), self.offset(close.end));
        Ok(Node::Set(Box::new(Assignment { target, value, at, end })))
    }

    /// `\#name`: half of the backslashes if `#name` is a directive, otherwise all of them.
    fn escaped_directive(&mut self, nodes: &mut Nodes) -> Result<(), ParseError> {
        let image = {
            let token = self.take()?;
            self.image(token)
        };
        let last = image.rfind('\\').unwrap_or(0);
        let directive = image.get(last + 1..).unwrap_or_default();
        let name = directive.trim_start_matches('#');
        let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
        let is_known = directive::Directive::named(name).is_some()
            || self.tables.macros.contains_key(name)
            || matches!(name, "if" | "end" | "set" | "else" | "elseif");
        if is_known {
            nodes.text(image.get(..last / 2).unwrap_or_default());
            nodes.text(directive);
        } else {
            nodes.text(image);
        }
        Ok(())
    }

    /// Pairs of backslashes: halved before a directive, otherwise kept.
    fn escape(&mut self, nodes: &mut Nodes) -> Result<(), ParseError> {
        let mut pairs = 0;
        while self.peek()?.kind == Kind::DoubleBackslash {
            self.take()?;
            pairs += 1;
        }
        let next = self.peek()?;
        let name = self.image(next).get(1..).unwrap_or_default();
        let is_directive = matches!(next.kind, Kind::If | Kind::Else | Kind::ElseIf | Kind::End)
            || directive::Directive::named(name).is_some()
            || self.tables.macros.contains_key(name);
        nodes.text(&if is_directive { "\\" } else { "\\\\" }.repeat(pairs));
        Ok(())
    }
}
