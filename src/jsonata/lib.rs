//! JSONata as in Step Functions: version 2.0.6 of the language, with AWS's functions and limits.
//!
//! [`Expression::compile`] parses the text between `{%` and `%}` once, when a definition is created. A [`Scope`] holds
//! the variables for the expressions of one state (`$states` and others) and evaluates any number of them.
//!
//! The language itself is the `jsonata-core` crate, pinned to one version. Only this room uses it, and none of its
//! types leave the room. The differences of AWS's version are implemented here: `check` refuses top-level references,
//! `metered` rewrites expressions so that they charge a `budget` for memory and work, and `functions` adds and removes
//! functions.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

// Rooms are called by their names, wherever they stand.
use stepgate_clock as clock;
use stepgate_json as json;

mod budget;
mod builtin;
mod check;
mod convert;
mod error;
mod expression;
mod functions;
mod host;
mod java_random;
mod messages;
mod metered;
mod meters;
mod names;
mod node;
mod place;
mod scope;
mod survey;
#[cfg(test)]
mod tests;
mod text_calls;
mod text_functions;

pub use error::{CompileError, EvalError};
pub use expression::{EXPRESSION_BYTES_MAX, Expression};
pub use place::place;
pub use scope::{Limits, Scope};
