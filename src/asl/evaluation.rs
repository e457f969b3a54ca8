//! Values for the JSONata expressions of one field of a state.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::intrinsic::Scope;
use crate::jsonata::{self, EvalError, Expression, Limits};

/// The reserved variable.
const STATES: &str = "states";

/// The members of `$states`.
pub(super) const MEMBERS: [&str; 4] = ["input", "context", "result", "errorOutput"];

/// What a state's scope is to JSONata: values are handed over when the first expression asks for them, once.
pub(super) struct Evaluation<'a> {
    scope: &'a dyn Scope,
    bound: jsonata::Scope,
    names: BTreeSet<Box<str>>,
    members: BTreeSet<&'static str>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(scope: &'a dyn Scope) -> Self {
        let bound = jsonata::Scope::new(scope.now(), scope.ids(), Limits::default());
        Self { scope, bound, names: BTreeSet::new(), members: BTreeSet::new() }
    }

    pub(super) fn value(&mut self, expression: &Arc<Expression>) -> Result<Value, EvalError> {
        for name in expression.variables().filter(|name| *name != STATES) {
            if self.names.insert(name.into())
                && let Some(value) = self.scope.variable(name)
            {
                self.bound.bind(name, value);
            }
        }
        for member in MEMBERS {
            if expression.sees(member)
                && self.members.insert(member)
                && let Some(value) = self.scope.states(member)
            {
                self.bound.bind_member(STATES, member, value);
            }
        }
        self.bound.allow(self.scope.time_left());
        self.bound.evaluate(expression)
    }
}
