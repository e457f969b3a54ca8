//! A path in a field: `$…` into the input, `$$…` into the context object, `$name…` into a variable.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::data_error::DataError;
use super::intrinsic::Scope;
use crate::jsonpath::Path;

/// What a path starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// `$`.
    Input,
    /// `$$`.
    Context,
    /// `$name`.
    Variable(Arc<str>),
}

/// A parsed path with its root.
#[derive(Clone, Debug)]
pub struct PathExpr {
    root: Root,
    path: Path,
    text: Arc<str>,
}

impl PathExpr {
    /// What the path starts from.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the path names, or `States.Runtime` with the reason in AWS's words.
    pub fn read<'a>(&self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, DataError> {
        let root = self.root_value(scope)?;
        self.path.read(root).map_err(|e| DataError::runtime(format!("Invalid path '{}' : {e}", self.text)))
    }
}
