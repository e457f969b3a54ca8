//! Imports `x-amazon-apigateway-integration`: an integration and its responses.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::document::Document;
use super::super::{DEFAULT_RESPONSE, extension};
use super::{Reader, object_of, text_of, texts_of, verb_of};
use crate::apis::error::BadRequest;
use crate::apis::{
    ConnectionType, ContentHandling, HttpMethod, IntegrationResponse, IntegrationType, PutIntegration,
    ResponseTransferMode, StatusCode, TIMEOUT_MILLIS_MAX, TlsConfig,
};

/// Refuses a document with an integration whose members have the wrong types, such as a CloudFormation function in
/// place of a URI: AWS stops parsing at that point.
pub(super) fn check_shapes(document: &Document) -> Result<(), BadRequest> {
    for (path, item) in &document.object("/paths") {
        let item = document.resolve(item).and_then(Value::as_object);
        let operations = item.into_iter().flatten().filter(|(key, _)| verb_of(key).is_some());
        for (_, operation) in operations {
            let Some(given) = operation.get(extension::INTEGRATION) else { continue };
            if document.resolve(given).is_some_and(|given| !has_shape(document, given)) {
                return Err(BadRequest::MalformedIntegration(path.clone()));
            }
        }
    }
    Ok(())
}

fn has_shape(document: &Document, integration: &Value) -> bool {
    let is_one = |value: &Value| !value.is_object() && !value.is_array();
    let is_map = |value: &Value| value.is_object() || value.is_null();
    let fits = |name: &str, value: &Value| match name {
        "type"
        | "httpMethod"
        | "uri"
        | "credentials"
        | "connectionType"
        | "connectionId"
        | "cacheNamespace"
        | "passthroughBehavior"
        | "contentHandling"
        | "timeoutInMillis"
        | "responseTransferMode"
        | "integrationTarget" => is_one(value),
        "requestParameters" | "requestTemplates" | "tlsConfig" => is_map(value),
        "cacheKeyParameters" => {
            value.as_array().map_or_else(|| value.is_null(), |names| names.iter().all(is_one))
        }
        _ => true,
    };
    let fits_in_response = |name: &str, value: &Value| match name {
        "statusCode" | "contentHandling" => is_one(value),
        "responseParameters" | "responseTemplates" => is_map(value),
        _ => true,
    };
    let Some(members) = integration.as_object() else { return false };
    let responses = match members.get("responses") {
        Some(Value::Object(responses)) => responses.values().collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(_) => return false,
    };
    let is_response = |response: &&Value| match document.resolve(response) {
        Some(Value::Object(members)) => members.iter().all(|(name, value)| fits_in_response(name, value)),
        Some(Value::Null) | None => true,
        Some(_) => false,
    };
    members.iter().all(|(name, value)| fits(name, value)) && responses.iter().all(is_response)
}

/// The location of an integration, for messages.
#[derive(Clone, Copy)]
struct Place<'p> {
    path: &'p str,
    verb: HttpMethod,
}

