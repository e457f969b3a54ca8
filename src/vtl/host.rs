//! What a template sees of the world: the [`Host`] answers for every name the template did not `#set` itself.

use crate::vtl::Value;

/// A handle to an object of the host, such as `$input` or `$context.identity`; its meaning is the host's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Object(pub u32);

/// The host's side of an evaluation.
///
/// `Err` aborts the evaluation and comes out as [`EvalError::Host`](crate::vtl::EvalError::Host). What is merely
/// absent is no error: [`Value::Null`] makes the reference print its own source text as Velocity does,
/// [`Value::Empty`] makes it print nothing as API Gateway's own objects do.
pub trait Host {
    /// Finds `$name` when the template holds no variable of that name; `None` if there is no such thing.
    ///
    /// The answer is remembered for the rest of the evaluation.
    fn lookup(&mut self, name: &str) -> Option<Value>;

    /// Reads `$object.property` or `$object["property"]`.
    ///
    /// # Errors
    /// When reading must fail the whole evaluation.
    fn get(&mut self, object: Object, property: &str) -> Result<Value, HostError>;

    /// Performs `#set($object.property = value)`.
    ///
    /// # Errors
    /// When the assignment must fail the whole evaluation.
    fn set(&mut self, object: Object, property: &str, value: Value) -> Result<(), HostError>;

    /// Calls `$object.method(args…)`; `toString` without arguments is also asked when `$object` itself is printed.
    ///
    /// # Errors
    /// When the call must fail the whole evaluation, such as `$input.json` on a body that is not JSON.
    fn call(&mut self, object: Object, method: &str, args: &[Value]) -> Result<Value, HostError>;
}

/// An error of the host, carried through the evaluation untouched so that the caller can downcast it.
#[derive(Debug)]
pub struct HostError(pub Box<dyn std::error::Error + Send + Sync>);

impl<E: std::error::Error + Send + Sync + 'static> From<E> for HostError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}
