//! Source → tokens, with the lexical states of Velocity 1.7's grammar.
//!
//! These states are the reason for Velocity's odd whitespace and escape rules: which characters a token may include
//! depends on the state, the longest token wins, and some states end only at a character that they can't use. So the
//! lexer keeps Velocity's state machine; [`scan`] has the patterns.

mod scan;

use crate::vtl::error::{ParseError, Position};
use crate::vtl::token::{Kind, Specials, Token};

/// A lexical state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Text.
    Default,
    /// After `#`, before it is clear what follows.
    PreDirective,
    /// Inside the parentheses of a directive.
    Directive,
    /// After `$`.
    Reference,
    /// After a dot of a reference.
    RefModifier,
    /// Inside the parentheses of a method call.
    RefArguments,
    /// Inside the brackets of a reference.
    RefIndex,
    /// Inside `## …`.
    LineComment,
    /// Inside `#* … *#`.
    BlockComment,
    /// Inside `#[[ … ]]#`.
    Textblock,
}

/// What a matching pattern means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Match {
    Token(Kind),
    /// `$` or `$!`: the token continues.
    Dollar,
    /// `#`: the token continues.
    Hash,
    /// `#[[`
    TextblockOpen,
    /// `#*`
    BlockCommentOpen,
    /// A character of a text block.
    TextblockCharacter,
    /// A character of a comment.
    CommentCharacter,
    /// A character that ends a reference or a would-be directive.
    Terminator,
}

#[derive(Clone, Copy)]
struct Saved {
    state: State,
    opened: u32,
    closed: u32,
}

/// A source, or the part of one that is inside a string.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) text: &'s str,
    /// The whole source, and where in it `text` begins.
    pub(super) whole: &'s str,
    pub(super) base: usize,
}

impl Source<'_> {
    pub(super) fn position(&self, at: usize) -> Position {
        let mut offset = (self.base + at).min(self.whole.len());
        while !self.whole.is_char_boundary(offset) {
            offset -= 1;
        }
        Position::of(self.whole, offset)
    }
}

