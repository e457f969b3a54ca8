//! [`Path`]: the public API of a compiled path.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::dialect::Dialect;
use super::error::{PathError, ReadError};
use super::eval::{Abort, Budget, Evaluator, STEPS_MAX};
use super::parser;
use super::token::{Token, Tokens};

/// A compiled path. Clones share.
#[derive(Clone)]
pub struct Path {
    inner: Arc<Inner>,
}

/// One step of a path that needs no evaluation, see [`Path::plain_steps`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlainStep<'p> {
    /// `.a`, `['a']`.
    Name(&'p str),
    /// `[0]`; a negative one counts from the end.
    Index(i32),
}

struct Inner {
    text: Box<str>,
    tokens: Tokens,
    dialect: Dialect,
    /// Names and single indexes only: needs no general evaluation.
    is_plain: bool,
}

impl Path {
    /// Compiles `text` in today's dialect. If it starts with neither `$` nor `@`, `$.` is prepended.
    ///
    /// # Errors
    /// [`PathError`] where Jayway throws `InvalidPathException`, and for paths that exceed the limits.
    pub fn compile(text: &str) -> Result<Self, PathError> {
        Self::compile_in(text, Dialect::Current)
    }

    /// The same in any dialect.
    ///
    /// # Errors
    /// As [`Path::compile`].
    pub fn compile_in(text: &str, dialect: Dialect) -> Result<Self, PathError> {
        Ok(Self::new(text, parser::compile(text, dialect)?, dialect))
    }

    /// Compiles a path whose root is called `prefix`: `$$` for the context object, `$name` for a variable. The rest
    /// (`.a[0]`, or nothing) is then read from the document passed to [`Path::read`]; [`Path::as_str`] keeps the whole
    /// text.
    ///
    /// # Errors
    /// [`PathError`] as [`Path::compile`], and if `text` does not start with `prefix`.
    pub fn compile_rooted(text: &str, prefix: &str, dialect: Dialect) -> Result<Self, PathError> {
        let Some(rest) = text.strip_prefix(prefix) else {
            let message = format!("Path must start with '{prefix}'");
            return Err(PathError { position: 0, message });
        };
        let tokens = parser::compile(&format!("${rest}"), dialect).map_err(|error| PathError {
            // One `$` was compiled in place of the prefix.
            position: (error.position + prefix.chars().count()).saturating_sub(1),
            message: error.message,
        })?;
        Ok(Self::new(text, tokens, dialect))
    }

    fn new(text: &str, tokens: Tokens, dialect: Dialect) -> Self {
        let is_plain = tokens.all().iter().all(|token| match token {
            Token::Properties { names, .. } => names.len() == 1,
            Token::Indexes(indexes) => indexes.len() == 1,
            Token::FromEnd(_)
            | Token::Slice { .. }
            | Token::Wildcard
            | Token::Filter(_)
            | Token::Scan
            | Token::Call(_) => false,
        });
        Self { inner: Arc::new(Inner { text: text.into(), tokens, dialect, is_plain }) }
    }

