//! The Fail state.

use super::super::data_error::{DataError, shown};
use super::super::expression::Expression;
use super::super::fields::{Fields, Queried};
use super::super::intrinsic::Scope;
use super::super::query::Query;
use super::super::siblings::Siblings;

/// A Fail state.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html>
#[derive(Clone, Debug)]
pub struct Fail {
    /// `Error` or `ErrorPath`.
    pub error: Option<FailText>,
    /// `Cause` or `CausePath`.
    pub cause: Option<FailText>,
}

/// `Error` / `Cause`, or `ErrorPath` / `CausePath`.
#[derive(Clone, Debug)]
pub enum FailText {
    /// As written.
    Literal(String),
    /// Computed from the state's input; must be a string.
    Computed {
        /// `ErrorPath` or `CausePath`.
        field: &'static str,
        /// A path or an intrinsic function call.
        expression: Expression,
    },
    /// A JSONata expression; its value must be a string.
    Query(Query),
}

impl Fail {
    pub(super) fn read(state: &Fields<'_>, siblings: &Siblings) -> Self {
        siblings.end();
        Self {
            error: FailText::read(state, "Error", "ErrorPath"),
            cause: FailText::read(state, "Cause", "CausePath"),
        }
    }
}

impl FailText {
    fn read(state: &Fields<'_>, name: &'static str, path_name: &'static str) -> Option<Self> {
        if state.at_most_one(&[name, path_name])? == name {
            match state.query(name) {
                Queried::Query(query) => return Some(Self::Query(query)),
                Queried::Broken => return None,
                Queried::None => {}
            }
            return state.literal_string(name).map(|text| Self::Literal(text.to_owned()));
        }
        let expression = Expression::parse(state.string(path_name)?);
        if expression.is_none() {
            // As for a template's `.$` keys.
            state.not_an_expression(path_name);
        }
        expression.map(|expression| Self::Computed { field: path_name, expression })
    }

    /// The text.
    ///
    /// # Errors
    /// As of [`Expression::evaluate`], and `States.Runtime` for anything but a string.
    pub fn resolve(&self, scope: &dyn Scope) -> Result<String, DataError> {
        match self {
            Self::Literal(text) => Ok(text.clone()),
            Self::Query(query) => query.expect("string", scope, |value| value.as_str().map(str::to_owned)),
            Self::Computed { field, expression } => {
                let value = expression.evaluate(field, scope)?;
                value.as_str().map(str::to_owned).ok_or_else(|| {
                    // AWS's wording is not recorded.
                    DataError::runtime(format!(
                        "The field '{field}' must be a string but was: {}",
                        shown(&value)
                    ))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::test_scope::TestScope;
    use super::*;

    #[track_caller]
    fn check(path: &str, input: Value, expect: Result<&str, &str>) {
        let expression = Expression::parse(path).unwrap();
        let text = FailText::Computed { field: "ErrorPath", expression };
        let found = text.resolve(&TestScope::of(input)).map_err(|e| e.to_string());
        assert_eq!(found, expect.map(str::to_owned).map_err(|e| format!("States.Runtime: {e}")));
    }

    #[test]
    fn texts_come_from_data_as_strings() {
        assert_eq!(FailText::Literal("$.x".into()).resolve(&TestScope::of(json!({}))), Ok("$.x".into()));
        check("$.Error", json!({"Error": "error-value"}), Ok("error-value"));
        check("$$.State.Name", json!({}), Ok("Here"));
        check("$user.name", json!({}), Ok("Ada"));
        check(
            "$.ErrorX",
            json!({"Error": "error-value"}),
            Err(
                "The JSONPath '$.ErrorX' specified for the field 'ErrorPath' could not be found in the input '{\"Error\":\"error-value\"}'",
            ),
        );
        check("$.n", json!({"n": 1}), Err("The field 'ErrorPath' must be a string but was: 1"));
    }
}
