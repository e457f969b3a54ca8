//! JSONata in a definition: a text that begins with `{%` and ends with `%}`.

use std::sync::Arc;

use serde_json::Value;

use super::data_error::DataError;
use super::diagnostics::{Code, Location, Subject};
use super::evaluation::Evaluation;
use super::fields::Fields;
use super::intrinsic::Scope;
use crate::json;
use crate::jsonata::{CompileError, EvalError, Expression};

/// A JSONata expression together with the field that it stands in.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
#[derive(Clone, Debug)]
pub struct Query {
    /// The field, seen from its state: `Output/items[0]`.
    field: Arc<str>,
    expression: Arc<Expression>,
}

/// What a text in a definition is.
pub(super) enum Text {
    /// Just that.
    Literal,
    /// An expression.
    Query(Query),
    /// An expression with something wrong in it, which is among the findings.
    Broken,
}

/// Which members of `$states` beside `input` and `context` there are where an expression stands.
///
/// AWS: "Accessing result or errorOutput from fields and states where they are not accessible will be caught at
/// creation, update, or validation of the state machine."
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reach {
    /// Neither.
    #[default]
    Input,
    /// `result`: in Output and Assign of a state that has work done.
    Result,
    /// `errorOutput`: in Output and Assign of a catcher.
    ErrorOutput,
}

impl Reach {
    fn has(self, member: &str) -> bool {
        match member {
            "result" => self == Self::Result,
            "errorOutput" => self == Self::ErrorOutput,
            _ => true,
        }
    }
}

/// The text between `{%` and `%}`; only texts that are nothing else are expressions.
pub(super) fn inside(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}")
}

impl Query {
    /// Reads a text at `at` of a state in JSONata.
    pub(super) fn read(text: &str, at: &Location, owner: &Fields<'_>) -> Text {
        let Some(inside) = inside(text) else {
            if !text.starts_with("{%") {
                return Text::Literal;
            }
            owner.findings.schema(at, "JSONata string must start with {% and end with %}");
            return Text::Broken;
        };
        let expression = match Expression::compile(inside) {
            Ok(expression) => expression,
            Err(errors) => {
                for error in errors {
                    let code = match error {
                        CompileError::Syntax(_) => Code::InvalidJsonataExpression,
                        CompileError::TopLevelReference(_) => Code::UnsupportedJsonataExpression,
                    };
                    owner.findings.text(code, at, Subject::Query, error.to_string());
                }
                return Text::Broken;
            }
        };
        let unreachable = expression.states_members().find(|member| !owner.reach.has(member));
        if let Some(member) = unreachable {
            // In the manner of references at the top level; AWS's wording is not recorded.
            let message = format!("Reference to '$states.{member}' is not supported in this field.");
            let subject = Subject::StatesMember(member.to_owned());
            owner.findings.text(Code::UnsupportedJsonataExpression, at, subject, message);
            return Text::Broken;
        }
        for name in expression.variables().filter(|name| *name != "states") {
            owner.findings.refers_to(name);
        }
        let field = at.within(&owner.state).into();
        Text::Query(Self { field, expression: Arc::new(expression) })
    }

    /// Its value.
    ///
    /// # Errors
    /// `States.QueryEvaluationError` if it has none that JSON can hold, raises an error, or goes beyond its limits.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, DataError> {
        self.evaluate_in(&mut Evaluation::new(scope))
    }

    /// The same beside other expressions of the same state.
    pub(super) fn evaluate_in(&self, evaluation: &mut Evaluation<'_>) -> Result<Value, DataError> {
        evaluation.value(&self.expression).map_err(|error| self.failed(&error))
    }

    /// A value that its field doesn't take: AWS tells what it is.
    ///
    /// # Errors
    /// `States.QueryEvaluationError`, unless `take` takes it.
    pub(super) fn expect<T>(
        &self,
        expected: &str,
        scope: &dyn Scope,
        take: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, DataError> {
        let value = self.evaluate(scope)?;
        take(&value).ok_or_else(|| self.unexpected(expected, &value))
    }

    pub(super) fn unexpected(&self, expected: &str, value: &Value) -> DataError {
        let (source, field, kind) = (self.expression.source(), &self.field, kind_of(value));
        let value = json::compact(value);
        self.error(format!(
            "The JSONata expression '{source}' specified for the field '{field}' returned an unexpected result type. Expected '{expected}', but was '{kind}' for value: {value}"
        ))
    }

    /// A fault of this expression's field in other words.
    pub(super) fn error(&self, cause: impl Into<String>) -> DataError {
        DataError::query(cause, Some(self.field.clone()))
    }

    fn failed(&self, error: &EvalError) -> DataError {
        let (source, field) = (self.expression.source(), &self.field);
        self.error(format!("The JSONata expression '{source}' specified for the field '{field}' {error}"))
    }
}

/// The name of a value's type, as AWS prints it.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
