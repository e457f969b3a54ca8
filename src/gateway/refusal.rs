//! All errors with which the gateway itself answers a request, and AWS's messages.
//!
//! Phases return a [`Refusal`]; only `pipeline::respond` turns it into a response.

use std::borrow::Cow;

use crate::apis::{ApiId, ResponseType};

/// Why a request is not answered by its integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    // Before an API is known, so gateway responses don't apply.
    /// There is no such API or stage.
    Forbidden,
    /// The address names only a stage, and several APIs have one of that name.
    AmbiguousApi {
        /// The stage's name.
        stage: String,
        /// The APIs with such a stage.
        apis: Vec<ApiId>,
    },
    /// The API could not be loaded.
    Unavailable,
    /// The client broke off its own request; probably nobody reads the response.
    BodyBroken,

    // Within an API, so its gateway responses apply.
    /// A policy or an authorizer denies the request.
    AccessDenied(Denial),
    /// The API's resource policy or the caller's own policies deny the request; this is the whole message.
    PolicyDenied(String),
    /// The API's definition is wrong.
    ApiConfiguration(Misconfiguration),
    /// The authorizer can't be called, or returned an invalid result.
    AuthorizerConfiguration,
    /// The authorizer failed.
    AuthorizerFailure,
    /// A value can't be placed in the integration's path; this is the variable's name.
    InvalidPathValue(String),
    /// Required parameters are missing; these are their full names in AWS's order.
    MissingParameters(Vec<String>),
    /// The body violates its model; these are the violations.
    InvalidBody(String),
    /// A template or mapping needs JSON but the body isn't; this is the parser's message.
    BodyNotJson(String),
    /// A parameter mapping needs JSON but the body isn't.
    MappedBodyNotJson,
    /// A session token has expired.
    ExpiredToken,
    /// The backend could not be reached.
    IntegrationUnreachable,
    /// The backend's response is unusable.
    IntegrationBroken(Breakage),
    /// The backend took too long.
    IntegrationTimeout,
    /// There is no valid API key.
    InvalidApiKey,
    /// A signature is not valid.
    InvalidSignature(String),
    /// An `Authorization` header that is not a signature, where nothing was found for the request or a signature is
    /// required.
    IncompleteSignature(String),
    /// An unknown access key, or another session's token.
    UnrecognizedClient,
    /// There is no such resource or method, or there are no credentials.
    MissingAuthenticationToken,
    /// A plan's quota is spent.
    QuotaExceeded,
    /// The body is larger than 10 MB; no gateway response applies.
    RequestTooLarge,
    /// The parsed body would take more memory than there is for it; no gateway response applies.
    ValuesTooLarge,
    /// The resource is missing after authorization.
    ResourceNotFound,
    /// A rate is exceeded.
    Throttled,
    /// The caller's token has expired.
    TokenExpired,
    /// There is no token, or it is invalid.
    Unauthorized,
    /// The ARN of the call is too long for authorizers.
    UriTooLong,
    /// There is no template for the body's type, and passthrough is not allowed.
    UnsupportedMediaType,
    /// The web ACL denies the request.
    WafFiltered,
}

/// How access was denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// No statement allows the request.
    Implicit,
    /// A statement denies the request.
    Explicit,
}

/// Why a backend's response is unusable; `Display` is the execution log's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breakage {
    /// The function failed; this is its own message.
    #[error("Lambda execution failed with status 200 due to customer function error: {0}")]
    FunctionError(String),
    /// The function's result is not an HTTP response.
    #[error("Execution failed due to configuration error: Malformed Lambda proxy response")]
    MalformedProxyResponse,
    /// The endpoint's response broke off, or is ambiguous.
    #[error("Execution failed due to configuration error: Malformed endpoint response")]
    MalformedAnswer,
}

/// What is wrong with an API's definition; `Display` is the execution log's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misconfiguration {
    /// The integration's URI is invalid.
    #[error("Invalid endpoint address")]
    EndpointAddress,
    /// A request template does not parse, or failed while it ran.
    #[error("Unable to transform request: {0}")]
    RequestTemplate(String),
    /// A response template does not parse, or failed while it ran.
    #[error("Unable to transform response: {0}")]
    ResponseTemplate(String),
    /// A MOCK integration's template returned no `statusCode`.
    #[error("Unable to parse statusCode. It should be an integer that is defined in the request template.")]
    MockStatus,
    /// No integration response matches, and there is no default.
    #[error(
        "No match for output mapping and no default output mapping configured. \
         Endpoint Response Status Code: {0}"
    )]
    NoOutputMapping(String),
    /// The method has no response with the integration response's status.
    #[error("Output mapping refers to an invalid method response: {0}")]
    MethodResponse(u16),
    /// A mapping or override sets something that must not be set.
    #[error("Invalid mapping expression specified: {0}")]
    Mapping(String),
    /// A body could not be converted between text and bytes.
    #[error("Unable to base64 decode the body.")]
    Base64,
    /// A template can't be applied to a binary body.
    #[error("Unable to transform a binary payload.")]
    BinaryPayload,
    /// The integration's response exceeds 10 MB.
    #[error("Integration response of more than {0} bytes exceeds the payload limit.")]
    ResponseTooLarge(usize),
    /// Lambda did not call the function.
    #[error("Lambda execution failed with status {0}")]
    LambdaStatus(u16),
    /// A feature that this gateway doesn't support.
    #[error("{0}")]
    Unsupported(String),
}

