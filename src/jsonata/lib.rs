//! JSONata as in Step Functions: version 2.0.6 of the language, with AWS's functions and limits.
//!
//! [`Expression::compile`] parses the text between `{%` and `%}` once, when a definition is created. A [`Scope`] holds
//! the variables for the expressions of one state (`$states` and others) and evaluates any number of them.
//!
//! The language itself is the `jsonata-core` crate, pinned to one version. Only this room uses it, and none of its
//! types leave the room. The differences of AWS's version are implemented here: `check` refuses top-level references,
//! `budget` limits memory by rewriting expressions, and `functions` adds and removes functions.
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
