//! Writes a method as an operation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::document::Dialect;
use super::super::texts::{location, plain_response};
use super::super::{API_KEY_SCHEME, DEFAULT_RESPONSE, SIGV4_SCHEME, extension};
use super::Writer;
use crate::apis::error::BadRequest;
use crate::apis::{
    AuthorizationType, ConnectionType, DocumentationPartType, HttpMethod, Integration, IntegrationResponse,
    Method, MethodResponse, Resource,
};

const JSON: &str = "application/json";
const TIMEOUT_MILLIS_DEFAULT: u32 = 29_000;

/// The member of a path item for the verb's operation.
pub(super) fn key_of(verb: HttpMethod) -> String {
    match verb {
        HttpMethod::Any => extension::ANY_METHOD.to_owned(),
        HttpMethod::Get
        | HttpMethod::Put
        | HttpMethod::Post
        | HttpMethod::Delete
        | HttpMethod::Patch
        | HttpMethod::Options
        | HttpMethod::Head => verb.as_str().to_ascii_lowercase(),
    }
}

impl Writer<'_> {
    pub(super) fn operation(
        &mut self,
        resource: &Resource,
        verb: HttpMethod,
        method: &Method,
    ) -> Result<Value, BadRequest> {
        let place = |kind| location(kind, Some(&resource.path), Some(verb.as_str()), None, None);
        let mut operation = self.texts.about(&place(DocumentationPartType::Method), self.export.dialect);
        let body_texts = self.texts.about(&place(DocumentationPartType::RequestBody), self.export.dialect);
        let mut put = |name: &str, value: Value| drop(operation.insert(name.to_owned(), value));
        if let Some(name) = &method.operation_name {
            put("operationId", json!(name));
        }
        let mut parameters = self.parameters(resource, verb, method);
        match self.export.dialect {
            Dialect::Swagger2 => {
                let (consumes, produces) = media_types(method);
                if !consumes.is_empty() {
                    put("consumes", json!(consumes));
                }
                if !produces.is_empty() {
                    put("produces", json!(produces));
                }
                if let Some(model) =
                    json_model(&method.request_models, || format!("{verb} {}", resource.path))?
                {
                    let schema = self.schema_reference(model);
                    let body = json!({ "in": "body", "name": model, "required": true, "schema": schema });
                    parameters.push(with_texts(body, body_texts));
                }
                if !parameters.is_empty() {
                    put("parameters", parameters.into());
                }
            }
            Dialect::V3 => {
                if !parameters.is_empty() {
                    put("parameters", parameters.into());
                }
                if !method.request_models.is_empty() {
                    let content = self.content(&method.request_models);
                    let body = json!({ "content": content, "required": true });
                    put("requestBody", with_texts(body, body_texts));
                }
            }
        }
        let mut responses = Map::new();
        for (status, response) in &method.responses {
            responses
                .insert(status.to_string(), self.response(resource, verb, &status.to_string(), response)?);
        }
        if responses.is_empty() {
            // AWS writes none, but the standard requires one.
            let response = json!({ "description": "Default response" });
            responses.insert("default".to_owned(), response);
        }
        put("responses", responses.into());
        let security = self.security(method);
        if !security.is_empty() {
            put("security", security.into());
        }
        let extensions = self.export.extensions;
        if extensions.apigateway
            && let Some(name) = self.validator_name(method)
        {
            put(extension::REQUEST_VALIDATOR, json!(name));
        }
        if extensions.integrations
            && let Some(it) = &method.integration
        {
            put(extension::INTEGRATION, integration(it, resource));
        }
        Ok(operation.into())
    }

    /// The declared parameters, and those in the path, which the standard requires to be declared.
    fn parameters(&self, resource: &Resource, verb: HttpMethod, method: &Method) -> Vec<Value> {
        let own = resource.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let own = own.map(|name| format!("method.request.path.{}", name.strip_suffix('+').unwrap_or(name)));
        let mut all: BTreeMap<String, bool> = own.map(|name| (name, true)).collect();
        all.extend(method.request_parameters.iter().map(|(name, required)| (name.clone(), *required)));
        let mut seen = BTreeSet::new();
        let mut parameters = Vec::new();
        for (key, required) in &all {
            let Some((place, name)) = key.strip_prefix("method.request.").and_then(|it| it.split_once('.'))
            else {
                continue;
            };
            let (place, kind) = match place {
                "querystring" | "multivaluequerystring" => ("query", DocumentationPartType::QueryParameter),
                "header" | "multivalueheader" => ("header", DocumentationPartType::RequestHeader),
                "path" => ("path", DocumentationPartType::PathParameter),
                _ => continue,
            };
            if !seen.insert((place, name)) {
                continue;
            }
            let required = *required || place == "path";
            let parameter = match self.export.dialect {
                Dialect::Swagger2 => {
                    json!({ "name": name, "in": place, "required": required, "type": "string" })
                }
                Dialect::V3 if required => {
                    json!({ "name": name, "in": place, "required": true, "schema": { "type": "string" } })
                }
                Dialect::V3 => json!({ "name": name, "in": place, "schema": { "type": "string" } }),
            };
            let here = location(kind, Some(&resource.path), Some(verb.as_str()), None, Some(name));
            parameters.push(with_texts(parameter, self.texts.about(&here, self.export.dialect)));
        }
        parameters
    }

    fn content(&mut self, models: &BTreeMap<String, String>) -> Value {
        let media = models.iter().map(|(content_type, model)| {
            (content_type.clone(), json!({ "schema": self.schema_reference(model) }))
        });
        Value::Object(media.collect())
    }

    fn response(
        &mut self,
        resource: &Resource,
        verb: HttpMethod,
        status: &str,
        response: &MethodResponse,
    ) -> Result<Value, BadRequest> {
        let dialect = self.export.dialect;
        let place =
            |kind, name| location(kind, Some(&resource.path), Some(verb.as_str()), Some(status), name);
        let mut members = Map::from_iter([("description".to_owned(), json!(plain_response(status)))]);
        members.extend(self.texts.about(&place(DocumentationPartType::Response, None), dialect));
        let names = response.parameters.keys().filter_map(|it| it.strip_prefix("method.response.header."));
        let header = match dialect {
            Dialect::Swagger2 => json!({ "type": "string" }),
            Dialect::V3 => json!({ "schema": { "type": "string" } }),
        };
        let headers = names.map(|name| {
            let here = place(DocumentationPartType::ResponseHeader, Some(name));
            (name.to_owned(), with_texts(header.clone(), self.texts.about(&here, dialect)))
        });
        let headers: Map<_, _> = headers.collect();
        let headers = (!headers.is_empty()).then(|| ("headers".to_owned(), Value::Object(headers)));
        let place = || format!("{verb} {}", resource.path);
        match self.export.dialect {
            Dialect::Swagger2 => {
                if let Some(model) = json_model(&response.models, place)? {
                    members.insert("schema".to_owned(), self.schema_reference(model));
                }
                members.extend(headers);
            }
            Dialect::V3 => {
                members.extend(headers);
                members.insert("content".to_owned(), self.content(&response.models));
            }
        }
        Ok(members.into())
    }

    /// What callers need. Adds the schemes to the document.
    fn security(&mut self, method: &Method) -> Vec<Value> {
        let mut asked = Vec::new();
        let mut ask = |scheme: &str, scopes: &[String]| {
            self.schemes.insert(scheme.to_owned());
            asked.push(json!({ scheme: scopes }));
        };
        match method.authorization_type {
            AuthorizationType::None => {}
            AuthorizationType::AwsIam => ask(SIGV4_SCHEME, &[]),
            AuthorizationType::Custom | AuthorizationType::CognitoUserPools | AuthorizationType::Jwt => {
                let authorizers = &self.export.snapshot.authorizers;
                let authorizer = method.authorizer_id.as_ref().and_then(|id| authorizers.get(id));
                if let Some(authorizer) = authorizer {
                    ask(&authorizer.name, &method.authorization_scopes);
                }
            }
        }
        if method.api_key_required {
            ask(API_KEY_SCHEME, &[]);
        }
        asked
    }

    fn validator_name(&self, method: &Method) -> Option<&str> {
        let id = method.request_validator_id.as_ref()?;
        self.export.snapshot.request_validators.get(id)?.name.as_deref()
    }
}

