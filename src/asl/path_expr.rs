//! A path in a field: `$…` into the input, `$$…` into the context object, `$name…` into a variable.

use std::borrow::Cow;

use serde_json::Value;

use super::data_error::DataError;
use super::intrinsic::{Reference, ReferenceError, Root, Scope};
use crate::jsonpath::{PathError, ReferencePath};

/// A compiled path with what it starts from.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html>
#[derive(Clone, Debug)]
pub struct PathExpr(Reference);

impl PathExpr {
    /// `$`: the whole input.
    pub(super) fn input() -> Self {
        Self::parse("$").expect("`$` is a path")
    }

    /// `None` if `text` is no path.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::read_text(text).ok()
    }

    /// The same with the reason.
    pub(super) fn read_text(text: &str) -> Result<Self, PathError> {
        Reference::parse(text).map(Self)
    }

    /// The same for a path that names exactly one node.
    pub(super) fn parse_reference(text: &str) -> Option<Self> {
        let path = Self::parse(text)?;
        match path.root() {
            Root::Input => ReferencePath::compile(text),
            Root::Context => ReferencePath::compile_rooted(text, "$$"),
            Root::Variable(name) => ReferencePath::compile_rooted(text, &format!("${name}")),
        }
        .ok()?;
        Some(path)
    }

    /// What the path starts from.
    pub fn root(&self) -> &Root {
        self.0.root()
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }

    /// What the path names; several matches are an array.
    ///
    /// # Errors
    /// `States.Runtime` when there is nothing of the kind: `Invalid path '$.X' : No results for path: $['X']`.
    pub fn read<'a>(&self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, DataError> {
        self.find(scope).map_err(|reason| self.invalid(&reason))
    }

    /// The same for callers that have their own words for a failure.
    pub(super) fn find<'a>(&self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, ReferenceError> {
        self.0.read(scope)
    }

    /// Why the path could not be read, in AWS's frame.
    pub(super) fn invalid(&self, reason: &ReferenceError) -> DataError {
        DataError::runtime(format!("Invalid path '{}' : {reason}", self.text()))
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
        check(
            "$nobody.x",
            Err("States.Runtime: Invalid path '$nobody.x' : the variable '$nobody' has no value"),
        );
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