    /// Whether the path can find only one node; reading an indefinite path gives an array.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.inner.tokens.is_definite()
    }

    /// The steps of a path that consists of names and single indexes only; `None` for any other.
    #[must_use]
    pub fn plain_steps(&self) -> Option<Vec<PlainStep<'_>>> {
        if !self.inner.is_plain {
            return None;
        }
        let steps = self.inner.tokens.all().iter().map(|token| match token {
            Token::Properties { names, .. } => names.first().map(|name| PlainStep::Name(name)),
            Token::Indexes(indexes) => indexes.first().map(|index| PlainStep::Index(*index)),
            _ => None,
        });
        steps.collect()
    }

    /// Reads from `root` as Step Functions does: the value itself for a definite path, an array of all matches for an
    /// indefinite one. An indefinite path that finds nothing gives `[]`, whichever step fails.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] if a definite path finds nothing; see [`ReadError`] for the rest.
    pub fn read<'a>(&self, root: &'a Value) -> Result<Cow<'a, Value>, ReadError> {
        self.read_within(root, &mut { u64::MAX })
    }

    /// Reads from `root` as Jayway does by default: like [`Path::read`], but a property missing before the first
    /// indefinite step (`$.nosuch[*]`) is an error.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] if the path finds nothing; see [`ReadError`] for the rest.
    pub fn read_strict<'a>(&self, root: &'a Value) -> Result<Cow<'a, Value>, ReadError> {
        self.read_strict_within(root, &mut { u64::MAX })
    }

    /// Like [`Path::read`], but visits at most `steps_left` nodes, and subtracts those visited from it.
    ///
    /// # Errors
    /// As [`Path::read`].
    pub fn read_within<'a>(
        &self,
        root: &'a Value,
        steps_left: &mut u64,
    ) -> Result<Cow<'a, Value>, ReadError> {
        match self.read_strict_within(root, steps_left) {
            Err(ReadError::NotFound { .. }) if !self.is_definite() => {
                Ok(Cow::Owned(Value::Array(Vec::new())))
            }
            answer => answer,
        }
    }

    fn read_strict_within<'a>(
        &self,
        root: &'a Value,
        steps_left: &mut u64,
    ) -> Result<Cow<'a, Value>, ReadError> {
        if self.inner.is_plain
            && let Some(value) = self.read_plain(root)
        {
            return Ok(Cow::Borrowed(value));
        }
        let steps = usize::try_from(*steps_left).unwrap_or(usize::MAX).min(STEPS_MAX);
        let budget = Budget::new(steps);
        let found = Evaluator { root, budget: &budget, dialect: self.inner.dialect }
            .read_from(&self.inner.tokens, root);
        *steps_left = steps_left.saturating_sub((steps - budget.left()) as u64);
        found.map_err(|abort| self.error(abort))
    }

    /// The node of a plain path. If there is none, the general evaluation finds out why.
    fn read_plain<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.inner.tokens.all().iter().try_fold(root, |node, token| match (token, node) {
            (Token::Properties { names, .. }, Value::Object(members)) => members.get(names.first()?),
            (Token::Indexes(indexes), Value::Array(items)) => {
                let index = i64::from(*indexes.first()?);
                let counts_back = index < 0 && !self.inner.dialect.is_early();
                let from_start = if counts_back { index + items.len() as i64 } else { index };
                items.get(usize::try_from(from_start).ok()?)
            }
            _ => None,
        })
    }

    fn error(&self, abort: Abort) -> ReadError {
        match abort {
            Abort::NotFound(message) => ReadError::NotFound { message, is_past_end: false },
            Abort::PastEnd(message) => ReadError::NotFound { message, is_past_end: true },
            Abort::Invalid(message) => ReadError::InvalidPath { message },
            Abort::Failed(message) | Abort::OutOfBounds(message) => ReadError::Failed { message },
            Abort::TooManySteps => {
                ReadError::TooManySteps { path: self.as_str().to_owned(), limit: STEPS_MAX }
            }
        }
    }

    /// The text from which this path was compiled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.inner.text
    }

    pub(super) fn tokens(&self) -> &Tokens {
        &self.inner.tokens
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.as_str()).finish()
    }
}

impl PartialEq for Path {
    /// Two paths are equal if their texts are equal.
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Path {}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::Path;
    use crate::jsonpath::{Dialect, ReadError};

    #[track_caller]
    fn check(path: &str, root: &Value, expect: &Value) {
        assert_eq!(*Path::compile(path).unwrap().read(root).unwrap(), *expect, "{path}");
    }

    #[track_caller]
    fn check_error(path: &str, root: &Value, expect: &str) {
        assert_eq!(Path::compile(path).unwrap().read(root).unwrap_err().to_string(), expect);
    }

    #[test]
    fn paths_are_shared_between_threads() {
        fn is_send_sync<T: Send + Sync>() {}
        is_send_sync::<Path>();
    }

    #[test]
    fn indefinite_paths_to_nothing_are_empty() {
        for path in
            ["$[*]", "$.items[*]", "$.items[1:]", "$.items[:1]", "$.item.items[1:5].itemValue", "$.a[?(@.b)]"]
        {
            check(path, &json!({}), &json!([]));
        }
    }

    #[test]
    fn definite_paths_to_nothing_say_so() {
        check_error("$.NoSuchInputPath", &json!({}), "No results for path: $['NoSuchInputPath']");
        check_error("$.no.such.result.path", &json!({}), "Missing property in path $['no']");
        check_error("$.a[3]", &json!({"a": [1]}), "No results for path: $['a'][3]");
        check_error("$.a[0]", &json!({"a": null}), "The path $['a'] is null");
    }

