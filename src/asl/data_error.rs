//! What can go wrong while a checked program meets data.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::json;

/// The errors that the language itself raises.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorName {
    /// A fault of definition or data; neither retried nor caught.
    Runtime,
    /// `ResultPath` can't be applied to the state's input.
    ResultPathMatchFailure,
    /// A template's path can't be applied.
    ParameterPathFailure,
    /// An intrinsic function refused its arguments.
    IntrinsicFailure,
    /// An input, output or variable over 262 144 bytes.
    DataLimitExceeded,
    /// A JSONata expression has no value, or none that its field takes.
    QueryEvaluationError,
}

impl ErrorName {
    /// The name as `ErrorEquals` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runtime => "States.Runtime",
            Self::ResultPathMatchFailure => "States.ResultPathMatchFailure",
            Self::ParameterPathFailure => "States.ParameterPathFailure",
            Self::IntrinsicFailure => "States.IntrinsicFailure",
            Self::DataLimitExceeded => "States.DataLimitExceeded",
            Self::QueryEvaluationError => "States.QueryEvaluationError",
        }
    }
}

impl fmt::Display for ErrorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Longest cause of an expression's fault, in characters: causes have 32,768 of them on the wire, and the opening needs
/// some.
const QUERY_CAUSE_CHARS_MAX: usize = 32_000;

/// A state that can't go on with the data it has. The cause is AWS's text without its opening `An error
/// occurred while executing the state '…' (entered at the event id #n). `, which only the machine can tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {cause}")]
pub struct DataError {
    /// The error's name.
    pub name: ErrorName,
    /// What was wrong.
    pub cause: String,
    /// The field that a JSONata expression stands in, seen from its state: `Output/items[0]`.
    pub location: Option<Arc<str>>,
}

impl DataError {
    /// A `States.Runtime`.
    pub fn runtime(cause: impl Into<String>) -> Self {
        Self::new(ErrorName::Runtime, cause)
    }

    /// An error of that name.
    pub fn new(name: ErrorName, cause: impl Into<String>) -> Self {
        Self { name, cause: cause.into(), location: None }
    }

    /// A `States.QueryEvaluationError` of the field `location`.
    pub fn query(cause: impl Into<String>, location: Option<Arc<str>>) -> Self {
        let mut cause = cause.into();
        // Values in it may be as long as an expression makes them.
        if let Some((end, _)) = cause.char_indices().nth(QUERY_CAUSE_CHARS_MAX) {
            cause.truncate(end);
        }
        Self { location, ..Self::new(ErrorName::QueryEvaluationError, cause) }
    }
}

/// A value as causes show it: a text without its quotes, anything else as JSON.
pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| json::compact(value), str::to_owned)
}
