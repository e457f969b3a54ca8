//! The way of data through a state: filters on the way in and out, and where a result goes.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::data_error::{DataError, ErrorName};
use super::intrinsic::Scope;
use super::path_expr::PathExpr;
use super::template::Template;
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

/// The two filters that nearly every state has.
#[derive(Clone, Debug, Default)]
pub struct InOut {
    /// `InputPath`: raw input → effective input.
    pub input_path: PathField,
    /// `OutputPath`: the last filter on the way out.
    pub output_path: PathField,
}

/// The way of data through Task, Parallel and Map, in the order of evaluation: raw input → `input_path` →
/// `parameters` → (work) → `result_selector` → `result_path` (into the *raw* input) → `output_path`.
#[derive(Clone, Debug, Default)]
pub struct DataFlow {
    /// `InputPath`.
    pub input_path: PathField,
    /// `Parameters`; always `None` in a Map, whose items have an item selector instead.
    pub parameters: Option<Template>,
    /// `ResultSelector`: sees the result as `$`.
    pub result_selector: Option<Template>,
    /// `ResultPath`.
    pub result_path: ResultPath,
    /// `OutputPath`.
    pub output_path: PathField,
}
