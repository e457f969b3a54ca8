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
