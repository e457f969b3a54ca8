//! The `States.*` intrinsic functions: text → [`Intrinsic`] (at definition time) → value (at run time).
//!
//! One file a family of functions below this one; what an expression may read comes through [`Scope`].

use serde_json::Value;

/// What an intrinsic call, or a payload template, may read while it is evaluated.
pub trait Scope {
    /// The document that `$` names.
    fn input(&self) -> &Value;

    /// The context object that `$$` names.
    fn context(&self) -> &Value;

    /// The value of the variable `$name` (`name` without the `$`), if it was assigned.
    fn variable(&self, name: &str) -> Option<&Value>;

    /// A fresh version 4 UUID in lower case, for `States.UUID`.
    fn random_uuid(&self) -> String;

    /// A number in `[0, 1)`, for `States.MathRandom` without a seed.
    fn random_unit(&self) -> f64;
}

/// A compiled call. Only its shape for now: the functions are the business of this module's own branch.
#[derive(Debug, Clone)]
pub struct Intrinsic {
    text: Box<str>,
}

/// Why a text is no call, or a call refused its arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function is not available")]
pub struct IntrinsicError;

impl Intrinsic {
    /// Compiles `text`.
    ///
    /// # Errors
    /// [`IntrinsicError`] for what is no call.
    pub fn compile(text: &str) -> Result<Self, IntrinsicError> {
        match text.starts_with("States.") {
            true => Ok(Self { text: text.into() }),
            false => Err(IntrinsicError),
        }
    }

    /// The value of the call.
    ///
    /// # Errors
    /// [`IntrinsicError`] when a function refuses its arguments.
    pub fn evaluate(&self, _scope: &dyn Scope) -> Result<Value, IntrinsicError> {
        Err(IntrinsicError)
    }

    /// The call as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}
