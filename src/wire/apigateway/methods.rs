//! Methods, method responses, and test calls.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{PATCHES, Patched, RESOURCE_ID, REST_API_ID, STATUS_CODE, VERB, checked};
use super::view;
use crate::apis::{MethodKey, MethodResponse, PutMethod, StatusCode, TestInvokeMethod};
use crate::wire::{ApiError, Call, Shape, Structure, optional, required};

const BOOLEAN_MAP: Shape = Shape::map(&Shape::TEXT, &Shape::Boolean);

/// The path labels of a method.
#[derive(Deserialize)]
pub(super) struct OfMethod {
    #[serde(flatten)]
    pub(super) key: MethodKey,
}

/// The path labels of a method response or integration response.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfStatus {
    #[serde(flatten)]
    pub(super) key: MethodKey,
    status_code: String,
}

impl OfStatus {
    pub(super) fn status(&self) -> Result<StatusCode, ApiError> {
        checked(StatusCode::parse(&self.status_code))
    }
}

pub(super) static PUT: Structure = Structure::new(
    "PutMethodInput",
    &[
        REST_API_ID,
        RESOURCE_ID,
        VERB,
        required("authorizationType", Shape::TEXT),
        optional("authorizerId", Shape::TEXT),
        optional("apiKeyRequired", Shape::Boolean),
        optional("operationName", Shape::TEXT),
        optional("requestParameters", BOOLEAN_MAP),
        optional("requestModels", Shape::STRING_MAP),
        optional("requestValidatorId", Shape::TEXT),
        optional("authorizationScopes", Shape::STRING_LIST),
    ],
);

#[derive(Deserialize)]
pub(super) struct Put {
    #[serde(flatten)]
    key: MethodKey,
    #[serde(flatten)]
    method: PutMethod,
}

pub(super) async fn put(call: &Call, input: Put) -> Result<Value, ApiError> {
    let (verb, method) = call.apis().control.put_method(&call.home, input.key, input.method).await?;
    Ok(view::method(verb, &method))
}

pub(super) static GET: Structure = Structure::new("GetMethodInput", &[REST_API_ID, RESOURCE_ID, VERB]);

pub(super) async fn get(call: &Call, input: OfMethod) -> Result<Value, ApiError> {
    let (verb, method) = call.apis().control.method(&call.home, input.key).await?;
    Ok(view::method(verb, &method))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateMethodInput", &[REST_API_ID, RESOURCE_ID, VERB, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfMethod>) -> Result<Value, ApiError> {
    let control = &call.apis().control;
    let (verb, method) = control.update_method(&call.home, input.of.key, input.patch_operations).await?;
    Ok(view::method(verb, &method))
}

pub(super) static DELETE: Structure = Structure::new("DeleteMethodInput", &[REST_API_ID, RESOURCE_ID, VERB]);

pub(super) async fn delete(call: &Call, input: OfMethod) -> Result<(), ApiError> {
    Ok(call.apis().control.delete_method(&call.home, input.key).await?)
}

pub(super) static PUT_RESPONSE: Structure = Structure::new(
    "PutMethodResponseInput",
    &[
        REST_API_ID,
        RESOURCE_ID,
        VERB,
        STATUS_CODE,
        optional("responseParameters", BOOLEAN_MAP),
        optional("responseModels", Shape::STRING_MAP),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutResponse {
    #[serde(flatten)]
    of: OfStatus,
    #[serde(default)]
    response_parameters: BTreeMap<String, bool>,
    #[serde(default)]
    response_models: BTreeMap<String, String>,
}

pub(super) async fn put_response(call: &Call, input: PutResponse) -> Result<Value, ApiError> {
    let status = input.of.status()?;
    let response = MethodResponse { parameters: input.response_parameters, models: input.response_models };
    let control = &call.apis().control;
    let response = control.put_method_response(&call.home, input.of.key, status, response).await?;
    Ok(view::method_response(status, &response))
}

pub(super) static GET_RESPONSE: Structure =
    Structure::new("GetMethodResponseInput", &[REST_API_ID, RESOURCE_ID, VERB, STATUS_CODE]);

pub(super) async fn get_response(call: &Call, input: OfStatus) -> Result<Value, ApiError> {
    let status = input.status()?;
    let response = call.apis().control.method_response(&call.home, input.key, status).await?;
    Ok(view::method_response(status, &response))
}

/// AWS reports errors in the body before errors in the path, hence the order.
pub(super) static UPDATE_RESPONSE: Structure =
    Structure::new("UpdateMethodResponseInput", &[REST_API_ID, RESOURCE_ID, VERB, PATCHES, STATUS_CODE]);

pub(super) async fn update_response(call: &Call, input: Patched<OfStatus>) -> Result<Value, ApiError> {
    let status = input.of.status()?;
    let (key, patches) = (input.of.key, input.patch_operations);
    let response = call.apis().control.update_method_response(&call.home, key, status, patches).await?;
    Ok(view::method_response(status, &response))
}

pub(super) static DELETE_RESPONSE: Structure =
    Structure::new("DeleteMethodResponseInput", &[REST_API_ID, RESOURCE_ID, VERB, STATUS_CODE]);

pub(super) async fn delete_response(call: &Call, input: OfStatus) -> Result<(), ApiError> {
    let status = input.status()?;
    Ok(call.apis().control.delete_method_response(&call.home, input.key, status).await?)
}

pub(super) static TEST_INVOKE: Structure = Structure::new(
    "TestInvokeMethodInput",
    &[
        REST_API_ID,
        RESOURCE_ID,
        VERB,
        optional("pathWithQueryString", Shape::TEXT),
        optional("body", Shape::TEXT),
        optional("headers", Shape::STRING_MAP),
        optional("multiValueHeaders", Shape::map(&Shape::TEXT, &Shape::STRING_LIST)),
        optional("clientCertificateId", Shape::TEXT),
        optional("stageVariables", Shape::STRING_MAP),
    ],
);

#[derive(Deserialize)]
pub(super) struct TestInvoke {
    #[serde(flatten)]
    key: MethodKey,
    #[serde(flatten)]
    invocation: TestInvokeMethod,
}

pub(super) async fn test_invoke(call: &Call, input: TestInvoke) -> Result<Value, ApiError> {
    let apis = call.apis();
    let port = apis.test_invoke.as_ref();
    let outcome = apis.control.test_invoke_method(&call.home, input.key, input.invocation, port).await?;
    Ok(view::test_outcome(&outcome))
}
