//! Data for the tests of this room.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::intrinsic::Scope;
use crate::clock::{Ids, SeededIds, Timestamp};

/// An input, a context object and variables.
pub(super) struct TestScope {
    input: Value,
    context: Value,
    variables: HashMap<&'static str, Value>,
}

impl TestScope {
    /// `input` for `$`; `$$.State.Name` is `Here`, `$answer` is 42 and `$user` has a name.
    pub(super) fn of(input: Value) -> Self {
        let context = json!({"State": {"Name": "Here"}, "Map": {"Item": {"Index": 1, "Value": "x"}}});
        let variables = HashMap::from([("answer", json!(42)), ("user", json!({"name": "Ada"}))]);
        Self { input, context, variables }
    }
}

impl Scope for TestScope {
    fn input(&self) -> &Value {
        &self.input
    }

    fn context(&self) -> &Value {
        &self.context
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    fn random_uuid(&self) -> String {
        "00000000-0000-4000-8000-000000000000".to_owned()
    }

    fn random_unit(&self) -> f64 {
        0.5
    }

    fn states(&self, member: &str) -> Option<&Value> {
        match member {
            "input" => Some(&self.input),
            "context" => Some(&self.context),
            _ => None,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }

    fn ids(&self) -> Arc<dyn Ids> {
        Arc::new(SeededIds::new(1))
    }
}
