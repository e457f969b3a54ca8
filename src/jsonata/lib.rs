//! JSONata as Step Functions has it: version 2.0.6 of the language with AWS's functions and bounds.
//!
//! [`Expression::compile`] reads the text between `{%` and `%}` once, when a definition is made. A [`Scope`] holds what
//! the expressions of one state may see (`$states`, variables) and evaluates any number of them.
//!
//! The language itself is the `jsonata-core` crate, pinned to one version and seen by this room only: no type of it
//! leaves. What AWS does differently is done here: top-level references are refused (`check`), memory is bounded by
//! a budget that expressions are rewritten to draw on (`budget`), and functions are added and taken away
//! (`functions`).
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

// Rooms are called by their names, wherever they stand.
use stepgate_clock as clock;

mod budget;
mod check;
mod convert;
mod error;
mod expression;
mod functions;
mod java_random;
mod messages;
mod scope;
#[cfg(test)]
mod tests;

pub use error::{CompileError, EvalError};
pub use expression::{EXPRESSION_BYTES_MAX, Expression};
pub use scope::{Limits, Scope};