impl Refusal {
    /// The gateway response that applies; `None` if no API is known yet.
    pub const fn response_type(&self) -> Option<ResponseType> {
        Some(match self {
            Self::Forbidden
            | Self::AmbiguousApi { .. }
            | Self::Unavailable
            | Self::BodyBroken
            | Self::RequestTooLarge
            | Self::ValuesTooLarge
            | Self::UriTooLong => {
                return None;
            }
            Self::AccessDenied(_) | Self::PolicyDenied(_) => ResponseType::AccessDenied,
            Self::ApiConfiguration(_) => ResponseType::ApiConfigurationError,
            Self::AuthorizerConfiguration => ResponseType::AuthorizerConfigurationError,
            Self::AuthorizerFailure => ResponseType::AuthorizerFailure,
            Self::MissingParameters(_) | Self::InvalidPathValue(_) => ResponseType::BadRequestParameters,
            Self::InvalidBody(_) | Self::BodyNotJson(_) | Self::MappedBodyNotJson => {
                ResponseType::BadRequestBody
            }
            Self::ExpiredToken => ResponseType::ExpiredToken,
            Self::IntegrationUnreachable | Self::IntegrationBroken(_) => ResponseType::IntegrationFailure,
            Self::IntegrationTimeout => ResponseType::IntegrationTimeout,
            Self::InvalidApiKey => ResponseType::InvalidApiKey,
            // The type for these is not recorded; this is the only one about signatures.
            Self::InvalidSignature(_) | Self::IncompleteSignature(_) | Self::UnrecognizedClient => {
                ResponseType::InvalidSignature
            }
            Self::MissingAuthenticationToken => ResponseType::MissingAuthenticationToken,
            Self::QuotaExceeded => ResponseType::QuotaExceeded,
            Self::ResourceNotFound => ResponseType::ResourceNotFound,
            Self::Throttled => ResponseType::Throttled,
            Self::Unauthorized | Self::TokenExpired => ResponseType::Unauthorized,
            Self::UnsupportedMediaType => ResponseType::UnsupportedMediaType,
            Self::WafFiltered => ResponseType::WafFiltered,
        })
    }

    /// The status if no API is known, or if AWS's status differs from the type's default.
    pub const fn own_status(&self) -> Option<u16> {
        match self {
            Self::Forbidden => Some(403),
            Self::AmbiguousApi { .. } => Some(404),
            Self::Unavailable => Some(503),
            Self::BodyBroken => Some(400),
            Self::RequestTooLarge | Self::ValuesTooLarge => Some(413),
            Self::UriTooLong => Some(414),
            // An unusable response is 502; an unreachable backend keeps the table's 504.
            Self::IntegrationBroken(_) => Some(502),
            Self::AccessDenied(_)
            | Self::PolicyDenied(_)
            | Self::ApiConfiguration(_)
            | Self::AuthorizerConfiguration
            | Self::AuthorizerFailure
            | Self::InvalidPathValue(_)
            | Self::MissingParameters(_)
            | Self::InvalidBody(_)
            | Self::BodyNotJson(_)
            | Self::MappedBodyNotJson
            | Self::ExpiredToken
            | Self::IntegrationUnreachable
            | Self::IntegrationTimeout
            | Self::InvalidApiKey
            | Self::InvalidSignature(_)
            | Self::IncompleteSignature(_)
            | Self::MissingAuthenticationToken
            | Self::QuotaExceeded
            | Self::ResourceNotFound
            | Self::Throttled
            | Self::Unauthorized
            | Self::TokenExpired
            | Self::UnrecognizedClient
            | Self::UnsupportedMediaType
            | Self::WafFiltered => None,
        }
    }

    /// Whether the body is the plain message. AWS's front door refuses a body that is too large before it looks for an
    /// API, and not in JSON.
    pub const fn is_plain_text(&self) -> bool {
        matches!(self, Self::RequestTooLarge)
    }

