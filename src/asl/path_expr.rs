//! A path in a field: `$…` into the input, `$$…` into the context object, `$name…` into a variable.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::data_error::DataError;
use super::intrinsic::Scope;
use super::variables::name_length;
use crate::jsonpath::{Path, ReadError, ReferencePath};

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

/// A compiled path with what it starts from.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html>
#[derive(Clone, Debug)]
pub struct PathExpr {
    root: Root,
    path: Path,
    text: Arc<str>,
}

/// Why a path could not be read.
#[derive(Debug)]
pub(super) enum PathFailure {
    /// There is nothing where it points.
    Unread(ReadError),
    /// It starts from a variable that no state assigned.
    Unassigned(Arc<str>),
}

impl PathExpr {
    /// `$`: the whole input.
    pub(super) fn input() -> Self {
        Self::parse("$").expect("`$` is a path")
    }

    /// `None` if `text` is no path.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (root, path) = split_root(text)?;
        let path = Path::compile(&path).ok()?;
        Some(Self { root, path, text: text.into() })
    }

    /// The same for a path that names exactly one node.
    pub(super) fn parse_reference(text: &str) -> Option<Self> {
        let (_, path) = split_root(text)?;
        ReferencePath::compile(&path).ok()?;
        Self::parse(text)
    }

    /// What the path starts from.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the path names; several matches are an array.
    ///
    /// # Errors
    /// `States.Runtime` when there is nothing of the kind: `Invalid path '$.X' : No results for path: $['X']`.
    pub fn read<'a>(&self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, DataError> {
        self.find(scope).map_err(|failure| {
            let text = &self.text;
            match failure {
                PathFailure::Unread(reason) => {
                    DataError::runtime(format!("Invalid path '{text}' : {reason}"))
                }
                PathFailure::Unassigned(name) => DataError::runtime(unassigned(&name)),
            }
        })
    }

    /// The same for callers that have their own words for a failure.
    pub(super) fn find<'a>(&self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, PathFailure> {
        let root = match &self.root {
            Root::Input => scope.input(),
            Root::Context => scope.context(),
            Root::Variable(name) => {
                scope.variable(name).ok_or_else(|| PathFailure::Unassigned(name.clone()))?
            }
        };
        self.path.read(root).map_err(PathFailure::Unread)
    }
}

/// The cause when a variable has no value. AWS's wording is not recorded.
pub(super) fn unassigned(name: &str) -> String {
    format!("The variable '${name}' has not been assigned a value.")
}

/// `$$.a` → the context object and `$.a`; `$name.a` → the variable and `$.a`.
fn split_root(text: &str) -> Option<(Root, Cow<'_, str>)> {
    let rest = text.strip_prefix('$')?;
    if rest.starts_with('$') {
        return Some((Root::Context, Cow::Borrowed(rest)));
    }
    match name_length(rest) {
        0 => Some((Root::Input, Cow::Borrowed(text))),
        length => {
            let (name, path) = rest.split_at(length);
            Some((Root::Variable(name.into()), Cow::Owned(format!("${path}"))))
        }
    }
}
