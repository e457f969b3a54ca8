//! The value of a `.$` key, of `ErrorPath` or of `CausePath`: a path or an intrinsic function call.

use std::borrow::Cow;

use serde_json::Value;

use super::data_error::{DataError, ErrorName};
use super::intrinsic::{Intrinsic, IntrinsicError, Scope};
use super::path_expr::{PathExpr, PathFailure, unassigned};
use crate::json;
use crate::jsonpath::ReadError;

/// What computes a value.
#[derive(Clone, Debug)]
pub enum Expression {
    /// `$…`, `$$…` or `$name…`.
    Path(PathExpr),
    /// `States.…(…)`.
    Call(Box<Intrinsic>),
}

impl Expression {
    /// `None` if `text` is neither.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.starts_with('$') {
            PathExpr::parse(text).map(Self::Path)
        } else {
            Intrinsic::compile(text).ok().map(|call| Self::Call(Box::new(call)))
        }
    }

    /// The value. `field` is the name that errors show, such as `x.$` or `ErrorPath`.
    ///
    /// # Errors
    /// `States.Runtime` for a path to nothing; `States.IntrinsicFailure` for a call that refuses its arguments.
    pub fn evaluate<'a>(&self, field: &str, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, DataError> {
        match self {
            Self::Path(path) => path.find(scope).map_err(|failure| unreadable(path, field, scope, failure)),
            Self::Call(call) => match call.evaluate(scope) {
                Ok(value) => Ok(Cow::Owned(value)),
                Err(reason) => Err(call_failed(call, &reason)),
            },
        }
    }
}

fn unreadable(path: &PathExpr, field: &str, scope: &dyn Scope, failure: PathFailure) -> DataError {
    let text = path.text();
    match failure {
        PathFailure::Unread(ReadError::NotFound { .. }) => {
            let input = json::compact(scope.input());
            DataError::runtime(format!(
                "The JSONPath '{text}' specified for the field '{field}' could not be found in the input '{input}'"
            ))
        }
        PathFailure::Unread(reason) => DataError::runtime(format!("Invalid path '{text}' : {reason}")),
        PathFailure::Unassigned(name) => DataError::runtime(unassigned(&name)),
    }
}

/// The wording is that of AWS's answers; it is not among the recordings.
fn call_failed(call: &Intrinsic, reason: &IntrinsicError) -> DataError {
    let cause = format!("The function '{}' had the following error: {reason}", call.as_str());
    DataError { name: ErrorName::IntrinsicFailure, cause }
}
