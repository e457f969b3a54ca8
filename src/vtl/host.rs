//! The template's view of the outside: the [`Host`] supplies every name that the template did not `#set` itself.

use crate::vtl::Value;

/// A handle to an object of the host, such as `$input` or `$context.identity`. Only the host knows what it stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Object(pub u32);

/// Supplies the objects that a template can use.
///
/// `Err` aborts the evaluation and is returned as [`EvalError::Host`](crate::vtl::EvalError::Host). A missing value is
/// not an error: with [`Value::Null`] the reference prints its own source text, as in Velocity; with [`Value::Empty`]
/// it prints nothing, as API Gateway's own objects do.
pub trait Host {
    /// Finds `$name` if the template has no variable of that name; `None` if it doesn't exist.
    ///
    /// The evaluation asks only once for each name.
    fn lookup(&mut self, name: &str) -> Option<Value>;

    /// Reads `$object.property` or `$object["property"]`.
    ///
    /// # Errors
    /// If the whole evaluation must fail.
    fn get(&mut self, object: Object, property: &str) -> Result<Value, HostError>;

    /// Performs `#set($object.property = value)`.
    ///
    /// # Errors
    /// If the whole evaluation must fail.
    fn set(&mut self, object: Object, property: &str, value: Value) -> Result<(), HostError>;

    /// Calls `$object.method(args…)`. Printing `$object` itself calls `toString` without arguments.
    ///
    /// # Errors
    /// If the whole evaluation must fail, for example for `$input.json` on a body that is not JSON.
    fn call(&mut self, object: Object, method: &str, args: &[Value]) -> Result<Value, HostError>;
}

/// An error of the host. The evaluation passes it on unchanged, so that the caller can downcast it.
#[derive(Debug)]
pub struct HostError(pub Box<dyn std::error::Error + Send + Sync>);

impl<E: std::error::Error + Send + Sync + 'static> From<E> for HostError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}