    /// The value of `x-amzn-ErrorType`.
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::Forbidden | Self::InvalidApiKey | Self::WafFiltered => "ForbiddenException",
            Self::AmbiguousApi { .. } | Self::ResourceNotFound => "NotFoundException",
            Self::Unavailable => "ServiceUnavailableException",
            Self::AccessDenied(_) | Self::PolicyDenied(_) => "AccessDeniedException",
            Self::ApiConfiguration(_)
            | Self::IntegrationUnreachable
            | Self::IntegrationBroken(_)
            | Self::IntegrationTimeout => "InternalServerErrorException",
            Self::AuthorizerConfiguration | Self::AuthorizerFailure => "AuthorizerConfigurationException",
            Self::InvalidPathValue(_)
            | Self::MissingParameters(_)
            | Self::InvalidBody(_)
            | Self::BodyNotJson(_)
            | Self::MappedBodyNotJson
            | Self::BodyBroken
            | Self::UriTooLong
            | Self::UnsupportedMediaType => "BadRequestException",
            Self::ExpiredToken => "ExpiredTokenException",
            Self::InvalidSignature(_) => "InvalidSignatureException",
            Self::IncompleteSignature(_) => "IncompleteSignatureException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::QuotaExceeded => "LimitExceededException",
            Self::RequestTooLarge | Self::ValuesTooLarge => "RequestEntityTooLargeException",
            Self::Throttled => "TooManyRequestsException",
            Self::Unauthorized | Self::TokenExpired => "UnauthorizedException",
        }
    }

    /// `$context.error.message`: the client's message; `None` where AWS has `null`.
    pub fn message(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Forbidden | Self::InvalidApiKey | Self::WafFiltered => "Forbidden".into(),
            Self::AmbiguousApi { stage, apis } => {
                let apis: Vec<&str> = apis.iter().map(ApiId::as_str).collect();
                let apis = apis.join(", ");
                format!(
                    "Several APIs have a stage named {stage}: {apis}. Name one in the host \
                     ({{api}}.execute-api.localhost) or in the path (/_aws/execute-api/{{api}}/{stage}/)"
                )
                .into()
            }
            Self::Unavailable => "Service Unavailable".into(),
            Self::BodyBroken => "Incomplete request body".into(),
            Self::AccessDenied(Denial::Implicit) => "User is not authorized to access this resource".into(),
            Self::AccessDenied(Denial::Explicit) => {
                "User is not authorized to access this resource with an explicit deny".into()
            }
            Self::ApiConfiguration(_) | Self::IntegrationBroken(_) => "Internal server error".into(),
            Self::AuthorizerConfiguration | Self::AuthorizerFailure => return None,
            Self::MissingParameters(names) => {
                format!("Missing required request parameters: [{}]", names.join(", ")).into()
            }
            Self::InvalidPathValue(name) => {
                format!("Invalid value for the integration's path parameter: [{name}]").into()
            }
            Self::InvalidBody(_) => "Invalid request body".into(),
            Self::BodyNotJson(reason) => format!("Could not parse request body into json: {reason}").into(),
            Self::MappedBodyNotJson => "Invalid JSON in request body".into(),
            Self::ExpiredToken => "The security token included in the request is expired".into(),
            Self::IntegrationUnreachable => "Network error communicating with endpoint".into(),
            Self::IntegrationTimeout => "Endpoint request timed out".into(),
            Self::PolicyDenied(message)
            | Self::InvalidSignature(message)
            | Self::IncompleteSignature(message) => message.into(),
            Self::UnrecognizedClient => "The security token included in the request is invalid.".into(),
            Self::MissingAuthenticationToken => "Missing Authentication Token".into(),
            Self::QuotaExceeded => "Limit Exceeded".into(),
            Self::ValuesTooLarge => "Request Too Long".into(),
            Self::RequestTooLarge => "HTTP content length exceeded 10485760 bytes.".into(),
            Self::ResourceNotFound => "Not Found".into(),
            Self::Throttled => "Too Many Requests".into(),
            Self::TokenExpired => "The incoming token has expired".into(),
            Self::Unauthorized => "Unauthorized".into(),
            Self::UriTooLong => "Request URI too long".into(),
            Self::UnsupportedMediaType => "Unsupported Media Type".into(),
        })
    }

    /// `$context.error.validationErrorString`.
    pub fn validation_error(&self) -> Option<&str> {
        if let Self::InvalidBody(reason) = self { Some(reason) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One example for each type.
    fn examples() -> Vec<Refusal> {
        vec![
            Refusal::AccessDenied(Denial::Implicit),
            Refusal::ApiConfiguration(Misconfiguration::EndpointAddress),
            Refusal::AuthorizerConfiguration,
            Refusal::AuthorizerFailure,
            Refusal::MissingParameters(vec!["a".to_owned(), "b".to_owned()]),
            Refusal::InvalidBody("[]".to_owned()),
            Refusal::ExpiredToken,
            Refusal::IntegrationUnreachable,
            Refusal::IntegrationTimeout,
            Refusal::InvalidApiKey,
            Refusal::InvalidSignature("no match".to_owned()),
            Refusal::MissingAuthenticationToken,
            Refusal::QuotaExceeded,
            Refusal::ResourceNotFound,
            Refusal::Throttled,
            Refusal::Unauthorized,
            Refusal::UnsupportedMediaType,
            Refusal::WafFiltered,
        ]
    }

    #[test]
    fn every_type_has_a_refusal_and_the_table_s_answer() {
        let table: &[(ResponseType, u16, Option<&str>, &str)] = &[
            (
                ResponseType::AccessDenied,
                403,
                Some("User is not authorized to access this resource"),
                "AccessDeniedException",
            ),
            (
                ResponseType::ApiConfigurationError,
                500,
                Some("Internal server error"),
                "InternalServerErrorException",
            ),
            (ResponseType::AuthorizerConfigurationError, 500, None, "AuthorizerConfigurationException"),
            (ResponseType::AuthorizerFailure, 500, None, "AuthorizerConfigurationException"),
            (
                ResponseType::BadRequestParameters,
                400,
                Some("Missing required request parameters: [a, b]"),
                "BadRequestException",
            ),
            (ResponseType::BadRequestBody, 400, Some("Invalid request body"), "BadRequestException"),
            (
                ResponseType::ExpiredToken,
                403,
                Some("The security token included in the request is expired"),
                "ExpiredTokenException",
            ),
            (
                ResponseType::IntegrationFailure,
                504,
                Some("Network error communicating with endpoint"),
                "InternalServerErrorException",
            ),
            (
                ResponseType::IntegrationTimeout,
                504,
                Some("Endpoint request timed out"),
                "InternalServerErrorException",
            ),
            (ResponseType::InvalidApiKey, 403, Some("Forbidden"), "ForbiddenException"),
            (ResponseType::InvalidSignature, 403, Some("no match"), "InvalidSignatureException"),
            (
                ResponseType::MissingAuthenticationToken,
                403,
                Some("Missing Authentication Token"),
                "MissingAuthenticationTokenException",
            ),
            (ResponseType::QuotaExceeded, 429, Some("Limit Exceeded"), "LimitExceededException"),
            (ResponseType::ResourceNotFound, 404, Some("Not Found"), "NotFoundException"),
            (ResponseType::Throttled, 429, Some("Too Many Requests"), "TooManyRequestsException"),
            (ResponseType::Unauthorized, 401, Some("Unauthorized"), "UnauthorizedException"),
            (ResponseType::UnsupportedMediaType, 415, Some("Unsupported Media Type"), "BadRequestException"),
            (ResponseType::WafFiltered, 403, Some("Forbidden"), "ForbiddenException"),
        ];
        let examples = examples();
        for kind in ResponseType::ALL {
            let row = table.iter().find(|row| row.0 == *kind);
            if matches!(kind, ResponseType::Default4xx | ResponseType::Default5xx) {
                assert!(row.is_none(), "{kind} is a fallback only");
                continue;
            }
            // As on AWS, it can be set but is never used.
            if *kind == ResponseType::RequestTooLarge {
                continue;
            }
            let (_, status, message, error_type) = row.unwrap();
            let refusal = examples.iter().find(|r| r.response_type() == Some(*kind)).unwrap();
            let own = refusal.own_status().or_else(|| Some(kind.default_status()?.as_u16()));
            assert_eq!(own, Some(*status), "{kind}");
            assert_eq!(refusal.message().as_deref(), *message, "{kind}");
            assert_eq!(refusal.error_type(), *error_type, "{kind}");
        }
    }

    #[test]
    fn host_level_refusals_have_no_gateway_response() {
        let apis = vec!["a1".into(), "b2".into()];
        for (refusal, status) in [
            (Refusal::Forbidden, 403),
            (Refusal::AmbiguousApi { stage: "dev".to_owned(), apis }, 404),
            (Refusal::Unavailable, 503),
            (Refusal::BodyBroken, 400),
            (Refusal::RequestTooLarge, 413),
            (Refusal::ValuesTooLarge, 413),
            (Refusal::UriTooLong, 414),
        ] {
            assert_eq!(refusal.response_type(), None);
            assert_eq!(refusal.own_status(), Some(status));
        }
    }
}
