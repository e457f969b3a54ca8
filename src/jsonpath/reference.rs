//! [`ReferencePath`]: a path that names exactly one node, for reading and writing.

use std::fmt;

use serde_json::{Map, Value};

use super::dialect::Dialect;
use super::error::{PathError, ReadError, WriteError};
use super::path::Path;
use super::token::{Root, Token};

/// A path that names exactly one node: `$.a.b[2]['c']`. ASL "Reference Paths". Always in the early dialect.
#[derive(Clone, PartialEq, Eq)]
pub struct ReferencePath {
    path: Path,
    steps: Box<[Step]>,
}

#[derive(Clone, PartialEq, Eq)]
enum Step {
    Member(Box<str>),
    Element(usize),
}

impl ReferencePath {
    /// Compiles `text`.
    ///
    /// # Errors
    /// [`PathError`] for text that is not a path, and for paths that may find several nodes, count from the end of an
    /// array, or start with anything but `$`.
    pub fn compile(text: &str) -> Result<Self, PathError> {
        Self::from_path(Path::compile_in(text, Dialect::Early)?)
    }

    /// Compiles a reference path with its own root; see [`Path::compile_rooted`].
    ///
    /// # Errors
    /// As [`ReferencePath::compile`].
    pub fn compile_rooted(text: &str, prefix: &str) -> Result<Self, PathError> {
        Self::from_path(Path::compile_rooted(text, prefix, Dialect::Early)?)
    }

    fn from_path(path: Path) -> Result<Self, PathError> {
        let refused = || PathError {
            position: 0,
            message: format!("'{path}' is not a Reference Path: it must name exactly one node"),
        };
        // Check the text as written, without the `$.` that Jayway would prepend: `a.b` is not a reference path.
        if path.tokens().root() != Root::Document || !path.as_str().starts_with('$') {
            return Err(refused());
        }
        let step = |token: &Token| match token {
            Token::Properties { names, .. } => match &**names {
                [name] => Some(Step::Member(name.as_str().into())),
                _ => None,
            },
            Token::Indexes(indexes) => match **indexes {
                [index] => usize::try_from(index).ok().map(Step::Element),
                _ => None,
            },
            Token::FromEnd(_)
            | Token::Slice { .. }
            | Token::Wildcard
            | Token::Filter(_)
            | Token::Scan
            | Token::Call(_) => None,
        };
        let steps: Option<Box<[Step]>> = path.tokens().all().iter().map(step).collect();
        let steps = steps.ok_or_else(refused)?;
        Ok(Self { path, steps })
    }

    /// Whether this is `$` alone.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// Reads the node, borrowed from `root`.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] if there is no such node.
    pub fn read<'a>(&self, root: &'a Value) -> Result<&'a Value, ReadError> {
        let found = self.steps.iter().try_fold(root, |node, step| match (step, node) {
            (Step::Member(name), Value::Object(members)) => members.get(&**name),
            (Step::Element(index), Value::Array(items)) => items.get(*index),
            _ => None,
        });
        found.ok_or_else(|| match self.path.read_strict(root) {
            Err(error) => error,
            Ok(_) => {
                let message = format!("No results for path: {}", self.path);
                ReadError::NotFound { message, is_past_end: false }
            }
        })
    }

    /// Writes `value` to the node, and creates missing objects on the way. Array elements are never added. ASL
    /// "ResultPath".
    ///
    /// # Errors
    /// [`WriteError`] if something on the way is neither an object nor an array with that element; `root` is then
    /// unchanged.
    pub fn set(&self, root: &mut Value, value: Value) -> Result<(), WriteError> {
        self.check_way(root)?;
        let mut node = root;
        for step in &self.steps {
            node = match (step, node) {
                (Step::Member(name), Value::Object(members)) => {
                    members.entry(&**name).or_insert_with(|| Value::Object(Map::new()))
                }
                (Step::Element(index), Value::Array(items)) => {
                    items.get_mut(*index).expect("the way was checked")
                }
                (Step::Member(_) | Step::Element(_), _) => unreachable!("the way was checked"),
            };
        }
        *node = value;
        Ok(())
    }

    /// Checks that [`ReferencePath::set`] can reach the node.
    fn check_way(&self, root: &Value) -> Result<(), WriteError> {
        let mut node = Some(root);
        for (i, step) in self.steps.iter().enumerate() {
            node = match (step, node) {
                (Step::Member(name), Some(Value::Object(members))) => members.get(&**name),
                (Step::Member(_), None) => None,
                (Step::Element(index), Some(Value::Array(items))) => match items.get(*index) {
                    Some(item) => Some(item),
                    None => return Err(WriteError::NoSuchSlot { at: self.shown(i), index: *index }),
                },
                (Step::Member(_), Some(_)) => return Err(WriteError::NotAnObject { at: self.shown(i) }),
                // A missing node would be created as an object.
                (Step::Element(_), _) => return Err(WriteError::NotAnArray { at: self.shown(i) }),
            };
        }
        Ok(())
    }

    /// The first `n` steps as a normalized path.
    fn shown(&self, n: usize) -> String {
        let step = |step: &Step| match step {
            Step::Member(name) => format!("['{name}']"),
            Step::Element(index) => format!("[{index}]"),
        };
        format!("${}", self.steps.iter().take(n).map(step).collect::<String>())
    }

    /// The text from which this path was compiled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.path.as_str()
    }
}

