//! The variables that the expressions of a state can use, and their evaluation.

use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions, error_code_prefix};
use jsonata_core::value::JValue;
use serde_json::Value;

use crate::budget::{Budget, EXHAUSTED, SEQUENCE_LENGTH_MAX};
use crate::clock::{Ids, Timestamp};
use crate::convert::{to_json, to_jsonata};
use crate::error::EvalError;
use crate::expression::Expression;
use crate::functions::{self, Offer};
use crate::host::HostFunctions;
use crate::messages;
use crate::names::NOW;

/// The stack for expressions with partial applications, of which there may be some four thousand, each holding another.
const EVALUATION_STACK_BYTES: usize = 32 * 1024 * 1024;

/// The limits of one evaluation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    /// The longest time it may take.
    pub time: Duration,
    /// How deep the evaluation may nest; a call that is not in tail position takes three levels.
    pub depth: usize,
    /// The total size of the values it may create, in bytes, including those that are dropped again.
    pub bytes: usize,
}

impl Default for Limits {
    /// AWS accepts 99 calls that are not in tail position and refuses 101, and lets an expression hold some 20 MiB.
    /// AWS's time limit isn't known.
    fn default() -> Self {
        Self { time: Duration::from_secs(5), depth: 302, bytes: 256 * 1024 * 1024 }
    }
}

/// The variables of one state, for any number of expressions. It stays on its thread, because the values are
/// reference-counted.
pub struct Scope {
    variables: Vec<(String, JValue)>,
    now: Timestamp,
    ids: Arc<dyn Ids>,
    limits: Limits,
}

impl Scope {
    /// A scope without variables. `now` is the result of `$now()` and `$millis()` in all of its expressions; `ids` is
    /// the source of `$uuid()` and `$random()`.
    pub fn new(now: Timestamp, ids: Arc<dyn Ids>, limits: Limits) -> Self {
        Self { variables: Vec::new(), now, ids, limits }
    }

    /// Sets a variable; `name` is without the `$`.
    pub fn bind(&mut self, name: &str, value: &Value) {
        let value = to_jsonata(value);
        match self.variables.iter_mut().find(|(bound, _)| bound == name) {
            Some((_, bound)) => *bound = value,
            None => self.variables.push((name.to_owned(), value)),
        }
    }

    /// Sets a member of a variable that is an object; a variable that isn't one, or isn't there, becomes one.
    pub fn bind_member(&mut self, name: &str, member: &str, value: &Value) {
        let value = to_jsonata(value);
        let bound = match self.variables.iter().position(|(bound, _)| bound == name) {
            Some(index) => index,
            None => {
                self.variables.push((name.to_owned(), JValue::Undefined));
                self.variables.len() - 1
            }
        };
        let bound = &mut self.variables[bound].1;
        if bound.as_object_mut().is_none() {
            *bound = JValue::object(Default::default());
        }
        if let Some(members) = bound.as_object_mut() {
            members.insert(member.to_owned(), value);
        }
    }

    /// The expressions evaluated from now on may take no longer than this, each.
    pub fn allow(&mut self, time: Duration) {
        self.limits.time = self.limits.time.min(time);
    }

    /// Evaluates an expression.
    ///
    /// # Errors
    /// If it has no value, raises an error, or exceeds the limits.
    pub fn evaluate(&self, expression: &Expression) -> Result<Value, EvalError> {
        self.run(expression, &JValue::Undefined, Offer::NoEval, SEQUENCE_LENGTH_MAX)
    }

    /// On a stack of its own: functions that hold each other are dropped one within the other.
    fn run(
        &self,
        expression: &Expression,
        data: &JValue,
        offer: Offer,
        sequence_max: usize,
    ) -> Result<Value, EvalError> {
        if !expression.takes_stack {
            return self.run_here(expression, data, offer, sequence_max);
        }
        stacker::grow(EVALUATION_STACK_BYTES, || self.run_here(expression, data, offer, sequence_max))
    }

    fn run_here(
        &self,
        expression: &Expression,
        data: &JValue,
        offer: Offer,
        sequence_max: usize,
    ) -> Result<Value, EvalError> {
        let mut context = Context::new();
        for (name, value) in &self.variables {
            context.bind(name.clone(), value.clone());
        }
        context.bind(NOW.to_owned(), JValue::Number(self.now.as_millis() as f64));
        let options = EvaluatorOptions {
            timeout_ms: Some(u64::try_from(self.limits.time.as_millis()).unwrap_or(u64::MAX)),
            cancel: None,
            max_stack_depth: Some(self.limits.depth),
            max_sequence_length: Some(sequence_max),
        };
        let mut evaluator = Evaluator::with_options(context, options);
        let budget = Rc::new(RefCell::new(Budget::new(self.limits.bytes, sequence_max, self.limits.time)));
        // What `$eval` will read is not known.
        let used = (offer == Offer::NoEval).then_some(&expression.names);
        functions::register(
            &mut HostFunctions { evaluator: &mut evaluator, used },
            &budget,
            &self.ids,
            offer,
        )
        .map_err(|error| self.failure(&error, expression))?;
        // The library is not ours: where it panics, as over dates beyond all years, that is an internal error of the
        // expression and of nobody else.
        let evaluated = catch_unwind(AssertUnwindSafe(|| evaluator.evaluate(&expression.tree, data)))
            .map_err(|_| EvalError::Internal(self.ids.uuid().to_string()))?;
        let value = evaluated.map_err(|error| self.failure(&error, expression))?;
        // Before it is written out, in which nothing is shared any more.
        budget.borrow_mut().result(&value).map_err(|error| self.failure(&error, expression))?;
        to_json(&value)
    }

    fn failure(&self, error: &EvaluatorError, expression: &Expression) -> EvalError {
        let said = messages::with_code(error.message());
        match error_code_prefix(said) {
            // The library's own limits have their own codes.
            Some("D1011" | "U1001" | "D2015" | "D2014") => EvalError::Memory,
            Some("D1012") => EvalError::Timeout,
            Some(_) => EvalError::Thrown(messages::worded(said, &expression.tree)),
            None if said.contains(EXHAUSTED) => EvalError::Memory,
            None => EvalError::Internal(self.ids.uuid().to_string()),
        }
    }
}

/// Longest sequence of the language's own implementation.
#[cfg(test)]
const LANGUAGE_SEQUENCE_MAX: usize = 10_000_000;

#[cfg(test)]
impl Scope {
    /// Evaluates with data at the top level, as the language's test suite does.
    pub(crate) fn evaluate_over(
        &self,
        expression: &Expression,
        data: Option<&Value>,
    ) -> Result<Value, EvalError> {
        let data = data.map_or(JValue::Undefined, to_jsonata);
        let offer = if expression.names.contains("eval") { Offer::Eval } else { Offer::NoEval };
        self.run(expression, &data, offer, LANGUAGE_SEQUENCE_MAX)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only the names: values are user data.
        let names: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        f.debug_struct("Scope")
            .field("variables", &names)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
