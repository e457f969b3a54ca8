//! The `States.*` intrinsic functions: text → [`Intrinsic`] (at definition time) → value (at run time).
//!
//! One file a family of functions below this one; what an expression may read comes through [`Scope`], with a
//! [`Reference`] for each path in it. AWS: "Intrinsic functions for JSONPath states"; ASL "Intrinsic Functions".

mod array;
mod call;
mod digest;
mod encoding;
mod error;
mod format;
mod function;
mod json;
mod math;
mod parser;
mod reference;
mod string;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use call::{Call, Run};

use crate::clock::{Ids, Timestamp};
use crate::jsonata::Limits;

pub use error::{ArgumentError, IntrinsicError, IntrinsicSyntaxError};
pub use function::Function;
pub use reference::{Reference, ReferenceError, Root};

/// What an intrinsic call, or a payload template, may read while it is evaluated.
pub trait Scope {
    /// The document that `$` names.
    fn input(&self) -> &Value;

    /// The context object that `$$` names.
    fn context(&self) -> &Value;

    /// The context object as far as `path` can reach, which is the path as written, such as `$$.Map.Item.Value`. A
    /// host that makes its context object need not make what nobody reads.
    fn context_for(&self, path: &str) -> &Value {
        let _ = path;
        self.context()
    }

    /// The value of the variable `$name` (`name` without the `$`), if it was assigned.
    fn variable(&self, name: &str) -> Option<&Value>;

    /// A fresh version 4 UUID in lower case, for `States.UUID`.
    fn random_uuid(&self) -> String;

    /// A number in `[0, 1)`, for `States.MathRandom` without a seed.
    fn random_unit(&self) -> f64;

    /// A member of JSONata's `$states`: `input` is the state's raw input, whatever `$` is, `context` the context
    /// object, and `result` and `errorOutput` are there when the state has one.
    fn states(&self, member: &str) -> Option<&Value>;

    /// The time of everything in this step.
    fn now(&self) -> Timestamp;

    /// Where `$uuid()` and `$random()` come from.
    fn ids(&self) -> Arc<dyn Ids>;

    /// How long expressions may take that are evaluated from now on.
    fn time_left(&self) -> Duration {
        Limits::default().time
    }
}

/// A compiled expression: one call, its arguments, and the calls among them.
#[derive(Debug)]
pub struct Intrinsic {
    text: Box<str>,
    call: Call,
}

impl Intrinsic {
    /// Whether `text` is meant as an intrinsic call, well formed or not: it starts with `States.`.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(function::PREFIX)
    }

    /// Compiles an expression such as `States.Format('Hello, {}!', $.name)`.
    ///
    /// # Errors
    /// [`IntrinsicSyntaxError`] for what is no call, for functions that do not exist, a wrong number of arguments,
    /// illegal escapes, paths that are none, and calls nested more than 10 levels deep.
    pub fn parse(text: &str) -> Result<Self, IntrinsicSyntaxError> {
        Ok(Self { text: text.into(), call: parser::parse(text)? })
    }

    /// Evaluates the expression.
    ///
    /// # Errors
    /// [`IntrinsicError`] when a path leads nowhere or an argument is not what its function takes.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, IntrinsicError> {
        Run::new(scope, &self.text).call(&self.call)
    }

    /// The paths in the expression, in the order written.
    #[must_use]
    pub fn references(&self) -> Vec<&Reference> {
        let mut found = Vec::new();
        self.call.collect_references(&mut found);
        found
    }

    /// The text this expression was compiled from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Intrinsic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
