//! Payload templates: JSON in which the values of keys ending in `.$` are computed.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::data_error::DataError;
use super::diagnostics::{Code, Findings, Location};
use super::expression::Expression;
use super::fields::{Fields, looks_like_path};
use super::intrinsic::Scope;
use super::variables::is_assignable;

/// Deepest that values nest in a template or a Choice rule; AWS's bound is not known.
pub(super) const DEPTH_MAX: usize = 100;

/// A compiled template: `Parameters`, `ItemSelector`, `ResultSelector`, `Assign` or `Credentials`.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html>
#[derive(Clone, Debug)]
pub struct Template(Vec<(String, Node)>);

#[derive(Clone, Debug)]
enum Node {
    /// A value with nothing to compute in it.
    Literal(Value),
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    /// The value of a key that ended in `.$`; `field` is that key as written.
    Computed { field: Arc<str>, expression: Expression },
}

impl Template {
    /// Compiles an object; `None` if something in it is wrong, which is then among the findings.
    pub(super) fn compile(fields: Fields<'_>) -> Option<Self> {
        compile_members(&fields, 0).map(Self)
    }

    /// The same for `Assign`, whose keys must be names of variables.
    pub(super) fn compile_assign(fields: Fields<'_>) -> Option<Self> {
        for (key, _) in fields.iter() {
            let name = key.strip_suffix(".$").unwrap_or(key);
            if !is_assignable(name) {
                fields.problem(format!("The variable name '{name}' is not valid"));
            }
        }
        Self::compile(fields)
    }

    /// The keys of the value that the template makes, in order; of an `Assign`, the variables.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    /// The template filled in: an object with its keys in the template's order.
    ///
    /// # Errors
    /// As of [`Expression::evaluate`].
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, DataError> {
        evaluate_members(&self.0, scope).map(Value::Object)
    }
}

fn compile_members(fields: &Fields<'_>, depth: usize) -> Option<Vec<(String, Node)>> {
    let mut members = Vec::new();
    let mut sound = true;
    for (key, value) in fields.iter() {
        let Some(name) = key.strip_suffix(".$") else {
            warn_no_dollar(key, value, fields);
            match compile_node(value, &fields.at.field(key), fields.findings, depth + 1) {
                Some(node) => members.push((key.to_owned(), node)),
                None => sound = false,
            }
            continue;
        };
        if fields.has(name) {
            // Both would be the same member. AWS's wording is not recorded.
            fields.problem(format!("There should only be one of the following fields: [{name}, {key}]"));
            sound = false;
        }
        match value.as_str().and_then(Expression::parse) {
            Some(expression) => {
                members.push((name.to_owned(), Node::Computed { field: key.into(), expression }));
            }
            None => {
                fields.problem(format!(
                    "The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
                ));
                sound = false;
            }
        }
    }
    sound.then_some(members)
}

fn compile_node(value: &Value, at: &Location, findings: &Findings, depth: usize) -> Option<Node> {
    if DEPTH_MAX < depth {
        findings.field(Code::TooDeeplyNested, at, format!("Values are nested deeper than {DEPTH_MAX} levels"));
        return None;
    }
    match value {
        Value::Object(_) => {
            let members = compile_members(&Fields::of(value, at.clone(), findings)?, depth)?;
            let literal = members.iter().all(|(_, node)| matches!(node, Node::Literal(_)));
            Some(if literal { Node::Literal(value.clone()) } else { Node::Object(members) })
        }
        Value::Array(elements) => {
            let mut nodes = Vec::with_capacity(elements.len());
            let mut sound = true;
            for (index, element) in elements.iter().enumerate() {
                match compile_node(element, &at.element(index), findings, depth + 1) {
                    Some(node) => nodes.push(node),
                    None => sound = false,
                }
            }
            let literal = nodes.iter().all(|node| matches!(node, Node::Literal(_)));
            let node = if literal { Node::Literal(value.clone()) } else { Node::Array(nodes) };
            sound.then_some(node)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Some(Node::Literal(value.clone()))
        }
    }
}

/// A literal that looks as if it were meant to be computed.
fn warn_no_dollar(key: &str, value: &Value, fields: &Fields<'_>) {
    let Some(text) = value.as_str() else { return };
    if looks_like_path(text) || (text.starts_with("States.") && text.ends_with(')')) {
        let message = "No .$ on a field that appears to be a JSONPath or Intrinsic Function.";
        fields.findings.field(Code::NoDollar, &fields.at.field(key), message);
    }
}

fn evaluate_members(members: &[(String, Node)], scope: &dyn Scope) -> Result<Map<String, Value>, DataError> {
    let mut object = Map::with_capacity(members.len());
    for (key, node) in members {
        object.insert(key.clone(), node.evaluate(scope)?);
    }
    Ok(object)
}

impl Node {
    fn evaluate(&self, scope: &dyn Scope) -> Result<Value, DataError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Array(nodes) => nodes.iter().map(|node| node.evaluate(scope)).collect(),
            Self::Object(members) => evaluate_members(members, scope).map(Value::Object),
            Self::Computed { field, expression } => {
                Ok(expression.evaluate(field, scope)?.into_owned())
            }
        }
    }
}
