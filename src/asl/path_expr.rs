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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_scope::TestScope;
    use super::*;

    #[track_caller]
    fn check(path: &str, expect: Result<Value, &str>) {
        let scope = TestScope::of(json!({"a": {"b": [1, 2, 3]}, "items": []}));
        let found = PathExpr::parse(path).unwrap().read(&scope).map(Cow::into_owned);
        assert_eq!(found.map_err(|e| e.to_string()), expect.map_err(str::to_owned), "{path}");
    }

    #[test]
    fn paths_start_from_input_context_or_variable() {
        check("$", Ok(json!({"a": {"b": [1, 2, 3]}, "items": []})));
        check("$.a.b[1]", Ok(json!(2)));
        check("$['a']['b'][2]", Ok(json!(3)));
        check("$.a.b[1:]", Ok(json!([2, 3])));
        check("$.none[*]", Ok(json!([])));
        check("$$.State.Name", Ok(json!("Here")));
        check("$$.Map.Item.Index", Ok(json!(1)));
        check("$answer", Ok(json!(42)));
        check("$user.name", Ok(json!("Ada")));
        check("$user['name']", Ok(json!("Ada")));
    }

    #[test]
    fn paths_to_nothing_say_so_in_the_words_of_aws() {
        check("$.X", Err("States.Runtime: Invalid path '$.X' : No results for path: $['X']"));
        check(
            "$.no.such.path",
            Err("States.Runtime: Invalid path '$.no.such.path' : Missing property in path $['no']"),
        );
        check("$$.X", Err("States.Runtime: Invalid path '$$.X' : No results for path: $['X']"));
        check("$nobody.x", Err("States.Runtime: The variable '$nobody' has not been assigned a value."));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in ["", "a", "a.b", "$.", "$a.", "$$$", " $", "$[", "$a b"] {
            assert!(PathExpr::parse(bad).is_none(), "{bad}");
        }
        for (path, expect) in
            [("$.a[0]", true), ("$a.b", true), ("$.a[*]", false), ("$..a", false), ("$a[0:1]", false)]
        {
            assert_eq!(PathExpr::parse_reference(path).is_some(), expect, "{path}");
        }
    }
}
