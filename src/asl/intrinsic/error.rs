//! What can be wrong with an intrinsic expression, before and while it runs.

use crate::jsonpath::PathError;

use super::function::Function;
use super::reference::ReferenceError;

/// Text that is no intrinsic call. AWS tells none of these apart: the definition is refused with `The value for the
/// field 'x.$' must be a valid JSONPath or a valid intrinsic function call`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntrinsicSyntaxError {
    /// Something else had to come.
    #[error("expected {expected} at character {position}")]
    Expected {
        /// What had to come.
        expected: &'static str,
        /// Where, in characters from 0.
        position: usize,
    },
    /// A function that does not exist.
    #[error("there is no function '{name}'")]
    UnknownFunction {
        /// Its name as written.
        name: String,
        /// Where, in characters from 0.
        position: usize,
    },
    /// A wrong number of arguments.
    #[error("{function} takes {} arguments, not {given}", .function.arity())]
    Arity {
        /// The function called.
        function: Function,
        /// How many arguments it was given.
        given: usize,
        /// Where the call is, in characters from 0.
        position: usize,
    },
    /// A backslash before anything but `'`, `{`, `}` and `\`.
    #[error("illegal escape '\\{found}' at character {position}")]
    IllegalEscape {
        /// What follows the backslash.
        found: char,
        /// Where, in characters from 0.
        position: usize,
    },
    /// A number that is none.
    #[error("'{text}' is not a number")]
    IllegalNumber {
        /// The number as written.
        text: String,
        /// Where, in characters from 0.
        position: usize,
    },
    /// A path that is none.
    #[error("'{path}' is not a path: {source}")]
    IllegalPath {
        /// The path as written.
        path: String,
        /// What is wrong with it.
        source: PathError,
        /// Where it is, in characters from 0.
        position: usize,
    },
    /// Calls nested too deeply.
    #[error("calls nest deeper than {max} levels")]
    TooDeep {
        /// The bound.
        max: usize,
        /// Where the call beyond it is, in characters from 0.
        position: usize,
    },
}

impl IntrinsicSyntaxError {
    /// Where it is, in characters from 0, and what is wrong there.
    pub(crate) fn part(&self) -> (usize, String) {
        match self {
            Self::Expected { expected, position } => (*position, format!("expected {expected}")),
            Self::IllegalEscape { found, position } => (*position, format!("illegal escape '\\{found}'")),
            Self::IllegalPath { source, position, .. } => {
                (position + source.position, source.message.clone())
            }
            Self::UnknownFunction { position, .. }
            | Self::Arity { position, .. }
            | Self::IllegalNumber { position, .. }
            | Self::TooDeep { position, .. } => (*position, self.to_string()),
        }
    }
}

/// Why a call failed. `Display` is the cause AWS reports: `The function '…' had the following error: …`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntrinsicError {
    /// A path argument leads nowhere. AWS reports `States.Runtime`.
    #[error(
        "The function '{call}' had the following error: The JsonPath argument for the field '{path}' could not be found in the input '{input}'"
    )]
    PathNotFound {
        /// The call as written.
        call: String,
        /// The path as written.
        path: String,
        /// The state's input as compact JSON.
        input: String,
        /// What exactly is missing.
        source: ReferenceError,
    },
    /// The function can not work with what it was given: `States.IntrinsicFailure`.
    #[error("The function '{call}' had the following error: {source}")]
    Failed {
        /// The call as written.
        call: String,
        /// What is wrong.
        source: ArgumentError,
    },
}

impl IntrinsicError {
    /// The ASL error name: `States.Runtime` for a missing path, `States.IntrinsicFailure` for the rest.
    #[must_use]
    pub fn error_name(&self) -> &'static str {
        match self {
            Self::PathNotFound { .. } => "States.Runtime",
            Self::Failed { .. } => "States.IntrinsicFailure",
        }
    }
}

/// What is wrong with an argument. AWS's words for these are not recorded; these are ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// Not of the type the function takes.
    #[error("argument {position} must be {expected}, but is {found}")]
    Type {
        /// Which argument, from 1.
        position: usize,
        /// What the function takes: `a string`.
        expected: &'static str,
        /// What it got: `a number`.
        found: &'static str,
    },
    /// Not in the range the function takes.
    #[error("argument {position} must be {expected}, but is {found}")]
    Range {
        /// Which argument, from 1.
        position: usize,
        /// What the function takes.
        expected: &'static str,
        /// What it got.
        found: String,
    },
    /// A text longer than the function takes.
    #[error("argument {position} is longer than {max} characters")]
    TooLong {
        /// Which argument, from 1.
        position: usize,
        /// The bound.
        max: usize,
    },
    /// A brace that is neither escaped nor part of a `{}`. These are AWS's words.
    #[error("Invalid template in States.Format: matching '{missing}' not found for '{found}'.")]
    LoneBrace {
        /// The brace that is there.
        found: char,
        /// The brace that isn't.
        missing: char,
    },
    /// As many values as `{}` are needed.
    #[error("the template has {placeholders} placeholders, but there are {given} values")]
    Placeholders {
        /// How many `{}` there are.
        placeholders: usize,
        /// How many values were given.
        given: usize,
    },
    /// No element at that index.
    #[error("the index {index} is out of bounds for an array of length {length}")]
    NoSuchItem {
        /// The index asked for.
        index: i64,
        /// How long the array is.
        length: usize,
    },
    /// A range with too many elements.
    #[error("the range has more than {max} elements")]
    RangeTooLong {
        /// The bound.
        max: usize,
    },
    /// Text that is not JSON.
    #[error("argument 1 is not JSON: {0}")]
    NotJson(crate::json::SyntaxError),
    /// Text that is not Base64.
    #[error("argument 1 is not Base64")]
    NotBase64,
    /// An algorithm that does not exist.
    #[error("'{0}' is not one of MD5, SHA-1, SHA-256, SHA-384, SHA-512")]
    UnknownAlgorithm(String),
    /// The deep mode of `States.JsonMerge`.
    #[error("only the shallow merging mode, false, is supported")]
    DeepMerge,
    /// An integer beyond 64 bits.
    #[error("the sum is beyond the range of an integer")]
    Overflow,
    /// A path that does not fit the document, for other reasons than leading nowhere.
    #[error("{0}")]
    Path(ReferenceError),
    /// More data than one expression may handle.
    #[error("the expression handles more than {max} bytes of data")]
    TooMuchData {
        /// The bound.
        max: usize,
    },
}
