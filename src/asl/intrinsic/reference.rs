//! A path together with what it is read from: the input, the context object or a variable.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::Scope;
use crate::jsonpath::Dialect;
use crate::jsonpath::Path;
use crate::jsonpath::PathError;
use crate::jsonpath::ReadError;

/// What a path starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// `$`: the state's input, or whatever document the field is about.
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable, by its name without the `$`.
    Variable(Box<str>),
}

/// A path as written in a definition: `$.a`, `$$.Execution.Id`, `$name.a`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    root: Root,
    path: Path,
}

/// Why a [`Reference`] could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// No value was assigned to the variable.
    #[error("the variable '${0}' has no value")]
    Unassigned(Box<str>),
    /// The path does not fit the document.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Reference {
    /// Compiles a reference; the text starts with `$`.
    ///
    /// # Errors
    /// [`PathError`] for what is no path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if !text.starts_with('$') {
            return Err(PathError { position: 0, message: "Path must start with '$'".to_owned() });
        }
        if text.starts_with("$$") {
            return Ok(Self { root: Root::Context, path: Path::compile_rooted(text, "$$", Dialect::Early)? });
        }
        let name_end = text[1..].find(|c: char| !is_name_part(c)).map_or(text.len(), |n| n + 1);
        let (prefix, _) = text.split_at(name_end);
        let root = match &prefix[1..] {
            "" => Root::Input,
            name => Root::Variable(name.into()),
        };
        Ok(Self { root, path: Path::compile_rooted(text, prefix, Dialect::Early)? })
    }

    /// Reads the reference; an indefinite path that finds nothing is `[]`.
    ///
    /// # Errors
    /// [`ReferenceError`] when a definite path leads nowhere or the variable has no value.
    pub fn read<'a>(&self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, ReferenceError> {
        let document = match &self.root {
            Root::Input => scope.input(),
            Root::Context => scope.context_for(self.path.as_str()),
            Root::Variable(name) => {
                scope.variable(name).ok_or_else(|| ReferenceError::Unassigned(name.clone()))?
            }
        };
        Ok(self.path.read(document)?)
    }

    /// What the path starts from.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The compiled path, to be read from the document that [`Reference::root`] names.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text this reference was compiled from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.path.as_str()
    }
}

/// Characters of variable names, near enough to Unicode's identifier characters.
fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