    #[test]
    fn quotes_in_names_are_escaped_by_their_like() {
        let root = json!({"it's": 1, "a\"b": 2, "a\\\"b": 3});
        check(r"$['it\'s']", &root, &json!(1));
        check(r#"$["a\"b"]"#, &root, &json!(2));
        check(r#"$['a"b']"#, &root, &json!(2));
        // Recorded from Step Functions: an unnecessary backslash is part of the name.
        check(r#"$['a\"b']"#, &root, &json!(3));
    }

    #[test]
    fn definite_results_are_borrowed() {
        let root = json!({"a": [{"b": 1}]});
        for path in ["$", "$.a", "$['a'][0]", "$.a[-1].b", "$.a.first()"] {
            assert!(matches!(Path::compile(path).unwrap().read(&root).unwrap(), Cow::Borrowed(_)), "{path}");
        }
    }

    #[test]
    fn other_roots_keep_their_prefix() {
        let root = json!({"Execution": {"Id": "x"}, "list": [1, 2]});
        for (text, prefix, expect) in [
            ("$$.Execution.Id", "$$", json!("x")),
            ("$$", "$$", root.clone()),
            ("$var.list[1]", "$var", json!(2)),
            ("$var['list'][*]", "$var", json!([1, 2])),
        ] {
            let path = Path::compile_rooted(text, prefix, Dialect::Current).unwrap();
            assert_eq!(*path.read(&root).unwrap(), expect);
            assert_eq!(path.as_str(), text);
        }
        assert_eq!(Path::compile_rooted("$variable", "$var", Dialect::Current).unwrap_err().position, 4);
        assert!(Path::compile_rooted("$x.a", "$$", Dialect::Current).is_err());
    }

    #[test]
    fn paths_are_as_long_and_as_deep_as_they_may_be() {
        let steps = |n: usize| format!("${}", "[0]".repeat(n));
        let long = |n: usize| format!("$.{}", "a".repeat(n - 2));
        let nested = |n: usize| format!("${}{}", "[?(@".repeat(n - 1), ")]".repeat(n - 1));
        let in_parentheses = |n: usize| format!("$[?({}@.a{})]", "(".repeat(n - 1), ")".repeat(n - 1));
        let texts: [(&dyn Fn(usize) -> String, usize); 4] =
            [(&steps, 512), (&long, 64 * 1024), (&nested, 24), (&in_parentheses, 63)];
        for (text, at) in texts {
            assert!(Path::compile(&text(at)).is_ok(), "{at}: {:?}", Path::compile(&text(at)).map(drop));
            assert!(Path::compile(&text(at + 1)).is_err(), "{at}");
        }
    }

    #[test]
    fn compiling_is_bounded() {
        for text in [
            format!("${}", "[0]".repeat(600)),
            format!("${}{}", "[?(@".repeat(40), ")]".repeat(40)),
            format!("$[?({}@{})]", "(".repeat(100), ")".repeat(100)),
            format!("$.{}", "a".repeat(70_000)),
            format!("$.sum({}", "$.sum(".repeat(5_000)),
        ] {
            assert!(Path::compile(&text).is_err(), "{}…", &text[..20]);
        }
    }

    #[test]
    fn reading_is_bounded() {
        let row: Vec<Value> = (0..60).map(|i| json!({"k": i})).collect();
        let root = json!({"m": vec![row; 60]});
        let endless = Path::compile("$..*..*..*..*..*[?(@..k)]").unwrap();
        assert!(endless.read(&root).is_ok());
        let endless = Path::compile("$..[?(@..[?(@..[?(@..[?($..nosuch == 1)])])])]").unwrap();
        assert!(matches!(endless.read(&root), Err(ReadError::TooManySteps { .. })));

        let mut deep = json!(1);
        for _ in 0..100 {
            deep = Value::Array(vec![deep]);
        }
        assert!(Path::compile("$..*..*").unwrap().read(&deep).is_ok());
        for _ in 0..2_000 {
            deep = Value::Array(vec![deep]);
        }
        assert!(matches!(Path::compile("$..x").unwrap().read(&deep), Err(ReadError::TooManySteps { .. })));
        // Dropping the value recurses as well, so take it apart instead.
        while let Value::Array(mut items) = deep {
            deep = items.pop().unwrap_or_default();
        }
    }

    proptest! {
        #[test]
        fn any_text_compiles_or_not(text in "\\PC{0,40}") {
            let _ = Path::compile(&text);
        }

        #[test]
        fn pathlike_text_never_panics(text in "[$@]([.]{0,2}[a-c*'\"\\[\\]?()=~<>!&|/,:0-9 {}+-]{0,6}){0,8}") {
            if let Ok(path) = Path::compile(&text) {
                let root = json!({"a": [1, {"b": "c", "a": null}, [2, 3]], "b": {"c": 1.5, "a": true}, "c": "x"});
                let _ = path.read(&root);
            }
        }

        #[test]
        fn filters_never_panic(text in "(@(\\.[ab]|\\[[0-9]\\])?|[0-9]|'[ab]'|null|true|\\[1,'a'\\]|/a.*/i|[!()]| ?(==|!=|<|>=|=~|in|nin|size|empty|contains|anyof|&&|\\|\\|) ?){1,9}") {
            if let Ok(path) = Path::compile(&format!("$..[?({text})]")) {
                let _ = path.read(&json!([{"a": 1, "b": "a"}, ["a", 1], "a", null, {"a": [1, 2], "b": {}}]));
            }
        }

        #[test]
        fn names_in_brackets_find_their_member(name in "[^\\\\']{0,12}") {
            let root = json!({name.clone(): 1});
            let path = Path::compile(&format!("$['{name}']")).unwrap();
            prop_assert_eq!(&*path.read(&root).unwrap(), &json!(1));
        }
    }
}