impl fmt::Display for ReferencePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ReferencePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReferencePath").field(&self.as_str()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::ReferencePath;

    #[track_caller]
    fn check(path: &str, mut root: Value, expect: &Value) {
        ReferencePath::compile(path).unwrap().set(&mut root, json!("new")).unwrap();
        assert_eq!(root, *expect, "{path}");
    }

    #[track_caller]
    fn check_error(path: &str, root: &Value, expect: &str) {
        let mut written = root.clone();
        let error = ReferencePath::compile(path).unwrap().set(&mut written, json!("new")).unwrap_err();
        assert_eq!(error.to_string(), expect, "{path}");
        assert_eq!(written, *root, "{path}");
    }

    #[test]
    fn set_makes_missing_objects() {
        check("$", json!({"a": 1}), &json!("new"));
        check("$.a", json!({"a": 1}), &json!({"a": "new"}));
        check("$.b", json!({"a": 1}), &json!({"a": 1, "b": "new"}));
        check("$.b.c['d e']", json!({"a": 1}), &json!({"a": 1, "b": {"c": {"d e": "new"}}}));
        check("$.a[1]", json!({"a": [1, 2]}), &json!({"a": [1, "new"]}));
        check("$.a[0].b", json!({"a": [{}]}), &json!({"a": [{"b": "new"}]}));
        check("$[0]", json!([1]), &json!(["new"]));
    }

    #[test]
    fn set_makes_nothing_else() {
        check_error("$.a.b", &json!({"a": 1}), "the node at $['a'] is not an object");
        check_error("$.a.b", &json!({"a": null}), "the node at $['a'] is not an object");
        check_error("$.a.b", &json!({"a": []}), "the node at $['a'] is not an object");
        check_error("$.a", &json!("text"), "the node at $ is not an object");
        check_error("$.a[1]", &json!({"a": [1]}), "the array at $['a'] has no slot 1");
        check_error("$.x.a[0]", &json!({}), "the node at $['x']['a'] is not an array");
        check_error("$.a[0]", &json!({"a": {}}), "the node at $['a'] is not an array");
    }

    #[test]
    fn only_paths_to_one_node_are_references() {
        for path in [
            "$.*",
            "$..a",
            "$.a[0,1]",
            "$.a[0:1]",
            "$.a[-1]",
            "$['a','b']",
            "$.a[?(@.b)]",
            "$.a[(@.length-1)]",
        ] {
            assert!(ReferencePath::compile(path).is_err(), "{path}");
        }
        for path in ["a", "@.a", "$$.a", "", "$.", "$.a b"] {
            assert!(ReferencePath::compile(path).is_err(), "{path}");
        }
    }

    #[test]
    fn read_says_what_is_missing() {
        let path = ReferencePath::compile("$.a.b").unwrap();
        assert_eq!(path.read(&json!({"a": {"b": 1}})).unwrap(), &json!(1));
        assert_eq!(path.read(&json!({})).unwrap_err().to_string(), "Missing property in path $['a']");
    }

    proptest! {
        #[test]
        fn what_is_set_is_read(steps in prop::collection::vec("[a-d]", 1..6), number in any::<i64>()) {
            let path = ReferencePath::compile(&format!("$.{}", steps.join("."))).unwrap();
            for mut root in [json!({}), json!({"a": {"b": {"c": 1}}, "b": [1]})] {
                let before = root.clone();
                match path.set(&mut root, json!(number)) {
                    Ok(()) => prop_assert_eq!(path.read(&root).unwrap(), &json!(number)),
                    Err(_) => prop_assert_eq!(root, before),
                }
            }
        }
    }
}