/// `entity` with its documentation.
fn with_texts(mut entity: Value, texts: Map<String, Value>) -> Value {
    if let Value::Object(members) = &mut entity {
        members.extend(texts);
    }
    entity
}

/// The one model with which Swagger can describe a body: that for JSON, or for a similar type.
fn json_model(
    models: &BTreeMap<String, String>,
    place: impl FnOnce() -> String,
) -> Result<Option<&str>, BadRequest> {
    if models.is_empty() {
        return Ok(None);
    }
    let like =
        || models.iter().find(|(content_type, _)| content_type.contains("json")).map(|(_, model)| model);
    let model = models.get(JSON).or_else(like);
    model.map(|model| Some(model.as_str())).ok_or_else(|| BadRequest::ExportModels(place()))
}

/// What a method consumes and produces: the media types of its models and templates.
fn media_types(method: &Method) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let is_type = |key: &&str| key.contains('/');
    let mut consumes: BTreeSet<&str> = method.request_models.keys().map(String::as_str).collect();
    let mut produces: BTreeSet<&str> =
        method.responses.values().flat_map(|it| it.models.keys()).map(String::as_str).collect();
    if let Some(integration) = &method.integration {
        // Swagger has one model for all media types, so the types of templates are added only if there is no model.
        if consumes.is_empty() {
            consumes.extend(integration.request_templates.keys().map(String::as_str).filter(is_type));
        }
        if produces.is_empty() {
            let templates = integration.responses.values().filter_map(|it| it.templates.as_ref());
            produces.extend(templates.flat_map(BTreeMap::keys).map(String::as_str).filter(is_type));
        }
    }
    (consumes, produces)
}

