//! OpenAPI documents, both ways: a document becomes a [`Definition`] of an API, a frozen API becomes a document.
//!
//! Pure: who stores a definition, and from where a frozen API comes, is [`super::api`]'s. Swagger 2.0 and OpenAPI
//! 3.0 share all but where things stand. See
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html>.

mod definition;
mod document;
mod export;
mod import;
mod texts;

pub(crate) use definition::{Definition, MethodDefinition, Notes, Settings, ValidatorDefinition};
pub(crate) use document::{Dialect, Document};
pub(crate) use export::{Export, Extensions, export};
pub(crate) use import::{BasePathMode, import};

/// `x-amazon-apigateway-…` names, each written once.
mod extension {
    pub(super) const ANY_METHOD: &str = "x-amazon-apigateway-any-method";
    pub(super) const API_KEY_SOURCE: &str = "x-amazon-apigateway-api-key-source";
    pub(super) const AUTH: &str = "x-amazon-apigateway-auth";
    pub(super) const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
    pub(super) const AUTHTYPE: &str = "x-amazon-apigateway-authtype";
    pub(super) const BINARY_MEDIA_TYPES: &str = "x-amazon-apigateway-binary-media-types";
    pub(super) const DOCUMENTATION: &str = "x-amazon-apigateway-documentation";
    pub(super) const ENDPOINT_ACCESS_MODE: &str = "x-amazon-apigateway-endpoint-access-mode";
    pub(super) const ENDPOINT_CONFIGURATION: &str = "x-amazon-apigateway-endpoint-configuration";
    pub(super) const GATEWAY_RESPONSES: &str = "x-amazon-apigateway-gateway-responses";
    pub(super) const INTEGRATION: &str = "x-amazon-apigateway-integration";
    pub(super) const MINIMUM_COMPRESSION_SIZE: &str = "x-amazon-apigateway-minimum-compression-size";
    pub(super) const POLICY: &str = "x-amazon-apigateway-policy";
    pub(super) const REQUEST_VALIDATOR: &str = "x-amazon-apigateway-request-validator";
    pub(super) const REQUEST_VALIDATORS: &str = "x-amazon-apigateway-request-validators";
    pub(super) const SECURITY_POLICY: &str = "x-amazon-apigateway-security-policy";
}

/// The scheme of exported methods that need a key of a usage plan.
const API_KEY_SCHEME: &str = "api_key";
/// The header that a scheme of API keys names.
const API_KEY_HEADER: &str = "x-api-key";
/// The scheme of exported methods that need a signature.
const SIGV4_SCHEME: &str = "sigv4";
/// What a scheme of signatures says in `x-amazon-apigateway-authtype`.
const SIGV4_AUTHTYPE: &str = "awsSigv4";
/// The header that a scheme names whose authorizer reads no single header.
const UNUSED_HEADER: &str = "Unused";

/// The key of the integration response for what no other pattern matches.
const DEFAULT_RESPONSE: &str = "default";

/// What an import of `document` would complain about: warnings and errors. `None` if it is no document that an API can be
/// imported from.
#[must_use]
pub fn look_at_openapi(document: &[u8]) -> Option<(Vec<String>, Vec<String>)> {
    let document = Document::read(document)?;
    let modes = [BasePathMode::Ignore, BasePathMode::Prepend, BasePathMode::Split];
    let [ignored, ..] = modes.map(|mode| import(&document, "api0123456", mode));
    Some(match ignored {
        Ok(definition) => (definition.notes.warnings, definition.notes.errors),
        Err(error) => (Vec::new(), vec![error.to_string()]),
    })
}

/// What models of an API refer to each other by, up to their names.
pub(crate) fn model_url_base(api_id: &str) -> String {
    format!("https://apigateway.amazonaws.com/restapis/{api_id}/models/")
}
