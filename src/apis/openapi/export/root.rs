//! Writes what belongs to the document as a whole: security schemes and extensions.

use serde_json::{Map, Value, json};

use super::super::document::Dialect;
use super::super::texts::location;
use super::super::{API_KEY_HEADER, API_KEY_SCHEME, SIGV4_AUTHTYPE, SIGV4_SCHEME, UNUSED_HEADER, extension};
use super::Writer;
use crate::apis::{
    ApiKeySource, Authorizer, AuthorizerType, DocumentationPartType, DocumentationVersion, EndpointType,
    GatewayResponse,
};

impl Writer<'_> {
    /// The schemes that methods use.
    pub(super) fn security_schemes(&self) -> Map<String, Value> {
        let with_extensions = self.export.extensions.authorizers;
        let mut schemes = Map::new();
        for authorizer in self.export.snapshot.authorizers.values() {
            if self.schemes.contains(&authorizer.name) {
                let mut scheme = authorizer_scheme(authorizer, with_extensions);
                let place =
                    location(DocumentationPartType::Authorizer, None, None, None, Some(&authorizer.name));
                scheme.extend(self.texts.about(&place, self.export.dialect));
                schemes.insert(authorizer.name.clone(), scheme.into());
            }
        }
        // An authorizer of that name takes precedence.
        if self.schemes.contains(SIGV4_SCHEME) && !schemes.contains_key(SIGV4_SCHEME) {
            let mut scheme = scheme("Authorization", "header");
            if with_extensions {
                scheme.insert(extension::AUTHTYPE.to_owned(), json!(SIGV4_AUTHTYPE));
            }
            schemes.insert(SIGV4_SCHEME.to_owned(), scheme.into());
        }
        if self.schemes.contains(API_KEY_SCHEME) && !schemes.contains_key(API_KEY_SCHEME) {
            schemes.insert(API_KEY_SCHEME.to_owned(), scheme(API_KEY_HEADER, "header").into());
        }
        schemes
    }

    /// The endpoint settings that differ from the defaults.
    pub(super) fn endpoint(&self) -> Option<(String, Value)> {
        let api = &self.export.snapshot.api;
        let endpoint = &api.endpoint_configuration;
        if !self.export.extensions.apigateway {
            return None;
        }
        let mut members = Map::new();
        if endpoint.kind != EndpointType::Edge {
            members.insert("types".to_owned(), json!([endpoint.kind.as_str()]));
        }
        if endpoint.ip_address_type != endpoint.kind.default_ip_address_type() {
            members.insert("ipAddressType".to_owned(), json!(endpoint.ip_address_type.as_str()));
        }
        if !endpoint.vpc_endpoint_ids.is_empty() {
            members.insert("vpcEndpointIds".to_owned(), json!(endpoint.vpc_endpoint_ids));
        }
        if api.disable_execute_api_endpoint {
            members.insert("disableExecuteApiEndpoint".to_owned(), json!(true));
        }
        (!members.is_empty()).then(|| (extension::ENDPOINT_CONFIGURATION.to_owned(), members.into()))
    }

    /// The top-level extensions.
    pub(super) fn root_extensions(&self) -> Map<String, Value> {
        let (snapshot, extensions) = (self.export.snapshot, self.export.extensions);
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        if extensions.documentation
            && let Some(version) = self.export.documentation
        {
            put(extension::DOCUMENTATION, documentation(version));
        }
        if !extensions.apigateway {
            return members;
        }
        let api = &snapshot.api;
        if !snapshot.gateway_responses.is_empty() {
            let responses = snapshot.gateway_responses.iter();
            let responses: Map<_, _> =
                responses.map(|(kind, it)| (kind.as_str().to_owned(), gateway_response(it))).collect();
            put(extension::GATEWAY_RESPONSES, responses.into());
        }
        let validators = snapshot.request_validators.values().filter_map(|it| {
            let flags = json!({
                "validateRequestParameters": it.validate_request_parameters,
                "validateRequestBody": it.validate_request_body,
            });
            Some((it.name.clone()?, flags))
        });
        let mut validators: Vec<(String, Value)> = validators.collect();
        validators.sort_by(|a, b| a.0.cmp(&b.0));
        if !validators.is_empty() {
            put(extension::REQUEST_VALIDATORS, Value::Object(validators.into_iter().collect()));
        }
        if let Some(policy) = &api.policy {
            let policy = serde_json::from_str(policy).unwrap_or_else(|_| json!(policy));
            put(extension::POLICY, policy);
        }
        if !api.binary_media_types.is_empty() {
            put(extension::BINARY_MEDIA_TYPES, json!(api.binary_media_types));
        }
        if let Some(size) = api.minimum_compression_size {
            put(extension::MINIMUM_COMPRESSION_SIZE, json!(size));
        }
        if api.api_key_source != ApiKeySource::Header {
            put(extension::API_KEY_SOURCE, json!(api.api_key_source.as_str()));
        }
        if let Some(policy) = &api.security_policy {
            put(extension::SECURITY_POLICY, json!(policy));
        }
        if let Some(mode) = api.endpoint_access_mode {
            put(extension::ENDPOINT_ACCESS_MODE, json!(mode.as_str()));
        }
        if self.export.dialect == Dialect::Swagger2 {
            members.extend(self.endpoint());
        }
        members
    }
}