/// The lexer. It returns one token at a time, because the parser may change its state between tokens.
pub(super) struct Lexer<'s> {
    source: Source<'s>,
    at: usize,
    state: State,
    stack: Vec<Saved>,
    opened: u32,
    closed: u32,
    is_in_comment: bool,
    pub(super) is_in_set: bool,
    /// Pieces that looked like a reference or a directive but were not.
    specials: Vec<(usize, usize)>,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(source: Source<'s>) -> Self {
        Self {
            source,
            at: 0,
            state: State::Default,
            stack: Vec::new(),
            opened: 0,
            closed: 0,
            is_in_comment: false,
            is_in_set: false,
            specials: Vec::new(),
        }
    }

    /// Reads the next token.
    pub(super) fn next(&mut self) -> Result<Token, ParseError> {
        let specials_from = self.specials.len();
        let mut start = self.at;
        loop {
            if self.at == self.source.text.len() {
                if start < self.at {
                    return Err(self.ends_within(start));
                }
                return Ok(self.token(Kind::EndOfTemplate, start, specials_from));
            }
            let Some((matched, len)) = scan::longest(self.source.text.as_bytes(), self.at, self.state) else {
                return Err(self.unexpected(start));
            };
            self.at += len;
            match matched {
                Match::Token(kind) => {
                    self.on_token(kind);
                    return Ok(self.token(kind, start, specials_from));
                }
                Match::Dollar => self.on_dollar(),
                Match::Hash => self.on_hash(),
                Match::TextblockOpen => self.enter_comment(State::Textblock),
                Match::BlockCommentOpen => self.enter_comment(State::BlockComment),
                Match::TextblockCharacter => {}
                Match::CommentCharacter => start = self.at,
                Match::Terminator => {
                    // The character itself goes back; the text before it is kept separately.
                    self.specials.push((start, self.at));
                    self.at -= len;
                    start = self.at;
                    self.pop();
                }
            }
        }
    }

    /// Whether a `(` follows, after optional blanks.
    pub(super) fn is_left_parenthesis_ahead(&self) -> bool {
        let rest = self.source.text.as_bytes().get(self.at..).unwrap_or_default();
        let first = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        first == Some(&b'(')
    }

    pub(super) fn enter_directive(&mut self) {
        self.state = State::Directive;
    }

    /// Returns to the previous state; false if there is none.
    pub(super) fn pop(&mut self) -> bool {
        let Some(saved) = self.stack.pop() else {
            self.opened = 0;
            self.state = State::Default;
            return false;
        };
        self.opened = saved.opened;
        self.closed = saved.closed;
        self.state = saved.state;
        true
    }

    /// The printed characters of the special pieces before a token: `$`, `#`, and backslashes before a `$`.
    pub(super) fn special_text(&self, specials: Specials) -> String {
        let mut out = String::new();
        let (from, to) = (specials.from as usize, specials.to as usize);
        for (start, end) in self.specials.get(from..to).unwrap_or_default() {
            let piece = self.source.text.get(*start..*end).unwrap_or_default();
            let mut rest = piece;
            while let Some(c) = rest.chars().next() {
                let run = rest.len() - rest.trim_start_matches('\\').len();
                if matches!(c, '#' | '$') {
                    out.push(c);
                } else if run != 0 && rest[run..].starts_with('$') {
                    out.push_str(&rest[..=run]);
                    // Velocity skips one character too many here.
                    rest = &rest[run + 1..];
                }
                rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
            }
        }
        out
    }

    fn token(&self, kind: Kind, start: usize, specials_from: usize) -> Token {
        // A template has at most 2³² bytes, and every special piece takes at least one.
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let specials = Specials { from: place(specials_from), to: place(self.specials.len()) };
        Token { kind, start, end: self.at, specials }
    }

    fn push(&mut self, state: State) {
        self.stack.push(Saved { state: self.state, opened: self.opened, closed: self.closed });
        self.opened = 0;
        self.state = state;
    }

    fn enter_comment(&mut self, state: State) {
        if !self.is_in_comment {
            self.is_in_comment = true;
            self.push(state);
        }
    }

    fn on_dollar(&mut self) {
        if self.is_in_comment {
            return;
        }
        if self.state == State::Reference {
            self.pop();
        }
        self.push(State::Reference);
    }

    fn on_hash(&mut self) {
        if self.is_in_comment {
            return;
        }
        if matches!(self.state, State::Reference | State::RefModifier) {
            self.pop();
        }
        self.push(State::PreDirective);
    }

    fn on_token(&mut self, kind: Kind) {
        match kind {
            Kind::IndexOpen => self.push(State::RefIndex),
            Kind::IndexClose | Kind::End | Kind::Else | Kind::BraceClose => {
                self.pop();
            }
            Kind::ParenOpen => {
                self.opened += 1;
                if self.state == State::RefModifier {
                    self.state = State::RefArguments;
                }
            }
            Kind::ParenClose => self.on_paren_close(),
            Kind::CallClose => self.state = State::Reference,
            Kind::SetDirective => {
                self.push(State::Directive);
                self.is_in_set = true;
                self.opened += 1;
            }
            Kind::LineCommentOpen => {
                if !self.is_in_comment {
                    if self.state == State::Reference {
                        self.pop();
                    }
                    self.is_in_comment = true;
                    self.push(State::LineComment);
                }
            }
            Kind::LineCommentClose | Kind::BlockComment | Kind::Textblock => {
                self.is_in_comment = false;
                self.pop();
            }
            Kind::Quoted => {
                if self.state == State::Directive && !self.is_in_set && self.opened == 0 {
                    self.pop();
                }
            }
            Kind::Integer | Kind::Float => {
                let is_bare = self.opened == 0 && !self.is_in_set && self.state != State::RefArguments;
                if is_bare && !(kind == Kind::Integer && self.state == State::RefIndex) {
                    self.pop();
                }
            }
            Kind::If | Kind::ElseIf => self.state = State::Directive,
            Kind::Dot => self.state = State::RefModifier,
            Kind::ListOpen
            | Kind::ListClose
            | Kind::Comma
            | Kind::DoubleDot
            | Kind::Colon
            | Kind::MapOpen
            | Kind::MapClose
            | Kind::EscapedDirective
            | Kind::DoubleBackslash
            | Kind::Backslash
            | Kind::Text
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
            | Kind::Assign
            | Kind::Word
            | Kind::BracketedWord
            | Kind::Identifier
            | Kind::BraceOpen
            | Kind::EmptyIndex
            | Kind::EndOfTemplate => {}
        }
    }

    /// Returns to the state below the one that this `)` closes.
    fn on_paren_close(&mut self) {
        if self.is_in_comment {
            return;
        }
        loop {
            if self.opened == 0 {
                if !self.pop() {
                    return;
                }
            } else if self.opened == self.closed + 1 {
                self.pop();
                return;
            } else {
                self.closed += 1;
                return;
            }
        }
    }

    fn ends_within(&self, start: usize) -> ParseError {
        let what = match self.state {
            State::Textblock => "the text block `#[[` is never closed, expected `]]#`",
            State::BlockComment => "the comment `#*` is never closed, expected `*#`",
            State::LineComment => "a comment on the last line must not end in `$` or `#`",
            State::PreDirective => {
                "a `#` at the very end of the template is not a directive, write `#[[#]]#`"
            }
            State::Default
            | State::Directive
            | State::Reference
            | State::RefModifier
            | State::RefArguments
            | State::RefIndex => "a `$` at the very end of the template names nothing, write `#[[$]]#`",
        };
        ParseError::new(self.source.position(start), what)
    }

    fn unexpected(&self, start: usize) -> ParseError {
        let found = self.source.text.get(self.at..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
        let message = match (found, self.state) {
            ('"' | '\'', _) => format!("the string that begins with `{found}` is never closed"),
            (_, State::RefArguments) => {
                format!(
                    "an argument must be a quoted string, a number, a reference or a literal; found `{found}`"
                )
            }
            (_, State::RefIndex) => {
                format!("an index must be a quoted string, a number or a reference; found `{found}`")
            }
            (
                _,
                State::Default
                | State::PreDirective
                | State::Directive
                | State::Reference
                | State::RefModifier
                | State::LineComment
                | State::BlockComment
                | State::Textblock,
            ) => format!("`{found}` has no meaning within a directive"),
        };
        ParseError::new(self.source.position(self.at.max(start)), message)
    }
}
