//! Definitions of state machines as people keep them: JSON or YAML, with `${substitutions}` in them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use super::{findings, output};
use crate::asl::{self, Position, Program, StateMachineType, Substituted};
use crate::yaml::{self, Mapped};

/// A file of JSON or YAML, as JSON.
struct Document {
    /// The text of the file.
    text: String,
    /// The JSON, if that is another text.
    mapped: Option<Mapped>,
}

/// A definition, ready to be compiled.
pub(super) struct Definition {
    document: Document,
    /// The JSON with its substitutions.
    substituted: Option<Substituted>,
}

/// What a file of substitutions gives.
pub(super) struct Substitutions {
    pub(super) file: PathBuf,
    document: Document,
    values: Map<String, Value>,
    /// Names that a definition has used.
    used: RefCell<BTreeSet<String>>,
}

impl Document {
    /// YAML by the file's name; without one that tells, whatever begins like JSON or is no YAML object is JSON.
    fn read(file: &Path, text: &str) -> Result<Self, yaml::Error> {
        let extension = file.extension().and_then(|extension| extension.to_str());
        let mapped = match extension.map(str::to_ascii_lowercase).as_deref() {
            _ if text.trim_start().starts_with('{') => None,
            Some("json") => None,
            Some("yaml" | "yml") => Some(yaml::to_json_text(text)?),
            Some(_) | None => yaml::to_json_text(text).ok().filter(|mapped| mapped.json.starts_with('{')),
        };
        Ok(Self { text: text.to_owned(), mapped })
    }

    fn json(&self) -> &str {
        self.mapped.as_ref().map_or(&self.text, |mapped| &mapped.json)
    }

    /// The place in the file of an offset in the JSON.
    fn position(&self, offset: usize) -> Position {
        let offset = match &self.mapped {
            None => offset,
            Some(mapped) => {
                let index = mapped.original(offset);
                self.text.char_indices().nth(index).map_or(self.text.len(), |(offset, _)| offset)
            }
        };
        asl::position(&self.text, offset)
    }
}

impl Definition {
    /// Reads `text`, which stands in `file`.
    ///
    /// # Errors
    /// If it is no YAML. Whether it is JSON is for its checks to tell.
    pub(super) fn read(
        file: &Path,
        text: &str,
        substitutions: Option<&Substitutions>,
    ) -> Result<Self, yaml::Error> {
        let document = Document::read(file, text)?;
        let substituted = substitutions.map(|substitutions| {
            let made = asl::substitute(document.json(), &substitutions.values);
            substitutions.used.borrow_mut().extend(made.used.iter().cloned());
            made
        });
        Ok(Self { document, substituted })
    }

    /// What the API would be given.
    pub(super) fn json(&self) -> &str {
        self.substituted.as_ref().map_or_else(|| self.document.json(), |made| &made.text)
    }

    /// The place in the file of an offset in the JSON.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = self.substituted.as_ref().map_or(offset, |made| made.original(offset));
        self.document.position(offset)
    }

    /// Names without a value, and where they stand.
    pub(super) fn unknown(&self) -> impl Iterator<Item = (&str, Position)> {
        let unknown = self.substituted.iter().flat_map(|made| &made.unknown);
        unknown.map(|(name, offset)| (name.as_str(), self.document.position(*offset)))
    }

    /// Compiles it as a Standard machine.
    ///
    /// # Errors
    /// If it is not valid, or has a substitution without a value.
    pub(super) fn compile(
        &self,
        file: &Path,
        substitutions: Option<&Substitutions>,
    ) -> anyhow::Result<Program> {
        let file = file.display();
        if let (Some(substitutions), Some((name, at))) = (substitutions, self.unknown().next()) {
            bail!("{file}:{}:{}: {}", at.line, at.column, substitutions.lacks(name));
        }
        match asl::compile(self.json(), StateMachineType::Standard) {
            Ok(program) => Ok(program),
            Err(diagnostics) => bail!("{file}: the definition is not valid: {diagnostics}"),
        }
    }
}

impl Substitutions {
    /// Reads a file with an object of names and values: texts, numbers and booleans.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let name = || file.display().to_string();
        let document = Document::read(file, &findings::read(file)?).with_context(name)?;
        let values: Map<String, Value> = serde_json::from_str(document.json())
            .with_context(|| format!("{}: expected an object of names and values", name()))?;
        for (key, value) in &values {
            if !(value.is_string() || value.is_number() || value.is_boolean()) {
                bail!("{}: the value of {key:?} is neither a text, a number nor a boolean", name());
            }
        }
        Ok(Self { file: file.to_owned(), document, values, used: RefCell::default() })
    }

    /// Reads the file if one was named.
    pub(super) fn read_if_named(file: Option<&Path>) -> anyhow::Result<Option<Self>> {
        file.map(Self::read).transpose()
    }

    /// That a name has no value.
    pub(super) fn lacks(&self, name: &str) -> String {
        let meant = asl::closest(name, self.values.keys().map(String::as_str));
        let meant = meant.map(|meant| format!("; did you mean ${{{meant}}}?")).unwrap_or_default();
        format!("${{{name}}} has no value in {}{meant}", self.file.display())
    }

    /// The names that no definition has used, and where they stand.
    pub(super) fn unused(&self) -> Vec<(&str, Position)> {
        let used = self.used.borrow();
        let unused = self.values.keys().filter(|name| !used.contains(*name));
        let at = |name: &str| self.document.position(asl::place(self.document.json(), &format!("/{name}")));
        unused.map(|name| (name.as_str(), at(name))).collect()
    }

    /// The text of the file.
    pub(super) fn text(&self) -> &str {
        &self.document.text
    }

    /// Warns of the names that no definition has used.
    pub(super) fn warn_of_unused(&self) {
        for (name, at) in self.unused() {
            let (file, Position { line, column }) = (self.file.display(), at);
            output::warning(&format!("{file}:{line}:{column}: no definition has ${{{name}}}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn json(file: &str, text: &str) -> Option<String> {
        Definition::read(Path::new(file), text, None).ok().map(|definition| definition.json().to_owned())
    }

    #[test]
    fn what_a_file_is_follows_from_its_name_and_its_start() {
        assert_eq!(json("m.asl.yaml", "StartAt: A"), Some(r#"{"StartAt":"A"}"#.to_owned()));
        assert_eq!(json("m.asl", "StartAt: A"), Some(r#"{"StartAt":"A"}"#.to_owned()));
        for (file, text) in [
            ("m.json", "StartAt: A"),
            ("m.yaml", " {\"StartAt\": nope}"),
            ("-", "nope"),
            ("-", "[1"),
            ("-", ""),
        ] {
            assert_eq!(json(file, text).as_deref(), Some(text), "{file}");
        }
        assert_eq!(json("m.yml", "a: [1"), None);
    }
}