fn scheme(name: &str, place: &str) -> Map<String, Value> {
    Map::from_iter([
        ("type".to_owned(), json!("apiKey")),
        ("name".to_owned(), json!(name)),
        ("in".to_owned(), json!(place)),
    ])
}

fn authorizer_scheme(authorizer: &Authorizer, with_extensions: bool) -> Map<String, Value> {
    let source = authorizer.identity_source.as_deref();
    let is_token = authorizer.kind != AuthorizerType::Request;
    let header = source.and_then(|source| source.strip_prefix("method.request.header."));
    let header = header.filter(|_| is_token).unwrap_or(UNUSED_HEADER);
    let mut members = scheme(header, "header");
    if !with_extensions {
        return members;
    }
    if let Some(auth_type) = &authorizer.auth_type {
        members.insert(extension::AUTHTYPE.to_owned(), json!(auth_type));
    }
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    let pools = &authorizer.provider_arns;
    let optional = [
        ("providerARNs", (!pools.is_empty()).then(|| json!(pools))),
        ("authorizerUri", text(&authorizer.authorizer_uri)),
        ("authorizerCredentials", text(&authorizer.authorizer_credentials)),
        // For tokens, the scheme itself contains the header.
        ("identitySource", text(&authorizer.identity_source).filter(|_| header == UNUSED_HEADER)),
        ("identityValidationExpression", text(&authorizer.identity_validation_expression)),
        ("jwtConfiguration", authorizer.jwt_configuration.as_ref().map(|it| json!(it))),
        ("authorizerResultTtlInSeconds", authorizer.result_ttl_seconds.map(Value::from)),
    ];
    let mut extension =
        Map::from_iter([("type".to_owned(), json!(authorizer.kind.as_str().to_ascii_lowercase()))]);
    extension.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    members.insert(extension::AUTHORIZER.to_owned(), extension.into());
    members
}

fn gateway_response(response: &GatewayResponse) -> Value {
    let mut members = Map::new();
    if let Some(status) = response.status_code {
        members.insert("statusCode".to_owned(), json!(status.as_u16()));
    }
    if !response.response_parameters.is_empty() {
        members.insert("responseParameters".to_owned(), json!(response.response_parameters));
    }
    if !response.response_templates.is_empty() {
        members.insert("responseTemplates".to_owned(), json!(response.response_templates));
    }
    members.into()
}

fn documentation(version: &DocumentationVersion) -> Value {
    let mut parts: Vec<_> = version.parts.iter().collect();
    parts.sort_by_cached_key(|part| part.location.to_string());
    let parts = parts.into_iter().map(|part| {
        let location = [
            ("type", Some(part.location.kind.as_str())),
            ("path", part.location.path.as_deref()),
            ("method", part.location.method.as_deref()),
            ("statusCode", part.location.status_code.as_deref()),
            ("name", part.location.name.as_deref()),
        ];
        let location = location.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?))));
        let properties: Value = serde_json::from_str(&part.properties).unwrap_or_default();
        json!({ "location": location.collect::<Map<_, _>>(), "properties": properties })
    });
    json!({
        "version": version.version,
        "createdDate": version.created_date.to_iso8601_seconds(),
        "documentationParts": parts.collect::<Vec<_>>(),
    })
}
