//! Imports an operation: a method with its parameters, models and declared responses.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::definition::{MethodDefinition, Notes};
use super::super::document::Dialect;
use super::super::extension;
use super::authorizer::Schemes;
use super::{Reader, object_of, text_of, texts_of};
use crate::apis::{HttpMethod, Method, MethodResponse, StatusCode};

const JSON: &str = "application/json";

/// The parameters of a request, and in Swagger the schema of its body.
#[derive(Default)]
struct Parameters {
    declared: BTreeMap<String, bool>,
    body: Option<Value>,
}

impl Reader<'_> {
    /// The method for `operation` in the path item `item`; `None` if it must not be created.
    pub(super) fn operation(
        &mut self,
        path: &str,
        verb: HttpMethod,
        item: &Map<String, Value>,
        operation: &Map<String, Value>,
        schemes: &Schemes,
    ) -> Option<MethodDefinition> {
        let parameters = self.parameters(path, verb, item, operation);
        let access = self.access(path, verb, operation, schemes)?;
        let request_models = self.request_models(operation, parameters.body.as_ref());
        let responses = self.method_responses(path, verb, operation);
        let (integration, integration_responses) = self.integration(path, verb, operation).unzip();
        let validator = operation
            .get(extension::REQUEST_VALIDATOR)
            .or_else(|| self.document.member(extension::REQUEST_VALIDATOR));
        Some(MethodDefinition {
            method: Method {
                authorization_type: access.authorization_type,
                authorizer_id: None,
                authorization_scopes: access.scopes,
                api_key_required: access.api_key_required,
                operation_name: text_of(operation.get("operationId")),
                request_parameters: parameters.declared,
                request_models,
                request_validator_id: None,
                responses,
                integration: None,
            },
            authorizer: access.authorizer,
            request_validator: text_of(validator),
            integration,
            integration_responses: integration_responses.unwrap_or_default(),
        })
    }

    /// The parameters of the path item and of the operation, which take precedence; and those in the path itself,
    /// declared or not.
    fn parameters(
        &mut self,
        path: &str,
        verb: HttpMethod,
        item: &Map<String, Value>,
        operation: &Map<String, Value>,
    ) -> Parameters {
        let mut parameters = Parameters::default();
        let lists = [item.get("parameters"), operation.get("parameters")];
        for given in lists.into_iter().flatten().filter_map(Value::as_array).flatten() {
            let Some(given) = self.document.resolve(given).and_then(Value::as_object) else {
                self.notes.warn(format!(
                    "Unable to find a parameter of method '{verb}' of resource '{path}'. Ignoring."
                ));
                continue;
            };
            let name = given.get("name").and_then(Value::as_str).unwrap_or_default();
            let place = match given.get("in").and_then(Value::as_str).unwrap_or_default() {
                "query" => "querystring",
                "header" => "header",
                "path" => "path",
                "body" => {
                    parameters.body = given.get("schema").cloned();
                    continue;
                }
                other => {
                    self.notes.warn(format!(
                        "Parameter '{name}' in '{other}' of method '{verb}' of resource '{path}' is not supported. \
                         Ignoring."
                    ));
                    continue;
                }
            };
            let required = place == "path" || given.get("required").and_then(Value::as_bool) == Some(true);
            parameters.declared.insert(format!("method.request.{place}.{name}"), required);
        }
        for segment in path.split('/') {
            if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                let name = name.strip_suffix('+').unwrap_or(name);
                parameters.declared.insert(format!("method.request.path.{name}"), true);
            }
        }
        parameters
    }

    fn request_models(
        &mut self,
        operation: &Map<String, Value>,
        body: Option<&Value>,
    ) -> BTreeMap<String, String> {
        match self.document.dialect {
            Dialect::Swagger2 => {
                let Some(model) = body.and_then(|schema| self.model_of(schema)) else {
                    return BTreeMap::new();
                };
                self.media_types(operation, "consumes")
                    .into_iter()
                    .map(|content_type| (content_type, model.clone()))
                    .collect()
            }
            Dialect::V3 => {
                let body = operation.get("requestBody").and_then(|body| self.document.resolve(body));
                body.and_then(Value::as_object).map(|body| self.content_models(body)).unwrap_or_default()
            }
        }
    }

    fn method_responses(
        &mut self,
        path: &str,
        verb: HttpMethod,
        operation: &Map<String, Value>,
    ) -> BTreeMap<StatusCode, MethodResponse> {
        let mut responses = BTreeMap::new();
        for (code, response) in object_of(operation, "responses") {
            let Some(status) = StatusCode::parse(code) else {
                // Methods have no response for all other statuses.
                if code != "default" && !code.starts_with("x-") {
                    self.notes.warn(format!(
                        "Response '{code}' of method '{verb}' of resource '{path}' is no status code. Ignoring."
                    ));
                }
                continue;
            };
            let response = self.document.resolve(response).and_then(Value::as_object);
            let response = response.cloned().unwrap_or_default();
            let models = match self.document.dialect {
                Dialect::Swagger2 => match response.get("schema").and_then(|schema| self.model_of(schema)) {
                    Some(model) => self
                        .media_types(operation, "produces")
                        .into_iter()
                        .map(|content_type| (content_type, model.clone()))
                        .collect(),
                    None => BTreeMap::new(),
                },
                Dialect::V3 => {
                    let place = || format!("{code} response to method '{verb} {path}'");
                    let response = without_composed(&response, &mut self.notes, place);
                    self.content_models(&response)
                }
            };
            let headers = object_of(&response, "headers");
            let parameters = headers.map(|(name, _)| (format!("method.response.header.{name}"), false));
            responses.insert(status, MethodResponse { parameters: parameters.collect(), models });
        }
        responses
    }

    /// `content` in OpenAPI 3: media types with schemas.
    fn content_models(&mut self, owner: &Map<String, Value>) -> BTreeMap<String, String> {
        let mut models = BTreeMap::new();
        for (content_type, media) in object_of(owner, "content") {
            if let Some(model) = media.get("schema").and_then(|schema| self.model_of(schema)) {
                models.insert(content_type.clone(), model);
            }
        }
        models
    }

    /// `consumes` or `produces` in Swagger: the operation's, the document's, or JSON.
    fn media_types(&self, operation: &Map<String, Value>, name: &str) -> Vec<String> {
        let types = texts_of(operation.get(name).or_else(|| self.document.member(name)));
        if types.is_empty() { vec![JSON.to_owned()] } else { types }
    }
}

/// A response without the schemas that AWS makes no model of: inline ones that are composed of others.
fn without_composed(
    response: &Map<String, Value>,
    notes: &mut Notes,
    place: impl Fn() -> String,
) -> Map<String, Value> {
    let is_composed = |media: &Value| {
        let has = |keyword: &str| media.get("schema").is_some_and(|schema| schema.get(keyword).is_some());
        !has("$ref") && ["allOf", "anyOf", "oneOf"].into_iter().any(has)
    };
    let mut response = response.clone();
    if let Some(Value::Object(content)) = response.get_mut("content") {
        content.retain(|_, media| {
            let stays = !is_composed(media);
            if !stays {
                notes.warn(format!("Unsupported model type 'ComposedSchema' in {}. Ignoring.", place()));
            }
            stays
        });
    }
    response
}
