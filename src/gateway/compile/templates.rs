//! Mapping templates by content type.

use std::collections::BTreeMap;
use std::fmt;

use super::media::{essence, first_accepted};
use crate::vtl;

/// The key that stands for every content type.
const DEFAULT_KEY: &str = "$default";
const JSON: &str = "application/json";

/// One template, as ready as its text allows.
#[derive(Debug)]
pub(crate) enum CompiledTemplate {
    /// Text without directives and references.
    Literal(String),
    /// To be evaluated.
    Velocity(Box<vtl::Template>),
    /// Not Velocity. AWS deploys it and fails each request with a 500; so do we, and keep the reason.
    Broken(String),
}

/// The templates of an integration request or response.
#[derive(Debug, Default)]
pub(crate) struct Templates(Vec<(String, CompiledTemplate)>);

impl Templates {
    /// Compiles `sources`; an empty text is no template. `place` names them in the log.
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

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them is evaluated, which may read a body.
    pub(crate) fn are_evaluated(&self) -> bool {
        self.0.iter().any(|(_, template)| matches!(template, CompiledTemplate::Velocity(_)))
    }

    /// The template for a request of this `Content-Type`; none given counts as JSON.
    pub(crate) fn for_content_type(&self, content_type: Option<&str>) -> Option<&CompiledTemplate> {
        let wanted = content_type.map(essence).filter(|kind| !kind.is_empty()).unwrap_or(JSON);
        self.named(wanted).or_else(|| self.named(DEFAULT_KEY)).map(|(_, template)| template)
    }

    /// The template for an answer, with its content type: what the first type of `Accept` names, else JSON,
    /// else the first.
    pub(crate) fn for_accept(&self, accept: Option<&str>) -> Option<(&str, &CompiledTemplate)> {
        let wanted = accept.map(first_accepted).filter(|kind| !kind.is_empty()).unwrap_or(JSON);
        let found = self.named(wanted).or_else(|| self.named(JSON)).or_else(|| self.0.first())?;
        // `$default` is no content type to answer with.
        Some((if found.0 == DEFAULT_KEY { JSON } else { &found.0 }, &found.1))
    }

    fn named(&self, wanted: &str) -> Option<&(String, CompiledTemplate)> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted))
    }
}
