//! JSONPath as Jayway JsonPath reads it, the dialect of Step Functions and of API Gateway's `$input`.
//!
//! A [`Path`] is compiled once and read many times; a [`ReferencePath`] is the subset that names exactly one
//! node and can therefore also be written to (ASL `ResultPath`).

mod error;

pub use error::{PathError, ReadError, WriteError};

use std::borrow::Cow;

use serde_json::Value;

/// A compiled path. Cheap to share between threads.
#[derive(Debug, Clone)]
pub struct Path {
    text: Box<str>,
}

impl Path {
    /// Compiles `text`.
    ///
    /// # Errors
    /// [`PathError`] where Jayway throws `InvalidPathException`.
    pub fn compile(text: &str) -> Result<Self, PathError> {
        Ok(Self { text: text.into() })
    }

    /// Whether the path can name one node only; an indefinite path reads as an array.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        true
    }

    /// Reads from `root`: the value itself for a definite path, an array of all matches (`[]` when there is
    /// none) for an indefinite one.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] when a definite path leads nowhere, and the limits.
    pub fn read<'a>(&self, root: &'a Value) -> Result<Cow<'a, Value>, ReadError> {
        Ok(Cow::Borrowed(root))
    }

    /// The text this path was compiled from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// A path that names exactly one node: `$.a.b[2]['c']`. ASL "Reference Paths".
#[derive(Debug, Clone)]
pub struct ReferencePath {
    path: Path,
}

impl ReferencePath {
    /// Compiles `text`.
    ///
    /// # Errors
    /// [`PathError`] for what is no path and for paths that may name several nodes.
    pub fn compile(text: &str) -> Result<Self, PathError> {
        Ok(Self { path: Path::compile(text)? })
    }

    /// Reads the node named, borrowed from `root`.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] when there is no such node.
    pub fn read<'a>(&self, root: &'a Value) -> Result<&'a Value, ReadError> {
        Ok(root)
    }

    /// Puts `value` at the node named, making the objects on the way there that are missing. Array slots are
    /// never made.
    ///
    /// # Errors
    /// [`WriteError`] when something on the way is neither an object nor an array that has the slot; `root` is
    /// then unchanged.
    pub fn set(&self, root: &mut Value, value: Value) -> Result<(), WriteError> {
        *root = value;
        Ok(())
    }

    /// The text this path was compiled from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.path.as_str()
    }
}
