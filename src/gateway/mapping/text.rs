//! Text with `$context.…` references: gateway responses and access logs. This is not VTL; nothing is evaluated.

use std::borrow::Cow;

use super::source::{Facts, Source};
use crate::apis::Variable;

/// Compiled text.
#[derive(Debug)]
pub(crate) struct Text(Vec<Part>);

#[derive(Debug)]
enum Part {
    Literal(String),
    Reference(Source),
}

const PREFIXES: &[&str] = &["$context.", "$stageVariables.", "$method.request.", "method.request."];

impl Text {
    /// Finds the references in `text`. A reference to an unknown name renders as a missing value.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            match reference(rest) {
                Some((source, after)) => {
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(Part::Reference(source));
                    rest = after;
                }
                None => {
                    literal.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Self(parts)
    }

    /// Whether the text refers to `variable`.
    pub(crate) fn reads(&self, variable: Variable) -> bool {
        self.0.iter().any(|part| match part {
            Part::Reference(source) => source.is_variable(variable),
            Part::Literal(_) => false,
        })
    }

    /// Renders the text; `missing` replaces references without a value.
    pub(crate) fn render(&self, facts: Facts<'_>, missing: &str) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => out.push_str(text),
                // Bodies can't be referenced here, so nothing can fail to parse.
                Part::Reference(source) => {
                    let value = source.read(facts).ok().and_then(super::source::Mapped::joined);
                    out.push_str(&value.unwrap_or(Cow::Borrowed(missing)));
                }
            }
        }
        out
    }
}

/// The reference at the beginning of `text`, and the text after it.
fn reference(text: &str) -> Option<(Source, &str)> {
    let prefix = PREFIXES.iter().find(|prefix| text.starts_with(**prefix))?;
    let after_prefix = &text[prefix.len()..];
    let name_len = after_prefix
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .unwrap_or(after_prefix.len());
    // A dot at the end belongs to the sentence.
    let name = after_prefix[..name_len].trim_end_matches(['.', '-']);
    if name.is_empty() {
        return None;
    }
    let end = prefix.len() + name.len();
    let source = Source::parse(text[..end].trim_start_matches('$')).ok()?;
    if matches!(source, Source::Body(_)) {
        return None;
    }
    Some((source, &text[end..]))
}