fn integration(integration: &Integration, resource: &Resource) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    put("type", json!(integration.kind.as_str().to_ascii_lowercase()));
    let optional = [
        ("httpMethod", integration.http_method.map(|verb| json!(verb.as_str()))),
        ("uri", text(&integration.uri)),
        ("connectionType", {
            let is_link = integration.connection_type == ConnectionType::VpcLink;
            is_link.then(|| json!(integration.connection_type.as_str()))
        }),
        ("connectionId", text(&integration.connection_id)),
        ("credentials", text(&integration.credentials)),
    ];
    optional.into_iter().for_each(|(name, value)| value.into_iter().for_each(|value| put(name, value)));
    let responses = integration_responses(integration);
    if !responses.is_empty() {
        put("responses", responses.into());
    }
    if !integration.request_parameters.is_empty() {
        put("requestParameters", json!(integration.request_parameters));
    }
    if !integration.request_templates.is_empty() {
        put("requestTemplates", json!(integration.request_templates));
    }
    put("passthroughBehavior", json!(integration.passthrough_behavior.as_str().to_ascii_lowercase()));
    if let Some(handling) = integration.content_handling {
        put("contentHandling", json!(handling.as_str()));
    }
    // Defaults are not written.
    if integration.timeout_millis != TIMEOUT_MILLIS_DEFAULT {
        put("timeoutInMillis", json!(integration.timeout_millis));
    }
    if integration.cache_namespace != resource.id.as_str() {
        put("cacheNamespace", json!(integration.cache_namespace));
    }
    if !integration.cache_key_parameters.is_empty() {
        put("cacheKeyParameters", json!(integration.cache_key_parameters));
    }
    if let Some(tls) = integration.tls_config {
        put("tlsConfig", json!({ "insecureSkipVerification": tls.insecure_skip_verification }));
    }
    if let Some(mode) = integration.response_transfer_mode {
        put("responseTransferMode", json!(mode.as_str()));
    }
    if let Some(target) = &integration.integration_target {
        put("integrationTarget", json!(target));
    }
    members.into()
}

/// Responses by pattern. Of several without a pattern, only the first is ever selected, so the others are not written.
fn integration_responses(integration: &Integration) -> Map<String, Value> {
    let mut responses = Map::new();
    for (status, response) in &integration.responses {
        let IntegrationResponse { selection_pattern, parameters, templates, content_handling } = response;
        let pattern = selection_pattern.as_deref().filter(|pattern| !pattern.is_empty());
        let mut members = Map::from_iter([("statusCode".to_owned(), json!(status.to_string()))]);
        if !parameters.is_empty() {
            members.insert("responseParameters".to_owned(), json!(parameters));
        }
        if let Some(templates) = templates.as_ref().filter(|templates| !templates.is_empty()) {
            members.insert("responseTemplates".to_owned(), json!(templates));
        }
        if let Some(handling) = content_handling {
            members.insert("contentHandling".to_owned(), json!(handling.as_str()));
        }
        responses.entry(pattern.unwrap_or(DEFAULT_RESPONSE)).or_insert_with(|| members.into());
    }
    responses
}
