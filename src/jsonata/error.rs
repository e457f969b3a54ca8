//! Errors in an expression, when it is compiled and when it is evaluated.

use thiserror::Error;

/// Why Step Functions would not accept a text as an expression.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CompileError {
    /// It isn't JSONata. This is the library's message without its code: `Expected "]", got ","`.
    #[error("{0}")]
    Syntax(String),
    /// It refers to data that Step Functions doesn't offer at the top level: a name, `$` or `$$`.
    #[error("Reference to '{0}' at the top level is not supported.")]
    TopLevelReference(String),
}

/// Why an expression has no value that JSON can hold.
///
/// The message is the end of AWS's sentence `The JSONata expression '…' specified for the field '…' …`.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum EvalError {
    /// The result is undefined.
    #[error("returned nothing (undefined).")]
    Undefined,
    /// The result is a function.
    #[error("returned an unsupported result type.")]
    Unsupported,
    /// The expression raised an error; the message begins with its code.
    #[error("threw an error during evaluation. {0}")]
    Thrown(String),
    /// It needs more memory or depth than [`Limits`](crate::Limits) allows.
    #[error(
        "threw an error during evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage"
    )]
    Memory,
    /// It takes longer than [`Limits`](crate::Limits) allows. AWS's message isn't known; this one follows that for
    /// memory.
    #[error("threw an error during evaluation: Expression evaluation timeout: Check for infinite loop")]
    Timeout,
    /// An error without a code inside a function. AWS's message contains an id that nobody can look up.
    #[error("threw an internal error during evaluation.{0}")]
    Internal(String),
}
