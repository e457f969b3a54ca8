//! Gateway responses: responses in place of the gateway's own refusals.

use std::collections::BTreeMap;

use super::check_integration::check_templates;
use super::ids::StatusCode;
use super::mapping_names::check_gateway_response_parameters;
use super::words::words;
use crate::apis::error::BadRequest;

words! {
    /// The types of refusals.
    pub enum ResponseType {
        RequestTooLarge = "REQUEST_TOO_LARGE",
        ResourceNotFound = "RESOURCE_NOT_FOUND",
        AuthorizerConfigurationError = "AUTHORIZER_CONFIGURATION_ERROR",
        MissingAuthenticationToken = "MISSING_AUTHENTICATION_TOKEN",
        BadRequestBody = "BAD_REQUEST_BODY",
        InvalidSignature = "INVALID_SIGNATURE",
        InvalidApiKey = "INVALID_API_KEY",
        BadRequestParameters = "BAD_REQUEST_PARAMETERS",
        AuthorizerFailure = "AUTHORIZER_FAILURE",
        Unauthorized = "UNAUTHORIZED",
        IntegrationTimeout = "INTEGRATION_TIMEOUT",
        AccessDenied = "ACCESS_DENIED",
        Default4xx = "DEFAULT_4XX",
        Default5xx = "DEFAULT_5XX",
        WafFiltered = "WAF_FILTERED",
        QuotaExceeded = "QUOTA_EXCEEDED",
        Throttled = "THROTTLED",
        ApiConfigurationError = "API_CONFIGURATION_ERROR",
        UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE",
        IntegrationFailure = "INTEGRATION_FAILURE",
        ExpiredToken = "EXPIRED_TOKEN",
    }
}

/// The default template of all types.
pub(crate) const DEFAULT_TEMPLATE: &str = r#"{"message":$context.error.messageString}"#;
const DEFAULT_CONTENT_TYPE: &str = "application/json";

impl ResponseType {
    /// The default status, unless the type or its fallback sets one; `None` for the two fallbacks.
    pub const fn default_status(self) -> Option<StatusCode> {
        match self {
            Self::BadRequestBody | Self::BadRequestParameters => StatusCode::new(400),
            Self::Unauthorized => StatusCode::new(401),
            Self::AccessDenied
            | Self::ExpiredToken
            | Self::InvalidApiKey
            | Self::InvalidSignature
            | Self::MissingAuthenticationToken
            | Self::WafFiltered => StatusCode::new(403),
            Self::ResourceNotFound => StatusCode::new(404),
            Self::RequestTooLarge => StatusCode::new(413),
            Self::UnsupportedMediaType => StatusCode::new(415),
            Self::QuotaExceeded | Self::Throttled => StatusCode::new(429),
            Self::ApiConfigurationError | Self::AuthorizerConfigurationError | Self::AuthorizerFailure => {
                StatusCode::new(500)
            }
            Self::IntegrationFailure | Self::IntegrationTimeout => StatusCode::new(504),
            Self::Default4xx | Self::Default5xx => None,
        }
    }

    /// The type whose settings apply if this one isn't set; `None` for the two fallbacks themselves.
    pub const fn fallback(self) -> Option<Self> {
        match self.default_status() {
            Some(status) if status.as_u16() < 500 => Some(Self::Default4xx),
            Some(_) => Some(Self::Default5xx),
            None => None,
        }
    }
}

/// What an owner has set for a type. See
/// [GatewayResponse](https://docs.aws.amazon.com/apigateway/latest/api/API_GatewayResponse.html).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayResponse {
    /// Status instead of the type's own.
    pub status_code: Option<StatusCode>,
    /// `gatewayresponse.header.NAME` → source expression.
    pub response_parameters: BTreeMap<String, String>,
    /// Content type → text with `$context.…` references (no VTL).
    pub response_templates: BTreeMap<String, String>,
}

/// A gateway response as it applies, with defaults and fallback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveResponse {
    /// The type.
    pub response_type: ResponseType,
    /// Whether the owner has set nothing for this type itself.
    pub default_response: bool,
    /// Status; `None` only for a fallback type without one.
    pub status_code: Option<StatusCode>,
    /// `gatewayresponse.header.NAME` → source expression.
    pub response_parameters: BTreeMap<String, String>,
    /// Content type → text with references.
    pub response_templates: BTreeMap<String, String>,
}

/// What applies to `response_type` if the owner has `set` these: the type itself, otherwise its fallback, otherwise
/// AWS's defaults. A type that is set without a status keeps its own default status.
pub fn effective_response(
    set: &BTreeMap<ResponseType, GatewayResponse>,
    response_type: ResponseType,
) -> EffectiveResponse {
    let own = set.get(&response_type);
    let source = own.or_else(|| response_type.fallback().and_then(|fallback| set.get(&fallback)));
    let templates = source.map(|source| source.response_templates.clone()).unwrap_or_default();
    EffectiveResponse {
        response_type,
        default_response: own.is_none(),
        status_code: source.and_then(|source| source.status_code).or_else(|| response_type.default_status()),
        response_parameters: source.map(|source| source.response_parameters.clone()).unwrap_or_default(),
        response_templates: if templates.is_empty() {
            BTreeMap::from([(DEFAULT_CONTENT_TYPE.to_owned(), DEFAULT_TEMPLATE.to_owned())])
        } else {
            templates
        },
    }
}

/// Checks a gateway response by itself, as mappings of integrations are checked.
pub(super) fn check_gateway_response(response: &GatewayResponse) -> Result<(), BadRequest> {
    check_gateway_response_parameters(&response.response_parameters)?;
    check_templates(&response.response_templates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_but_the_fallbacks_has_a_status_and_a_fallback() {
        assert_eq!(ResponseType::ALL.len(), 21);
        for kind in ResponseType::ALL {
            let is_fallback = matches!(kind, ResponseType::Default4xx | ResponseType::Default5xx);
            assert_eq!(kind.default_status().is_none(), is_fallback, "{kind}");
            assert_eq!(kind.fallback().is_none(), is_fallback, "{kind}");
        }
    }

    #[test]
    fn unset_types_follow_their_fallback_and_set_types_do_not() {
        let teapot = GatewayResponse { status_code: StatusCode::new(599), ..GatewayResponse::default() };
        let mut set = BTreeMap::from([(ResponseType::Default5xx, teapot)]);
        let code = |set: &_, kind| effective_response(set, kind).status_code.map(StatusCode::as_u16);
        assert_eq!(code(&set, ResponseType::IntegrationTimeout), Some(599));
        assert_eq!(code(&set, ResponseType::Throttled), Some(429));
        set.insert(ResponseType::IntegrationTimeout, GatewayResponse::default());
        assert_eq!(code(&set, ResponseType::IntegrationTimeout), Some(504));
        assert_eq!(code(&set, ResponseType::Default4xx), None);
    }
}
