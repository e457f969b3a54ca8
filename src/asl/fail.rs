//! The texts of a Fail state.

use super::data_error::DataError;
use super::expression::Expression;
use super::intrinsic::Scope;

/// `Error` / `Cause`, or `ErrorPath` / `CausePath`.
#[derive(Clone, Debug)]
pub enum FailText {
    /// As written.
    Literal(String),
    /// Computed from the state's input; must be a string.
    Computed {
        /// `ErrorPath` or `CausePath`.
        field: &'static str,
        /// A path or an intrinsic function call.
        expression: Expression,
    },
}
