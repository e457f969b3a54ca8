//! What can go wrong: [`ParseError`] when a template is deployed, [`EvalError`] during a request.

use std::fmt;

use crate::json;
use crate::vtl::limits::LimitKind;

/// A position in a template's source. Line and column count from 1; columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The character within the line, from 1.
    pub column: u32,
}

impl Position {
    /// Converts a byte offset to line and column.
    pub(super) fn of(source: &str, offset: usize) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let column = 1 + before[line_start..].chars().count();
        Self { line: saturate(line), column: saturate(column) }
    }
}

fn saturate(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a source is not a template.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct ParseError {
    /// The line, from 1.
    pub line: u32,
    /// The character within the line, from 1.
    pub column: u32,
    /// What was expected and what was found.
    pub message: String,
}

impl ParseError {
    pub(super) fn new(at: Position, message: impl Into<String>) -> Self {
        Self { line: at.line, column: at.column, message: message.into() }
    }

    /// Renders the error for people: message, position, and the source line with a caret.
    pub fn render(&self, source: &str) -> String {
        render(&self.message, Position { line: self.line, column: self.column }, source)
    }
}

fn render(message: &str, at: Position, source: &str) -> String {
    let place = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    format!("{message}\n{}", json::excerpt(source, place(at.line), place(at.column)))
}

/// Why an evaluation failed.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The host returned an error. `source` is the host's own error, which can be downcast.
    #[error("{source} ({at})")]
    Host {
        /// The reference for which the host was called.
        at: Position,
        /// The host's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A limit was reached.
    #[error("{kind} ({at})")]
    Limit {
        /// Where the evaluation was at that moment.
        at: Position,
        /// The limit that was reached.
        kind: LimitKind,
    },
    /// A method threw an exception, as `$text.substring(99)` does in Java.
    #[error("method `{method}` failed: {message} ({at})")]
    Method {
        /// The position of the call.
        at: Position,
        /// The method's name.
        method: String,
        /// The message of Java's exception.
        message: String,
    },
    /// A feature of Velocity that mapping templates must not use, such as reflection.
    #[error("{what} is not available in mapping templates ({at})")]
    Refused {
        /// The position of the use.
        at: Position,
        /// The feature.
        what: String,
    },
    /// The text given to `#evaluate` is not a template.
    #[error("#evaluate: {source} ({at})")]
    Evaluate {
        /// The position of the directive.
        at: Position,
        /// The error; its position is within the evaluated text.
        source: ParseError,
    },
    /// A macro was called with a bare word, which is not a value.
    #[error("argument `{argument}` of macro #{name} is neither quoted nor a reference ({at})")]
    MacroArgument {
        /// The position of the call.
        at: Position,
        /// The macro's name.
        name: String,
        /// The bare word.
        argument: String,
    },
}

impl EvalError {
    /// The position in the template where the error occurred.
    pub fn position(&self) -> Position {
        match self {
            Self::Host { at, .. }
            | Self::Limit { at, .. }
            | Self::Method { at, .. }
            | Self::Refused { at, .. }
            | Self::Evaluate { at, .. }
            | Self::MacroArgument { at, .. } => *at,
        }
    }

    /// Renders the error for people: message, position, and the source line with a caret.
    pub fn render(&self, source: &str) -> String {
        render(&self.to_string(), self.position(), source)
    }
}
