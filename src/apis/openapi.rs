//! OpenAPI import and export: a document becomes a [`Definition`] of an API, and a frozen API becomes a document.
//!
//! Pure: [`super::api`] stores definitions and loads frozen APIs. Swagger 2.0 and OpenAPI 3.0 differ here only in where
//! things are in a document. See
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

/// The names `x-amazon-apigateway-…`, each written once.
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

/// The security scheme of exported methods that require an API key.
const API_KEY_SCHEME: &str = "api_key";
/// The header in a security scheme for API keys.
const API_KEY_HEADER: &str = "x-api-key";
/// The security scheme of exported methods that require a signature.
const SIGV4_SCHEME: &str = "sigv4";
/// The `x-amazon-apigateway-authtype` of a security scheme for signatures.
const SIGV4_AUTHTYPE: &str = "awsSigv4";
/// The header in the security scheme of an authorizer that doesn't read a single header.
const UNUSED_HEADER: &str = "Unused";

/// The key of the default integration response.
const DEFAULT_RESPONSE: &str = "default";

/// The warnings and errors that an import of `document` would give. `None` if it isn't a document from which an API can
/// be imported.
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

/// The URL of an API's models up to their names. Models use it to refer to each other.
pub(crate) fn model_url_base(api_id: &str) -> String {
    format!("https://apigateway.amazonaws.com/restapis/{api_id}/models/")
}
