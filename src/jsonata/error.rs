//! What can be wrong with an expression, when it is compiled and when it is evaluated.

use thiserror::Error;

/// Why a text is no expression that Step Functions takes.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CompileError {
    /// It isn't JSONata. The message is the language's own, without its code: `Expected "]", got ","`.
    #[error("{0}")]
    Syntax(String),
    /// It refers to data that Step Functions doesn't offer at the top level: the name, `$` or `$$`.
    #[error("Reference to '{0}' at the top level is not supported.")]
    TopLevelReference(String),
}

/// Why an expression has no value that JSON can hold.
///
/// The message is the end of AWS's sentence `The JSONata expression '…' specified for the field '…' …`.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum EvalError {
    /// It evaluates to nothing.
    #[error("returned nothing (undefined).")]
    Undefined,
    /// It evaluates to a function.
    #[error("returned an unsupported result type.")]
    Unsupported,
    /// The language raised an error; the message begins with its code.
    #[error("threw an error during evaluation. {0}")]
    Thrown(String),
    /// It needs more than [`Limits`](crate::Limits) has.
    #[error(
        "threw an error during evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage"
    )]
    Memory,
    /// It takes longer than [`Limits`](crate::Limits) has. AWS's text isn't known; this follows that of memory.
    #[error("threw an error during evaluation: Expression evaluation timeout: Check for infinite loop")]
    Timeout,
    /// Something without a code went wrong inside a function; AWS names an id that nobody can look up.
    #[error("threw an internal error during evaluation.{0}")]
    Internal(String),
}