impl Reader<'_> {
    /// The integration of an operation with its responses, if there is one.
    pub(super) fn integration(
        &mut self,
        path: &str,
        verb: HttpMethod,
        operation: &Map<String, Value>,
    ) -> Option<(PutIntegration, BTreeMap<StatusCode, IntegrationResponse>)> {
        let given = operation.get(extension::INTEGRATION)?;
        let place = Place { path, verb };
        let Some(given) = self.document.resolve(given).and_then(Value::as_object) else {
            self.refuse(place, "not an object");
            return None;
        };
        let kind = self.word(place, given, "type", IntegrationType::parse, &BadRequest::IntegrationType);
        let Some(kind) = kind else {
            if given.get("type").is_none_or(Value::is_null) {
                self.refuse(place, &BadRequest::IntegrationType.to_string());
            }
            return None;
        };
        let integration = PutIntegration {
            kind,
            http_method: text_of(given.get("httpMethod")).map(|verb| verb.to_ascii_uppercase()),
            uri: text_of(given.get("uri")),
            connection_type: self.word(
                place,
                given,
                "connectionType",
                ConnectionType::parse,
                &BadRequest::ConnectionType,
            ),
            connection_id: text_of(given.get("connectionId")),
            credentials: text_of(given.get("credentials")),
            request_parameters: self.texts(place, given, "requestParameters").into_iter().collect(),
            request_templates: self
                .texts(place, given, "requestTemplates")
                .into_iter()
                .map(|(content_type, template)| (content_type, Some(template)))
                .collect(),
            passthrough_behavior: text_of(given.get("passthroughBehavior"))
                .map(|word| word.to_ascii_uppercase()),
            cache_namespace: text_of(given.get("cacheNamespace")),
            cache_key_parameters: texts_of(given.get("cacheKeyParameters")),
            content_handling: self.word(
                place,
                given,
                "contentHandling",
                ContentHandling::parse,
                &BadRequest::ContentHandling,
            ),
            timeout_millis: self.timeout(place, given),
            tls_config: given.get("tlsConfig").and_then(|tls| TlsConfig::deserialize(tls).ok()),
            response_transfer_mode: self.word(
                place,
                given,
                "responseTransferMode",
                ResponseTransferMode::parse,
                &BadRequest::ResponseTransferMode,
            ),
            integration_target: text_of(given.get("integrationTarget")),
        };
        Some((integration, self.integration_responses(place, given)))
    }

    fn timeout(&mut self, place: Place<'_>, given: &Map<String, Value>) -> Option<i64> {
        let text = text_of(given.get("timeoutInMillis"))?;
        let timeout = text.parse().ok();
        if timeout.is_none() {
            self.refuse(place, &BadRequest::Timeout(TIMEOUT_MILLIS_MAX).to_string());
        }
        timeout
    }

    fn integration_responses(
        &mut self,
        place: Place<'_>,
        given: &Map<String, Value>,
    ) -> BTreeMap<StatusCode, IntegrationResponse> {
        let mut responses = BTreeMap::new();
        for (pattern, response) in object_of(given, "responses") {
            let Some(response) = self.document.resolve(response).and_then(Value::as_object) else { continue };
            let status = text_of(response.get("statusCode"));
            let Some(status) = status.as_deref().and_then(StatusCode::parse) else {
                let Place { path, verb } = place;
                let refusal = BadRequest::ResponseStatusCode;
                self.notes.fail(format!(
                    "Unable to put integration response on '{verb}' for resource at path '{path}': {refusal}"
                ));
                continue;
            };
            let has_templates = response.get("responseTemplates").is_some_and(Value::is_object);
            let templates = self.texts(place, response, "responseTemplates");
            let record = IntegrationResponse {
                selection_pattern: (pattern != DEFAULT_RESPONSE && !pattern.is_empty())
                    .then(|| pattern.clone()),
                parameters: self.texts(place, response, "responseParameters").into_iter().collect(),
                templates: has_templates.then(|| templates.into_iter().collect()),
                content_handling: self.word(
                    place,
                    response,
                    "contentHandling",
                    ContentHandling::parse,
                    &BadRequest::ContentHandling,
                ),
            };
            // A status has only one response: of several patterns with the same status, the last one stays.
            if responses.insert(status, record).is_some() {
                let Place { path, verb } = place;
                self.notes.warn(format!(
                    "More than one integration response of status {status} on method '{verb}' of resource \
                     '{path}'. Ignoring all but the last."
                ));
            }
        }
        responses
    }

    /// A map of strings. Other values are left out, with the warning that is recorded from AWS.
    fn texts(&mut self, place: Place<'_>, given: &Map<String, Value>, name: &str) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for (key, value) in object_of(given, name) {
            match value {
                Value::String(text) => texts.push((key.clone(), text.clone())),
                Value::Null => texts.push((key.clone(), String::new())),
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    let Place { path, verb } = place;
                    self.notes.warn(format!(
                        "Invalid format for '{name}'. Expected type string for property '{key}' of resource \
                         '{path}' and method '{verb}' but got '{value}'"
                    ));
                }
            }
        }
        texts
    }

    /// One of AWS's words, in any case: exports write most of them in lower case.
    fn word<T>(
        &mut self,
        place: Place<'_>,
        given: &Map<String, Value>,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        refusal: &BadRequest,
    ) -> Option<T> {
        let value = given.get(name).filter(|value| !value.is_null())?;
        let word = value.as_str().and_then(|text| parse(&text.to_ascii_uppercase()));
        if word.is_none() {
            self.refuse(place, &refusal.to_string());
        }
        word
    }

    fn refuse(&mut self, place: Place<'_>, reason: &str) {
        let Place { path, verb } = place;
        self.notes
            .fail(format!("Unable to put integration on '{verb}' for resource at path '{path}': {reason}"));
    }
}
