//! Payload templates: JSON in which the values of keys ending in `.$` are computed.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::data_error::DataError;
use super::expression::Expression;
use super::intrinsic::Scope;

/// A compiled template: `Parameters`, `ItemSelector`, `ResultSelector`, `Assign` or `Credentials`.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html>
#[derive(Clone, Debug)]
pub struct Template(Node);

#[derive(Clone, Debug)]
pub(super) enum Node {
    Literal(Value),
    Object(Vec<(String, Member)>),
    Array(Vec<Node>),
}

/// The value of a key.
#[derive(Clone, Debug)]
pub(super) enum Member {
    /// As written, or with something computed further in.
    Node(Node),
    /// Of a key that ended in `.$`: `field` is that key as written.
    Computed { field: Arc<str>, expression: Expression },
}

impl Template {
    /// The template filled in: a fresh value in the order of the template's keys.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, DataError> {
        self.0.evaluate(scope)
    }
}

impl Node {
    fn evaluate(&self, scope: &dyn Scope) -> Result<Value, DataError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Array(nodes) => nodes.iter().map(|node| node.evaluate(scope)).collect(),
            Self::Object(members) => {
                let mut object = Map::with_capacity(members.len());
                for (key, member) in members {
                    let value = match member {
                        Member::Node(node) => node.evaluate(scope)?,
                        Member::Computed { field, expression } => expression.evaluate(field, scope)?,
                    };
                    object.insert(key.clone(), value);
                }
                Ok(Value::Object(object))
            }
        }
    }
}
