//! The functions that this room adds to the library's.

use std::collections::BTreeSet;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;

/// Adds functions to an evaluator, those that an expression uses: there are some thirty, and most expressions use two or three.
/// Adding all of them would take longer than evaluating a short expression.
pub(crate) struct HostFunctions<'a> {
    pub(crate) evaluator: &'a mut Evaluator,
    /// The names in the expression; `None` adds all, for what is only read when it runs.
    pub(crate) used: Option<&'a BTreeSet<Box<str>>>,
}

impl HostFunctions<'_> {
    /// Adds a function of a name that the library doesn't have.
    ///
    /// # Errors
    /// If the library has one of that name.
    pub(crate) fn add(
        &mut self,
        name: &str,
        function: impl Fn(&[JValue]) -> Result<JValue, EvaluatorError> + 'static,
    ) -> Result<(), EvaluatorError> {
        match self.uses(name) {
            true => self.evaluator.register_fn(name, function),
            false => Ok(()),
        }
    }

    /// Puts a function in the place of one of the library.
    ///
    /// # Errors
    /// If the library doesn't let it be replaced.
    pub(crate) fn replace(
        &mut self,
        name: &str,
        function: impl Fn(&[JValue]) -> Result<JValue, EvaluatorError> + 'static,
    ) -> Result<(), EvaluatorError> {
        match self.uses(name) {
            true => self.evaluator.register_fn_override(name, function),
            false => Ok(()),
        }
    }

    fn uses(&self, name: &str) -> bool {
        self.used.is_none_or(|used| used.contains(name))
    }
}
