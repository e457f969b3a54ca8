//! Integrations and integration responses.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::methods::{OfMethod, OfStatus};
use super::shapes::{PATCHES, Patched, RESOURCE_ID, REST_API_ID, STATUS_CODE, VERB};
use super::view;
use crate::apis::{
    ConnectionType, ContentHandling, IntegrationResponse, IntegrationType, MethodKey, PutIntegration,
    ResponseTransferMode, templates,
};
use crate::wire::{ApiError, Call, Nulls, Shape, Structure, optional, required};

/// AWS is recorded to show a content type without a template.
const TEMPLATES: Shape = Shape::Map(&Shape::TEXT, &Shape::TEXT, Nulls::Kept);

static TLS_CONFIG: Structure =
    Structure::new("TlsConfig", &[optional("insecureSkipVerification", Shape::Boolean)]);

pub(super) static PUT: Structure = Structure::new(
    "PutIntegrationInput",
    &[
        REST_API_ID,
        RESOURCE_ID,
        VERB,
        required("type", Shape::Enum(IntegrationType::WORDS)),
        optional("httpMethod", Shape::TEXT),
        optional("uri", Shape::TEXT),
        optional("connectionType", Shape::Enum(ConnectionType::WORDS)),
        optional("connectionId", Shape::TEXT),
        optional("credentials", Shape::TEXT),
        optional("requestParameters", Shape::STRING_MAP),
        optional("requestTemplates", TEMPLATES),
        optional("passthroughBehavior", Shape::TEXT),
        optional("cacheNamespace", Shape::TEXT),
        optional("cacheKeyParameters", Shape::STRING_LIST),
        optional("contentHandling", Shape::Enum(ContentHandling::WORDS)),
        optional("timeoutInMillis", Shape::INT),
        optional("tlsConfig", Shape::Structure(&TLS_CONFIG)),
        optional("responseTransferMode", Shape::Enum(ResponseTransferMode::WORDS)),
        optional("integrationTarget", Shape::TEXT),
    ],
);

#[derive(Deserialize)]
pub(super) struct Put {
    #[serde(flatten)]
    key: MethodKey,
    #[serde(flatten)]
    integration: PutIntegration,
}

pub(super) async fn put(call: &Call, input: Put) -> Result<Value, ApiError> {
    let control = &call.apis().control;
    let integration = control.put_integration(&call.home, input.key, input.integration).await?;
    Ok(view::integration(&integration))
}

pub(super) static GET: Structure = Structure::new("GetIntegrationInput", &[REST_API_ID, RESOURCE_ID, VERB]);

pub(super) async fn get(call: &Call, input: OfMethod) -> Result<Value, ApiError> {
    Ok(view::integration(&call.apis().control.integration(&call.home, input.key).await?))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateIntegrationInput", &[REST_API_ID, RESOURCE_ID, VERB, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfMethod>) -> Result<Value, ApiError> {
    let control = &call.apis().control;
    let integration = control.update_integration(&call.home, input.of.key, input.patch_operations).await?;
    Ok(view::integration(&integration))
}

pub(super) static DELETE: Structure =
    Structure::new("DeleteIntegrationInput", &[REST_API_ID, RESOURCE_ID, VERB]);

pub(super) async fn delete(call: &Call, input: OfMethod) -> Result<(), ApiError> {
    Ok(call.apis().control.delete_integration(&call.home, input.key).await?)
}

pub(super) static PUT_RESPONSE: Structure = Structure::new(
    "PutIntegrationResponseInput",
    &[
        REST_API_ID,
        RESOURCE_ID,
        VERB,
        STATUS_CODE,
        optional("selectionPattern", Shape::TEXT),
        optional("responseParameters", Shape::STRING_MAP),
        optional("responseTemplates", TEMPLATES),
        optional("contentHandling", Shape::Enum(ContentHandling::WORDS)),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutResponse {
    #[serde(flatten)]
    of: OfStatus,
    selection_pattern: Option<String>,
    #[serde(default)]
    response_parameters: BTreeMap<String, String>,
    response_templates: Option<BTreeMap<String, Option<String>>>,
    content_handling: Option<ContentHandling>,
}

pub(super) async fn put_response(call: &Call, input: PutResponse) -> Result<Value, ApiError> {
    let status = input.of.status()?;
    let response = IntegrationResponse {
        selection_pattern: input.selection_pattern,
        parameters: input.response_parameters,
        templates: input.response_templates.map(templates),
        content_handling: input.content_handling,
    };
    let control = &call.apis().control;
    let response = control.put_integration_response(&call.home, input.of.key, status, response).await?;
    Ok(view::integration_response(status, &response))
}

pub(super) static GET_RESPONSE: Structure =
    Structure::new("GetIntegrationResponseInput", &[REST_API_ID, RESOURCE_ID, VERB, STATUS_CODE]);

pub(super) async fn get_response(call: &Call, input: OfStatus) -> Result<Value, ApiError> {
    let status = input.status()?;
    let response = call.apis().control.integration_response(&call.home, input.key, status).await?;
    Ok(view::integration_response(status, &response))
}

pub(super) static UPDATE_RESPONSE: Structure =
    Structure::new("UpdateIntegrationResponseInput", &[REST_API_ID, RESOURCE_ID, VERB, PATCHES, STATUS_CODE]);

pub(super) async fn update_response(call: &Call, input: Patched<OfStatus>) -> Result<Value, ApiError> {
    let status = input.of.status()?;
    let (key, patches) = (input.of.key, input.patch_operations);
    let control = &call.apis().control;
    let response = control.update_integration_response(&call.home, key, status, patches).await?;
    Ok(view::integration_response(status, &response))
}

pub(super) static DELETE_RESPONSE: Structure =
    Structure::new("DeleteIntegrationResponseInput", &[REST_API_ID, RESOURCE_ID, VERB, STATUS_CODE]);

pub(super) async fn delete_response(call: &Call, input: OfStatus) -> Result<(), ApiError> {
    let status = input.status()?;
    Ok(call.apis().control.delete_integration_response(&call.home, input.key, status).await?)
}
