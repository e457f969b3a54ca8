//! Mapping templates by content type.

use std::collections::BTreeMap;
use std::fmt;

use super::media::{essence, first_accepted};
use crate::vtl;

/// The key that applies to every content type.
const DEFAULT_KEY: &str = "$default";
const JSON: &str = "application/json";

/// One template, compiled as far as possible.
#[derive(Debug)]
pub(crate) enum CompiledTemplate {
    /// Text without directives or references.
    Literal(String),
    /// A template to evaluate.
    Velocity(Box<vtl::Template>),
    /// Not Velocity. AWS deploys it and answers each request with 500. So does this gateway; it keeps the reason.
    Broken(String),
}

/// The templates of an integration request or response.
#[derive(Debug, Default)]
pub(crate) struct Templates(Vec<(String, CompiledTemplate)>);

impl Templates {
    /// Compiles `sources`; an empty text is not a template. `place` names them in the log.
    pub(super) fn compile(sources: &BTreeMap<String, String>, place: fmt::Arguments<'_>) -> Self {
        let compile = |(content_type, source): (&String, &String)| {
            let template = match vtl::Template::parse(source) {
                Ok(template) => match template.is_literal() {
                    Some(text) => CompiledTemplate::Literal(text.to_owned()),
                    None => CompiledTemplate::Velocity(Box::new(template)),
                },
                Err(error) => {
                    let reason = error.render(source);
                    tracing::error!("{place}, template for {content_type} does not parse:\n{reason}");
                    CompiledTemplate::Broken(reason)
                }
            };
            (content_type.clone(), template)
        };
        Self(sources.iter().filter(|(_, source)| !source.is_empty()).map(compile).collect())
    }

    /// Whether there are no templates.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any of them is evaluated and may read a body.
    pub(crate) fn are_evaluated(&self) -> bool {
        self.0.iter().any(|(_, template)| matches!(template, CompiledTemplate::Velocity(_)))
    }

    /// The template for a request with this `Content-Type`; a missing one counts as JSON.
    pub(crate) fn for_content_type(&self, content_type: Option<&str>) -> Option<&CompiledTemplate> {
        let wanted = content_type.map(essence).filter(|kind| !kind.is_empty()).unwrap_or(JSON);
        self.named(wanted).or_else(|| self.named(DEFAULT_KEY)).map(|(_, template)| template)
    }

    /// The template for a response, with its content type: the one for the first type of `Accept`, otherwise for JSON,
    /// otherwise the first.
    pub(crate) fn for_accept(&self, accept: Option<&str>) -> Option<(&str, &CompiledTemplate)> {
        let wanted = accept.map(first_accepted).filter(|kind| !kind.is_empty()).unwrap_or(JSON);
        let found = self.named(wanted).or_else(|| self.named(JSON)).or_else(|| self.0.first())?;
        // `$default` can't be sent as a content type.
        Some((if found.0 == DEFAULT_KEY { JSON } else { &found.0 }, &found.1))
    }

    fn named(&self, wanted: &str) -> Option<&(String, CompiledTemplate)> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted))
    }
}
