//! The value of a `.$` key, of `ErrorPath` or of `CausePath`: a path or an intrinsic function call.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::data_error::{DataError, ErrorName};
use super::intrinsic::{Intrinsic, IntrinsicError, ReferenceError, Scope};
use super::path_expr::PathExpr;
use crate::json;
use crate::jsonpath::ReadError;

/// What computes a value.
#[derive(Clone, Debug)]
pub enum Expression {
    /// `$…`, `$$…` or `$name…`.
    Path(PathExpr),
    /// `States.…(…)`.
    Call(Arc<Intrinsic>),
}

impl Expression {
    /// `None` if `text` is neither.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.starts_with('$') {
            PathExpr::parse(text).map(Self::Path)
        } else {
            Intrinsic::parse(text).ok().map(|call| Self::Call(Arc::new(call)))
        }
    }

    /// The value; of an index past the end of an array, `null`. `field` is the name that errors show, such as `x.$` or `ErrorPath`.
    ///
    /// # Errors
    /// `States.Runtime` for a path to nothing; `States.IntrinsicFailure` for a call that refuses its arguments.
    pub fn evaluate<'a>(&self, field: &str, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, DataError> {
        match self {
            Self::Path(path) => match path.find(scope) {
                // AWS answers an index past the end of an array with nothing, but not a member that is missing.
                Err(ReferenceError::Read(ReadError::NotFound { is_past_end: true, .. })) => {
                    Ok(Cow::Owned(Value::Null))
                }
                found => found.map_err(|reason| unreadable(path, field, scope, &reason)),
            },
            Self::Call(call) => call.evaluate(scope).map(Cow::Owned).map_err(|reason| {
                let name = match reason {
                    IntrinsicError::PathNotFound { .. } => ErrorName::Runtime,
                    IntrinsicError::Failed { .. } => ErrorName::IntrinsicFailure,
                };
                DataError::new(name, reason.to_string())
            }),
        }
    }
}

fn unreadable(path: &PathExpr, field: &str, scope: &dyn Scope, reason: &ReferenceError) -> DataError {
    match reason {
        ReferenceError::Read(ReadError::NotFound { .. }) => {
            let text = path.text();
            // AWS shows the document in which the path leads nowhere.
            let document = if text.starts_with("$$") { scope.context() } else { scope.input() };
            let input = json::compact(document);
            DataError::runtime(format!(
                "The JSONPath '{text}' specified for the field '{field}' could not be found in the input '{input}'"
            ))
        }
        ReferenceError::Read(_) | ReferenceError::Unassigned(_) => path.invalid(reason),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_scope::TestScope;
    use super::*;

    #[track_caller]
    fn check(expression: &str, expect: Result<Value, &str>) {
        let scope = TestScope::of(json!({"a": 1, "s": "{"}));
        let found = Expression::parse(expression).unwrap().evaluate("x.$", &scope).map(Cow::into_owned);
        assert_eq!(found.map_err(|e| e.to_string()), expect.map_err(str::to_owned), "{expression}");
    }

    #[test]
    fn calls_take_paths_of_every_root() {
        check("States.Array($.a, $$.State.Name, $answer)", Ok(json!([1, "Here", 42])));
        check("States.Format('{} {}', $user.name, States.MathAdd($.a, 1))", Ok(json!("Ada 2")));
    }

    #[test]
    fn calls_fail_by_data_or_by_argument() {
        check(
            "States.StringToJson($.no)",
            Err(
                r#"States.Runtime: The function 'States.StringToJson($.no)' had the following error: The JsonPath argument for the field '$.no' could not be found in the input '{"a":1,"s":"{"}'"#,
            ),
        );
        let scope = TestScope::of(json!({"s": "{"}));
        let failed =
            Expression::parse("States.StringToJson($.s)").unwrap().evaluate("x.$", &scope).unwrap_err();
        assert_eq!(failed.name, ErrorName::IntrinsicFailure);
    }

    #[test]
    fn what_is_missing_is_named_with_the_document_that_lacks_it() {
        let missing = |path: &str, document: &Value| {
            let input = json::compact(document);
            format!(
                "States.Runtime: The JSONPath '{path}' specified for the field 'x.$' could not be found in the input '{input}'"
            )
        };
        let scope = TestScope::of(json!({"a": 1}));
        for (path, document) in [("$.no", scope.input()), ("$$.No.Deep", scope.context())] {
            let failed = Expression::parse(path).unwrap().evaluate("x.$", &scope).unwrap_err();
            assert_eq!(failed.to_string(), missing(path, document));
        }
    }

    #[test]
    fn what_is_neither_path_nor_call_is_refused() {
        for bad in ["", "plain", "States.Nothing()", "States.Format('\\\"')", "States.UUID(", "$.", "a.$"] {
            assert!(Expression::parse(bad).is_none(), "{bad}");
        }
    }
}
