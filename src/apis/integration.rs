//! Integrations: how a method calls its backend and maps the response.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::http_method::HttpMethod;
use super::ids::StatusCode;
use super::words::words;

/// The longest timeout of an integration whose response is buffered, in milliseconds.
pub(crate) const TIMEOUT_MILLIS_MAX: u32 = 29_000;

/// Credentials that stand for those of the request's signer.
pub const CALLERS_OWN: &str = "arn:aws:iam::*:user/*";

words! {
    /// The kinds of backends.
    pub enum IntegrationType {
        Http = "HTTP",
        Mock = "MOCK",
        AwsProxy = "AWS_PROXY",
        HttpProxy = "HTTP_PROXY",
        Aws = "AWS",
    }
}

words! {
    /// What happens to a body if there is no template for its content type.
    pub enum PassthroughBehavior {
        WhenNoMatch = "WHEN_NO_MATCH",
        WhenNoTemplates = "WHEN_NO_TEMPLATES",
        Never = "NEVER",
    }
}

words! {
    /// How to convert a body between text and binary.
    pub enum ContentHandling { ConvertToBinary = "CONVERT_TO_BINARY", ConvertToText = "CONVERT_TO_TEXT" }
}

words! {
    /// The network through which a backend is reached.
    pub enum ConnectionType { Internet = "INTERNET", VpcLink = "VPC_LINK" }
}

words! {
    /// Whether a response is buffered or streamed.
    pub enum ResponseTransferMode { Buffered = "BUFFERED", Stream = "STREAM" }
}

/// See [TlsConfig](https://docs.aws.amazon.com/apigateway/latest/api/API_TlsConfig.html).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct TlsConfig {
    /// Whether to accept any certificate of the backend.
    #[serde(alias = "insecureSkipVerification", default)]
    pub insecure_skip_verification: bool,
}

/// See [Integration](https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Kind of backend.
    pub kind: IntegrationType,
    /// Verb of the backend call; `None` for MOCK alone.
    pub http_method: Option<HttpMethod>,
    /// Backend's address: an HTTP URL or `arn:aws:apigateway:…`; may hold `${stageVariables.x}`.
    pub uri: Option<String>,
    /// Network of the backend call.
    pub connection_type: ConnectionType,
    /// VPC link's id, with [`ConnectionType::VpcLink`].
    pub connection_id: Option<String>,
    /// Role that the backend call is made under.
    pub credentials: Option<String>,
    /// `integration.request.{header|querystring|path}.NAME` → source expression.
    pub request_parameters: BTreeMap<String, String>,
    /// Content type → template; an empty text stands for no template.
    pub request_templates: BTreeMap<String, String>,
    /// What happens to bodies without a template.
    pub passthrough_behavior: PassthroughBehavior,
    /// Conversion of the request body.
    pub content_handling: Option<ContentHandling>,
    /// How long the backend may take to answer, 50 to 29,000 milliseconds; 900,000 if the response is streamed.
    pub timeout_millis: u32,
    /// Group of cache entries; the resource's id unless given.
    pub cache_namespace: String,
    /// Parameters whose values are part of the cache key.
    pub cache_key_parameters: Vec<String>,
    /// How the backend's certificate is verified.
    pub tls_config: Option<TlsConfig>,
    /// Whether the response is buffered or streamed.
    pub response_transfer_mode: Option<ResponseTransferMode>,
    /// The ARN of the load balancer behind a VPC link V2.
    pub integration_target: Option<String>,
    /// How the backend's responses become the method's responses.
    pub responses: BTreeMap<StatusCode, IntegrationResponse>,
}

/// See [IntegrationResponse](https://docs.aws.amazon.com/apigateway/latest/api/API_IntegrationResponse.html).
/// Its status code is its key in [`Integration::responses`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntegrationResponse {
    /// A Java regex for the backend's status or error message; `None` or an empty one makes this the default response.
    pub selection_pattern: Option<String>,
    /// `method.response.header.NAME` → source expression.
    pub parameters: BTreeMap<String, String>,
    /// Content type → template; an empty text stands for no template (AWS shows `null` for it). `None` until it is set:
    /// AWS returns an empty map if it was given, but never on its own.
    pub templates: Option<BTreeMap<String, String>>,
    /// Conversion of the response body.
    pub content_handling: Option<ContentHandling>,
}

impl Integration {
    /// The id of the VPC link that the integration names; `None` if there is none, or if a stage variable names it.
    pub(super) fn fixed_vpc_link(&self) -> Option<&str> {
        let id = self.connection_id.as_deref().filter(|_| self.connection_type == ConnectionType::VpcLink)?;
        (!id.contains("${stageVariables.")).then_some(id)
    }
}
