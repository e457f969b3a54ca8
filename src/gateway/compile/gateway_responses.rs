//! An API's compiled gateway responses.

use std::collections::BTreeMap;

use http::HeaderName;

use super::media::first_accepted;
use crate::apis::{GatewayResponse, ResponseType, Variable, effective_response};
use crate::gateway::mapping::source::Source;
use crate::gateway::mapping::text::Text;

/// The response of one type.
#[derive(Debug)]
pub(crate) struct CompiledGatewayResponse {
    /// The status, if the owner or a default sets one.
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(HeaderName, Source)>,
    templates: Vec<(String, Text)>,
}

/// All types; those that the owner did not set have AWS's defaults.
#[derive(Debug)]
pub(crate) struct GatewayResponses(Vec<(ResponseType, CompiledGatewayResponse)>);

impl GatewayResponses {
    pub(super) fn compile(set: &BTreeMap<ResponseType, GatewayResponse>) -> Self {
        Self(ResponseType::ALL.iter().map(|kind| (*kind, compile(set, *kind))).collect())
    }

    /// Whether the response to a body that violates its model says why.
    pub(crate) fn show_complaints(&self) -> bool {
        let variable = Variable::ErrorValidationErrorString;
        self.of(ResponseType::BadRequestBody).is_some_and(|response| {
            response.headers.iter().any(|(_, source)| source.is_variable(variable))
                || response.templates.iter().any(|(_, text)| text.reads(variable))
        })
    }

    /// The response of `kind`.
    pub(crate) fn of(&self, kind: ResponseType) -> Option<&CompiledGatewayResponse> {
        self.0.iter().find(|(other, _)| *other == kind).map(|(_, response)| response)
    }
}

impl CompiledGatewayResponse {
    /// Content type and text for a client's `Accept` header: the template for its first type, otherwise for JSON,
    /// otherwise the first.
    pub(crate) fn template(&self, accept: Option<&str>) -> Option<(&str, &Text)> {
        let named = |wanted: &str| self.templates.iter().find(|(kind, _)| kind.eq_ignore_ascii_case(wanted));
        let found = accept
            .and_then(|accept| named(first_accepted(accept)))
            .or_else(|| named("application/json"))
            .or_else(|| self.templates.first())?;
        Some((&found.0, &found.1))
    }
}

fn compile(set: &BTreeMap<ResponseType, GatewayResponse>, kind: ResponseType) -> CompiledGatewayResponse {
    let effective = effective_response(set, kind);
    // A status that the type sets itself takes precedence; a default only fills a gap.
    let source = set.get(&kind).or_else(|| kind.fallback().and_then(|fallback| set.get(&fallback)));
    let status = source.and_then(|source| source.status_code).map(|status| status.as_u16());
    let has_own_templates = source.is_some_and(|source| !source.response_templates.is_empty());
    // If a policy denies access, AWS's default spells the key with a capital M.
    let denied = kind == ResponseType::AccessDenied && !has_own_templates;
    let templates = effective.response_templates.iter().map(|(content_type, text)| {
        let text = if denied { r#"{"Message":$context.error.messageString}"# } else { text };
        (content_type.clone(), Text::parse(text))
    });
    let headers = effective.response_parameters.iter().filter_map(|(target, source)| {
        // Only headers have an effect; AWS accepts querystring and path targets and ignores them.
        let name = HeaderName::try_from(target.strip_prefix("gatewayresponse.header.")?).ok()?;
        match Source::parse(source) {
            Ok(source) => Some((name, source)),
            Err(error) => {
                tracing::error!("gateway response {kind}: {target} has no legal source: {error}");
                None
            }
        }
    });
    CompiledGatewayResponse { status, headers: headers.collect(), templates: templates.collect() }
}
