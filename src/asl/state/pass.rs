//! The Pass state.

use std::borrow::Cow;

use serde_json::Value;

use super::super::data_error::DataError;
use super::super::data_flow::{PathField, ResultPath};
use super::super::diagnostics::{Code, Findings, Location};
use super::super::fields::{Fields, looks_like_path};
use super::super::intrinsic::Scope;
use super::super::program::Transition;
use super::super::siblings::Siblings;
use super::super::template::Template;

/// A Pass state. The result is `result` or else the effective input (`InputPath`, then `Parameters`).
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-pass.html>
#[derive(Clone, Debug)]
pub struct Pass {
    /// `InputPath`.
    pub input_path: PathField,
    /// `Parameters`; not evaluated when there is a `result`.
    pub parameters: Option<Template>,
    /// `Result`: a literal.
    pub result: Option<Value>,
    /// `ResultPath`.
    pub result_path: ResultPath,
    /// `OutputPath`.
    pub output_path: PathField,
    /// `Output`: what the state hands on instead of its input.
    pub output: Option<Template>,
    /// `Assign`: sees the result as `$`.
    pub assign: Option<Template>,
    /// Where it goes.
    pub next: Transition,
}

impl Pass {
    pub(super) fn read(state: &Fields<'_>, siblings: &Siblings) -> Option<Self> {
        if state.is_jsonata() {
            let (output, assign) = (state.template("Output"), siblings.assign(state));
            let next = siblings.transition(state)?;
            return Some(Self {
                input_path: PathField::default(),
                parameters: None,
                result: None,
                result_path: ResultPath::default(),
                output_path: PathField::default(),
                output,
                assign,
                next,
            });
        }
        let result = state.get("Result");
        if let Some(result) = result {
            warn_static(result, &state.at.field("Result"), state.findings);
        }
        let input_path = state.path_field("InputPath");
        let parameters = state.template("Parameters");
        let result_path = state.result_path();
        let output_path = state.path_field("OutputPath");
        let assign = siblings.assign(state);
        let next = siblings.transition(state)?;
        let result = result.cloned();
        Some(Self { input_path, parameters, result, result_path, output_path, output: None, assign, next })
    }

    /// What the state makes of its effective input (`scope`'s `$`, after `InputPath`): its `Result`, or its
    /// `Parameters` filled in, or just that input.
    ///
    /// # Errors
    /// As of [`Template::evaluate`].
    pub fn result<'a>(&'a self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, DataError> {
        match (&self.result, &self.parameters) {
            (Some(result), _) => Ok(Cow::Borrowed(result)),
            (None, Some(parameters)) => parameters.evaluate(scope).map(Cow::Owned),
            (None, None) => Ok(Cow::Borrowed(scope.input())),
        }
    }
}

/// `Result` is a literal; who writes a path into it probably wanted `Parameters`.
fn warn_static(value: &Value, at: &Location, findings: &Findings) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                warn_static(value, &at.field(key), findings);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                warn_static(value, &at.element(index), findings);
            }
        }
        Value::String(text) if looks_like_path(text) => {
            let message = "Attempt to use a path in the result of a pass state.";
            findings.field(Code::PassResultIsStatic, at, message);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
