//! The way of data through a state: filters on the way in and out, and where a result goes.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::data_error::{DataError, ErrorName};
use super::fields::Fields;
use super::intrinsic::Scope;
use super::path_expr::PathExpr;
use super::query::Reach;
use super::template::Template;
use crate::json;
use crate::jsonpath::ReferencePath;

/// `InputPath` or `OutputPath`.
#[derive(Clone, Debug, Default)]
pub enum PathField {
    /// `$`, also when the field is absent: everything.
    #[default]
    Whole,
    /// `null`: nothing, which AWS hands on as `{}`.
    Discard,
    /// Any other path; `$$…` and `$name…` are legal.
    Path(PathExpr),
}

impl PathField {
    /// What the filter lets through of the scope's `$`.
    pub fn select<'a>(&self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, DataError> {
        match self {
            Self::Whole => Ok(Cow::Borrowed(scope.input())),
            Self::Discard => Ok(Cow::Owned(Value::Object(Map::new()))),
            Self::Path(path) => path.read(scope),
        }
    }
}

/// `ResultPath`: where a result goes in the *raw* input of its state.
#[derive(Clone, Debug, Default)]
pub enum ResultPath {
    /// `$`, also when the field is absent: the result is the output.
    #[default]
    Replace,
    /// `null`: the raw input is the output.
    Discard,
    /// The result is written into the raw input.
    Insert(ReferencePath),
}

impl ResultPath {
    /// The output that a result makes of the *raw* input of its state.
    ///
    /// # Errors
    /// `States.ResultPathMatchFailure` when the input has no place for it: a scalar on the way, or no such slot
    /// in an array.
    pub fn apply(&self, raw_input: Value, result: Value) -> Result<Value, DataError> {
        match self {
            Self::Replace => Ok(result),
            Self::Discard => Ok(raw_input),
            Self::Insert(path) => {
                let mut output = raw_input;
                path.set(&mut output, result).map_err(|_| {
                    // The input is unchanged by a failure, so it can be shown.
                    let path = path.as_str();
                    let cause =
                        format!("Unable to apply ReferencePath {path} to input {}", json::compact(&output));
                    DataError::new(ErrorName::ResultPathMatchFailure, cause)
                })?;
                Ok(output)
            }
        }
    }
}

/// The two filters that nearly every state in JSONPath has, and the `Output` of one in JSONata.
#[derive(Clone, Debug, Default)]
pub struct InOut {
    /// `InputPath`: raw input → effective input.
    pub input_path: PathField,
    /// `OutputPath`: the last filter on the way out.
    pub output_path: PathField,
    /// `Output`: what the state hands on instead of its input.
    pub output: Option<Template>,
}

impl InOut {
    /// `InputPath` and `OutputPath`, or `Output`, of a state.
    pub(super) fn read(state: &Fields<'_>) -> Self {
        if state.is_jsonata() {
            return Self { output: state.template("Output"), ..Self::default() };
        }
        let (input_path, output_path) = (state.path_field("InputPath"), state.path_field("OutputPath"));
        Self { input_path, output_path, output: None }
    }
}

/// The way of data through Task, Parallel and Map, in the order of evaluation: raw input → `input_path` →
/// `parameters` → (work) → `result_selector` → `result_path` (into the *raw* input) → `output_path`.
///
/// In JSONata: raw input → `parameters` → (work) → `output`; the other fields are as if they were absent.
#[derive(Clone, Debug, Default)]
pub struct DataFlow {
    /// `InputPath`.
    pub input_path: PathField,
    /// `Parameters` or `Arguments`; always `None` in a Map, whose items have an item selector instead.
    pub parameters: Option<Template>,
    /// `ResultSelector`: sees the result as `$`.
    pub result_selector: Option<Template>,
    /// `ResultPath`.
    pub result_path: ResultPath,
    /// `OutputPath`.
    pub output_path: PathField,
    /// `Output`: what the state hands on instead of its result.
    pub output: Option<Template>,
}

impl DataFlow {
    /// The fields of a Parallel or Task; of a Map all but `Parameters`.
    pub(super) fn read(state: &Fields<'_>) -> Self {
        if state.is_jsonata() {
            return Self { output: state.reaching(Reach::Result).template("Output"), ..Self::default() };
        }
        Self {
            input_path: state.path_field("InputPath"),
            parameters: None,
            result_selector: state.template("ResultSelector"),
            result_path: state.result_path(),
            output_path: state.path_field("OutputPath"),
            output: None,
        }
    }

    /// The fields of a Task or Parallel.
    pub(super) fn read_with_parameters(state: &Fields<'_>) -> Self {
        let name = if state.is_jsonata() { "Arguments" } else { "Parameters" };
        Self { parameters: state.template(name), ..Self::read(state) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_scope::TestScope;
    use super::*;

    #[test]
    fn filters_take_all_nothing_or_a_part() {
        let scope = TestScope::of(json!({"a": 1}));
        assert_eq!(*PathField::Whole.select(&scope).unwrap(), json!({"a": 1}));
        assert_eq!(*PathField::Discard.select(&scope).unwrap(), json!({}));
        let part = PathField::Path(PathExpr::parse("$.a").unwrap());
        assert_eq!(*part.select(&scope).unwrap(), json!(1));
    }

    #[track_caller]
    fn check(path: &str, input: Value, expect: Result<Value, &str>) {
        let path = ResultPath::Insert(ReferencePath::compile(path).unwrap());
        let found = path.apply(input, json!("R")).map_err(|e| e.to_string());
        assert_eq!(found, expect.map_err(str::to_owned));
    }

    #[test]
    fn results_go_where_the_path_says() {
        assert_eq!(ResultPath::Replace.apply(json!(1), json!(2)), Ok(json!(2)));
        assert_eq!(ResultPath::Discard.apply(json!(1), json!(2)), Ok(json!(1)));
        check("$.r", json!({"a": 1}), Ok(json!({"a": 1, "r": "R"})));
        check("$.a", json!({"a": 1, "b": 2}), Ok(json!({"a": "R", "b": 2})));
        check("$.x.y", json!({}), Ok(json!({"x": {"y": "R"}})));
        check("$.l[1]", json!({"l": [1, 2]}), Ok(json!({"l": [1, "R"]})));
    }

    #[test]
    fn results_need_a_place_to_go() {
        let refused = |path: &str, input: &str| {
            format!("States.ResultPathMatchFailure: Unable to apply ReferencePath {path} to input {input}")
        };
        check("$.a.b", json!({"a": 1}), Err(&refused("$.a.b", r#"{"a":1}"#)));
        check("$.l[2]", json!({"l": [1, 2]}), Err(&refused("$.l[2]", r#"{"l":[1,2]}"#)));
        check("$.a", json!("text"), Err(&refused("$.a", r#""text""#)));
    }
}
