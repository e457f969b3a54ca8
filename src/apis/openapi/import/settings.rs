//! Imports the extensions of the document as a whole: settings, request validators, gateway responses.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::definition::{Settings, ValidatorDefinition};
use super::super::document::Dialect;
use super::super::extension;
use super::{Reader, object_of, text_of, texts_of};
use crate::apis::error::BadRequest;
use crate::apis::{
    ApiKeySource, EndpointAccessMode, EndpointType, GatewayResponse, IpAddressType,
    MINIMUM_COMPRESSION_SIZE_MAX, ResponseType, StatusCode,
};

impl Reader<'_> {
    pub(super) fn settings(&mut self) -> Settings {
        let document = self.document;
        let endpoint = match document.dialect {
            Dialect::Swagger2 => document.member(extension::ENDPOINT_CONFIGURATION),
            // Some documents have it where Swagger does.
            Dialect::V3 => document
                .at(&format!("/servers/0/{}", extension::ENDPOINT_CONFIGURATION))
                .or_else(|| document.member(extension::ENDPOINT_CONFIGURATION)),
        };
        let endpoint = endpoint.and_then(Value::as_object).cloned().unwrap_or_default();
        let policy = document.member(extension::POLICY).and_then(|policy| match policy {
            Value::String(text) => Some(text.clone()),
            Value::Object(_) => Some(policy.to_string()),
            Value::Null => None,
            // Leaving out an invalid policy would open the API.
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                self.notes.fail(BadRequest::Policy.to_string());
                None
            }
        });
        Settings {
            binary_media_types: texts_of(document.member(extension::BINARY_MEDIA_TYPES)),
            minimum_compression_size: self.minimum_compression_size(),
            api_key_source: self.setting(
                document.member(extension::API_KEY_SOURCE),
                |text| ApiKeySource::parse(&text.to_ascii_uppercase()),
                &BadRequest::ApiKeySource,
            ),
            policy,
            endpoint_type: self.setting(
                endpoint.get("types").and_then(|types| types.get(0)),
                |text| EndpointType::parse(&text.to_ascii_uppercase()),
                &BadRequest::EndpointType,
            ),
            ip_address_type: self.setting(
                endpoint.get("ipAddressType"),
                IpAddressType::parse,
                &BadRequest::IpAddressType,
            ),
            vpc_endpoint_ids: endpoint.get("vpcEndpointIds").map(|ids| texts_of(Some(ids))),
            disable_execute_api_endpoint: endpoint.get("disableExecuteApiEndpoint").and_then(flag),
            security_policy: text_of(document.member(extension::SECURITY_POLICY)),
            endpoint_access_mode: self.setting(
                document.member(extension::ENDPOINT_ACCESS_MODE),
                |text| EndpointAccessMode::parse(&text.to_ascii_uppercase()),
                &BadRequest::EndpointAccessMode,
            ),
        }
    }

    fn minimum_compression_size(&mut self) -> Option<u32> {
        let given = self.document.member(extension::MINIMUM_COMPRESSION_SIZE).filter(|it| !it.is_null())?;
        let size = text_of(Some(given)).and_then(|text| text.parse().ok());
        let size = size.filter(|size| *size <= MINIMUM_COMPRESSION_SIZE_MAX);
        if size.is_none() {
            self.notes.fail(BadRequest::MinimumCompressionSize.to_string());
        }
        size
    }

    fn setting<T>(
        &mut self,
        value: Option<&Value>,
        parse: impl Fn(&str) -> Option<T>,
        refusal: &BadRequest,
    ) -> Option<T> {
        let value = value.filter(|it| !it.is_null())?;
        let word = value.as_str().and_then(parse);
        if word.is_none() {
            self.notes.fail(refusal.to_string());
        }
        word
    }

    pub(super) fn request_validators(&mut self) -> Vec<ValidatorDefinition> {
        let validators = self.document.object(&format!("/{}", extension::REQUEST_VALIDATORS));
        let flag = |validator: &Value, name: &str| validator.get(name).and_then(flag) == Some(true);
        let read = |(name, validator): (String, Value)| ValidatorDefinition {
            name,
            validate_request_body: flag(&validator, "validateRequestBody"),
            validate_request_parameters: flag(&validator, "validateRequestParameters"),
        };
        validators.into_iter().map(read).collect()
    }

    pub(super) fn gateway_responses(&mut self) -> BTreeMap<ResponseType, GatewayResponse> {
        let mut responses = BTreeMap::new();
        for (word, response) in self.document.object(&format!("/{}", extension::GATEWAY_RESPONSES)) {
            let members = response.as_object().cloned().unwrap_or_default();
            let status = text_of(members.get("statusCode"));
            let code = status.as_deref().map(StatusCode::parse);
            match (ResponseType::parse(&word), code) {
                (None, _) => {
                    self.notes.warn(format!("Gateway response type '{word}' is not known. Ignoring."));
                }
                (Some(kind), Some(None)) => {
                    let refusal = BadRequest::ResponseStatusCode;
                    self.notes.fail(format!("Unable to put gateway response '{kind}': {refusal}"));
                }
                (Some(kind), code) => {
                    let response = GatewayResponse {
                        status_code: code.flatten(),
                        response_parameters: plain_texts(&members, "responseParameters"),
                        response_templates: plain_texts(&members, "responseTemplates"),
                    };
                    responses.insert(kind, response);
                }
            }
        }
        responses
    }
}

/// A boolean, also in quotes, as generated documents write it.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn plain_texts(members: &Map<String, Value>, name: &str) -> BTreeMap<String, String> {
    object_of(members, name).filter_map(|(key, value)| Some((key.clone(), text_of(Some(value))?))).collect()
}
